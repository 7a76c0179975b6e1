package replicas

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp"
)

// A replica takes its addresses from the environment.
const (
	temporalAddress = "REPLICA_TEMPORAL"
	httpAddress     = "REPLICA_HTTP"

	queue        = "replicas"
	protocolCode = -32099
)

// kinds are the ways in which a job ends.
var kinds = []string{"succeed", "ask", "fail", "cancel", "refuse"}

type job struct {
	Number int    `json:"number"`
	Kind   string `json:"kind"`
}

type answer struct {
	Word string `json:"word"`
}

// work is the workflow of all tasks.
func work(ctx workflow.Context, in job) (string, error) {
	if in.Kind == "cancel" {
		return "", workflow.Await(ctx, func() bool { return false })
	}
	if err := workflow.Sleep(ctx, time.Duration(500+in.Number%7*300)*time.Millisecond); err != nil {
		return "", err
	}
	switch in.Kind {
	case "ask":
		a, err := durablemcp.Elicit[answer](ctx, "What is the word?")
		return a.Word, err
	case "fail":
		return "", temporal.NewNonRetryableApplicationError(fmt.Sprintf("broken-%d", in.Number), "Broken", nil)
	case "refuse":
		return "", durablemcp.NewProtocolError(protocolCode, "refused", nil)
	}
	return fmt.Sprintf("done-%d", in.Number), nil
}

func newRegistry() (*durablemcp.Registry, error) {
	return durablemcp.New(&durablemcp.Options{InlineWait: time.Millisecond, Logger: slog.New(slog.DiscardHandler)},
		durablemcp.WorkflowTool{
			Name: "work", Description: "Works.", Workflow: work, WorkflowType: "work", TaskQueue: queue, WorkflowID: "work-{number}",
		})
}

// serve is the main function of a replica, which has no worker.
func serve(ctx context.Context, temporalAddr string) error {
	c, err := client.DialContext(ctx, client.Options{HostPort: temporalAddr, Logger: quiet{}})
	if err != nil {
		return err
	}
	defer c.Close()
	registry, err := newRegistry()
	if err != nil {
		return err
	}
	server := mcp.NewServer(&mcp.Implementation{Name: "replica", Version: "1"}, nil)
	if err := registry.Mount(server, c); err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", os.Getenv(httpAddress))
	if err != nil {
		return err
	}
	web := &http.Server{Handler: durablemcp.NewHTTPHandler(server, nil), ReadHeaderTimeout: time.Minute}
	context.AfterFunc(ctx, func() { _ = web.Close() })
	return web.Serve(listener)
}

// quiet is a Temporal logger that says nothing.
type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}
