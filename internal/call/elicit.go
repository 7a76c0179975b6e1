package call

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/advice"
	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/memo"
	"github.com/durablemcp/durablemcp/internal/peer"
	"github.com/durablemcp/durablemcp/internal/schema"
	"github.com/durablemcp/durablemcp/internal/token"
)

// A responseResults is what became of the answers that came with a call.
type responseResults struct {
	refused  map[string]string // why the workflow refuses them, by key
	declined map[string]bool   // the questions that stay open for others
}

// submitResponses gives the answers that came with a call to the workflow, until the
// deadline if no worker takes them. Its error is a [*ToolError], or that of ctx.
func (w *Waiter) submitResponses(ctx context.Context, c *Call, e *execution.Execution, deadline time.Time) (h responseResults, err error) {
	responses := c.Req.Params.InputResponses
	if len(responses) == 0 {
		return h, nil
	}
	seen, err := c.Describe(ctx, e.ID, e.RunID)
	if err != nil {
		w.log(ctx, "describing a workflow failed", "workflow_id", e.ID, "error", err)
		return h, w.answerNotTaken(ctx, c, e, err)
	}
	h = responseResults{make(map[string]string), make(map[string]bool)}
	for _, q := range w.mayAnswer(ctx, c.Caller, seen) { // and no others: what answers an earlier question must not answer this one
		result, ok := responses[q.Key].(*mcp.ElicitResult)
		if !ok {
			continue
		}
		answer, err := w.answerOfResult(q.Key, result)
		if err == nil {
			answer.By = c.Caller.sender()
			h.declined[q.Key] = q.Ignores(answer.Action)
			err = w.submit(ctx, c, e, answer, deadline)
		}
		var refusal *execution.RefusedAnswerError
		switch {
		case errors.As(err, &refusal):
			h.refused[q.Key] = refusal.Reason
		case ctx.Err() != nil:
			return h, ctx.Err()
		case err != nil:
			return h, w.answerNotTaken(ctx, c, e, err)
		}
	}
	return h, nil
}

// answerNotTaken is the error of a call whose answer the workflow has not taken.
func (w *Waiter) answerNotTaken(ctx context.Context, c *Call, e *execution.Execution, err error) *advice.ToolError {
	problem := ""
	if e.Queue != "" && !execution.IsPermanent(err) {
		problem = c.WithoutWorker(ctx, e)
	}
	return advice.AnswerNotTaken(err, problem, w.Next.GoOn(e.ID))
}

