package e2e

import (
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"google.golang.org/grpc"

	"github.com/durablemcp/durablemcp"
)

// A stage is an MCP server and a worker, each of which can be killed and
// replaced while the workflows and the clients go on.
type stage struct {
	t        *testing.T
	opts     options
	registry *durablemcp.Registry
	queue    string        // of the worker, and the prefix of the workflow IDs
	temporal client.Client // the test's own
	requests *meter        // of the MCP servers to Temporal

	mu     sync.Mutex
	server *server
	worker worker.Worker
}

// A server is one MCP server of a stage.
type server struct {
	mcp      *mcp.Server
	web      *httptest.Server
	temporal client.Client

	mu    sync.Mutex
	pipes []mcp.Connection
}

// newStage starts a server of the tools that declare returns for the stage's
// task queue, and a worker unless the options say that there is none.
func newStage(t *testing.T, o options, declare func(queue string) []durablemcp.Tool) *stage {
	t.Helper()
	s := &stage{t: t, queue: strings.ReplaceAll(t.Name(), "/", "-"), requests: newMeter()}
	o.client.Logger = quiet{}
	o.WebUIURL = uiURL
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s.opts = o
	s.temporal = connect(t, o)
	var err error
	if s.registry, err = durablemcp.New(&o.Options, declare(s.queue)...); err != nil {
		t.Fatal(err)
	}
	s.startServer()
	t.Cleanup(s.killServer)
	if !o.noWorker {
		s.startWorker()
	}
	t.Cleanup(s.killWorker)
	return s
}

// startServer mounts the registry on a new MCP server with a Temporal client of
// its own, at a new URL.
func (s *stage) startServer() {
	s.t.Helper()
	o := s.opts
	o.client.ConnectionOptions.DialOptions = append(o.client.ConnectionOptions.DialOptions, grpc.WithUnaryInterceptor(s.requests.count))
	temporal, err := devServer.NewClient(context.Background(), o.client)
	if err != nil {
		s.t.Fatal(err)
	}
	m := mcp.NewServer(&mcp.Implementation{Name: "e2e", Version: "1"}, nil)
	if err := s.registry.Mount(m, temporal); err != nil {
		s.t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.server = &server{mcp: m, web: httptest.NewServer(durablemcp.NewHTTPHandler(m, nil)), temporal: temporal}
}

// killServer ends the MCP server as a crash does: no client hears of it but by
// its connection.
func (s *stage) killServer() {
	dead := s.standing()
	_ = dead.web.Config.Close() // and not that of web, which waits for what is under way
	dead.mu.Lock()
	for _, pipe := range dead.pipes {
		_ = pipe.Close()
	}
	dead.mu.Unlock()
	dead.temporal.Close()
	for session := range dead.mcp.Sessions() {
		go func() { _ = session.Close() }() // waits for what is under way
	}
}

func (s *stage) standing() *server {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.server
}

func (s *stage) url() string { return s.standing().web.URL }

// pipe connects a client to the server as over stdio.
func (s *stage) pipe(ctx context.Context) (mcp.Transport, error) {
	standing := s.standing()
	near, far := mcp.NewInMemoryTransports()
	_, err := standing.mcp.Connect(ctx, durablemcp.NewTransport(&mortal{far, standing}), nil)
	return near, err
}

// mortal is a transport that ends with its server.
type mortal struct {
	mcp.Transport
	server *server
}

func (m *mortal) Connect(ctx context.Context) (mcp.Connection, error) {
	conn, err := m.Transport.Connect(ctx)
	if err == nil {
		m.server.mu.Lock()
		m.server.pipes = append(m.server.pipes, conn)
		m.server.mu.Unlock()
	}
	return conn, err
}

func (s *stage) startWorker() {
	s.t.Helper()
	w := worker.New(s.temporal, s.queue, s.opts.worker)
	if err := s.registry.RegisterWorkflows(w, s.queue); err != nil {
		s.t.Fatal(err)
	}
	if s.opts.register != nil {
		s.opts.register(w)
	}
	if err := w.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.worker = w
}

func (s *stage) killWorker() {
	if s.worker != nil {
		s.worker.Stop()
		s.worker = nil
	}
}

// history returns the events of the latest run of a workflow.
func (s *stage) history(id string) (events []*history.HistoryEvent) {
	s.t.Helper()
	read := s.temporal.GetWorkflowHistory(s.t.Context(), id, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for read.HasNext() {
		event, err := read.Next()
		if err != nil {
			s.t.Fatal(err)
		}
		events = append(events, event)
	}
	return events
}

// count returns how many events of a type a workflow's history has.
func (s *stage) count(id string, want enums.EventType) (n int) {
	s.t.Helper()
	for _, event := range s.history(id) {
		if event.GetEventType() == want {
			n++
		}
	}
	return n
}

// questions returns the keys of what the memo of a workflow says that it asks.
func (s *stage) questions(id string) (keys []string) {
	s.t.Helper()
	desc, err := s.temporal.DescribeWorkflow(s.t.Context(), id, "")
	if err != nil {
		s.t.Fatal(err)
	}
	var questions []struct{ Key string }
	if err := desc.GetMemoValue("durablemcp.questions", &questions); err != nil && !errors.Is(err, temporal.ErrNoData) {
		s.t.Fatal(err)
	}
	for _, q := range questions {
		keys = append(keys, q.Key)
	}
	return keys
}

// asks waits until a workflow asks n questions, and returns their keys.
func (s *stage) asks(id string, n int) (keys []string) {
	s.t.Helper()
	eventually(s.t, "the workflow asks", func() bool {
		keys = s.questions(id)
		return len(keys) == n
	})
	return keys
}
