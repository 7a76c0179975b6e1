// Package bench measures what the library adds to a durable call, against what
// a user would write without it, in the same run.
package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp"
	"github.com/durablemcp/durablemcp/internal/e2e/devserver"
)

type input struct {
	Name string `json:"name"`
}

type output struct {
	Greeting string `json:"greeting"`
}

// greet is the trivial workflow: all of its time is Temporal's and ours.
func greet(_ workflow.Context, in input) (output, error) {
	return output{"hello " + in.Name}, nil
}

const queue = "bench"

// BenchmarkCall makes one call of a trivial workflow after another, in turn
// through the tool over HTTP and through the bare Temporal client with the same
// options. It reports the medians, their ratio, and the tool's share.
func BenchmarkCall(b *testing.B) {
	ctx := b.Context()
	c := startTemporal(b)
	registry, err := durablemcp.New(&durablemcp.Options{Logger: slog.New(slog.DiscardHandler)}, durablemcp.WorkflowTool{
		Name: "greet", Description: "Greets.", Workflow: greet, WorkflowType: "greet", TaskQueue: queue,
	})
	if err != nil {
		b.Fatal(err)
	}
	w := worker.New(c, queue, worker.Options{})
	if err := registry.RegisterWorkflows(w, queue); err != nil {
		b.Fatal(err)
	}
	if err := w.Start(); err != nil {
		b.Fatal(err)
	}
	defer w.Stop()
	session := serve(b, registry, c)

	var plain, tool []time.Duration
	for i := 0; b.Loop(); i++ {
		name := fmt.Sprint(i)
		plain = append(plain, timed(b, func() error { return callPlain(ctx, c, name) }))
		tool = append(tool, timed(b, func() error { return callTool(ctx, session, name) }))
	}
	p, t := median(plain), median(tool)
	b.ReportMetric(float64(p.Microseconds()), "plain-p50-µs")
	b.ReportMetric(float64(t.Microseconds()), "tool-p50-µs")
	b.ReportMetric(float64((t - p).Microseconds()), "share-p50-µs")
	b.ReportMetric(float64(t)/float64(p), "tool/plain")
	b.ReportMetric(0, "ns/op")
}

func startTemporal(b *testing.B) client.Client {
	b.Helper()
	server, err := devserver.Start(b.Context(), devserver.Options{DataFile: b.TempDir() + "/bench.db"})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(server.Stop)
	c, err := server.NewClient(b.Context(), client.Options{Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(c.Close)
	return c
}

func serve(b *testing.B, registry *durablemcp.Registry, c client.Client) *mcp.ClientSession {
	b.Helper()
	server := mcp.NewServer(&mcp.Implementation{Name: "bench", Version: "1"}, nil)
	if err := registry.Mount(server, c); err != nil {
		b.Fatal(err)
	}
	web := httptest.NewServer(durablemcp.NewHTTPHandler(server, nil))
	b.Cleanup(web.Close)
	session, err := mcp.NewClient(&mcp.Implementation{Name: "bench", Version: "1"}, nil).
		Connect(b.Context(), &mcp.StreamableClientTransport{Endpoint: web.URL}, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = session.Close() })
	return session
}

func callPlain(ctx context.Context, c client.Client, name string) error {
	run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{TaskQueue: queue, EnableEagerStart: true}, "greet", input{name})
	if err != nil {
		return err
	}
	var out output
	return run.Get(ctx, &out)
}

func callTool(ctx context.Context, session *mcp.ClientSession, name string) error {
	arguments, err := json.Marshal(input{name})
	if err != nil {
		return err
	}
	result, err := session.CallTool(ctx, &mcp.CallToolParams{Name: "greet", Arguments: json.RawMessage(arguments)})
	if err == nil && result.IsError {
		err = fmt.Errorf("greet failed: %v", result.StructuredContent)
	}
	return err
}

func timed(b *testing.B, call func() error) time.Duration {
	start := time.Now()
	if err := call(); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}

func median(durations []time.Duration) time.Duration {
	slices.Sort(durations)
	return durations[len(durations)/2]
}
