// Package load tests the library with many calls that wait, and many tasks that
// are polled. The flags make that long:
//
//	go test ./internal/e2e/load -v -timeout 30m -waiting 1000 -hold 1m -tasks 10000 -polling 2m
package load

import (
	"context"
	"flag"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

var (
	waiting = flag.Int("waiting", 20, "how many calls wait at once")
	hold    = flag.Duration("hold", 3*time.Second, "how long they all wait")
)

// maxPerCall is how much memory a call that waits may take, with both ends of
// its connection and its client, which are part of this process.
const maxPerCall = 1 << 20

// perSecond is how many calls come in a second: a Temporal in this process, on
// two processors, must be able to take them.
const perSecond = 10

// TestWaitingCalls lets many calls wait on one server, each of a client of its
// own.
func TestWaitingCalls(t *testing.T) { //nolint:paralleltest // it measures the process
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	server, temporal := startTemporal(t)
	t.Cleanup(work(t, temporal))
	var underWay atomic.Int64
	url := mount(t, server, &underWay)
	ids, numbers := make([]string, *waiting), make([]int, *waiting)
	for n := range numbers {
		ids[n], numbers[n] = fmt.Sprintf("gate-%d", n), n
	}
	// The calls join workflows that are there: starting them is not the point.
	must(t, forEach(ctx, parallel, numbers, func(ctx context.Context, n int) error {
		return startWith(ctx, url, n)
	}))
	before := inUse()
	answered := make(chan error, *waiting)
	come := time.NewTicker(time.Second / perSecond)
	defer come.Stop()
	for _, n := range numbers {
		<-come.C
		go func() { answered <- callOnce(ctx, url, n) }()
	}
	awaitAll(ctx, t, &underWay, answered)
	select {
	case err := <-answered:
		t.Fatalf("a call did not wait: %v", err)
	case <-time.After(*hold):
	}
	perCall := (inUse() - before) / int64(*waiting)
	must(t, release(ctx, temporal, ids))
	for range numbers {
		must(t, <-answered)
	}
	t.Logf("%d calls waited for %v; %d KiB of heap and stacks each, client and server", *waiting, *hold, perCall>>10)
	if perCall > maxPerCall {
		t.Errorf("a call that waits takes %d KiB", perCall>>10)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// awaitAll waits until all calls have reached their handler.
func awaitAll(ctx context.Context, t *testing.T, underWay *atomic.Int64, answered <-chan error) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for underWay.Load() < int64(*waiting) {
		select {
		case <-tick.C:
		case err := <-answered:
			t.Fatalf("a call did not wait: %v", err)
		case <-ctx.Done():
			t.Fatalf("only %d calls have come", underWay.Load())
		}
	}
}

// callOnce makes a call that waits.
func callOnce(ctx context.Context, url string, n int) error {
	c := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	session, err := c.Connect(ctx, &mcp.StreamableClientTransport{Endpoint: url}, &mcp.ClientSessionOptions{ProtocolVersion: "2025-11-25"})
	if err != nil {
		return err
	}
	defer func() { _ = session.Close() }()
	result, err := session.CallTool(ctx, &mcp.CallToolParams{Name: "gate", Arguments: numbered{n}})
	switch {
	case err != nil:
		return err
	case result.IsError:
		return fmt.Errorf("the call has failed: %s", result.Content[0].(*mcp.TextContent).Text)
	}
	got, _ := result.StructuredContent.(map[string]any)
	if got["number"] != float64(n) {
		return fmt.Errorf("call %d was answered %v", n, got)
	}
	return nil
}
