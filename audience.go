package durablemcp

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/handle"
	"github.com/durablemcp/durablemcp/internal/memo"
	"github.com/durablemcp/durablemcp/internal/redact"
	"github.com/durablemcp/durablemcp/internal/schema"
)

// An audience is the client of a waiting call, as the workflow's questions and
// reports reach it.
type audience struct {
	*waiter
	c       *execution.Client
	e       *execution.Execution
	req     *mcp.CallToolRequest
	client  peer
	session *mcp.ServerSession
	woken   chan struct{} // has a value if asking a person has come to an end
	heard   hearing       // of the answers that came with the call

	token  any     // for notifications/progress, nil if the client wants none
	told   float64 // the last progress that was sent
	saying string  // the last message that was sent

	mu     sync.Mutex
	asking map[string]context.CancelFunc // what a person is or was asked, by key
	busy   int                           // how much of it is open
	since  time.Time                     // when it began that something is
	deaf   bool                          // the client has turned out not to ask
	until  time.Time                     // when the wait is over after a person was asked

	expires time.Time       // when the wait is over in any case, zero for never
	closing <-chan struct{} // closed when the server shuts down
}

func newAudience(w *waiter, c *execution.Client, req *mcp.CallToolRequest, e *execution.Execution) *audience {
	return &audience{
		waiter: w, c: c, e: e, req: req, client: clientOf(req), session: req.Session, token: req.Params.GetProgressToken(),
		woken: make(chan struct{}, 1), asking: make(map[string]context.CancelFunc),
	}
}

func (a *audience) wantsProgress() bool { return a.token != nil && a.session != nil }

// tell passes on what a running workflow asks and reports. If the call has to be
// answered for that, it returns the answer.
func (a *audience) tell(ctx context.Context, seen *execution.Snapshot) *mcp.CallToolResult {
	theirs := a.mayAnswer(ctx, a.req, seen)
	seen = seen.WithQuestions(theirs)
	a.progress(ctx, seen)
	open := a.client.askable(theirs)
	switch {
	case len(theirs) == 0:
		a.withdraw(nil)
		return nil
	case len(open) == 0 || a.isDeaf():
		return a.askModel(a.running(ctx, a.c, seen))
	case a.client.modern():
		// All that is open is asked, also what was declined before something new was asked:
		// the next call brings all answers, and tells what is new then.
		if !slices.ContainsFunc(open, func(q memo.Question) bool { return !a.heard.declined[q.Key] }) {
			return nil // others may answer
		}
		return a.inputRequired(ctx, open)
	}
	a.withdraw(open)
	for _, q := range open {
		a.ask(ctx, q)
	}
	return nil
}

// inputRequired answers with questions, as clients since 2026-07-28 are asked
// (SEP-2322): they make the call again, with the answers and the state.
func (a *audience) inputRequired(ctx context.Context, open []memo.Question) *mcp.CallToolResult {
	result := &mcp.CallToolResult{Content: []mcp.Content{}, InputRequests: inputRequests(open, a.heard.refused)}
	if caller, err := a.caller(ctx, a.req); err == nil && a.e.Record.Salt != "" {
		h := handle.Handle{Tool: a.name, WorkflowID: a.e.ID, FirstRunID: a.e.FirstRunID, Round: open[0].Key, Holder: caller.Principal}
		result.RequestState, _ = h.Text(a.e.Record.Salt, a.opts.Secret) // what was started has a handle
	}
	return result
}

// ask puts a question to the person through the open call, as clients up to
// 2025-11-25 are asked, unless that is under way.
func (a *audience) ask(ctx context.Context, q memo.Question) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.asking[q.Key] != nil {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	a.asking[q.Key] = cancel // for good: what was asked once is not asked again on this call
	if a.busy++; a.busy == 1 {
		a.since = time.Now()
	}
	go func() {
		defer a.contain(ctx, "asking a person")
		defer cancel()
		err := errors.New("asking panicked")
		defer func() { a.asked(ctx, err) }()
		err = a.converse(ctx, q)
	}()
}

// asked notes that asking a person has come to an end.
func (a *audience) asked(ctx context.Context, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err != nil && ctx.Err() == nil {
		a.log(ctx, "asking through a client failed", "workflow_id", a.e.ID, "error", err)
		a.deaf = true
	}
	a.busy--
	a.until = time.Now().Add(a.wait)
	select {
	case a.woken <- struct{}{}:
	default:
	}
}

