package durablemcp

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp/internal/redact"
)

// AnswerUpdate is the update by which a workflow takes the answers to what it
// asks with [Elicit]. Its argument is an [Answer].
//
// The library sends it for clients that can ask a person. Declared as a tool,
// it lets a model pass an answer on:
//
//	durablemcp.UpdateTool{Name: "answer", Workflow: …, Update: durablemcp.AnswerUpdate, Input: durablemcp.Answer{}}
//
// A workflow that asks nothing does not have it.
const AnswerUpdate = "durablemcp.answer"

// An Answer is the argument of [AnswerUpdate].
type Answer struct {
	// Key is the key of the question, or [ElicitOptions.Key], if only one of
	// that is open. If empty, the one open question is meant.
	Key string `json:"key,omitempty" jsonschema:"description=The key of the question. If left out\\, the one open question is meant."`
	// Action is "accept", "decline" or "cancel" (MCP 2025-11-25,
	// client/elicitation, Response Actions).
	Action string `json:"action" jsonschema:"enum=accept,enum=decline,enum=cancel"`
	// Content is the filled-in form, for the action "accept".
	Content map[string]json.RawMessage `json:"content,omitempty" jsonschema:"description=The answer\\, by the schema of the question."`
	// By is who answers, as the library fills it in.
	By Sender `json:"by,omitzero" jsonschema:"-"`
}

// The types of the errors with which a workflow refuses an answer.
const (
	errInvalidAnswer = "InvalidAnswer"     // it does not fit the question
	errNotAsked      = "QuestionNotAsked"  // no such question is open
	errStaysOpen     = "QuestionStaysOpen" // it is declined, and waits for somebody who accepts it
)

// The actions of an answer.
const (
	accept  = "accept" // the one that has content
	decline = "decline"
	dismiss = "cancel"
)

// refusalUpdate is the update by which a workflow learns that an answer to a task's
// question was refused. Its argument is a [wrongAnswer].
const refusalUpdate = "durablemcp.refusal"

// A wrongAnswer is one that was refused.
type wrongAnswer struct {
	Key     string `json:"key"`
	Refused int    `json:"refused"` // how many were before it
	Reason  string `json:"reason"`
}

// An openQuestion is a question of a workflow that runs in this process.
type openQuestion struct {
	question
	read     func(json.RawMessage) (json.RawMessage, []string)
	answered bool
	action   string
	content  json.RawMessage // checked
	by       Sender
	size     int    // of the question in the memo
	text     string // of the question in the workflow's current details
}

// remember adds a question to those of its run, and sees to it that the run
// takes answers. The returned function takes the question out again.
func remember(ctx workflow.Context, b *board, q *openQuestion) (forget func(), err error) {
	b.questions = append(b.questions, q)
	err = workflow.SetUpdateHandlerWithOptions(ctx, AnswerUpdate,
		func(_ workflow.Context, a Answer) error {
			q, err := b.find(a)
			if err != nil {
				return err
			}
			q.take(a) //workflowcheck:ignore // it depends on the question and the answer alone
			return nil
		},
		workflow.UpdateHandlerOptions{
			Description: "Answers a question that the workflow asks.",
			Validator: func(_ workflow.Context, a Answer) error {
				q, err := b.find(a)
				if err != nil {
					return err
				}
				_, err = q.check(a) //workflowcheck:ignore // as above, and a validator leaves no trace
				return err
			},
		})
	if err == nil {
		err = workflow.SetUpdateHandlerWithOptions(ctx, refusalUpdate, b.askAgain, workflow.UpdateHandlerOptions{
			Description: "Asks again after a wrong answer to a task's question.",
			Validator: func(_ workflow.Context, r wrongAnswer) error {
				_, err := b.refused(r)
				return err
			},
		})
	}
	return func() { b.drop(q) }, err
}

// refused returns the question that a wrong answer was given to, if it can be asked again.
func (b *board) refused(r wrongAnswer) (*openQuestion, error) {
	q, err := b.find(Answer{Key: r.Key})
	switch {
	case err != nil:
		return nil, err
	case q.Key != r.Key || q.Refused != r.Refused:
		return nil, questionNotOpen()
	case q.Refused >= maxAsked:
		return nil, temporal.NewNonRetryableApplicationError("too many answers to this question did not fit it", errInvalidAnswer, nil)
	}
	return q, nil
}

