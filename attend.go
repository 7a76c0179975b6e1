package durablemcp

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/memo"
)

// The pace of a call that waits: how soon after the last one it looks at the
// workflow again, and after how long it does although nothing has changed that
// the history tells, as retries of activities do not.
const (
	lookPause   = 100 * time.Millisecond
	lookAgain   = 2 * time.Second
	lookForLife = time.Minute
)

// attend waits for the workflow until the deadline, passing on what it asks and
// how far it is. It answers with how the workflow ended, with what it asks, or
// that it is still running. The deadline does not pass while a person is being
// asked through this very call.
//
// It costs Temporal the requests of a [watch], one for each change that it sees
// (at most 10 a second), and one every 2 seconds while activities are pending
// and the client wants progress.
func (w *waiter) attend(ctx context.Context, c *execution.Client, a *audience, e *execution.Execution, deadline time.Time) (*mcp.CallToolResult, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer a.stop()
	go a.heed(ctx)
	watch := c.Watch(ctx, e.ID, e.RunID)
	pause := lookForLife
	if a.wantsProgress() {
		pause = 0 // also if nothing happens
	}
	for looked := false; ; looked = true {
		switch a.pause(ctx, watch, deadline, pause) {
		case workflowEnded:
			if result, err := w.await(ctx, c, e, time.Now().Add(execution.RequestTimeout)); result != nil || err != nil || ctx.Err() != nil {
				return result, err
			}
			return w.stillRunning(ctx, c, a.req, e), nil
		case waitOver:
			if looked {
				return w.lastLook(ctx, c, a.req, e)
			}
		case callOver:
			return nil, ctx.Err()
		case somethingNew:
		}
		e.RunID = watch.At()
		var answer *mcp.CallToolResult
		if answer, pause = a.news(ctx); answer != nil {
			return answer, nil
		}
		breathe(ctx, watch)
	}
}

// news passes on what the workflow asks and reports. It returns the answer, if
// the call has to be answered for that, and else when to look again at the
// latest.
func (a *audience) news(ctx context.Context) (*mcp.CallToolResult, time.Duration) {
	seen, err := a.c.Describe(ctx, a.e.ID, a.e.RunID)
	switch {
	case err != nil:
		if ctx.Err() == nil {
			a.log(ctx, "describing a workflow failed", "workflow_id", a.e.ID, "error", err)
		}
		return nil, lookAgain
	case seen.Closed():
		return nil, lookForLife
	}
	answer := a.tell(ctx, seen)
	if a.wantsProgress() && len(seen.GetPendingActivities()) > 0 {
		return answer, lookAgain
	}
	return answer, lookForLife
}

// lastLook answers when the wait is over.
func (w *waiter) lastLook(ctx context.Context, c *execution.Client, req *mcp.CallToolRequest, e *execution.Execution) (*mcp.CallToolResult, error) {
	seen := w.look(ctx, c, req, e)
	if seen.closed { // after the wait: its end is there at once
		if result, err := w.await(ctx, c, e, time.Now().Add(execution.LookTimeout)); result != nil || err != nil {
			return result, err
		}
	}
	return runningResult(w.name, seen, w.next.goOn(seen)), nil
}

func (w *waiter) stillRunning(ctx context.Context, c *execution.Client, req *mcp.CallToolRequest, e *execution.Execution) *mcp.CallToolResult {
	seen := w.look(ctx, c, req, e)
	return runningResult(w.name, seen, w.next.goOn(seen))
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
func (a *audience) pause(ctx context.Context, watch *execution.Watch, deadline time.Time, most time.Duration) event {
	again := time.NewTimer(most)
	defer again.Stop()
	over := time.NewTimer(time.Until(a.deadline(deadline)))
	defer over.Stop()
	select {
	case <-ctx.Done():
		return callOver
	case <-watch.Ended:
		return workflowEnded
	case <-a.closing:
		return waitOver
	case <-over.C:
		if !a.deadline(deadline).After(time.Now()) {
			return waitOver
		}
	case <-a.woken:
	case <-watch.Changed:
	case <-again.C:
	}
	return somethingNew
}

// breathe lets changes that come together be one.
func breathe(ctx context.Context, watch *execution.Watch) {
	select {
	case <-ctx.Done():
	case <-watch.Ended:
	case <-time.After(lookPause):
	}
}

// A hearing is what became of the answers that came with a call.
type hearing struct {
	refused  map[string]string // why the workflow refuses them, by key
	declined map[string]bool   // the questions that stay open for others
}

// passOn gives the answers that came with a call to the workflow, until the
// deadline if no worker takes them. Its error is a [*toolError], or that of ctx.
func (w *waiter) passOn(ctx context.Context, c *execution.Client, req *mcp.CallToolRequest, e *execution.Execution, deadline time.Time) (h hearing, err error) {
	responses := req.Params.InputResponses
	if len(responses) == 0 {
		return h, nil
	}
	seen, err := c.Describe(ctx, e.ID, e.RunID)
	if err != nil {
		w.log(ctx, "describing a workflow failed", "workflow_id", e.ID, "error", err)
		return h, w.notTaken(ctx, c, e, err)
	}
	h = hearing{make(map[string]string), make(map[string]bool)}
	for _, q := range w.mayAnswer(ctx, req, seen) { // and no others: what answers an earlier question must not answer this one
		result, ok := responses[q.Key].(*mcp.ElicitResult)
		if !ok {
			continue
		}
		answer, err := w.answerOfResult(q.Key, result)
		if err == nil {
			answer.By = w.answering(ctx, req)
			h.declined[q.Key] = q.Ignores(answer.Action)
			err = w.deliver(ctx, c, e, answer, deadline)
		}
		var refusal *execution.RefusedAnswerError
		switch {
		case errors.As(err, &refusal):
			h.refused[q.Key] = refusal.Reason
		case ctx.Err() != nil:
			return h, ctx.Err()
		case err != nil:
			return h, w.notTaken(ctx, c, e, err)
		}
	}
	return h, nil
}

// deliver passes an answer on until the workflow has taken or refused it, or the
// deadline is over, if there is one: a person who has answered must not have to
// again because a worker is away.
func (w *waiter) deliver(ctx context.Context, c *execution.Client, e *execution.Execution, answer memo.Answer, deadline time.Time) error {
	for {
		err := c.Answer(ctx, e, answer)
		var refusal *execution.RefusedAnswerError
		if err == nil || errors.As(err, &refusal) {
			return err
		}
		w.log(ctx, "passing an answer on failed", "workflow_id", e.ID, "error", err)
		if execution.IsPermanent(err) || !deadline.IsZero() && time.Until(deadline) < execution.RetryPause {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(execution.RetryPause):
		}
	}
}

// notTaken is the error of a call whose answer the workflow has not taken.
func (w *waiter) notTaken(ctx context.Context, c *execution.Client, e *execution.Execution, err error) *toolError {
	if execution.IsPermanent(err) {
		return &toolError{
			Type:    errRefused,
			Message: "The workflow cannot take the answer, for a reason that the server's log explains.",
			advice:  "Sending it again will not help. Tell the user.",
		}
	}
	reason := ""
	if problem := c.WithoutWorker(ctx, e); e.Queue != "" && problem != "" {
		reason = " The reason: " + strings.TrimSuffix(problem, ".") + "."
	}
	return &toolError{
		Type:      errNoWorker,
		Message:   "The workflow has not taken the answer in time, and may take it still." + reason,
		Retryable: true,
		advice:    "The work goes on, and asks again if it has to. " + w.next.goOn(running{WorkflowID: e.ID}),
	}
}
