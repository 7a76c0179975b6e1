package execution

import (
	"cmp"
	"context"
	"errors"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
)

// Until returns a context that is done at a time, without a deadline that
// Temporal would see: it answers a long poll at once whose deadline is less than
// a second away, and the SDK's client then polls again, and again.
func Until(ctx context.Context, at time.Time) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	timer := time.AfterFunc(time.Until(at), cancel)
	return ctx, func() {
		timer.Stop()
		cancel()
	}
}

// TimedOut reports whether a request ended for its deadline, which gRPC sees a
// little before the context does.
func TimedOut(err error) bool {
	_, deadline := errors.AsType[*serviceerror.DeadlineExceeded](err)
	_, canceled := errors.AsType[*serviceerror.Canceled](err)
	return deadline || canceled || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// IsOutcome reports whether err is how a workflow ended, and not a failure to
// learn it.
func IsOutcome(err error) bool {
	_, ok := errors.AsType[*temporal.WorkflowExecutionError](err)
	return ok
}

// Follow waits until the workflow has closed, following it through retries,
// continue-as-new and resets, and keeps e.RunID at the last run that it saw.
//
// The error is nil for a completed workflow, a
// [temporal.WorkflowExecutionError] for one that ended in another way, and
// anything else if the end was not learned, be it for ctx's deadline.
func Follow(ctx context.Context, c *Client, e *Execution) (converter.RawValue, error) {
	for {
		var result converter.RawValue
		run := c.GetWorkflow(ctx, e.ID, e.RunID)
		err := run.Get(ctx, &result)
		e.RunID = run.GetRunID()
		if _, terminated := errors.AsType[*temporal.TerminatedError](err); !terminated {
			return result, err
		}
		latest, unknown := LatestRun(ctx, c, e.ID, e.RunID)
		if unknown != nil {
			return result, unknown
		}
		if latest == e.RunID {
			return result, err
		}
		e.RunID = latest // a reset terminates the run that it replaces
	}
}

// LatestRun returns the current run of the chain that a run belongs to: itself,
// or the one that continue-as-new, retries and resets have led to. Of a chain
// whose workflow ID another one has now, it returns the run's next reset.
func LatestRun(ctx context.Context, c *Client, id, runID string) (string, error) {
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