// converse asks until the workflow has taken an answer, or has withdrawn the
// question.
func (a *audience) converse(ctx context.Context, q memo.Question) error {
	reason := ""
	for range memo.MaxRefusals {
		params := elicitParams(q, reason)
		if q.Mode == memo.ModeURL {
			params.ElicitationID = q.Key // which these protocol versions want
		}
		result, err := a.session.Elicit(context.WithValue(ctx, askedKey{}, q), params)
		if problem := badContent(err); problem != "" {
			reason = problem
			continue
		}
		if err != nil {
			return err
		}
		answer, err := a.answerOfResult(q.Key, result)
		if err == nil {
			answer.By = a.answering(ctx, a.req)
			err = a.deliver(ctx, a.c, a.e, answer, time.Time{})
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

// readAnswers is sending middleware that reads answers as arguments are read: the SDK
// holds them to the question's schema as soon as middleware has seen them.
func readAnswers(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
		result, err := next(ctx, method, req)
		q, asked := ctx.Value(askedKey{}).(memo.Question)
		if answer, ok := result.(*mcp.ElicitResult); ok && asked && err == nil {
			answer.Content = schema.Lenient(q.Schema, answer.Content)
		}
		return result, err
	}
}

// badContent returns what is wrong with an answer that the SDK itself has
// refused, which is to be seen in its error's text only.
func badContent(err error) string {
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
func (a *audience) withdraw(open []memo.Question) {
	a.mu.Lock()
	defer a.mu.Unlock()
	gone := maps.Clone(a.asking)
	for _, q := range open {
		delete(gone, q.Key)
	}
	for _, cancel := range gone {
		cancel()
	}
}

// farewell is how long a call that ends while a person is being asked waits for
// the SDK to tell the client that the question is withdrawn, which the SDK does
// in its own time: over HTTP, the stream that it would be told on ends with the
// call.
const farewell = 50 * time.Millisecond

// stop takes all questions back.
func (a *audience) stop() {
	a.mu.Lock()
	asking := a.busy > 0
	a.mu.Unlock()
	a.withdraw(nil)
	if asking {
		time.Sleep(farewell)
	}
}

func (a *audience) isDeaf() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.deaf
}

// mostAsked is how long a call stays open while a person is being asked: a client
// that has gone without a word must not hold it for ever.
const mostAsked = time.Hour

// deadline is when the wait is over: not while a person is being asked, and
// after that no sooner than a whole wait later.
func (a *audience) deadline(of time.Time) time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.busy > 0:
		of = earlier(time.Now().Add(lookForLife), a.since.Add(mostAsked))
	case a.until.After(of):
		of = a.until
	}
	return notAfter(of, a.expires)
}

// nudged is what comes after told for news without a step: a thousandth more, so
// little that the workflow's own count, should it begin later, is beyond it.
func nudged(told float64) float64 {
	if told > 1e9 { // which has no exact thousandths
		return math.Nextafter(told, math.Inf(1))
	}
	return math.Round(told*1000+1) / 1000
}

// progress sends how far the workflow is, if the client wants to know. Numbers
// only grow (MCP 2025-11-25, utilities/progress): where there is news without a
// step, the number grows by next to nothing.
func (a *audience) progress(ctx context.Context, seen *execution.Snapshot) {
	if !a.wantsProgress() {
		return
	}
	said := seen.Memo.Progress
	message := redact.Cut(seen.Activity(seen.Now()), redact.MaxLength)
	stepped := said.Done > a.told
	if !stepped && message == a.saying {
		return
	}
	next, total := said.Done, said.Total
	if !stepped && a.saying != "" { // the first one may be zero
		next = nudged(a.told)
	}
	if next > total {
		total = 0 // not known: what is said goes on beyond it
	}
	err := a.session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{
		ProgressToken: a.token, Progress: next, Total: total, Message: message,
	})
	if err != nil && ctx.Err() == nil {
		a.log(ctx, "sending progress failed", "workflow_id", a.e.ID, "error", err)
	}
	a.told, a.saying = next, message
}
