package durablemcp

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
)

// A waiter waits for a tool's workflow, and answers with how it ended.
type waiter struct {
	*base
	output *outputBinding
	wait   time.Duration
	next   nextStep
}

// A nextStep tells a model what to do after an answer that is no result.
type nextStep interface {
	// goOn says how to get at the result of a workflow that is still running.
	goOn(seen running) string
	// afterFailure says whether the same call again can help, and sets
	// e.Retryable accordingly.
	afterFailure(e *toolError)
}

// result waits until the wait is over, and answers with how the workflow ended,
// or that it is still running. Its error is that of ctx.
func (w *waiter) result(ctx context.Context, c client.Client, e *execution, called time.Time) (*mcp.CallToolResult, error) {
	result := w.await(ctx, c, e, called.Add(w.wait))
	if result == nil && ctx.Err() == nil {
		seen := w.look(ctx, c, e)
		if seen.closed {
			// It closed after the wait: its end is there at once.
			result = w.await(ctx, c, e, time.Now().Add(lookTimeout))
		}
		if result == nil {
			result = runningResult(w.name, seen, w.next.goOn(seen))
		}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return w.withMeta(result, e), nil
}

// await waits for the workflow until the deadline, and answers with how it
// ended. It returns nil if that was not learnt.
func (w *waiter) await(ctx context.Context, c client.Client, e *execution, deadline time.Time) *mcp.CallToolResult {
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	raw, err := follow(ctx, c, e)
	switch {
	case err == nil:
		return w.output.answer(ctx, w.base, raw, func(into any) error { return c.GetWorkflow(ctx, e.id, e.runID).Get(ctx, into) })
	case failedFor(err):
		failure := workflowFailure(err)
		failure.Message = fmt.Sprintf("%s failed: %s", w.name, failure.Message)
		w.next.afterFailure(failure)
		return w.errorResult(failure)
	case ctx.Err() == nil:
		// Not the deadline: the request for the result failed, and the workflow
		// runs on.
		w.log(ctx, "waiting for a workflow failed", "workflow_id", e.id, "error", err)
	}
	return nil
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
func follow(ctx context.Context, c client.Client, e *execution) (converter.RawValue, error) {
	for {
		var result converter.RawValue
		run := c.GetWorkflow(ctx, e.id, e.runID)
		err := run.Get(ctx, &result)
		e.runID = run.GetRunID()
		if _, terminated := errors.AsType[*temporal.TerminatedError](err); !terminated {
			return result, err
		}
		latest := latestRun(ctx, c, e.id, e.runID)
		if latest == e.runID {
			return result, err
		}
		e.runID = latest // a reset terminates the run that it replaces
	}
}

// latestRun returns the current run of the chain that a run belongs to: itself,
// or the one that continue-as-new, retries and resets have led to.
func latestRun(ctx context.Context, c client.Client, id, runID string) string {
	run, err := c.DescribeWorkflowExecution(ctx, id, runID)
	if err != nil {
		return runID
	}
	current, err := c.DescribeWorkflowExecution(ctx, id, "")
	if err != nil || current.GetWorkflowExecutionInfo().GetFirstRunId() != run.GetWorkflowExecutionInfo().GetFirstRunId() {
		return runID
	}
	return current.GetWorkflowExecutionInfo().GetExecution().GetRunId()
}
