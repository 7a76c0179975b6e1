package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp"
	"github.com/durablemcp/durablemcp/taskclient"
)

// A caller makes the requests of a call for somebody, and again for as long as
// the answers say so.
type caller struct {
	*call
	fleet  *fleet
	token  string
	by     generation
	person func(question string) map[string]any // answers what is asked; nil if nobody is there
}

// An answer is what a tool has answered.
type answer struct {
	isError    bool
	structured json.RawMessage
	text       string

	errorType string
	retryable bool
	running   bool
}

func (a *answer) String() string {
	return fmt.Sprintf("isError %v: %s %.300s", a.isError, a.structured, a.text)
}

// answerOf reads a tool's result.
func answerOf(result *mcp.CallToolResult) (*answer, error) {
	a := &answer{isError: result.IsError}
	for _, content := range result.Content {
		if text, ok := content.(*mcp.TextContent); ok {
			a.text += text.Text
		}
	}
	var err error
	if a.structured, err = json.Marshal(result.StructuredContent); err != nil {
		return nil, err
	}
	var known struct {
		Running *struct{} `json:"running"`
	}
	a.running = json.Unmarshal(a.structured, &known) == nil && known.Running != nil
	if failure, ok := result.Meta[durablemcp.MetaKeyError].(map[string]any); ok {
		a.errorType, _ = failure["type"].(string)
		a.retryable, _ = failure["retryable"].(bool)
	}
	return a, nil
}

const (
	// patience is how long a client waits for one answer.
	patience = time.Minute
	// pause is how long it waits before it tries again.
	pause = 100 * time.Millisecond
)

// ask calls a tool until there is an answer that calls for no repetition.
func (c *caller) ask(ctx context.Context, tool string, args any) (a *answer, err error) {
	err = c.again(ctx, func(ctx context.Context) (bool, error) {
		if a, err = c.once(ctx, tool, args); err != nil {
			return false, err
		}
		switch {
		case a.running:
			c.note("is still running")
		case a.isError && a.retryable:
			c.note("may be tried again: " + a.errorType)
		default:
			return true, nil
		}
		return false, nil
	})
	return a, err
}

// again repeats what is not done or fails because a process was killed.
func (c *caller) again(ctx context.Context, try func(context.Context) (done bool, err error)) error {
	for {
		bounded, cancel := context.WithTimeout(ctx, patience)
		done, err := try(bounded)
		cancel()
		switch {
		case err == nil && done:
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("%w; at last %v", ctx.Err(), err) //nolint:errorlint // the first is the reason
		case err != nil && final(err):
			return err
		case err != nil:
			c.note(kindOf(err))
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// The codes of errors of the MCP SDK itself, on this side: the connection broke.
const (
	codeUnknown       = -32001
	codeClientClosing = -32003
	codeServerClosing = -32004
	codeRejected      = -32005
)

// final reports whether an error is the server's last word, and not one that
// comes from a server that is away.
func final(err error) bool {
	rpc, ok := errors.AsType[*jsonrpc.Error](err)
	if !ok {
		_, ended := errors.AsType[*taskclient.TaskError](err)
		return ended
	}
	switch rpc.Code {
	case jsonrpc.CodeInternalError, codeUnknown, codeClientClosing, codeServerClosing, codeRejected:
		return false
	}
	return true
}

// kindOf is a failure as the report counts it.
func kindOf(err error) string {
	if rpc, ok := errors.AsType[*jsonrpc.Error](err); ok {
		return fmt.Sprintf("error %d", rpc.Code)
	}
	switch {
	case errors.Is(err, errOlder):
		return errOlder.Error()
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer within " + patience.String()
	}
	return "the connection broke"
}

// errOlder says that the SDK's client has taken a server that was killed while
// it was asked what it knows for one of an earlier protocol version.
var errOlder = errors.New("the client took the server for an older one")

// once calls a tool once.
func (c *caller) once(ctx context.Context, tool string, args any) (*answer, error) {
	params := &mcp.CallToolParams{Name: tool, Arguments: args}
	if c.by == tasks {
		client := c.taskClient()
		outcome, err := client.CallTool(ctx, params)
		if err != nil {
			return nil, err
		}
		if outcome.Task != nil {
			return c.await(ctx, outcome.Task.ID)
		}
		return answerOf(outcome.Result)
	}
	version := "2025-11-25"
	if c.by == stateless {
		version = "2026-07-28"
	}
	options := &mcp.ClientOptions{}
	if c.person != nil {
		options.ElicitationHandler = func(_ context.Context, req *mcp.ElicitRequest) (*mcp.ElicitResult, error) {
			return c.elicit(req.Params.Message), nil
		}
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "crash", Version: "1"}, options)
	transport := &mcp.StreamableClientTransport{Endpoint: url, HTTPClient: c.fleet.client(c.token, c.by == sessions), MaxRetries: -1}
	session, err := client.Connect(ctx, transport, &mcp.ClientSessionOptions{ProtocolVersion: version})
	if err != nil {
		return nil, err
	}
	defer func() { _ = session.Close() }()
	if got := session.InitializeResult().ProtocolVersion; got != version {
		return nil, errOlder
	}
	result, err := session.CallTool(ctx, params)
	if err != nil {
		return nil, err
	}
	return answerOf(result)
}

func (c *caller) elicit(question string) *mcp.ElicitResult {
	return &mcp.ElicitResult{Action: "accept", Content: c.person(question)}
}

func (c *caller) taskClient() *taskclient.Client {
	options := &taskclient.Options{HTTPClient: c.fleet.client(c.token, false)}
	if c.person != nil {
		options.Elicit = func(_ context.Context, q *taskclient.Question) (*mcp.ElicitResult, error) {
			return c.elicit(q.Params.Message), nil
		}
	}
	return taskclient.NewHTTP(url, options)
}

// await waits for a task.
func (c *caller) await(ctx context.Context, id string) (*answer, error) {
	result, err := c.taskClient().Wait(ctx, id)
	if err != nil {
		return nil, err
	}
	return answerOf(result)
}

// notes count what happens on the way of a call.
type notes struct {
	mu     sync.Mutex
	counts map[string]int
}

func (n *notes) note(what string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.counts == nil {
		n.counts = make(map[string]int)
	}
	n.counts[what]++
}

// list lists them, the same each time.
func (n *notes) list() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	var lines []string
	for _, what := range slices.Sorted(maps.Keys(n.counts)) {
		lines = append(lines, fmt.Sprintf("%d × %s", n.counts[what], what))
	}
	return lines
}
