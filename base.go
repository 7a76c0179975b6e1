package durablemcp

import (
	"context"
	"errors"
	"runtime/debug"

	"github.com/google/uuid"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/idtemplate"
)

// A base is what every checked tool has.
type base struct {
	opts         Options
	name         string
	workflowType string
}

// A callFunc makes one call of a tool. An error that is not a [*toolError] is a
// JSON-RPC error, or that of ctx: the caller is gone.
type callFunc func(ctx context.Context, c *execution.Client, req *mcp.CallToolRequest) (*mcp.CallToolResult, error)

// handler returns what Mount adds to a server: call, with its errors as
// results.
func (b *base) handler(call callFunc) func(*execution.Client) mcp.ToolHandler {
	return func(c *execution.Client) mcp.ToolHandler {
		return func(ctx context.Context, req *mcp.CallToolRequest) (result *mcp.CallToolResult, err error) {
			// The MCP SDK does not recover: a panic in a user's type or hook
			// would take the whole server down.
			defer func() {
				if p := recover(); p != nil {
					b.opts.Logger.ErrorContext(ctx, "durablemcp: a tool call panicked",
						"tool", b.name, "panic", p, "stack", string(debug.Stack()))
					result, err = b.errorResult(internalError()), nil
				}
			}()
			ctx, stop := whileWanted(ctx)
			defer stop()
			result, err = call(ctx, c, req)
			if failure, ok := errors.AsType[*toolError](err); ok {
				if len(failure.unknown) > 0 {
					b.log(ctx, "a call was refused for arguments that the tool does not have; if it is the client that adds them, "+
						"name them in Options.IgnoreArguments", "arguments", failure.unknown)
				}
				return b.errorResult(failure), nil
			}
			return result, err
		}
	}
}

// contain keeps a panic in a goroutine of the library, such as that of a user's
// hook, from taking the process down. It must be deferred.
func (b *base) contain(ctx context.Context, doing string) {
	if p := recover(); p != nil {
		b.opts.Logger.ErrorContext(ctx, "durablemcp: "+doing+" panicked", "tool", b.name, "panic", p, "stack", string(debug.Stack()))
	}
}

func internalError() *toolError {
	return &toolError{
		Type:    errInternal,
		Message: "The server has a fault, which its log explains.",
		advice:  tellUser,
	}
}

// redact takes out of a text what [Options.RedactError] knows. Where that panics, the
// text is not shown.
func (o Options) redact(text string) (out string) {
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
func (b *base) log(ctx context.Context, msg string, args ...any) {
	b.opts.Logger.WarnContext(ctx, "durablemcp: "+msg, append([]any{"tool", b.name}, args...)...)
}

// render fills a template for a call. Its error is a [*toolError].
func (b *base) render(template *idtemplate.Template, in *input, caller Caller) (string, error) {
	id, err := template.Render(in.Arguments, func(name string) (string, error) {
		switch name {
		case idtemplate.Input:
			return in.Lean, nil
		case idtemplate.UUID:
			return uuid.NewString(), nil
		}
		return caller.Principal, nil
	})
	if value, ok := errors.AsType[*idtemplate.ValueError](err); ok && value.Placeholder[0] != '@' {
		return "", invalidArguments(b.name, []string{pointer(value.Placeholder) + ": " + value.Problem})
	}
	if err != nil {
		return "", unauthorized()
	}
	return id, nil
}

// place takes a place for a caller, which has to be released in any case.
func (b *base) place(ctx context.Context, c *execution.Client, caller Caller) (release func(), ok bool) {
	if release, ok = c.Places.Take(b.opts.MaxWaiting, caller.Principal); !ok {
		b.log(ctx, "too many calls and subscriptions wait (Options.MaxWaiting)", "max_waiting", b.opts.MaxWaiting)
		return func() {}, false
	}
	return release, true
}
