package durablemcp

import (
	"context"
	"errors"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
)

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
		next := afterReset(ctx, c, e)
		if next == "" {
			return result, err
		}
		e.runID = next
	}
}

// afterReset returns the run that a reset put in the place of e's, or "" if
// there was no reset: it is the current run of the same chain.
func afterReset(ctx context.Context, c client.Client, e *execution) (runID string) {
	closed, err := c.DescribeWorkflowExecution(ctx, e.id, e.runID)
	if err != nil {
		return ""
	}
	current, err := c.DescribeWorkflowExecution(ctx, e.id, "")
	if err != nil {
		return ""
	}
	was, is := closed.GetWorkflowExecutionInfo(), current.GetWorkflowExecutionInfo()
	if is.GetExecution().GetRunId() == e.runID || is.GetFirstRunId() != was.GetFirstRunId() {
		return ""
	}
	return is.GetExecution().GetRunId()
}
