package outage

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp"
	"github.com/durablemcp/durablemcp/internal/e2e/devserver"
)

// limit bounds what waits for Temporal to be back.
const limit = 2 * time.Minute

const queue = "outage"

type named struct {
	Name string `json:"name"`
}

// gate is a workflow that waits until it is let through.
func gate(ctx workflow.Context, in named) (named, error) {
	if err := durablemcp.ReportProgress(ctx, 0, 1, "waiting"); err != nil {
		return named{}, err
	}
	workflow.GetSignalChannel(ctx, "open").Receive(ctx, nil)
	return in, nil
}

// greet is one that does not wait.
func greet(_ workflow.Context, in named) (named, error) { return in, nil }

func newRegistry(t *testing.T, log *slog.Logger) *durablemcp.Registry {
	t.Helper()
	registry, err := durablemcp.New(&durablemcp.Options{Wait: 2 * limit, InlineWait: time.Millisecond, Logger: log},
		durablemcp.WorkflowTool{
			Name: "gate", Description: "Test.", Workflow: gate, WorkflowType: "gate", TaskQueue: queue, WorkflowID: "gate-{name}",
		},
		durablemcp.WorkflowTool{
			Name: "greet", Description: "Test.", Workflow: greet, WorkflowType: "greet", TaskQueue: queue, WorkflowID: "greet-{name}",
			WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE, TaskSupport: durablemcp.TaskForbidden,
		},
		durablemcp.WorkflowTool{
			Name: "random", Description: "Test.", Workflow: greet, WorkflowType: "greet", TaskQueue: queue, WorkflowID: "random-{@uuid}", TaskSupport: durablemcp.TaskForbidden,
		},
		durablemcp.StatusTool{
			Name: "look", Description: "Test.", Workflow: gate, WorkflowType: "gate", WorkflowID: "gate-{name}",
		})
	if err != nil {
		t.Fatal(err)
	}
	return registry
}

// A stage is a Temporal that goes away and comes back.
type stage struct {
	t      *testing.T
	opts   devserver.Options
	server *devserver.Server // nil while it is away
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t, opts: devserver.Options{DataFile: filepath.Join(t.TempDir(), "temporal.db")}}
	s.start()
	s.opts.FrontendAddr = s.server.FrontendAddr()
	t.Cleanup(s.stop)
	return s
}

func (s *stage) start() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	server, err := devserver.Start(ctx, s.opts)
	if err != nil {
		s.t.Fatal(err)
	}
	s.server = server
}

func (s *stage) stop() {
	if s.server != nil {
		s.server.Stop()
		s.server = nil
	}
}

// dial returns a client, also if Temporal is not there. If it is, the client
// connects at once: concurrent first calls of a lazy client are a data race
// inside Temporal's SDK 1.50.0.
func (s *stage) dial() client.Client {
	s.t.Helper()
	connect := client.Dial
	if s.server == nil {
		connect = client.NewLazyClient
	}
	c, err := connect(client.Options{HostPort: s.opts.FrontendAddr, Logger: quiet{}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(c.Close)
	return c
}

// work starts a worker.
func (s *stage) work() {
	s.t.Helper()
	w := worker.New(s.dial(), queue, worker.Options{})
	if err := newRegistry(s.t, slog.New(slog.DiscardHandler)).RegisterWorkflows(w, queue); err != nil {
		s.t.Fatal(err)
	}
	if err := w.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(w.Stop)
}

// A host is an MCP server, and a session of a client with it.
type host struct {
	t       *testing.T
	url     string
	log     *buffer
	session *mcp.ClientSession
}

// mount starts an MCP server, for which Temporal need not be there.
func (s *stage) mount() *host {
	s.t.Helper()
	h := &host{t: s.t, log: &buffer{}}
	server := mcp.NewServer(&mcp.Implementation{Name: "outage", Version: "1"}, nil)
	if err := newRegistry(s.t, slog.New(slog.NewTextHandler(h.log, nil))).Mount(server, s.dial()); err != nil {
		s.t.Fatal(err)
	}
	web := httptest.NewServer(durablemcp.NewHTTPHandler(server, nil))
	s.t.Cleanup(web.Close)
	h.url = web.URL
	c := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	session, err := c.Connect(s.t.Context(), &mcp.StreamableClientTransport{Endpoint: h.url}, &mcp.ClientSessionOptions{ProtocolVersion: "2025-11-25"})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = session.Close() })
	h.session = session
	return h
}

// An answer is what a tool has answered.
type answer struct {
	text  string
	Error struct {
		Type      string
		Retryable bool
	}
	Name string
	err  error
}

// call calls a tool for a workflow of some name.
func (h *host) call(tool, name string) (a answer) {
	ctx, cancel := context.WithTimeout(h.t.Context(), 2*limit)
	defer cancel()
	result, err := h.session.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: named{name}})
	if err != nil {
		return answer{err: err}
	}
	for _, content := range result.Content {
		if text, ok := content.(*mcp.TextContent); ok {
			a.text += text.Text
		}
	}
	data, err := json.Marshal(result.StructuredContent)
	if err == nil {
		err = json.Unmarshal(data, &a)
	}
	if data, _ := json.Marshal(result.Meta[durablemcp.MetaKeyError]); err == nil && result.IsError {
		err = json.Unmarshal(data, &a.Error)
	}
	a.err = err
	return a
}

// goCall calls a tool in the background.
func (h *host) goCall(tool, name string) <-chan answer {
	answered := make(chan answer, 1)
	go func() { answered <- h.call(tool, name) }()
	return answered
}

// eventually waits until ok returns true.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	timeout := time.After(limit)
	for !ok() {
		select {
		case <-ticker.C:
		case <-timeout:
			t.Fatalf("timed out waiting until %s", what)
		}
	}
}

// receive waits for a value, but not for ever.
func receive[T any](t *testing.T, from <-chan T, what string) (value T) {
	t.Helper()
	select {
	case value = <-from:
	case <-time.After(limit):
		t.Fatalf("timed out waiting for %s", what)
	}
	return value
}

func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q does not contain %q", text, part)
		}
	}
}

// A buffer can be read while it is written.
type buffer struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.String()
}

// quiet is a Temporal logger that says nothing.
type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}
