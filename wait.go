package durablemcp

import (
	"context"
	"fmt"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/enums/v1"

	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/idtemplate"
)

// A waiter waits for a tool's workflow, and answers with how it ended.
type waiter struct {
	*base
	output      *outputBinding
	wait        time.Duration
	next        nextStep
	allow       AllowFunc
	tasks       TaskSupport
	starts      bool          // the tool is in mode Start: without a result, its answer is the handle
	inline      time.Duration // how long a call that can become a task waits before it does
	rule        *answerRule
	allowAnswer AnswerFunc               // narrows the rule
	answers     map[string][]*updateTool // workflow type -> the tools that answer its questions
	template    *idtemplate.Template     // by which a call finds its execution, nil for none
}

// A nextStep tells a model what to do after an answer that is no result.
type nextStep interface {
	// goOn says how to get at the result of a workflow that is still running.
	goOn(seen running) string
	// afterFailure says whether the same call again can help, and sets
	// e.Retryable accordingly.
	afterFailure(e *toolError)
}

// A call waits for nothing but the end of its workflow for a while, before it
// looks at what the workflow asks and reports: what ends soon costs one request.
// Where Temporal is slow, which shows in how long it took until the wait began,
// workflows are slow, too, and more requests would make all of it slower.
const (
	settle      = 200 * time.Millisecond
	settleTimes = 4 // as long as it took until the wait began
	mostSettle  = time.Second
)

// settled is when a call begins to look.
func settled(called time.Time) time.Time {
	now := time.Now()
	return now.Add(min(max(settle, settleTimes*now.Sub(called)), mostSettle))
}

// result waits until the wait is over, and answers with how the workflow ended,
// what it asks, or that it is still running; or, to a client that takes tasks,
// with a task. Its error is that of ctx, a [*toolError] or a JSON-RPC error.
func (w *waiter) result(ctx context.Context, c *execution.Client, req *mcp.CallToolRequest, caller Caller, e *execution.Execution, called time.Time) (*mcp.CallToolResult, error) {
	deadline := notAfter(called.Add(w.wait), expiry(req, called))
	release, mayWait := w.place(ctx, c, caller)
	defer release()
	if !mayWait {
		deadline = earlier(deadline, settled(called))
	}
	heard, err := w.passOn(ctx, c, req, e, deadline)
	if err != nil {
		return nil, err
	}
	var result *mcp.CallToolResult
	if slot := slotOf(ctx); slot != nil && e.Record.Salt != "" {
		result, err = w.resultOrTask(ctx, c, req, e, slot, called.Add(w.inline))
	} else {
		result, err = w.await(ctx, c, e, earlier(deadline, settled(called)))
		if result == nil && err == nil && ctx.Err() == nil {
			if mayWait {
				a := newAudience(w, c, req, e)
				a.heard = heard
				a.expires, a.closing = expiry(req, called), lifeOf(ctx).closing
				result, err = w.attend(ctx, c, a, e, deadline)
			} else {
				result = w.stillRunning(ctx, c, req, e)
			}
		}
	}
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, err
	}
	return w.withMeta(result, e), nil
}

// resultOrTask waits for the workflow until the deadline, and then makes the
// call a task, which stands in place of the result.
func (w *waiter) resultOrTask(ctx context.Context, c *execution.Client, req *mcp.CallToolRequest, e *execution.Execution, slot *taskSlot, deadline time.Time) (*mcp.CallToolResult, error) {
	result, err := w.await(ctx, c, e, deadline)
	if result != nil || err != nil || ctx.Err() != nil {
		return result, err
	}
	if slot.created, err = w.newTask(ctx, c, req, e); slot.created != nil || err != nil {
		return new(mcp.CallToolResult), err
	}
	// It ended after the wait: its result is there at once.
	if result, err = w.await(ctx, c, e, time.Now().Add(execution.RequestTimeout)); result == nil && err == nil {
		err = unread(w.name)
	}
	return result, err
}

// await waits for the workflow until the deadline, and answers with how it
// ended. It returns nil if that was not learnt. Its error is a JSON-RPC error
// with which the workflow ended, or a [*toolError] if how it ended cannot be
// learnt.
func (w *waiter) await(ctx context.Context, c *execution.Client, e *execution.Execution, deadline time.Time) (*mcp.CallToolResult, error) {
	ctx, cancel := execution.Until(ctx, deadline)
	defer cancel()
	raw, err := execution.Follow(ctx, c, e)
	switch {
	case err == nil && w.starts && w.output.schema == nil:
		e.Status = enums.WORKFLOW_EXECUTION_STATUS_COMPLETED
		return handleResult(e), nil
	case err == nil:
		return w.output.answer(ctx, w.base, raw, func(into any) error { return c.GetWorkflow(ctx, e.ID, e.RunID).Get(ctx, into) }), nil
	case execution.IsOutcome(err):
		if protocol := protocolError(err); protocol != nil {
			return nil, protocol
		}
		failure := workflowFailure(err)
		failure.explain(ctx, c, e)
		failure.Message = fmt.Sprintf("%s failed: %s", w.name, failure.Message)
		w.next.afterFailure(failure)
		return w.errorResult(failure), nil
	case ctx.Err() != nil:
		return nil, nil
	}
	w.log(ctx, "waiting for a workflow failed", "workflow_id", e.ID, "error", err)
	switch {
	case execution.IsNotFound(err):
		return nil, deleted(w.name, e.ID)
	case !execution.FromService(err):
		return nil, unread(w.name)
	}
	return nil, nil // the request failed, and the workflow runs on
}

// deleted is the error of a call whose workflow is gone while it waits for it.
func deleted(tool, id string) *toolError {
	return &toolError{
		Type:    errNotFound,
		Message: fmt.Sprintf("The workflow %q, for which %s waited, is not there any more: somebody has deleted it from Temporal.", id, tool),
		advice:  "How it ended cannot be learnt. Tell the user.",
	}
}

// unread is the error of a call whose workflow has ended with a result that this
// server's data converter cannot read, at least at the moment.
func unread(tool string) *toolError {
	return &toolError{
		Type:    errInvalidResult,
		Message: tool + " is done, but this server cannot read how it ended, for a reason that its log explains.",
		advice:  "Do not start the work again. Tell the user.",
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
