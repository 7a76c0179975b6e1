package call

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/advice"
	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/lifetime"
	"github.com/durablemcp/durablemcp/internal/memo"
	"github.com/durablemcp/durablemcp/internal/peer"
)

// A Tool is what every checked tool has.
type Tool struct {
	Opts         Options
	Name         string
	WorkflowType string
}

// Options are those of durablemcp.Options that matter here, with their defaults.
type Options struct {
	MaxArgumentBytes, MaxResultBytes, MaxWaiting int
	Secret                                       []byte
	WebUIURL, Namespace                          string
	Principal                                    func(ctx context.Context, req mcp.Request) (string, error)
	Claims                                       func(Caller) map[string]string
	RedactError                                  func(text string) string
	Logger                                       *slog.Logger
}

// A Call is one call of a tool: the Temporal side, what the client asks for and can do, who makes
// it, and when it began.
type Call struct {
	*execution.Client
	Req    *mcp.CallToolRequest
	Peer   peer.Peer
	Caller Caller
	Began  time.Time
}

// A Caller is who makes a call.
type Caller struct {
	Principal string            // see durablemcp.Caller
	TokenInfo *auth.TokenInfo   // see durablemcp.Caller
	Claims    map[string]string // what Options.Claims says
}

// sender is what a workflow learns of the caller.
func (c Caller) sender() memo.Sender {
	return memo.Sender{Principal: c.Principal, Claims: c.Claims}
}

// A Func makes one call of a tool. An error that is not a [*ToolError] is a
// JSON-RPC error, or that of ctx: the caller is gone.
type Func func(ctx context.Context, c *Call) (*mcp.CallToolResult, error)

// Handler returns what Mount adds to a server: call, with its errors as
// results.
func (t *Tool) Handler(call Func) func(*execution.Client) mcp.ToolHandler {
	return func(client *execution.Client) mcp.ToolHandler {
		return func(ctx context.Context, req *mcp.CallToolRequest) (result *mcp.CallToolResult, err error) {
			// The MCP SDK does not recover: a panic in a user's type or hook
			// would take the whole server down.
			defer func() {
				if p := recover(); p != nil {
					t.Opts.Logger.ErrorContext(ctx, "durablemcp: a tool call panicked",
						"tool", t.Name, "panic", p, "stack", string(debug.Stack()))
					result, err = t.ErrorResult(advice.InternalError()), nil
				}
			}()
			ctx, stop := lifetime.WhileWanted(ctx)
			defer stop()
			c := &Call{Client: client, Req: req, Peer: peer.Of(req), Began: time.Now()}
			if c.Caller, err = t.caller(ctx, req); err == nil { // before anything that takes time
				result, err = call(ctx, c)
			}
			if failure, ok := errors.AsType[*advice.ToolError](err); ok {
				if len(failure.Unknown) > 0 {
					t.log(ctx, "a call was refused for arguments that the tool does not have; if it is the client that adds them, "+
						"name them in Options.IgnoreArguments", "arguments", failure.Unknown)
				}
				return t.ErrorResult(failure), nil
			}
			return result, err
		}
	}
}

// recoverPanic keeps a panic in a goroutine of the library, such as that of a user's
// hook, from taking the process down. It must be deferred.
func (t *Tool) recoverPanic(ctx context.Context, doing string) {
	if p := recover(); p != nil {
		t.Opts.Logger.ErrorContext(ctx, "durablemcp: "+doing+" panicked", "tool", t.Name, "panic", p, "stack", string(debug.Stack()))
	}
}

// Redact takes out of a text what durablemcp.Options.RedactError knows. Where that panics, the
// text is not shown.
func (o Options) Redact(text string) (out string) {
	if o.RedactError == nil || text == "" {
		return text
	}
	defer func() {
		if p := recover(); p != nil {
			o.Logger.Error("durablemcp: Options.RedactError panicked", "panic", p, "stack", string(debug.Stack()))
			out = "[not shown]"
		}
	}()
	return o.RedactError(text)
}

// log writes what a person has to look into. The values of arguments never go there.
func (t *Tool) log(ctx context.Context, msg string, args ...any) {
	t.Opts.Logger.WarnContext(ctx, "durablemcp: "+msg, append([]any{"tool", t.Name}, args...)...)
}

// running says what the workflow of a snapshot is doing.
func (t *Tool) running(ctx context.Context, c *Call, seen *execution.Snapshot) advice.Running {
	now := seen.Now()
	e := seen.Execution()
	answer := advice.Running{
		WorkflowID: e.ID, RunID: e.RunID, Elapsed: execution.Round(seen.Age()).String(), Closed: e.Closed(), Questions: advice.OpenQuestions(seen.Memo.Questions),
	}
	if answer.Doing = c.Stuck(ctx, seen.DescribeWorkflowExecutionResponse, now); answer.Doing == "" {
		answer.Doing = seen.Doing(now)
	}
	return answer
}
