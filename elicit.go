package durablemcp

import (
	"encoding/json"
	"reflect"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp/internal/ask"
	"github.com/durablemcp/durablemcp/internal/memo"
)

// How a question can end without an answer. A workflow that returns one of
// these errors fails with the type, without being retried.
var (
	// ErrElicitationDeclined says that the person has refused to answer.
	ErrElicitationDeclined = ask.ErrDeclined
	// ErrElicitationCancelled says that the person has closed the question without
	// deciding (MCP's action "cancel").
	ErrElicitationCancelled = ask.ErrDismissed
	// ErrElicitationTimedOut says that nobody has answered in time
	// ([ElicitOptions.Timeout]).
	ErrElicitationTimedOut = ask.ErrUnanswered
)

// ElicitOptions configures [ElicitWithOptions] and [ElicitURL].
type ElicitOptions struct {
	// Title is the question in a few words, for lists and for the Web UI. If
	// empty, they show the message.
	Title string
	// Timeout is how long to wait for an answer, by the workflow's clock, from the
	// call on, also while the question waits for its turn. If zero, the question
	// stays open until it is answered or ctx is cancelled.
	Timeout time.Duration
	// UntilAccepted keeps the question open until a person accepts it. A person who
	// declines or dismisses it, or an unattended client that does so automatically,
	// ends it for that call only. Others can still answer, and [ErrElicitationDeclined] and
	// [ErrElicitationCancelled] do not come. By default, whoever declines decides for all.
	UntilAccepted bool
	// AnsweredBy, if not nil, is set to who has answered, also by declining.
	AnsweredBy *Sender
	// Name begins the key of the question, so that programs and people can tell
	// questions apart: 1 to 64 of the characters A-Z, a-z, 0-9, _ and -. If
	// empty, defaults to "question". The key itself is new for each question.
	Name string
}

// Elicit asks a person for a T, and waits for the answer as long as it takes:
// the question is part of the workflow, and survives whatever becomes of the
// MCP server, the worker and the connection.
//
// It reaches the person through any client call that is waiting for the workflow, by the
// elicitation of the client's protocol version. A workflow for which no client waits goes on waiting. So does one
// whose clients have no elicitation; they are told what is asked, and which
// tool of the registry answers: an [UpdateTool] for [AnswerUpdate].
//
// A question of a child workflow reaches those who wait for the child.
//
// T is a struct whose fields are strings, numbers, integers, booleans, enums
// and lists of enums, with json and jsonschema tags (MCP 2025-11-25,
// client/elicitation). If T is not such a struct, the first call returns a
// non-retryable error. Answers are validated against T's schema before the workflow
// accepts them. A wrong one adds nothing to its history, but for those to tasks,
// up to 10 a question: each adds an update, for tasks must ask again.
//
// The error is [ErrElicitationDeclined], [ErrElicitationCancelled], [ErrElicitationTimedOut], or that of ctx
// if it is cancelled. Several questions may be open at once, asked by several
// goroutines of the workflow. Elicit is deterministic, and Temporal's workflowcheck
// passes it. Each question adds a marker to the history, an answer one update, and what
// changes within one workflow task one memo change; the first question or report of a run
// adds a version marker.
//
// Up to 20 questions of a run are asked at a time, of 16 KB as JSON together; others
// wait for their turn, in the order in which they were asked. A question that is larger
// alone is a non-retryable error.
//
// An answer that the workflow has accepted stays accepted when T changes: a new
// field has its default or the zero value then. Changing T so that it cannot
// hold the answer is an error: it is a workflow change that needs versioning.
func Elicit[T any](ctx workflow.Context, message string) (T, error) {
	return ElicitWithOptions[T](ctx, message, ElicitOptions{})
}

// ElicitWithOptions is [Elicit] with options.
func ElicitWithOptions[T any](ctx workflow.Context, message string, options ElicitOptions) (T, error) {
	var answer T
	value, err := ask.Elicit(ctx, reflect.TypeFor[T](), message, options.internal())
	if err != nil {
		return answer, err
	}
	answer, _ = reflect.TypeAssert[T](value) // which the form was made of
	return answer, nil
}

// ElicitURL asks a person to open a web page, to sign in or to pay, and waits
// until they agree to (MCP 2025-11-25, client/elicitation, URL mode). That they
// have finished what the page asks for is for the workflow to learn in another
// way. Everything else is as with [Elicit].
func ElicitURL(ctx workflow.Context, message, link string, options ElicitOptions) error {
	return ask.ElicitURL(ctx, message, link, options.internal())
}

func (o ElicitOptions) internal() ask.Options {
	return ask.Options{Title: o.Title, Timeout: o.Timeout, UntilAccepted: o.UntilAccepted, AnsweredBy: (*memo.Sender)(o.AnsweredBy), Name: o.Name}
}

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
	// Key is the question's key. Its prefix [ElicitOptions.Name] suffices if only one
	// question of that name is open, and nothing if only one is open at all.
	Key string `json:"key,omitempty" jsonschema:"description=The key of the question. If left out\\, the one open question is meant."`
	// Action is "accept", "decline" or "cancel" (MCP 2025-11-25,
	// client/elicitation, Response Actions).
	Action string `json:"action" jsonschema:"enum=accept,enum=decline,enum=cancel"`
	// Content is the filled-in form, for the action "accept".
	Content map[string]json.RawMessage `json:"content,omitempty" jsonschema:"description=The answer\\, by the schema of the question."`
	// By is who answers, as the library fills it in.
	By Sender `json:"by,omitzero" jsonschema:"-"`
}
