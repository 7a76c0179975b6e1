package load

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp"
	"github.com/durablemcp/durablemcp/internal/e2e/devserver"
)

const queue = "load"

// limit bounds everything that waits for something.
const limit = 25 * time.Minute

type numbered struct {
	Number int `json:"number"`
}

// gate is a workflow that waits until it is let through.
func gate(ctx workflow.Context, in numbered) (numbered, error) {
	workflow.GetSignalChannel(ctx, "open").Receive(ctx, nil)
	return in, nil
}

func newRegistry(t *testing.T) *durablemcp.Registry {
	t.Helper()
	registry, err := durablemcp.New(&durablemcp.Options{Wait: limit, InlineWait: time.Millisecond, Logger: slog.New(slog.DiscardHandler)},
		durablemcp.WorkflowTool{
			Name: "gate", Description: "Test.", Workflow: gate, WorkflowType: "gate", TaskQueue: queue, WorkflowID: "gate-{number}",
		})
	if err != nil {
		t.Fatal(err)
	}
	return registry
}

// startTemporal starts a Temporal, and a client of it for the test.
func startTemporal(t *testing.T) (*devserver.Server, client.Client) {
	t.Helper()
	server, err := devserver.Start(t.Context(), devserver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	return server, dial(t, server)
}

func dial(t *testing.T, server *devserver.Server) client.Client {
	t.Helper()
	c, err := server.NewClient(t.Context(), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// work starts a worker. The returned function stops it.
func work(t *testing.T, c client.Client) (stop func()) {
	t.Helper()
	w := worker.New(c, queue, worker.Options{})
	if err := newRegistry(t).RegisterWorkflows(w, queue); err != nil {
		t.Fatal(err)
	}
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	return w.Stop
}

// mount starts a replica with a Temporal client of its own, which counts the
// calls that are under way if it is given what to count in.
func mount(t *testing.T, server *devserver.Server, underWay *atomic.Int64) (url string) {
	t.Helper()
	s := mcp.NewServer(&mcp.Implementation{Name: "load", Version: "1"}, nil)
	if err := newRegistry(t).Mount(s, dial(t, server)); err != nil {
		t.Fatal(err)
	}
	s.AddReceivingMiddleware(func(next mcp.MethodHandler) mcp.MethodHandler {
		return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
			if underWay != nil && method == "tools/call" {
				underWay.Add(1)
				defer underWay.Add(-1)
			}
			return next(ctx, method, req)
		}
	})
	web := httptest.NewServer(durablemcp.NewHTTPHandler(s, nil))
	t.Cleanup(web.Close)
	return web.URL
}

// httpClient keeps so many connections at most.
func httpClient(t *testing.T, connections int) *http.Client {
	t.Helper()
	transport := &http.Transport{
		MaxConnsPerHost: connections, MaxIdleConnsPerHost: connections, DialContext: (&net.Dialer{Timeout: time.Minute}).DialContext,
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// inUse is how much memory of the heap and of stacks is in use.
func inUse() int64 {
	runtime.GC()
	runtime.GC() // what finalizers have let go
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

// release lets workflows through.
func release(ctx context.Context, c client.Client, ids []string) error {
	return forEach(ctx, parallel, ids, func(ctx context.Context, id string) error {
		return c.SignalWorkflow(ctx, id, "", "open", nil)
	})
}

// forEach does something for each, several at a time, and joins the errors.
func forEach[T any](ctx context.Context, parallel int, all []T, do func(context.Context, T) error) error {
	queue := make(chan T)
	failed := make(chan error, parallel)
	for range parallel {
		go func() {
			var errs []error
			for one := range queue {
				if err := do(ctx, one); err != nil {
					errs = append(errs, err)
				}
			}
			failed <- errors.Join(errs...)
		}()
	}
	for _, one := range all {
		queue <- one
	}
	close(queue)
	var errs []error
	for range parallel {
		errs = append(errs, <-failed)
	}
	return errors.Join(errs...)
}
