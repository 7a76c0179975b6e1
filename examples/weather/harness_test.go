package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/examples/internal/exampletest"
	"github.com/durablemcp/durablemcp/examples/internal/host"
	"github.com/durablemcp/durablemcp/examples/weather/simulated"
)

func TestMain(m *testing.M) { exampletest.Main(m, main, func() {}) }

// newYorkWorkflowID is the workflow that answers for New York.
const newYorkWorkflowID = "forecast-40.7128--74.006"

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
	return exampletest.Connect(t, transport, "", nil)
}

// An answer is a tool's result.
type answer struct{ exampletest.Answer }

func answerOf(result *mcp.CallToolResult, err error) answer {
	return answer{exampletest.AnswerOf(result, err)}
}

// call calls a tool with arguments in JSON.
func call(ctx context.Context, client *mcp.ClientSession, tool, arguments string) answer {
	return answerOf(client.CallTool(ctx, exampletest.Params(tool, arguments)))
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
	if a.Err != nil || a.IsError {
		t.Fatalf("the call failed: %v %s", a.Err, a.Text)
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
	if err := json.Unmarshal([]byte(a.Structured), &got); err != nil {
		t.Fatal(err)
	}
	if got.Location != location || len(got.Periods) != 14 || got.Periods[13].DetailedForecast == "" {
		t.Fatalf("structured content is %s", a.Structured)
	}
	if !strings.Contains(a.Text, "Forecast for "+location) || !strings.Contains(a.Text, got.Periods[13].DetailedForecast) {
		t.Errorf("text is %q", a.Text)
	}
}