// submit passes an answer on until the workflow has taken or refused it, or the
// deadline is over, if there is one: a person who has answered must not have to
// again because a worker is away.
func (w *Waiter) submit(ctx context.Context, c *Call, e *execution.Execution, answer memo.Answer, deadline time.Time) error {
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

// show forwards what a running workflow asks of the caller. If the call has to be
// answered for that, it returns the answer.
func (o *observer) show(ctx context.Context, seen *execution.Snapshot, theirs []memo.Question) *mcp.CallToolResult {
	open := o.c.Peer.Askable(theirs)
	switch {
	case len(theirs) == 0:
		o.withdraw(nil)
		return nil
	case len(open) == 0 || o.hasElicitFailed():
		return askThroughModel(o.Name, o.running(ctx, o.c, seen), o.AnswersWith(o.e.ID), o.Next.GoOn(o.e.ID))
	case o.c.Peer.Modern():
		// All that is open is asked, also what was declined before something new was asked:
		// the next call brings all answers, and tells what is new then.
		if !slices.ContainsFunc(open, func(q memo.Question) bool { return !o.replies.declined[q.Key] }) {
			return nil // others may answer
		}
		return o.inputRequired(open)
	}
	o.withdraw(open)
	for _, q := range open {
		o.elicit(ctx, q)
	}
	return nil
}

// inputRequired answers with questions, as clients since 2026-07-28 are asked
// (SEP-2322): they make the call again, with the answers and the state.
func (o *observer) inputRequired(open []memo.Question) *mcp.CallToolResult {
	result := &mcp.CallToolResult{Content: []mcp.Content{}, InputRequests: inputRequests(open, o.replies.refused)}
	if o.e.Record.Salt != "" {
		h := token.Token{Tool: o.Name, WorkflowID: o.e.ID, FirstRunID: o.e.FirstRunID, Round: open[0].Key, Holder: o.c.Caller.Principal}
		result.RequestState, _ = h.Text(o.e.Record.Salt, o.Opts.Secret) // what was started has a handle
	}
	return result
}

// elicit puts a question to the person through the open call, as clients up to
// 2025-11-25 are asked, unless that is under way.
func (o *observer) elicit(ctx context.Context, q memo.Question) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.elicitations[q.Key] != nil {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	o.elicitations[q.Key] = cancel // for good: what was asked once is not asked again on this call
	if o.open++; o.open == 1 {
		o.openSince = time.Now()
	}
	go func() {
		defer o.recoverPanic(ctx, "asking a person")
		defer cancel()
		err := errors.New("asking panicked")
		defer func() { o.elicited(ctx, err) }()
		err = o.elicitUntilTaken(ctx, q)
	}()
}

// elicited notes that asking a person has come to an end.
func (o *observer) elicited(ctx context.Context, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err != nil && ctx.Err() == nil {
		o.log(ctx, "asking through a client failed", "workflow_id", o.e.ID, "error", err)
		o.elicitFailed = true
	}
	o.open--
	o.waitUntil = time.Now().Add(o.Wait)
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// elicitUntilTaken asks until the workflow has taken an answer, or has withdrawn the
// question.
func (o *observer) elicitUntilTaken(ctx context.Context, q memo.Question) error {
	reason := ""
	for range memo.MaxRefusals {
		params := peer.ElicitParams(q, reason)
		if q.Mode == memo.ModeURL {
			params.ElicitationID = q.Key // which these protocol versions want
		}
		result, err := o.session.Elicit(context.WithValue(ctx, askedKey{}, q), params)
		if problem := contentViolation(err); problem != "" {
			reason = problem
			continue
		}
		if err != nil {
			return err
		}
		answer, err := o.answerOfResult(q.Key, result)
		if err == nil {
			answer.By = o.c.Caller.sender()
			err = o.submit(ctx, o.c, o.e, answer, time.Time{})
		}
		var refusal *execution.RefusedAnswerError
		if !errors.As(err, &refusal) {
			return err
		}
		reason = refusal.Reason
	}
	return errors.New("all answers were wrong")
}

// askedKey is the key of the question that a request of the server asks.
type askedKey struct{}

// ReadAnswers is sending middleware that reads answers as arguments are read: the SDK
// holds them to the question's schema as soon as middleware has seen them.
func ReadAnswers(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
		result, err := next(ctx, method, req)
		q, asked := ctx.Value(askedKey{}).(memo.Question)
		if answer, ok := result.(*mcp.ElicitResult); ok && asked && err == nil {
			answer.Content = schema.Lenient(q.Schema, answer.Content)
		}
		return result, err
	}
}

// contentViolation returns what is wrong with an answer that the SDK itself has
// refused, which is to be seen in its error's text only.
func contentViolation(err error) string {
	const mark = "elicitation result content does not match requested schema"
	if err == nil {
		return ""
	}
	if _, problem, found := strings.Cut(err.Error(), mark); found {
		return strings.TrimLeft(problem, ": ")
	}
	return ""
}

// withdraw takes back the questions that are not open any more.
func (o *observer) withdraw(open []memo.Question) {
	o.mu.Lock()
	defer o.mu.Unlock()
	gone := maps.Clone(o.elicitations)
	for _, q := range open {
		delete(gone, q.Key)
	}
	for _, cancel := range gone {
		cancel()
	}
}

// withdrawDelay is how long a call that ends while a person is being asked waits for
// the SDK to tell the client that the question is withdrawn, which the SDK does
// in its own time: over HTTP, the stream that it would be told on ends with the
// call.
const withdrawDelay = 50 * time.Millisecond

// withdrawAll takes all questions back.
func (o *observer) withdrawAll() {
	o.mu.Lock()
	asking := o.open > 0
	o.mu.Unlock()
	o.withdraw(nil)
	if asking {
		time.Sleep(withdrawDelay)
	}
}

func (o *observer) hasElicitFailed() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.elicitFailed
}

// maxElicitation is how long a call stays open while a person is being asked: a client
// that has gone without a word must not hold it for ever.
const maxElicitation = time.Hour
