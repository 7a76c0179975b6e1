package durablemcp

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp/internal/form"
	"github.com/durablemcp/durablemcp/internal/redact"
)

// How a question can end without an answer. A workflow that returns one of
// these errors fails with the type, without being retried.
var (
	// ErrDeclined says that the person has refused to answer.
	ErrDeclined = temporal.NewNonRetryableApplicationError("the person declined to answer", "ElicitationDeclined", nil)
	// ErrDismissed says that the person has closed the question without
	// deciding (MCP's action "cancel").
	ErrDismissed = temporal.NewNonRetryableApplicationError("the person dismissed the question", "ElicitationCancelled", nil)
	// ErrUnanswered says that nobody has answered in time
	// ([ElicitOptions.Timeout]).
	ErrUnanswered = temporal.NewNonRetryableApplicationError("nobody answered in time", "ElicitationTimedOut", nil)
)

// unansweredBy reports whether a workflow failed with an error of the given type
// because a question had no answer.
func unansweredBy(errorType string) bool {
	for _, err := range []error{ErrDeclined, ErrDismissed, ErrUnanswered} {
		if e, ok := errors.AsType[*temporal.ApplicationError](err); ok && e.Type() == errorType {
			return true
		}
	}
	return false
}

// ElicitOptions configures [ElicitWithOptions] and [ElicitURL].
type ElicitOptions struct {
	// Title is the question in a few words, for lists and for the Web UI. If
	// empty, they show the message.
	Title string
	// Timeout is how long to wait for an answer, by the workflow's clock, from the
	// call on, also while the question waits for its turn. If zero, the question
	// stays open until it is answered or ctx is cancelled.
	Timeout time.Duration
	// UntilAccepted keeps the question open until somebody accepts it: that a person
	// declines or dismisses it, or a client that nobody looks at does by itself,
	// ends it for that call only. Others can still answer, and [ErrDeclined] and
	// [ErrDismissed] do not come. By default, whoever declines decides for all.
	UntilAccepted bool
	// AnsweredBy, if not nil, is set to who has answered, also by declining.
	AnsweredBy *Sender
	// Key begins the key of the question, so that programs and people can tell
	// questions apart: 1 to 64 of the characters A-Z, a-z, 0-9, _ and -. If
	// empty, defaults to "question". The key itself is new for each question.
	Key string
}

// Elicit asks a person for a T, and waits for the answer as long as it takes:
// the question is part of the workflow, and survives whatever becomes of the
// MCP server, the worker and the connection.
//
// It reaches the person through whichever call, of whichever client, is
// waiting for the workflow: by the elicitation of the client's protocol
// version. A workflow for which no client waits goes on waiting. So does one
// whose clients have no elicitation; they are told what is asked, and which
// tool of the registry answers: an [UpdateTool] for [AnswerUpdate].
//
// A question of a child workflow reaches those who wait for the child.
//
// T is a struct whose fields are strings, numbers, integers, booleans, enums
// and lists of enums, with json and jsonschema tags (MCP 2025-11-25,
// client/elicitation). A T that is none is a non-retryable error, which the
// first call returns. Answers are held to T's schema before the workflow
// accepts them. A wrong one adds nothing to its history, but for those to tasks,
// up to 10 a question: each adds an update, for tasks must ask anew.
//
// The error is [ErrDeclined], [ErrDismissed], [ErrUnanswered], or that of ctx
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
// field has its default or the zero value then. A T that cannot hold the answer
// any more is an error, and a change like any other of a workflow's code.
func Elicit[T any](ctx workflow.Context, message string) (T, error) {
	return ElicitWithOptions[T](ctx, message, ElicitOptions{})
}

// ElicitWithOptions is [Elicit] with options.
func ElicitWithOptions[T any](ctx workflow.Context, message string, options ElicitOptions) (T, error) {
	var answer T
	f, err := form.Of(reflect.TypeFor[T]()) //workflowcheck:ignore // it depends on T alone, and sorts what it takes out of maps
	if err != nil {
		return answer, misuse("Elicit", err.Error())
	}
	content, err := ask(ctx, question{Mode: modeForm, Message: message, Schema: f.Requested()}, options, f.Read)
	if err != nil {
		return answer, err
	}
	value, err := f.Value(content) //workflowcheck:ignore // it depends on the answer alone, as encoding/json does
	if err != nil {
		return answer, misuse("Elicit", err.Error()) // T was another type when the answer came
	}
	answer, _ = reflect.TypeAssert[T](value) // which the form was made of
	return answer, nil
}

