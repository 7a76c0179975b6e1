package call

import (
	"context"
	"errors"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/advice"
	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/task"
	"github.com/durablemcp/durablemcp/internal/token"
)

// A Workflow is a checked durablemcp.WorkflowTool.
type Workflow struct {
	*Tool
	Input   *Arguments
	Starter *Starter
	Waiter  *Waiter
	Starts  bool // the tool answers as soon as the workflow is started
	Cancel  bool // what the client cancels, is cancelled
}

// Call starts the workflow or joins it, and waits for it.
func (t *Workflow) Call(ctx context.Context, c *Call) (*mcp.CallToolResult, error) {
	in, err := t.Input.decode(c.Req.Params.Arguments)
	if err != nil {
		return nil, err
	}
	e, err := t.execution(ctx, c, in)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, err
	case t.Starts && (task.SlotOf(ctx) == nil || e.Record.Salt == ""):
		return t.withMeta(handleResult(e), e), nil
	}
	result, err := t.Waiter.result(ctx, c, e)
	if t.Cancel && cancelledByClient(ctx, c) && c.Caller.Principal == e.Record.Owner {
		t.cancelWorkflow(ctx, c, e)
	}
	return result, err
}

// execution returns the execution that a call is about: the one that an earlier
// round of the call has started, or a new one, or one that it joins.
func (t *Workflow) execution(ctx context.Context, c *Call, in *Input) (*execution.Execution, error) {
	if state := c.Req.Params.RequestState; state != "" {
		return t.resume(ctx, c, state, in)
	}
	id, err := t.render(t.Starter.Template, in, c.Caller)
	if err != nil {
		return nil, err
	}
	return t.Starter.start(ctx, c, id, in)
}

// resume returns the execution that an earlier round of the call was about. The
// state must be one that this tool gave out to this caller for these arguments.
func (t *Workflow) resume(ctx context.Context, c *Call, state string, in *Input) (*execution.Execution, error) {
	ctx, cancel := context.WithTimeout(ctx, execution.RequestTimeout)
	defer cancel()
	h, err := token.Parse(state)
	if err != nil || h.Round == "" { // a task ID is not a request state
		return nil, advice.BadRequestState()
	}
	h.Holder = c.Caller.Principal
	seen, err := t.Waiter.resolve(ctx, c.Client, h, c.Caller)
	if err != nil {
		t.log(ctx, "describing a workflow failed", "error", err)
		return nil, advice.NothingDone(advice.ServiceFailure(err))
	}
	if seen == nil || !seen.Memo.Record.SameWork(in.Full, in.Given) {
		return nil, advice.BadRequestState()
	}
	return seen.Execution(), nil
}

// cancelledByClient reports whether the client has cancelled the request, and
// not just gone away. Over HTTP without sessions that cannot be known: there,
// closing the stream is how a client cancels, and how a connection dies.
func cancelledByClient(ctx context.Context, c *Call) bool {
	overHTTP := c.Req.Extra != nil && c.Req.Extra.Header != nil
	return errors.Is(context.Cause(ctx), context.Canceled) && (!overHTTP || !c.Peer.Modern())
}

// cancelWorkflow asks Temporal to cancel the workflow of a call that was
// cancelled.
func (t *Workflow) cancelWorkflow(ctx context.Context, c *Call, e *execution.Execution) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), execution.RequestTimeout)
	defer cancel()
	if err := c.Cancel(ctx, e, ""); err != nil {
		t.log(ctx, "cancelling a workflow failed", "workflow_id", e.ID, "error", err)
	}
}
