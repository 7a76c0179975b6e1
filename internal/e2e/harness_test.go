// Package e2e tests the library on a real Temporal server, through real MCP
// clients.
package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"

	"github.com/durablemcp/durablemcp"
	"github.com/durablemcp/durablemcp/internal/e2e/devserver"
)

// devServer is the server that all tests share: each has task queues and
// workflow IDs of its own.
var devServer *devserver.Server

// uiURL is where the tests' results say that the Web UI is.
const uiURL = "http://ui.example"

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var err error
	if devServer, err = devserver.Start(ctx, devserver.Options{}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer devServer.Stop()
	return m.Run()
}

// A rig is the library mounted on an MCP server, a client of it, and a worker.
type rig struct {
	t        *testing.T
	queue    string // its task queue, which is also the prefix of its workflow IDs
	temporal client.Client
	session  *mcp.ClientSession
	url      string // of the MCP server
}

// options says what a rig has beyond the defaults.
type options struct {
	durablemcp.Options
	client    client.Options
	worker    worker.Options
	noWorker  bool
	register  func(worker.Registry)
	newClient func() client.Client // if nil, a client of the shared server
}

// setUp mounts the tools that declare returns for the rig's task queue.
func setUp(t *testing.T, o options, declare func(queue string) []durablemcp.Tool) *rig {
	t.Helper()
	r := &rig{t: t, queue: strings.ReplaceAll(t.Name(), "/", "-")}
	o.client.Logger = quiet{}
	r.temporal = connect(t, o)
	o.WebUIURL = uiURL
	o.Logger = slog.New(slog.DiscardHandler)
	registry, err := durablemcp.New(&o.Options, declare(r.queue)...)
	if err != nil {
		t.Fatal(err)
	}
	if !o.noWorker {
		startWorker(t, r, registry, o)
	}
	server := mcp.NewServer(&mcp.Implementation{Name: "e2e", Version: "1"}, nil)
	if err := registry.Mount(server, r.temporal); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(durablemcp.NewHTTPHandler(server, nil))
	t.Cleanup(web.Close)
	r.url = web.URL
	r.session = dial(t, web.URL)
	return r
}

func connect(t *testing.T, o options) client.Client {
	t.Helper()
	if o.newClient != nil {
		return o.newClient()
	}
	c, err := devServer.NewClient(t.Context(), o.client)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func startWorker(t *testing.T, r *rig, registry *durablemcp.Registry, o options) {
	t.Helper()
	w := worker.New(r.temporal, r.queue, o.worker)
	if err := registry.RegisterWorkflows(w, r.queue); err != nil {
		t.Fatal(err)
	}
	if o.register != nil {
		o.register(w)
	}
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Stop)
}

// dial connects an MCP client over streamable HTTP.
func dial(t *testing.T, url string) *mcp.ClientSession {
	t.Helper()
	return dialAs(t, url, "")
}

// dialAs connects an MCP client whose requests name a user.
func dialAs(t *testing.T, url, user string) *mcp.ClientSession {
	t.Helper()
	c := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	transport := &mcp.StreamableClientTransport{Endpoint: url, HTTPClient: &http.Client{Transport: asUser(user)}}
	session, err := c.Connect(t.Context(), transport, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return session
}

// asUser is a transport that names a user in a header.
type asUser string

func (u asUser) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("X-User", string(u))
	return http.DefaultTransport.RoundTrip(req)
}

// call calls a tool with arguments in JSON.
func (r *rig) call(tool, arguments string) *mcp.CallToolResult {
	r.t.Helper()
	result, err := r.session.CallTool(r.t.Context(), &mcp.CallToolParams{Name: tool, Arguments: json.RawMessage(arguments)})
	if err != nil {
		r.t.Fatalf("%s(%s): %v", tool, arguments, err)
	}
	return result
}

// post sends a tools/call as a client of protocol 2026-07-28 does, and returns
// the response. Params are JSON members.
func (r *rig) post(t *testing.T, tool, params string) []byte {
	body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"` + tool + `",` + params + `"_meta":{
		"io.modelcontextprotocol/protocolVersion":"2026-07-28",
		"io.modelcontextprotocol/clientInfo":{"name":"raw","version":"1"},
		"io.modelcontextprotocol/clientCapabilities":{}}}}`
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	req.Header.Set("Mcp-Protocol-Version", "2026-07-28")
	req.Header.Set("Mcp-Method", "tools/call")
	req.Header.Set("Mcp-Name", tool)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	stream, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(stream) {
		if data, ok := bytes.CutPrefix(line, []byte("data: ")); ok && bytes.HasPrefix(data, []byte("{")) {
			return data
		}
	}
	t.Fatalf("%s: %s", resp.Status, stream)
	return nil
}

// An outcome is a result in the parts that the tests look at.
type outcome struct {
	Text       string
	Structured string // JSON
	IsError    bool
}

func outcomeOf(result *mcp.CallToolResult) outcome {
	o := outcome{IsError: result.IsError}
	for _, content := range result.Content {
		if text, ok := content.(*mcp.TextContent); ok {
			o.Text += text.Text
		}
	}
	if result.StructuredContent != nil {
		data, _ := json.Marshal(result.StructuredContent)
		o.Structured = string(data)
	}
	return o
}

// failure is what a tool error has for programs.
type failure struct {
	Error struct {
		Type, Message, Cause string
		Retryable            bool
		Details              json.RawMessage
		Violations           []string
	}
}

// mustFail returns what a tool error has for programs.
func mustFail(t *testing.T, result *mcp.CallToolResult) failure {
	t.Helper()
	var f failure
	o := outcomeOf(result)
	if !o.IsError {
		t.Fatalf("the call succeeded: %s", o.Text)
	}
	if o.Structured != "" {
		t.Errorf("the error has structured content, beside which some clients show no text: %s", o.Structured)
	}
	data, _ := json.Marshal(result.Meta[durablemcp.MetaKeyError])
	if err := json.Unmarshal(data, &f.Error); err != nil || f.Error.Type == "" {
		t.Fatalf("_meta %v: %v", result.Meta, err)
	}
	return f
}

// workflowOf returns what a result's _meta says of its workflow.
func workflowOf(t *testing.T, result *mcp.CallToolResult) map[string]string {
	t.Helper()
	var meta map[string]string
	data, _ := json.Marshal(result.Meta[durablemcp.MetaKeyWorkflow])
	if err := json.Unmarshal(data, &meta); err != nil || meta["workflow_id"] == "" {
		t.Fatalf("_meta is %v: %v", result.Meta, err)
	}
	return meta
}

// eventually waits until ok returns true.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	timeout := time.After(2 * time.Minute)
	for !ok() {
		select {
		case <-ticker.C:
		case <-timeout:
			t.Fatalf("timed out waiting until %s", what)
		}
	}
}

// contains fails the test unless text contains all of the parts.
func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q does not contain %q", text, part)
		}
	}
}

// quiet is a Temporal logger that says nothing: the tests provoke errors.
type quiet struct{}

var _ log.Logger = quiet{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}

// statusOf names the status of a described execution.
func statusOf(resp *workflowservice.DescribeWorkflowExecutionResponse) string {
	return resp.GetWorkflowExecutionInfo().GetStatus().String()
}
