package ask

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

	"github.com/durablemcp/durablemcp/internal/memo"
)

// A readFunc checks the content of an answer, and returns it as the workflow reads it, or
// what is wrong with it.
type readFunc = func(content json.RawMessage) (canonical json.RawMessage, violations []string)

// An openQuestion is a question of a workflow that runs in this process.
type openQuestion struct {
	memo.Question
	read     readFunc
	answered bool
	action   string
	content  json.RawMessage // checked
	by       memo.Sender
	size     int    // of the question in the memo
	text     string // of the question in the workflow's current details
}

// remember adds a question to those of its run, and sees to it that the run
// takes answers. The returned function takes the question out again.
func remember(ctx workflow.Context, p *publisher, q *openQuestion) (forget func(), err error) {
	p.questions = append(p.questions, q)
	err = workflow.SetUpdateHandlerWithOptions(ctx, memo.AnswerUpdate,
		func(_ workflow.Context, a memo.Answer) error {
			q, err := p.find(a)
			if err != nil {
				return err
			}
			q.take(a) //workflowcheck:ignore // it depends on the question and the answer alone
			return nil
		},
		workflow.UpdateHandlerOptions{
			Description: "Answers a question that the workflow asks.",
			Validator: func(_ workflow.Context, a memo.Answer) error {
				q, err := p.find(a)
				if err != nil {
					return err
				}
				_, err = Check(q.Question, q.read, a) //workflowcheck:ignore // as above, and a validator leaves no trace
				return err
			},
		})
	if err == nil {
		err = workflow.SetUpdateHandlerWithOptions(ctx, memo.RefusalUpdate, p.askAgain, workflow.UpdateHandlerOptions{
			Description: "Asks again after a wrong answer to a task's question.",
			Validator: func(_ workflow.Context, r memo.WrongAnswer) error {
				_, err := p.refused(r)
				return err
			},
		})
	}
	return func() { p.drop(q) }, err
}

// maxReason is how many bytes of the reason for which an answer was refused are shown.
const maxReason = 500

// measure notes how much room the question takes in the memo.
func (q *openQuestion) measure() { q.size = len(marshal(q.Question)) }

// Check holds an answer to a question, and returns its content as the workflow reads it.
func Check(q memo.Question, read readFunc, a memo.Answer) (json.RawMessage, error) {
	switch a.Action {
	case memo.Decline, memo.Cancel:
		if q.Ignores(a.Action) {
			return nil, temporal.NewNonRetryableApplicationError("this question stays open until a person accepts it", memo.TypeStaysOpen, nil)
		}
		return nil, nil
	case memo.Accept:
	default:
		return nil, invalidAnswer([]string{`/action: want "accept", "decline" or "cancel"`})
	}
	data, err := json.Marshal(a.Content)
	if err != nil {
		return nil, invalidAnswer([]string{"/content: not valid JSON"})
	}
	content, violations := read(data)
	if len(violations) > 0 {
		return nil, invalidAnswer(violations)
	}
	return content, nil
}

func invalidAnswer(violations []string) error {
	return temporal.NewNonRetryableApplicationError("the answer does not fit the question: "+strings.Join(violations, "; "), memo.TypeInvalidAnswer, nil, violations)
}

// take accepts an answer. It was checked when it came: an answer that is in the
// history stays one, though a later version of the workflow may ask for more.
func (q *openQuestion) take(a memo.Answer) {
	content, err := Check(q.Question, q.read, a)
	if err != nil {
		content = marshal(a.Content)
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
	case memo.Accept:
		return q.content, nil
	case memo.Decline:
		return nil, ErrDeclined
	}
	return nil, ErrDismissed
}

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
	return cmp.Or(prefix, memo.DefaultKey) + "-" + random, err
}

// marshal marshals the package's own types, whose JSON cannot fail.
func marshal(v any) json.RawMessage {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}
