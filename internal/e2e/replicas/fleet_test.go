package replicas

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A fleet is the replicas, and a client that sends each request to the next
// one, as a balancer does which knows nothing of what it balances.
type fleet struct {
	url    string
	client *http.Client

	temporal  string
	addresses [replicas]string
	next      atomic.Int64

	mu        sync.Mutex
	processes [replicas]*exec.Cmd
}

func startFleet(t *testing.T, temporal string) *fleet {
	t.Helper()
	f := &fleet{url: "http://127.0.0.1/mcp", temporal: temporal}
	f.client = &http.Client{Transport: f, Timeout: time.Minute}
	for i := range replicas {
		f.addresses[i] = freeAddress(t)
		if err := f.restart(t.Context(), i); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		for i := range replicas {
			f.kill(i)
		}
	})
	return f
}

// freeAddress returns an address that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// RoundTrip sends a request to the next replica.
func (f *fleet) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.URL.Host = f.addresses[f.next.Add(1)%replicas]
	return http.DefaultTransport.RoundTrip(req)
}

// kill kills a replica with SIGKILL.
func (f *fleet) kill(i int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if process := f.processes[i]; process != nil {
		_ = process.Process.Kill()
		_ = process.Wait()
		f.processes[i] = nil
	}
}

// restart kills a replica and starts it again, and waits until it serves.
func (f *fleet) restart(ctx context.Context, i int) error {
	f.kill(i)
	binary, err := os.Executable()
	if err != nil {
		return err
	}
	replica := exec.CommandContext(ctx, binary)
	replica.Env = append(os.Environ(), temporalAddress+"="+f.temporal, httpAddress+"="+f.addresses[i])
	replica.Stderr = os.Stderr
	if err := replica.Start(); err != nil {
		return err
	}
	f.mu.Lock()
	f.processes[i] = replica
	f.mu.Unlock()
	return f.awaitServing(ctx, i)
}

func (f *fleet) awaitServing(ctx context.Context, i int) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", f.addresses[i])
		if err == nil {
			return conn.Close()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("replica %d does not serve: %w", i, err)
		}
	}
}