// ElicitURL asks a person to open a web page, to sign in or to pay, and waits
// until they agree to (MCP 2025-11-25, client/elicitation, URL mode). That they
// have finished what the page asks for is for the workflow to learn in another
// way. Everything else is as with [Elicit].
func ElicitURL(ctx workflow.Context, message, link string, options ElicitOptions) error {
	if u, err := url.Parse(link); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return misuse("ElicitURL", fmt.Sprintf("%q is not the address of a web page", redact.Cut(link, mostShownLink)))
	}
	_, err := ask(ctx, question{Mode: modeURL, Message: message, URL: link}, options, consent)
	return err
}

// mostShownLink is how many bytes of a wrong address an error shows: Temporal takes no
// failure of any length.
const mostShownLink = 200

// consent reads the answer to a URL: there is nothing in it.
func consent(json.RawMessage) (json.RawMessage, []string) { return nil, nil }

// misuse is the error of workflow code that asks for what cannot be.
func misuse(function, problem string) error {
	return temporal.NewNonRetryableApplicationError("durablemcp."+function+": "+problem, "InvalidElicitation", nil)
}

// The modes of a question, as MCP names them.
const (
	modeForm = "form"
	modeURL  = "url"
)

// A question is what a workflow asks, as its memo shows it.
type question struct {
	Key     string          `json:"key"`
	Name    string          `json:"name,omitempty"` // what the key begins with
	Title   string          `json:"title,omitempty"`
	Message string          `json:"message"`
	Mode    string          `json:"mode"`
	Schema  json.RawMessage `json:"schema,omitempty"`
	URL     string          `json:"url,omitempty"`
	Asked   time.Time       `json:"asked"`

	UntilAccepted bool `json:"until_accepted,omitempty"` // see [ElicitOptions.UntilAccepted]

	// How many answers to a task's question were refused, and why the last one was: a
	// task asks anew under another key.
	Refused int    `json:"refused,omitempty"`
	Reason  string `json:"reason,omitempty"`
}

// taskKey is the key of the question in a task. It is another one after a wrong answer:
// clients answer each key once, and a server must not use it again (ext-tasks, tasks/update).
func (q question) taskKey() string {
	if q.Refused == 0 {
		return q.Key
	}
	return fmt.Sprintf("%s.%d", q.Key, q.Refused)
}

// ignores reports whether an answer does not end the question, nor change it.
func (q question) ignores(a Answer) bool {
	return q.UntilAccepted && (a.Action == decline || a.Action == dismiss)
}

// ask opens a question, and waits until it is answered. read checks the content
// of an answer.
func ask(ctx workflow.Context, q question, options ElicitOptions, read func(json.RawMessage) (json.RawMessage, []string)) (json.RawMessage, error) {
	if err := checkElicitOptions(options); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	b := boardOf(ctx)
	var err error
	if q.Key, err = newKey(ctx, options.Key); err != nil {
		return nil, err
	}
	q.Name, q.Title, q.Asked, q.UntilAccepted = options.Key, options.Title, workflow.Now(ctx).UTC(), options.UntilAccepted

	open := &openQuestion{question: q, read: read, text: q.detail()}
	open.measure() //workflowcheck:ignore // it depends on q alone
	if b.bounded && open.size > mostQuestions-roomForRefusals {
		return nil, misuse("Elicit", fmt.Sprintf("the question takes %d bytes as JSON, with its schema; the memo has room for %d: ask for less, in fewer words",
			open.size, mostQuestions-roomForRefusals))
	}
	forget, err := remember(ctx, b, open)
	defer forget()
	if err != nil {
		return nil, err
	}
	if err := b.put(ctx); err != nil {
		return nil, err
	}
	err = open.wait(ctx, options.Timeout)
	if failed := b.withdraw(ctx, open); failed != nil && err == nil {
		err = failed
	}
	if err != nil {
		return nil, err
	}
	if options.AnsweredBy != nil {
		*options.AnsweredBy = open.by
	}
	return open.outcome()
}

func checkElicitOptions(o ElicitOptions) error {
	if o.Timeout < 0 {
		return misuse("Elicit", "the timeout is negative")
	}
	if len(o.Key) > 64 {
		return misuse("Elicit", "the key is longer than 64 characters")
	}
	for _, r := range o.Key {
		if notToolNameRune(r) || r == '.' {
			return misuse("Elicit", fmt.Sprintf("the key %q has characters other than A-Z, a-z, 0-9, _ and -", o.Key))
		}
	}
	return nil
}
