// Package bench measures what the library costs, against what a user would
// write without it, in the same run. See docs/performance.md.
package bench

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/grpc"

	"github.com/durablemcp/durablemcp"
	"github.com/durablemcp/durablemcp/internal/e2e/devserver"
)

// TestMain serves if the process is a child of BenchmarkWaiting's.
func TestMain(m *testing.M) {
	if address := os.Getenv(childOf); address != "" {
		if err := serveChild(context.Background(), address); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

const queue = "bench"

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

// nap is the workflow that outlasts an inline wait.
func nap(ctx workflow.Context, in input) (output, error) {
	return output{"good morning " + in.Name}, workflow.Sleep(ctx, 100*time.Millisecond)
}

// sleep is the workflow in which nothing happens.
func sleep(ctx workflow.Context, _ input) (output, error) {
	return output{}, workflow.Await(ctx, func() bool { return false })
}

// newRegistry declares the three as tools.
func newRegistry(opts durablemcp.Options) (*durablemcp.Registry, error) {
	opts.Logger = slog.New(slog.DiscardHandler)
	tool := func(name, workflowID string, workflow any) durablemcp.WorkflowTool {
		return durablemcp.WorkflowTool{
			Name: name, Description: "Does it.", Workflow: workflow, WorkflowType: name, TaskQueue: queue, WorkflowID: workflowID,
		}
	}
	return durablemcp.New(&opts, tool("greet", "greet-{@uuid}", greet), tool("nap", "nap-{name}", nap), tool("sleep", "sleep-{name}", sleep))
}

// A rig is a Temporal server and a worker for the workflows.
type rig struct {
	address string
	client  client.Client
	rpcs    *rpcCounter
}

func setUp(b *testing.B) *rig {
	b.Helper()
	server, err := devserver.Start(b.Context(), devserver.Options{DataFile: b.TempDir() + "/bench.db"})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(server.Stop)
	r := &rig{address: server.FrontendAddr(), rpcs: new(rpcCounter)}
	r.client, err = server.NewClient(b.Context(), client.Options{Logger: quiet{}, ConnectionOptions: client.ConnectionOptions{
		DialOptions: []grpc.DialOption{grpc.WithChainUnaryInterceptor(r.rpcs.intercept)},
	}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(r.client.Close)
	w := worker.New(r.client, queue, worker.Options{})
	registry, err := newRegistry(durablemcp.Options{})
	if err == nil {
		err = registry.RegisterWorkflows(w, queue)
	}
	if err == nil {
		err = w.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(w.Stop)
	return r
}

// newServer returns a server with the tools of the library.
func newServer(opts durablemcp.Options, c client.Client) (*mcp.Server, error) {
	registry, err := newRegistry(opts)
	if err != nil {
		return nil, err
	}
	server := mcp.NewServer(implementation, nil)
	addEmptyTool(server)
	return server, registry.Mount(server, c)
}

// serve serves a server over HTTP, and returns its URL.
func serve(b *testing.B, server *mcp.Server) string {
	b.Helper()
	web := httptest.NewServer(durablemcp.NewHTTPHandler(server, nil))
	b.Cleanup(web.Close)
	return web.URL
}

func connect(b *testing.B, url string) *mcp.ClientSession {
	b.Helper()
	session, err := mcp.NewClient(implementation, nil).Connect(b.Context(), &mcp.StreamableClientTransport{Endpoint: url}, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = session.Close() })
	return session
}

// serveTools serves the tools of the library on a rig.
func (r *rig) serveTools(b *testing.B, opts durablemcp.Options) string {
	b.Helper()
	server, err := newServer(opts, r.client)
	if err != nil {
		b.Fatal(err)
	}
	return serve(b, server)
}

func callTool(ctx context.Context, session *mcp.ClientSession, tool, name string) error {
	result, err := session.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: input{name}})
	if err == nil && result.IsError {
		err = fmt.Errorf("%s failed: %v", tool, result.StructuredContent)
	}
	return err
}

var implementation = &mcp.Implementation{Name: "bench", Version: "1"}

// quiet is a Temporal logger that says nothing.
type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}
