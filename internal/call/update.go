package call

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/advice"
	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/idtemplate"
	"github.com/durablemcp/durablemcp/internal/lifetime"
	"github.com/durablemcp/durablemcp/internal/memo"
	"github.com/durablemcp/durablemcp/internal/peer"
)

// checkAnswer decides whether a caller may answer the question that an answer, given
// through a durablemcp.UpdateTool, is for. A question that is not the caller's to answer
// looks like one that is not open.
func (t *Update) checkAnswer(ctx context.Context, c *Call, e *execution.Execution, m *messageInput) error {
	given := answerIn(m.argument())
	seen, err := c.Describe(ctx, e.ID, e.RunID)
	if err != nil {
		return err
	}
	meant := 0
	for _, q := range seen.Memo.Questions {
		if given.Key != "" && given.Key != q.Key && given.Key != cmp.Or(q.Name, memo.DefaultKey) {
			continue
		}
		meant++
		// Of a registry that does not know who may answer, Allow of this tool says it.
		unknown := len(t.Rule.Starters) == 0 && len(t.Rule.Allow) == 0 && t.Allow != nil
		if !unknown && !t.Rule.mayAnswer(ctx, t.Tool, nil, t.access(m.caller, seen), q) {
			return memo.NotAsked()
		}
	}
	if meant == 0 {
		return memo.NotAsked()
	}
	return nil
}

// An Update is a checked durablemcp.UpdateTool.
type Update struct {
	Message
	UpdateName string
	UpdateIDs  *idtemplate.Template
	Wait       time.Duration
	Output     *Output
	Rule       *AnswerRule // for memo.AnswerUpdate
}

// Call updates the workflow.
func (t *Update) Call(ctx context.Context, c *Call) (*mcp.CallToolResult, error) {
	m, err := t.read(c)
	if err != nil {
		return nil, err
	}
	u := &sentUpdate{Update: t, c: c, messageInput: m}
	if u.updateID, err = t.render(t.UpdateIDs, m.Input, m.caller); err != nil {
		return nil, err
	}
	release, mayWait := t.reserveWait(ctx, c.Client, m.caller)
	defer release()
	if !mayWait {
		return nil, advice.TooManyWait()
	}
	deliver := u.deliver
	if t.Start != nil {
		deliver = u.startAndDeliver
	}
	answer, err := deliver(ctx, func(ctx context.Context) (context.Context, context.CancelFunc) {
		u.began = time.Now()
		waiting, cancel := execution.Until(ctx, notAfter(u.began.Add(t.Wait), peer.Expiry(c.Req, c.Began)))
		waiting, stop := lifetime.UntilClosed(waiting, lifetime.Of(ctx).Closing)
		return waiting, func() {
			stop()
			cancel()
		}
	})
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if u.e == nil {
		return nil, err // nothing was sent
	}
	if err == nil || execution.IsWorkflowError(err) {
		if other := u.checkArguments(ctx); other != nil {
			return t.withMeta(t.ErrorResult(other), u.e), nil
		}
	}
	if err != nil {
		return t.withMeta(t.ErrorResult(u.failure(ctx, err)), u.e), nil
	}
	return t.withMeta(t.Output.answer(ctx, t.Tool, answer.Raw, answer.Get), u.e), nil
}

// repeatable reports whether the same call again is the same update.
func (t *Update) repeatable() bool { return !t.UpdateIDs.Uses(idtemplate.UUID) }

// answerIn reads the argument of an update for memo.AnswerUpdate, which can be of any type with
// the JSON of an [Answer]. It returns the zero value if the argument is not one.
func answerIn(argument any) (a memo.Answer) {
	data, err := json.Marshal(argument)
	if err != nil || json.Unmarshal(data, &a) != nil {
		return memo.Answer{}
	}
	return a
}
