package call

import (
	"context"
	"fmt"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/enums/v1"

	"github.com/durablemcp/durablemcp/internal/advice"
	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/idtemplate"
	"github.com/durablemcp/durablemcp/internal/lifetime"
	"github.com/durablemcp/durablemcp/internal/memo"
	"github.com/durablemcp/durablemcp/internal/peer"
	"github.com/durablemcp/durablemcp/internal/task"
)

// notAfter returns the earlier one of two times, of which the second can be zero
// for never.
func notAfter(t, limit time.Time) time.Time {
	if limit.IsZero() {
		return t
	}
	return earlier(t, limit)
}

// A Waiter waits for a tool's workflow, and answers with how it ended.
type Waiter struct {
	*Tool
	Output      *Output
	Wait        time.Duration
	Next        NextStep
	Allow       AllowFunc
	Tasks       task.Support
	Starts      bool          // the tool is in mode Start: without a result, its answer is the handle
	Inline      time.Duration // how long a call that can become a task waits before it does
	Rule        *AnswerRule
	AllowAnswer AnswerFunc // narrows the rule
	Siblings    *Siblings
	Template    *idtemplate.Template // by which a call finds its execution, nil for none
}

// A call waits for nothing but the end of its workflow for a while, before it
// looks at what the workflow asks and reports: what ends soon costs one request.
// Where Temporal is slow, which shows in how long it took until the wait began,
// workflows are slow, too, and more requests would make all of it slower.
const (
	quietPeriod    = 200 * time.Millisecond
	quietFactor    = 4 // as long as it took until the wait began
	maxQuietPeriod = time.Second
)

// endOfQuietPeriod is when a call begins to look.
func endOfQuietPeriod(called time.Time) time.Time {
	now := time.Now()
	return now.Add(min(max(quietPeriod, quietFactor*now.Sub(called)), maxQuietPeriod))
}

// result waits until the wait is over, and answers with how the workflow ended,
// what it asks, or that it is still running; or, to a client that takes tasks,
// with a task. Its error is that of ctx, a [*ToolError] or a JSON-RPC error.
func (w *Waiter) result(ctx context.Context, c *Call, e *execution.Execution) (*mcp.CallToolResult, error) {
	deadline := notAfter(c.Began.Add(w.Wait), peer.Expiry(c.Req, c.Began))
	release, mayWait := w.reserveWait(ctx, c.Client, c.Caller)
	defer release()
	if !mayWait {
		deadline = earlier(deadline, endOfQuietPeriod(c.Began))
	}
	heard, err := w.submitResponses(ctx, c, e, deadline)
	if err != nil {
		return nil, err
	}
	var result *mcp.CallToolResult
	if slot := task.SlotOf(ctx); slot != nil && e.Record.Salt != "" {
		result, err = w.resultOrTask(ctx, c, e, slot, c.Began.Add(w.Inline))
	} else {
		result, err = w.await(ctx, c.Client, e, earlier(deadline, endOfQuietPeriod(c.Began)))
	}
	switch {
	case result != nil || err != nil || ctx.Err() != nil:
	case mayWait:
		o := newObserver(w, c, e)
		o.replies = heard
		o.expires, o.closing = peer.Expiry(c.Req, c.Began), lifetime.Of(ctx).Closing
		result, err = w.observe(ctx, c, o, e, deadline)
	default:
		result = w.stillRunning(ctx, c, e)
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
func (w *Waiter) resultOrTask(ctx context.Context, c *Call, e *execution.Execution, slot *task.Slot, deadline time.Time) (*mcp.CallToolResult, error) {
	result, err := w.await(ctx, c.Client, e, deadline)
	if result != nil || err != nil || ctx.Err() != nil {
		return result, err
	}
	if slot.Created, err = w.newTask(ctx, c, e); slot.Created != nil || err != nil {
		return new(mcp.CallToolResult), err
	}
	// It ended after the wait: its result is there at once.
	if result, err = w.await(ctx, c.Client, e, time.Now().Add(execution.RequestTimeout)); result == nil && err == nil {
		err = advice.Unread(w.Name)
	}
	return result, err
}

// await waits for the workflow until the deadline, and answers with how it
// ended. It returns nil if that was not learned. Its error is a JSON-RPC error
// with which the workflow ended, or a [*ToolError] if how it ended cannot be
// learned.
func (w *Waiter) await(ctx context.Context, c *execution.Client, e *execution.Execution, deadline time.Time) (*mcp.CallToolResult, error) {
	ctx, cancel := execution.Until(ctx, deadline)
	defer cancel()
	raw, err := execution.Follow(ctx, c, e)
	switch {
	case err == nil && w.Starts && w.Output.Schema == nil:
		e.Status = enums.WORKFLOW_EXECUTION_STATUS_COMPLETED
		return handleResult(e), nil
	case err == nil:
		return w.Output.answer(ctx, w.Tool, raw, func(into any) error { return c.GetWorkflow(ctx, e.ID, e.RunID).Get(ctx, into) }), nil
	case execution.IsOutcome(err):
		if protocol := advice.ProtocolError(err); protocol != nil {
			return nil, protocol
		}
		failure := advice.WorkflowFailure(err)
		failure.Explain(ctx, c, e)
		failure.Message = fmt.Sprintf("%s failed: %s", w.Name, failure.Message)
		w.Next.AfterFailure(failure)
		return w.ErrorResult(failure), nil
	case ctx.Err() != nil:
		return nil, nil //nolint:nilnil // not learned
	}
	w.log(ctx, "waiting for a workflow failed", "workflow_id", e.ID, "error", err)
	switch {
	case execution.IsNotFound(err):
		return nil, advice.Deleted(w.Name, e.ID)
	case !execution.FromService(err):
		return nil, advice.Unread(w.Name)
	}
	return nil, nil //nolint:nilnil // the request failed, and the workflow runs on
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// mayAnswer returns those of a workflow's questions that the caller of a request
// may answer through the tool.
func (w *Waiter) mayAnswer(ctx context.Context, caller Caller, seen *execution.Snapshot) []memo.Question {
	var list []memo.Question
	for _, q := range seen.Memo.Questions {
		if w.Rule.mayAnswer(ctx, w.Tool, w.AllowAnswer, w.access(caller, seen), q) {
			list = append(list, q)
		}
	}
	return list
}

// Owns reports whether the caller of a request that may touch a workflow has
// started it.
func (w *Waiter) Owns(ctx context.Context, req mcp.Request, seen *execution.Snapshot) bool {
	if w.Allow == nil {
		return true // others may not touch it
	}
	caller, err := w.caller(ctx, req)
	return err == nil && caller.Principal == seen.Memo.Record.Owner
}

// AnswersWith is as in [task.Tool].
func (w *Waiter) AnswersWith(workflowID string) string {
	return w.Siblings.answersWith(w.WorkflowType, w.Template, workflowID)
}
