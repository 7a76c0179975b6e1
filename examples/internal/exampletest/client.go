package exampletest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp"
	"github.com/durablemcp/durablemcp/taskclient"
)

// Connect connects an MCP client of a protocol version, of the latest one if
// that is empty. It is closed at the end of the test. The options may be nil.
func Connect(t *testing.T, transport mcp.Transport, version string, opts *mcp.ClientOptions) *mcp.ClientSession {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Limit)
	defer cancel()
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1.0.0"}, opts)
	session, err := client.Connect(ctx, transport, &mcp.ClientSessionOptions{ProtocolVersion: version})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	if got := session.InitializeResult().ProtocolVersion; version != "" && got != version {
		t.Fatalf("the protocol version is %s, want %s", got, version)
	}
	return session
}

// Params are those of a call of a tool with arguments in JSON.
func Params(tool, arguments string) *mcp.CallToolParams {
	return &mcp.CallToolParams{Name: tool, Arguments: json.RawMessage(arguments)}
}

// An Answer is a tool's result as the tests look at it.
type Answer struct {
	IsError    bool
	Text       string
	Structured string // JSON
	ErrorType  string // of a tool error
	Retryable  bool
	RunID      string
	Err        error
}

// AnswerOf makes an answer of what a call returned.
func AnswerOf(result *mcp.CallToolResult, err error) Answer {
	if err != nil {
		return Answer{Err: err}
	}
	a := Answer{IsError: result.IsError}
	for _, content := range result.Content {
		if text, ok := content.(*mcp.TextContent); ok {
			a.Text += text.Text
		}
	}
	structured, _ := json.Marshal(result.StructuredContent)
	a.Structured = string(structured)
	if failure, ok := result.Meta[durablemcp.MetaKeyError].(map[string]any); ok {
		a.ErrorType, _ = failure["type"].(string)
		a.Retryable, _ = failure["retryable"].(bool)
	}
	if meta, ok := result.Meta[durablemcp.MetaKeyWorkflow].(map[string]any); ok {
		a.RunID, _ = meta["run_id"].(string)
	}
	return a
}

// MustBecomeTask calls a tool, which has to become a task.
func MustBecomeTask(t *testing.T, client *taskclient.Client, tool, arguments string) *taskclient.Task {
	t.Helper()
	outcome, err := client.CallTool(t.Context(), Params(tool, arguments))
	if err != nil {
		t.Fatal(err)
	}
	if outcome.Task == nil {
		t.Fatalf("the call of %s was answered: %s", tool, AnswerOf(outcome.Result, nil).Text)
	}
	return outcome.Task
}

// MustGet returns the state of a task.
func MustGet(t *testing.T, client *taskclient.Client, id string) *taskclient.Task {
	t.Helper()
	task, err := client.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return task
}

// MustBeUnknown checks that a client is told of no task with the ID.
func MustBeUnknown(t *testing.T, client *taskclient.Client, id string) {
	t.Helper()
	task, err := client.Get(t.Context(), id)
	if rpc, ok := errors.AsType[*jsonrpc.Error](err); !ok || rpc.Code != jsonrpc.CodeInvalidParams {
		t.Errorf("got %+v and %v, want the error of an unknown task", task, err)
	}
}

// ConnectTasks starts the example over stdio, and connects a client that knows
// tasks. End ends both, and checks that the process ends well.
func ConnectTasks(t *testing.T, cmd *exec.Cmd, opts *taskclient.Options) (client *taskclient.Client, end func()) {
	t.Helper()
	conn, err := (&mcp.CommandTransport{Command: cmd, TerminateDuration: Limit}).Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	client = taskclient.New(conn, opts)
	t.Cleanup(func() { _ = client.Close() })
	return client, func() {
		t.Helper()
		if err := client.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if code := cmd.ProcessState.ExitCode(); code != 0 {
			t.Errorf("exit code %d", code)
		}
	}
}

// A Talk is a conversation with the example over its standard streams, line by
// line.
type Talk struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	lines  *bufio.Scanner
	all    bytes.Buffer
	stderr Buffer
}

// StartTalk starts the example and introduces a client.
func StartTalk(t *testing.T, cmd *exec.Cmd) *Talk {
	t.Helper()
	talk := &Talk{t: t, cmd: cmd}
	var err error
	if talk.stdin, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	talk.lines = bufio.NewScanner(io.TeeReader(stdout, &talk.all))
	talk.lines.Buffer(nil, 1<<20)
	cmd.Stderr = &talk.stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	talk.say(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}`)
	talk.say(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	return talk
}

func (talk *Talk) say(request string) (answer string) {
	_, _ = io.WriteString(talk.stdin, request+"\n")
	if !strings.Contains(request, `"id"`) || !talk.lines.Scan() {
		return ""
	}
	return talk.lines.Text()
}

// Call calls a tool, and returns the line that answers.
func (talk *Talk) Call(tool, arguments string) string {
	return talk.say(`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"` + tool + `","arguments":` + arguments + `}}`)
}

// MustEndWithMCPOnly ends the conversation, checks that nothing but MCP was
// written to the standard output, and returns the log.
func (talk *Talk) MustEndWithMCPOnly() (logs string) {
	talk.t.Helper()
	_ = talk.stdin.Close()
	for talk.lines.Scan() {
		continue // to the end
	}
	if err := talk.cmd.Wait(); err != nil {
		talk.t.Errorf("the process ended with %v", err)
	}
	for line := range strings.Lines(talk.all.String()) {
		var message struct {
			Version string `json:"jsonrpc"`
		}
		if err := json.Unmarshal([]byte(line), &message); err != nil || message.Version != "2.0" {
			talk.t.Errorf("this is no MCP: %q", line)
		}
	}
	return talk.stderr.String()
}
