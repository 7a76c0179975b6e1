package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
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
	"github.com/durablemcp/durablemcp/examples/weather/simulated"
)

// runMain makes this test binary behave as the command itself: the tests need
// it as a process that they can kill.
const runMain = "WEATHER_TEST_RUN_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(runMain) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// limit is how long anything in these tests may take before it counts as
// hanging.
const limit = 2 * time.Minute

// A rig is the example inside the test's process, with a client and a weather
// service that does what the test says.
type rig struct {
	upstream *simulated.Server
	service  *service
	url      string
	client   *mcp.ClientSession
}

// newRig starts the example.
func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{upstream: newUpstream(t)}
	flags, err := parseFlags([]string{
		"-http", "127.0.0.1:0", "-ui", "127.0.0.1:0", "-upstream", r.upstream.URL(),
		"-data", filepath.Join(t.TempDir(), "weather.db"),
	}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := flags.Listen()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	r.service, err = startService(ctx, cancel, flags, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- host.ServeHTTP(ctx, r.service.server, listener) }()
	t.Cleanup(func() {
		cancel(nil)
		if err := <-served; err != nil {
			t.Errorf("ServeHTTP: %v", err)
		}
		r.service.Close()
	})
	r.url = host.MCPURL(listener)
	r.client = connect(t, &mcp.StreamableClientTransport{Endpoint: r.url})
	return r
}

func newUpstream(t *testing.T) *simulated.Server {
	t.Helper()
	upstream, err := simulated.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(upstream.Close)
	return upstream
}

// connect connects an MCP client. It is closed at the end of the test.
func connect(t *testing.T, transport mcp.Transport) *mcp.ClientSession {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1.0.0"}, nil)
	session, err := client.Connect(ctx, transport, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return session
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
func call(ctx context.Context, client *mcp.ClientSession, tool, arguments string) answer {
	result, err := client.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: json.RawMessage(arguments)})
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
func start(ctx context.Context, client *mcp.ClientSession, tool, arguments string) <-chan answer {
	answers := make(chan answer, 1)
	go func() { answers <- call(ctx, client, tool, arguments) }()
	return answers
}

// mustSucceed returns the answer unless it is an error.
func (a answer) mustSucceed(t *testing.T) answer {
	t.Helper()
	if a.err != nil || a.isError {
		t.Fatalf("the call failed: %v %s", a.err, a.text)
	}
	return a
}

// mustBeForecast checks that the answer is a whole forecast.
func (a answer) mustBeForecast(t *testing.T, location string) {
	t.Helper()
	a.mustSucceed(t)
	var got struct {
		Location string
		Periods  []struct{ DetailedForecast string }
	}
	if err := json.Unmarshal([]byte(a.structured), &got); err != nil {
		t.Fatal(err)
	}
	if got.Location != location || len(got.Periods) != 14 || got.Periods[13].DetailedForecast == "" {
		t.Fatalf("structured content is %s", a.structured)
	}
	if !strings.Contains(a.text, "Forecast for "+location) || !strings.Contains(a.text, got.Periods[13].DetailedForecast) {
		t.Errorf("text is %q", a.text)
	}
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
	mcpURL string
	uiURL  string
	exited chan error
	stderr *syncBuffer
}

// startProcess starts the example on free ports, and returns when it says that
// it is ready.
func startProcess(t *testing.T, args ...string) *process {
	t.Helper()
	return startCommand(t, command(t, append([]string{"-http", "127.0.0.1:0", "-ui", "127.0.0.1:0"}, args...)...))
}

func startCommand(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd: cmd, exited: make(chan error, 1), stderr: &syncBuffer{}}
	var out syncBuffer
	p.cmd.Stdout, p.cmd.Stderr = &out, p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.exited <- p.cmd.Wait() }()
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	eventually(t, "the process to be ready", func() bool { return strings.Contains(out.String(), "Stop with Ctrl-C") })
	for line := range strings.Lines(out.String()) {
		if fields := strings.Fields(line); strings.HasPrefix(line, "  MCP server") {
			p.mcpURL = fields[2]
		} else if strings.HasPrefix(line, "  Temporal Web UI") {
			p.uiURL = fields[3]
		}
	}
	if p.mcpURL == "" || p.uiURL == "" {
		t.Fatalf("the process does not say where it is:\n%s", out.String())
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
