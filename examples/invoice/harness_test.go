package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/examples/internal/exampletest"
	"github.com/durablemcp/durablemcp/examples/internal/host"
	"github.com/durablemcp/durablemcp/examples/internal/story"
	"github.com/durablemcp/durablemcp/examples/invoice/simulated"
)

func TestMain(m *testing.M) { exampletest.Main(m, main, func() { closeShared() }) }

// services are an ERP and a gateway that do what the test says.
type services struct {
	erp     *simulated.ERP
	gateway *simulated.Gateway
}

func startServices() (*services, error) {
	erp, err := simulated.StartERP(context.Background())
	if err != nil {
		return nil, err
	}
	gateway, err := simulated.StartGateway(context.Background(), "")
	if err != nil {
		erp.Close()
		return nil, err
	}
	return &services{erp, gateway}, nil
}

func newServices(t *testing.T) *services {
	t.Helper()
	s, err := startServices()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	return s
}

func (s *services) close() {
	s.erp.Close()
	s.gateway.Close()
}

// args are the flags by which the example uses the services.
func (s *services) args() []string {
	return []string{"-erp", s.erp.URL(), "-gateway", s.gateway.URL()}
}

// A rig is the example inside the test's process, with services around it.
type rig struct {
	*services
	service *service
	url     string
	close   func() error
}

// startRig starts the example with its data in a directory.
func startRig(dir string, args ...string) (r *rig, err error) {
	r = &rig{}
	if r.services, err = startServices(); err != nil {
		return nil, err
	}
	args = append([]string{"-http", "127.0.0.1:0", "-ui", "127.0.0.1:0", "-data", filepath.Join(dir, "invoice.db")}, args...)
	flags, err := parseFlags(append(args, r.args()...), io.Discard)
	if err != nil {
		return nil, err
	}
	listener, err := flags.Listen()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	if r.service, err = startService(ctx, cancel, flags, slog.New(slog.DiscardHandler)); err != nil {
		return nil, err
	}
	served := make(chan error, 1)
	go func() { served <- host.ServeHTTP(ctx, r.service.server, listener, requireDemoToken) }()
	r.url = host.MCPURL(listener)
	r.close = func() error {
		cancel(nil)
		err := errors.Join(<-served, host.WorkerFailure(ctx))
		r.service.Close()
		r.services.close()
		return err
	}
	return r, nil
}

// newRig starts the example for one test.
func newRig(t *testing.T, args ...string) *rig {
	t.Helper()
	r, err := startRig(t.TempDir(), args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// sharedRig is one rig for all tests that can do with the default flags: each
// has invoices of its own.
var sharedRig = sync.OnceValues(func() (*rig, error) {
	dir, err := os.MkdirTemp("", "invoice-test-")
	if err != nil {
		return nil, err
	}
	r, err := startRig(dir)
	closeShared = func() {
		if r != nil {
			_ = r.close()
		}
		_ = os.RemoveAll(dir)
	}
	return r, err
})

var closeShared = func() {}

func shared(t *testing.T) *rig {
	t.Helper()
	r, err := sharedRig()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// connect connects a client with one of the demo tokens.
func (r *rig) connect(t *testing.T, token string) *caller {
	t.Helper()
	return connectHTTP(t, r.url, token)
}

// A caller is an MCP client of a test.
type caller struct {
	t       *testing.T
	session *mcp.ClientSession
}

func connectHTTP(t *testing.T, url, token string) *caller {
	t.Helper()
	return connect(t, &mcp.StreamableClientTransport{Endpoint: url, HTTPClient: &http.Client{Transport: story.Bearer(token)}})
}

// connect connects an MCP client. It is closed at the end of the test.
func connect(t *testing.T, transport mcp.Transport) *caller {
	t.Helper()
	return &caller{t, exampletest.Connect(t, transport, "", nil)}
}

// An answer is a tool's result.
type answer struct{ exampletest.Answer }

func answerOf(result *mcp.CallToolResult, err error) answer {
	return answer{exampletest.AnswerOf(result, err)}
}

// call calls a tool with arguments in JSON.
func (c *caller) call(tool, arguments string) answer {
	ctx, cancel := context.WithTimeout(context.Background(), exampletest.Limit)
	defer cancel()
	return answerOf(c.session.CallTool(ctx, exampletest.Params(tool, arguments)))
}

// start calls a tool in the background.
func (c *caller) start(tool, arguments string) <-chan answer {
	answers := make(chan answer, 1)
	go func() { answers <- c.call(tool, arguments) }()
	return answers
}
