package durablemcp

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/google/uuid"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/durablemcp/durablemcp/internal/idtemplate"
)

// A workflowTool is a checked [WorkflowTool].
type workflowTool struct {
	opts         Options
	name         string
	workflowType string
	mode         Mode
	wait         time.Duration
	input        *inputBinding
	output       *outputBinding
	template     *idtemplate.Template
	startOptions client.StartWorkflowOptions
}

// handler returns the tool's MCP handler for calls through c.
func (t *workflowTool) handler(c client.Client) mcp.ToolHandler {
	return func(ctx context.Context, req *mcp.CallToolRequest) (result *mcp.CallToolResult, err error) {
		// The MCP SDK does not recover: a panic in a user's type or hook would
		// take the whole server down.
		defer func() {
			if p := recover(); p != nil {
				t.opts.Logger.ErrorContext(ctx, "durablemcp: a tool call panicked",
					"tool", t.name, "panic", p, "stack", string(debug.Stack()))
				result, err = t.errorResult(internalError()), nil
			}
		}()
		return t.call(ctx, c, req)
	}
}

func internalError() *toolError {
	return &toolError{
		Type:    errInternal,
		Message: "The server has a fault, which its log explains.",
		advice:  "Calling again will probably not help. Tell the user.",
	}
}

// call makes one call. Its error is that of ctx: a caller that is gone.
// Everything else is a result.
func (t *workflowTool) call(ctx context.Context, c client.Client, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	called := time.Now()
	in, err := t.input.decode(req.Params.Arguments)
	if err != nil {
		return t.failed(err), nil
	}
	id, err := t.workflowID(ctx, req, in)
	if err != nil {
		return t.failed(err), nil
	}
	e, err := t.start(ctx, c, id, in)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return t.failed(err), nil
	}
	if t.mode == Start {
		return t.withMeta(t.handleResult(e), e), nil
	}
	result, err := t.result(ctx, c, e, called)
	if err != nil {
		return nil, err
	}
	return t.withMeta(result, e), nil
}

// failed answers with err if that is a tool error.
func (t *workflowTool) failed(err error) *mcp.CallToolResult {
	var e *toolError
	if !errors.As(err, &e) {
		e = internalError()
	}
	return t.errorResult(e)
}

// workflowID renders the workflow's ID for a call.
func (t *workflowTool) workflowID(ctx context.Context, req *mcp.CallToolRequest, in *input) (string, error) {
	id, err := t.template.Render(in.properties, func(name string) (string, error) {
		switch name {
		case idtemplate.Input:
			return in.digest, nil
		case idtemplate.UUID:
			return uuid.NewString(), nil
		}
		return t.principal(ctx, req)
	})
	var value *idtemplate.ValueError
	switch {
	case err == nil:
		return id, nil
	case errors.As(err, &value) && value.Placeholder == idtemplate.Principal:
		return "", &toolError{
			Type:    errUnauthorized,
			Message: "This tool must know who calls it, and does not. Nothing was started.",
			advice:  "Calling again will not help. Tell the user, who has to sign in.",
		}
	case errors.As(err, &value):
		return "", t.input.invalid([]string{pointer(value.Placeholder) + ": " + value.Problem})
	}
	return "", err
}

// principal names the caller, for {@principal}.
func (t *workflowTool) principal(ctx context.Context, req *mcp.CallToolRequest) (string, error) {
	name, err := t.opts.Principal(ctx, req)
	if err != nil {
		t.log(ctx, "Options.Principal refused a call", "error", err)
		return "", err
	}
	if name == "" {
		return "", errors.New("is unknown")
	}
	return name, nil
}

// result waits for the workflow and answers with how it ended, or that it is
// still running. Its error is that of ctx.
func (t *workflowTool) result(ctx context.Context, c client.Client, e *execution, called time.Time) (*mcp.CallToolResult, error) {
	if result := t.await(ctx, c, e, called.Add(t.wait)); result != nil || ctx.Err() != nil {
		return result, ctx.Err()
	}
	seen := t.look(ctx, c, e)
	if seen.closed {
		// It closed after the wait: its end is there at once.
		if result := t.await(ctx, c, e, time.Now().Add(lookTimeout)); result != nil {
			return result, nil
		}
		seen = t.look(ctx, c, e)
	}
	return t.runningResult(seen), ctx.Err()
}

// await waits for the workflow until the deadline, and answers with how it
// ended. It returns nil if that was not learnt.
func (t *workflowTool) await(ctx context.Context, c client.Client, e *execution, deadline time.Time) *mcp.CallToolResult {
	waiting, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	raw, err := follow(waiting, c, e)
	switch {
	case err == nil:
		return t.completed(ctx, c, e, raw)
	case failedFor(err):
		return t.ended(err)
	case waiting.Err() == nil:
		// Not the deadline: the request for the result failed, and the workflow
		// runs on.
		t.log(ctx, "waiting for a workflow failed", "workflow_id", e.id, "error", err)
	}
	return nil
}

// ended answers for a workflow that failed, timed out, or was cancelled or
// terminated.
func (t *workflowTool) ended(err error) *mcp.CallToolResult {
	failure := workflowFailure(err)
	failure.Message = fmt.Sprintf("%s failed: %s", t.name, failure.Message)
	switch {
	case failure.Retryable && t.restarts(enums.WORKFLOW_EXECUTION_STATUS_FAILED):
		failure.advice = "This can be temporary: the same call may succeed later."
	case failure.Retryable:
		failure.Retryable = false
		failure.advice = "The same call again returns this same failure: it does not start the work anew. Tell the user."
	default:
		failure.advice = "The same call again will fail in the same way: change the arguments if they are at fault, or tell the user."
	}
	return t.errorResult(failure)
}

// log writes what a person has to look into. Arguments never go there.
func (t *workflowTool) log(ctx context.Context, msg string, args ...any) {
	t.opts.Logger.WarnContext(ctx, "durablemcp: "+msg, append([]any{"tool", t.name}, args...)...)
}
