package e2e

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"path"
	"sync"
	"testing"

	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"
)

// A meter counts the requests of a Temporal client, by method.
type meter struct {
	mu     sync.Mutex
	by     map[string]int
	refuse func(req any) error // if it returns an error, the request fails with it
}

func newMeter() *meter { return &meter{by: make(map[string]int)} }

func (m *meter) count(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	m.mu.Lock()
	m.by[path.Base(method)]++
	refuse := m.refuse
	m.mu.Unlock()
	if refuse != nil {
		if err := refuse(req); err != nil {
			return err
		}
	}
	return invoke(ctx, method, req, reply, cc, opts...)
}

// during returns what was requested while do ran.
func (m *meter) during(do func()) map[string]int {
	m.mu.Lock()
	clear(m.by)
	m.mu.Unlock()
	do()
	return m.all()
}

func (m *meter) all() map[string]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.by)
}

// of returns how many requests of a method there were.
func (m *meter) of(method string) int { return m.all()[method] }

// total returns the number of all requests but those that connections make by
// themselves.
func (m *meter) total() (n int) {
	for method, times := range m.all() {
		if method != "GetSystemInfo" && method != "Check" {
			n += times
		}
	}
	return n
}

// refusing makes requests fail from now on.
func (m *meter) refusing(refuse func(req any) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.refuse = refuse
}

// metered returns a client of a server whose requests to Temporal are counted.
func (r *taskRig) metered(t *testing.T) (rawPeer, *meter) {
	t.Helper()
	m := newMeter()
	c := connect(t, options{client: client.Options{Logger: quiet{}, ConnectionOptions: client.ConnectionOptions{
		DialOptions: []grpc.DialOption{grpc.WithUnaryInterceptor(m.count)},
	}}})
	return newRawPeer(pipeTo(t, r.anotherServer(t, c))), m
}

// TestTaskCost counts what a poll asks of Temporal, after a first one.
func TestTaskCost(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	c := r.web("")
	polled, meter := r.metered(t)
	working, asking := c.start(t, "puppet", "working").TaskID, c.start(t, "puppet", "asking").TaskID
	ended, failed, cancelled := c.start(t, "puppet", "ended").TaskID, c.start(t, "puppet", "failed").TaskID, c.start(t, "puppet", "cancelled").TaskID
	r.asks(t, c, "asking", asking, 1, "ask q")
	r.order(t, "ended", "return")
	r.order(t, "failed", "protocol")
	mustAck(t, c.about(t, "tasks/cancel", cancelled))
	for id, status := range map[string]string{ended: "completed", failed: "failed", cancelled: "cancelled"} {
		c.until(t, id, status)
	}
	polled.get(t, ended)

	raw, err := base64.RawURLEncoding.DecodeString(working)
	if err != nil {
		t.Fatal(err)
	}
	describe := func(n int) map[string]int { return map[string]int{"DescribeWorkflowExecution": n} }
	read := map[string]int{"DescribeWorkflowExecution": 1, "GetWorkflowExecutionHistory": 1}
	for _, test := range []struct {
		method, what, id string
		want             map[string]int
	}{
		{"tasks/get", "a working task", working, describe(1)},
		{"tasks/get", "a task that asks", asking, describe(1)},
		{"tasks/get", "a completed task", ended, read},
		{"tasks/get", "a failed task", failed, read},
		{"tasks/get", "a cancelled task", cancelled, describe(1)},
		{"tasks/update", "a task that asks, without answers", asking, describe(1)},
		{"tasks/cancel", "a task that has ended", ended, describe(1)},
		{"tasks/get", "no task", "unknown", nil},
		{"tasks/get", "another run", base64.RawURLEncoding.EncodeToString(altered(raw, 20)), describe(2)},
		{"tasks/get", "no workflow", base64.RawURLEncoding.EncodeToString(altered(raw, len(raw)-1)), describe(2)},
		{"tasks/get", "a wrong code", base64.RawURLEncoding.EncodeToString(altered(raw, 0)), describe(1)},
	} {
		got := meter.during(func() { polled.about(t, test.method, test.id) })
		if fmt.Sprint(got) != fmt.Sprint(test.want) {
			t.Errorf("%s of %s has made the requests %v; want %v", test.method, test.what, got, test.want)
		}
	}
}

// altered is data with another byte.
func altered(data []byte, at int) []byte {
	other := append([]byte(nil), data...)
	other[at] ^= 1
	return other
}