// askAgain asks a task's question under another key.
func (b *board) askAgain(ctx workflow.Context, r wrongAnswer) error {
	q, err := b.refused(r)
	if err != nil {
		return err
	}
	q.Refused++
	q.Reason = redact.Cut(r.Reason, mostReason)
	q.measure()                 //workflowcheck:ignore // it depends on the question alone
	if q.size > mostQuestions { // the question itself has the room
		q.Reason = ""
		q.measure() //workflowcheck:ignore // as above
	}
	return b.put(ctx)
}

// mostReason is how many bytes of the reason for which an answer was refused are shown.
const mostReason = 500

// measure notes how much room the question takes in the memo.
func (q *openQuestion) measure() { q.size = len(mustMarshal(q.question)) }

// find returns the open question that an answer is for.
func (b *board) find(a Answer) (*openQuestion, error) {
	var found []*openQuestion
	for _, q := range b.visible() {
		if !q.answered && (a.Key == "" || a.Key == q.Key || a.Key == cmp.Or(q.Name, defaultKey)) {
			found = append(found, q)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return nil, temporal.NewNonRetryableApplicationError("several questions are open: the answer must name one by its key", errNotAsked, nil)
	}
	return nil, questionNotOpen()
}

func questionNotOpen() error {
	return temporal.NewNonRetryableApplicationError("this question is not open: it was answered, withdrawn, or never asked", errNotAsked, nil)
}

// check holds an answer to the question, and returns its content as the
// workflow reads it.
func (q *openQuestion) check(a Answer) (json.RawMessage, error) {
	switch a.Action {
	case decline, dismiss:
		if q.ignores(a) {
			return nil, temporal.NewNonRetryableApplicationError("this question stays open until somebody accepts it", errStaysOpen, nil)
		}
		return nil, nil
	case accept:
	default:
		return nil, invalidAnswer([]string{`/action: want "accept", "decline" or "cancel"`})
	}
	data, err := json.Marshal(a.Content)
	if err != nil {
		return nil, invalidAnswer([]string{"/content: not valid JSON"})
	}
	content, violations := q.read(data)
	if len(violations) > 0 {
		return nil, invalidAnswer(violations)
	}
	return content, nil
}

func invalidAnswer(violations []string) error {
	return temporal.NewNonRetryableApplicationError("the answer does not fit the question: "+strings.Join(violations, "; "), errInvalidAnswer, nil, violations)
}

// take accepts an answer. It was checked when it came: an answer that is in the
// history stays one, though a later version of the workflow may ask for more.
func (q *openQuestion) take(a Answer) {
	content, err := q.check(a)
	if err != nil {
		content = mustMarshal(a.Content)
	}
	q.answered, q.action, q.content, q.by = true, a.Action, content, a.By
}

// wait blocks until the question is answered, the timeout is over or ctx is
// cancelled.
func (q *openQuestion) wait(ctx workflow.Context, timeout time.Duration) error {
	answered := func() bool { return q.answered }
	if timeout == 0 {
		return workflow.Await(ctx, answered)
	}
	ok, err := workflow.AwaitWithTimeout(ctx, timeout, answered)
	if err == nil && !ok {
		return ErrUnanswered
	}
	return err
}

func (q *openQuestion) outcome() (json.RawMessage, error) {
	switch q.action {
	case accept:
		return q.content, nil
	case decline:
		return nil, ErrDeclined
	}
	return nil, ErrDismissed
}

// defaultKey is the default of [ElicitOptions.Key].
const defaultKey = "question"

// newKey makes a key that no other question of the workflow has, nor had before
// a reset or continue-as-new. It is recorded, not computed: a reset that asks
// again must ask under another key.
func newKey(ctx workflow.Context, prefix string) (string, error) {
	var random string
	err := workflow.SideEffect(ctx, func(workflow.Context) any {
		data := make([]byte, 8)
		_, _ = rand.Read(data) // never fails
		return hex.EncodeToString(data)
	}).Get(&random)
	if err == nil && random == "" {
		err = errors.New("durablemcp: the recorded key of a question is empty")
	}
	return cmp.Or(prefix, defaultKey) + "-" + random, err
}
