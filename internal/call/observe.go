package call

import (
	"context"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/advice"
	"github.com/durablemcp/durablemcp/internal/execution"
)

// The pace of a call that waits: how soon after the last one it looks at the
// workflow again, and after how long it does although nothing has changed that
// the history tells, as retries of activities do not.
const (
	minLookInterval = 2 * time.Second
	maxLookInterval = time.Minute
)

// observe waits for the workflow until the deadline, passing on what it asks and
// how far it is. It answers with how the workflow ended, with what it asks, or
// that it is still running. The deadline does not pass while a person is being
// asked through this very call.
//
// It costs Temporal the requests of an [execution.Watch], one for each change that it sees
// (at most 10 a second), and one every 2 seconds while activities are pending
// and the client wants progress.
func (w *Waiter) observe(ctx context.Context, c *Call, a *observer, e *execution.Execution, deadline time.Time) (*mcp.CallToolResult, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer a.withdrawAll()
	go a.watchClient(ctx)
	watch := c.Watch(ctx, e.ID, e.RunID)
	pause := maxLookInterval
	if a.wantsProgress() {
		pause = 0 // also if nothing happens
	}
	for looked := false; ; looked = true {
		switch a.pause(ctx, watch, deadline, pause) {
		case workflowEnded:
			if result, err := w.await(ctx, c.Client, e, time.Now().Add(execution.RequestTimeout)); result != nil || err != nil || ctx.Err() != nil {
				return result, err
			}
			return w.stillRunning(ctx, c, e), nil
		case waitOver:
			if looked {
				return w.lastLook(ctx, c, e)
			}
		case callOver:
			return nil, ctx.Err()
		case somethingNew:
		}
		e.RunID = watch.At()
		var answer *mcp.CallToolResult
		if answer, pause = a.look(ctx); answer != nil {
			return answer, nil
		}
		watch.Coalesce(ctx)
	}
}

// look forwards what the workflow asks and reports. It returns the answer, if
// the call has to be answered for that, and else when to look again at the
// latest.
func (o *observer) look(ctx context.Context) (*mcp.CallToolResult, time.Duration) {
	seen, err := o.c.Describe(ctx, o.e.ID, o.e.RunID)
	switch {
	case err != nil:
		if ctx.Err() == nil {
			o.log(ctx, "describing a workflow failed", "workflow_id", o.e.ID, "error", err)
		}
		return nil, minLookInterval
	case seen.Closed():
		return nil, maxLookInterval
	}
	theirs := o.mayAnswer(ctx, o.c.Caller, seen)
	seen = seen.WithQuestions(theirs)
	o.progress(ctx, seen)
	answer := o.show(ctx, seen, theirs)
	if o.wantsProgress() && len(seen.GetPendingActivities()) > 0 {
		return answer, minLookInterval
	}
	return answer, maxLookInterval
}

// lastLook answers when the wait is over.
func (w *Waiter) lastLook(ctx context.Context, c *Call, e *execution.Execution) (*mcp.CallToolResult, error) {
	seen := w.look(ctx, c, e)
	if seen.Closed { // after the wait: its end is there at once
		if result, err := w.await(ctx, c.Client, e, time.Now().Add(execution.LookTimeout)); result != nil || err != nil {
			return result, err
		}
	}
	return runningResult(w.Name, seen, w.Next.GoOn(seen.WorkflowID)), nil
}

func (w *Waiter) stillRunning(ctx context.Context, c *Call, e *execution.Execution) *mcp.CallToolResult {
	seen := w.look(ctx, c, e)
	return runningResult(w.Name, seen, w.Next.GoOn(seen.WorkflowID))
}

// Why a pause is over.
type event int

const (
	somethingNew event = iota
	workflowEnded
	waitOver
	callOver
)

// pause waits until there is a reason to look at the workflow again.
func (o *observer) pause(ctx context.Context, watch *execution.Watch, deadline time.Time, most time.Duration) event {
	again := time.NewTimer(most)
	defer again.Stop()
	over := time.NewTimer(time.Until(o.deadline(deadline)))
	defer over.Stop()
	select {
	case <-ctx.Done():
		return callOver
	case <-watch.Ended:
		return workflowEnded
	case <-o.closing:
		return waitOver
	case <-over.C:
		if !o.deadline(deadline).After(time.Now()) {
			return waitOver
		}
	case <-o.wake:
	case <-watch.Changed:
	case <-again.C:
	}
	return somethingNew
}

func newObserver(w *Waiter, c *Call, e *execution.Execution) *observer {
	return &observer{
		Waiter: w, c: c, e: e, session: c.Req.Session, token: c.Req.Params.GetProgressToken(),
		wake: make(chan struct{}, 1), elicitations: make(map[string]context.CancelFunc),
	}
}

// look asks Temporal what a running workflow is doing.
func (w *Waiter) look(ctx context.Context, c *Call, e *execution.Execution) advice.Running {
	ctx, cancel := context.WithTimeout(ctx, execution.LookTimeout)
	defer cancel()
	seen, err := c.Describe(ctx, e.ID, e.RunID)
	if err != nil {
		w.log(ctx, "describing a workflow failed", "workflow_id", e.ID, "error", err)
		return advice.Running{
			WorkflowID: e.ID, RunID: e.RunID, Elapsed: execution.Round(time.Since(e.Created)).String(),
			Doing: "unknown: Temporal does not currently answer",
		}
	}
	return w.running(ctx, c, seen.WithQuestions(w.mayAnswer(ctx, c.Caller, seen)))
}

// deadline is when the wait is over: not while a person is being asked, and
// after that no sooner than a whole wait later.
func (o *observer) deadline(of time.Time) time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.open > 0:
		of = earlier(time.Now().Add(maxLookInterval), o.openSince.Add(maxElicitation))
	case o.waitUntil.After(of):
		of = o.waitUntil
	}
	return notAfter(of, o.expires)
}
