package memo

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
)

// MaxRefusals is how often a person is asked again after wrong answers to one
// question: a program that answers badly must not be asked for ever.
const MaxRefusals = 10

// Digest names an answer, so that Temporal takes it once however often it is
// sent.
func (a Answer) Digest() string {
	data, err := json.Marshal(a)
	if err != nil {
		panic(err) // of the library's own JSON
	}
	sum := sha256.Sum256(data)
	return "answer-" + a.Key + "-" + hex.EncodeToString(sum[:8])
}

// The types of the errors with which a question ends without an answer.
const (
	TypeDeclined   = "ElicitationDeclined"
	TypeDismissed  = "ElicitationCancelled"
	TypeUnanswered = "ElicitationTimedOut"
)

// The modes of a question, as MCP names them.
const (
	ModeForm = "form"
	ModeURL  = "url"
)

// A Question is what a workflow asks, as its memo shows it.
type Question struct {
	Key     string          `json:"key"`
	Name    string          `json:"name,omitempty"` // what the key begins with
	Title   string          `json:"title,omitempty"`
	Message string          `json:"message"`
	Mode    string          `json:"mode"`
	Schema  json.RawMessage `json:"schema,omitempty"`
	URL     string          `json:"url,omitempty"`
	Asked   time.Time       `json:"asked"`

	UntilAccepted bool `json:"until_accepted,omitempty"` // see durablemcp.ElicitOptions

	// How many answers to a task's question were refused, and why the last one was: a
	// task asks again under another key.
	Refused int    `json:"refused,omitempty"`
	Reason  string `json:"reason,omitempty"`
}

// TaskKey is the key of the question in a task. It is another one after a wrong answer:
// clients answer each key once, and a server must not use it again (ext-tasks, tasks/update).
func (q Question) TaskKey() string {
	if q.Refused == 0 {
		return q.Key
	}
	return fmt.Sprintf("%s.%d", q.Key, q.Refused)
}

// Ignores reports whether an answer with an action does not end the question, nor change it.
func (q Question) Ignores(action string) bool {
	return q.UntilAccepted && (action == Decline || action == Cancel)
}

// An Answer is the argument of [AnswerUpdate], as this side of it reads and writes it.
type Answer struct {
	Key     string                     `json:"key,omitempty"`
	Action  string                     `json:"action"`
	Content map[string]json.RawMessage `json:"content,omitempty"`
	By      Sender                     `json:"by,omitzero"`
}

// A Sender is who made a call: the principal, and what is recorded beside it.
type Sender struct {
	Principal string            `json:"principal,omitempty"`
	Claims    map[string]string `json:"claims,omitempty"`
}

// The types of the errors with which a workflow refuses an answer.
const (
	TypeInvalidAnswer = "InvalidAnswer"     // it does not fit the question
	TypeNotAsked      = "QuestionNotAsked"  // no such question is open
	TypeStaysOpen     = "QuestionStaysOpen" // it is declined, and waits for a person who accepts it
)

// The actions of an answer.
const (
	Accept  = "accept" // the one that has content
	Decline = "decline"
	Cancel  = "cancel"
)

// AnswerUpdate is the update by which a workflow takes an [Answer]. Package durablemcp has the
// same constant, for users.
const AnswerUpdate = "durablemcp.answer"

// RefusalUpdate is the update by which a workflow learns that an answer to a task's
// question was refused. Its argument is a [WrongAnswer].
const RefusalUpdate = "durablemcp.refusal"

// A WrongAnswer is one that was refused.
type WrongAnswer struct {
	Key     string `json:"key"`
	Refused int    `json:"refused"` // how many were before it
	Reason  string `json:"reason"`
}

// DefaultKey is the default of Name in durablemcp.ElicitOptions.
const DefaultKey = "question"

// NotAsked is the error of an answer to a question that is not open.
func NotAsked() error {
	return temporal.NewNonRetryableApplicationError("this question is not open: it was answered, withdrawn, or never asked", TypeNotAsked, nil)
}

// IsUnanswered reports whether a workflow failed with an error of the given type because a
// question had no answer.
func IsUnanswered(errorType string) bool {
	return errorType == TypeDeclined || errorType == TypeDismissed || errorType == TypeUnanswered
}
