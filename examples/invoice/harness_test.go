package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp"
	"github.com/durablemcp/durablemcp/examples/internal/host"
	"github.com/durablemcp/durablemcp/examples/invoice/simulated"
)

// runMain makes this test binary behave as the command itself: the tests need
// it as a process that they can kill.
const runMain = "INVOICE_TEST_RUN_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(runMain) != "" {
		main()
		return
	}
	code := m.Run()
	closeShared()
	os.Exit(code)
}

// limit is how long anything in these tests may take before it counts as
// hanging.
const limit = 2 * time.Minute

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
	return connect(t, &mcp.StreamableClientTransport{Endpoint: url, HTTPClient: &http.Client{Transport: bearer(token)}})
}

// bearer is a token that goes with every request.
type bearer string

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(r)
}

// connect connects an MCP client. It is closed at the end of the test.
func connect(t *testing.T, transport mcp.Transport) *caller {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1.0.0"}, nil).Connect(ctx, transport, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return &caller{t, session}
}

// An answer is a tool result as the tests look at it.
type answer struct {
	isError    bool
	text       string
	structured string // JSON
	runID      string
	err        error
}

// call calls a tool with arguments in JSON.
func (c *caller) call(tool, arguments string) answer {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	result, err := c.session.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: json.RawMessage(arguments)})
	if err != nil {
		return answer{err: err}
	}
	a := answer{isError: result.IsError}
	for _, content := range result.Content {
		if text, ok := content.(*mcp.TextContent); ok {
			a.text += text.Text
		}
	}
	structured, _ := json.Marshal(result.StructuredContent)
	a.structured = string(structured)
	if meta, ok := result.Meta[durablemcp.MetaKey].(map[string]any); ok {
		a.runID, _ = meta["run_id"].(string)
	}
	return a
}

// start calls a tool in the background.
func (c *caller) start(tool, arguments string) <-chan answer {
	answers := make(chan answer, 1)
	go func() { answers <- c.call(tool, arguments) }()
	return answers
}

// receive waits for a value, but not for ever.
func receive[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case value := <-from:
		return value
	case <-time.After(limit):
		t.Fatalf("timed out waiting for %s", what)
		panic("unreachable")
	}
}

// eventually polls until ok returns true.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for timeout := time.After(limit); !ok(); {
		select {
		case <-ticker.C:
		case <-timeout:
			t.Fatalf("timed out waiting for %s", what)
		}
	}
}

// takenAddress returns an address on which something listens.
func takenAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener.Addr().String()
}

// command is the example as a process that has not started yet. It sees none
// of the Temporal configuration of whoever runs the tests.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "TEMPORAL_") {
			cmd.Env = append(cmd.Env, variable)
		}
	}
	cmd.Env = append(cmd.Env, runMain+"=1")
	return cmd
}

// A process is the example running over HTTP.
type process struct {
	cmd    *exec.Cmd
	stdin  io.Closer
	mcpURL string
	out    *syncBuffer
	exited chan error
	stderr *syncBuffer
}

// startProcess starts the example on free ports, and returns when it says that
// it is ready. It ends with the tests, however they end.
func startProcess(t *testing.T, args ...string) *process {
	t.Helper()
	args = append([]string{"-http", "127.0.0.1:0", "-ui", "127.0.0.1:0", "-until-eof"}, args...)
	p := &process{cmd: command(t, args...), out: &syncBuffer{}, exited: make(chan error, 1), stderr: &syncBuffer{}}
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.stderr
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.exited <- p.cmd.Wait() }()
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	eventually(t, "the process to be ready", func() bool { return strings.Contains(p.out.String(), readyText) })
	for line := range strings.Lines(p.out.String()) {
		if strings.HasPrefix(line, "  MCP server") {
			p.mcpURL = strings.Fields(line)[2]
		}
	}
	return p
}

// kill ends the process without a warning: kill -9.
func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	receive(t, p.exited, "the process to be dead")
}

// A syncBuffer is a buffer that one goroutine writes and another one reads.
type syncBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}
