package durablemcp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

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
func (w *waiter) result(ctx context.Context, c *connection, req *mcp.CallToolRequest, caller Caller, e *execution, called time.Time) (*mcp.CallToolResult, error) {
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
	if slot := slotOf(ctx); slot != nil && e.record.Salt != "" {
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
func (w *waiter) resultOrTask(ctx context.Context, c *connection, req *mcp.CallToolRequest, e *execution, slot *taskSlot, deadline time.Time) (*mcp.CallToolResult, error) {
	result, err := w.await(ctx, c, e, deadline)
	if result != nil || err != nil || ctx.Err() != nil {
		return result, err
	}
	if slot.created, err = w.newTask(ctx, c, req, e); slot.created != nil || err != nil {
		return new(mcp.CallToolResult), err
	}
	// It ended after the wait: its result is there at once.
	if result, err = w.await(ctx, c, e, time.Now().Add(requestTimeout)); result == nil && err == nil {
		err = unread(w.name)
	}
	return result, err
}

// await waits for the workflow until the deadline, and answers with how it
// ended. It returns nil if that was not learnt. Its error is a JSON-RPC error
// with which the workflow ended, or a [*toolError] if how it ended cannot be
// learnt.
func (w *waiter) await(ctx context.Context, c *connection, e *execution, deadline time.Time) (*mcp.CallToolResult, error) {
	ctx, cancel := until(ctx, deadline)
	defer cancel()
	raw, err := follow(ctx, c, e)
	switch {
	case err == nil && w.starts && w.output.schema == nil:
		e.status = enums.WORKFLOW_EXECUTION_STATUS_COMPLETED
		return handleResult(e), nil
	case err == nil:
		return w.output.answer(ctx, w.base, raw, func(into any) error { return c.GetWorkflow(ctx, e.id, e.runID).Get(ctx, into) }), nil
	case failedFor(err):
		if protocol := protocolError(err); protocol != nil {
			return nil, protocol
		}
		failure := workflowFailure(err)
		w.explain(ctx, c, e, failure)
		failure.Message = fmt.Sprintf("%s failed: %s", w.name, failure.Message)
		w.next.afterFailure(failure)
		return w.errorResult(failure), nil
	case ctx.Err() != nil:
		return nil, nil
	}
	w.log(ctx, "waiting for a workflow failed", "workflow_id", e.id, "error", err)
	switch {
	case isNotFound(err):
		return nil, deleted(w.name, e.id)
	case !ofService(err):
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

// until returns a context that is done at a time, without a deadline that
// Temporal would see: it answers a long poll at once whose deadline is less than
// a second away, and the SDK's client then polls again, and again.
func until(ctx context.Context, at time.Time) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	timer := time.AfterFunc(time.Until(at), cancel)
	return ctx, func() {
		timer.Stop()
		cancel()
	}
}

// timedOut reports whether a request ended for its deadline, which gRPC sees a
// little before the context does.
func timedOut(err error) bool {
	_, deadline := errors.AsType[*serviceerror.DeadlineExceeded](err)
	_, canceled := errors.AsType[*serviceerror.Canceled](err)
	return deadline || canceled || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// failedFor reports whether err is how a workflow ended, and not a failure to
// learn it.
func failedFor(err error) bool {
	_, ok := errors.AsType[*temporal.WorkflowExecutionError](err)
	return ok
}

// follow waits until the workflow has closed, following it through retries,
// continue-as-new and resets, and keeps e.runID at the last run that it saw.
//
// The error is nil for a completed workflow, a
// [temporal.WorkflowExecutionError] for one that ended in another way, and
// anything else if the end was not learnt, be it for ctx's deadline.
func follow(ctx context.Context, c *connection, e *execution) (converter.RawValue, error) {
	for {
		var result converter.RawValue
		run := c.GetWorkflow(ctx, e.id, e.runID)
		err := run.Get(ctx, &result)
		e.runID = run.GetRunID()
		if _, terminated := errors.AsType[*temporal.TerminatedError](err); !terminated {
			return result, err
		}
		latest, unknown := latestRun(ctx, c, e.id, e.runID)
		if unknown != nil {
			return result, unknown
		}
		if latest == e.runID {
			return result, err
		}
		e.runID = latest // a reset terminates the run that it replaces
	}
}

// latestRun returns the current run of the chain that a run belongs to: itself,
// or the one that continue-as-new, retries and resets have led to. Of a chain
// whose workflow ID another one has now, it returns the run's next reset.
func latestRun(ctx context.Context, c *connection, id, runID string) (string, error) {
	run, err := c.DescribeWorkflowExecution(ctx, id, runID)
	if err != nil {
		return "", err
	}
	current, err := c.DescribeWorkflowExecution(ctx, id, "")
	if err != nil {
		return "", err
	}
	if current.GetWorkflowExecutionInfo().GetFirstRunId() != run.GetWorkflowExecutionInfo().GetFirstRunId() {
		// Another chain has the ID now: of this one, Temporal keeps each step.
		return cmp.Or(run.GetWorkflowExtendedInfo().GetResetRunId(), runID), nil
	}
	return current.GetWorkflowExecutionInfo().GetExecution().GetRunId(), nil
}
