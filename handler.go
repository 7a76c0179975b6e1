package durablemcp

import (
	"context"
	"errors"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/handle"
)

// A workflowTool is a checked [WorkflowTool].
type workflowTool struct {
	*base
	input   *inputBinding
	starter *starter
	waiter  *waiter
	mode    Mode
	cancel  bool // what the client cancels, is cancelled
}

func (t *workflowTool) call(ctx context.Context, c *execution.Client, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	called := time.Now()
	caller, err := t.caller(ctx, req) // before anything that takes time
	if err != nil {
		return nil, err
	}
	in, err := t.input.decode(req.Params.Arguments)
	if err != nil {
		return nil, err
	}
	e, err := t.execution(ctx, c, req.Params.RequestState, in, caller)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, err
	case t.mode == Start && (slotOf(ctx) == nil || e.Record.Salt == ""):
		return t.withMeta(handleResult(e), e), nil
	}
	result, err := t.waiter.result(ctx, c, req, caller, e, called)
	if t.cancel && cancelledByClient(ctx, req) && caller.Principal == e.Record.Owner {
		t.cancelWorkflow(ctx, c, e)
	}
	return result, err
}

// execution returns the execution that a call is about: the one that an earlier
// round of the call has started, or a new one, or one that it joins.
func (t *workflowTool) execution(ctx context.Context, c *execution.Client, state string, in *input, caller Caller) (*execution.Execution, error) {
	if state != "" {
		return t.resume(ctx, c, state, in, caller)
	}
	id, err := t.render(t.starter.template, in, caller)
	if err != nil {
		return nil, err
	}
	return t.starter.start(ctx, c, id, in, caller)
}

// resume returns the execution that an earlier round of the call was about. The
// state must be one that this tool gave out to this caller for these arguments.
func (t *workflowTool) resume(ctx context.Context, c *execution.Client, state string, in *input, caller Caller) (*execution.Execution, error) {
	ctx, cancel := context.WithTimeout(ctx, execution.RequestTimeout)
	defer cancel()
	h, err := handle.Parse(state)
	if err != nil || h.Round == "" { // a task ID is no state
		return nil, badRequestState()
	}
	h.Holder = caller.Principal
	seen, err := t.waiter.resolve(ctx, c, h, caller)
	if err != nil {
		t.log(ctx, "describing a workflow failed", "error", err)
		return nil, nothingDone(serviceFailure(err))
	}
	if seen == nil || !seen.Memo.Record.SameWork(in.Full, in.Given) {
		return nil, badRequestState()
	}
	return seen.Execution(), nil
}

func badRequestState() error {
	return rpcError(jsonrpc.CodeInvalidParams, "params.requestState: not one that this call has returned to this caller for these arguments. "+
		"Nothing was done. Make the call anew, without it.", nil)
}

// cancelledByClient reports whether the client has cancelled the request, and
// not just gone away. Over HTTP without sessions nobody can tell: there,
// closing the stream is how a client cancels, and how a connection dies.
func cancelledByClient(ctx context.Context, req *mcp.CallToolRequest) bool {
	overHTTP := req.Extra != nil && req.Extra.Header != nil
	return errors.Is(context.Cause(ctx), context.Canceled) && (!overHTTP || !clientOf(req).modern())
}

// cancelWorkflow asks Temporal to cancel the workflow of a call that was
// cancelled.
func (t *workflowTool) cancelWorkflow(ctx context.Context, c *execution.Client, e *execution.Execution) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), execution.RequestTimeout)
	defer cancel()
	if err := c.Cancel(ctx, e, ""); err != nil {
		t.log(ctx, "cancelling a workflow failed", "workflow_id", e.ID, "error", err)
	}
}
