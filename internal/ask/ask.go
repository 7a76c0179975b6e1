// Package ask is the workflow-side code: questions, progress, and the caller. It is deterministic,
// and writes what package memo defines. The functions of package durablemcp are thin layers over
// it, and document its contracts.
package ask

import (
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp/internal/memo"
	"github.com/durablemcp/durablemcp/internal/redact"
)

// The errors of package durablemcp with which a question ends without an answer.
var (
	ErrDeclined   = temporal.NewNonRetryableApplicationError("the person declined to answer", memo.TypeDeclined, nil)
	ErrDismissed  = temporal.NewNonRetryableApplicationError("the person dismissed the question", memo.TypeDismissed, nil)
	ErrUnanswered = temporal.NewNonRetryableApplicationError("nobody answered in time", memo.TypeUnanswered, nil)
)

// Options are as in durablemcp.ElicitOptions.
type Options struct {
	Title         string
	Timeout       time.Duration
	UntilAccepted bool
	AnsweredBy    *memo.Sender
	Name          string
}

// Elicit asks for a value of a type by a form, and returns it.
func Elicit(ctx workflow.Context, t reflect.Type, message string, options Options) (reflect.Value, error) {
	f, err := FormOf(t) //workflowcheck:ignore // it depends on the type alone, and sorts what it takes out of maps
	if err != nil {
		return reflect.Value{}, misuse("Elicit", err.Error())
	}
	content, err := ask(ctx, memo.Question{Mode: memo.ModeForm, Message: message, Schema: f.Requested()}, options, f.Read)
	if err != nil {
		return reflect.Value{}, err
	}
	value, err := f.Value(content) //workflowcheck:ignore // it depends on the answer alone, as encoding/json does
	if err != nil {
		return reflect.Value{}, misuse("Elicit", err.Error()) // the type was another one when the answer came
	}
	return value, nil
}

// ElicitURL asks a person to open a web page.
func ElicitURL(ctx workflow.Context, message, link string, options Options) error {
	if u, err := url.Parse(link); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return misuse("ElicitURL", fmt.Sprintf("%q is not the address of a web page", redact.Cut(link, maxShownLink)))
	}
	_, err := ask(ctx, memo.Question{Mode: memo.ModeURL, Message: message, URL: link}, options, consent)
	return err
}

// maxShownLink is how many bytes of a wrong address an error shows: Temporal takes no
// failure of any length.
const maxShownLink = 200

// consent reads the answer to a URL: there is nothing in it.
func consent(json.RawMessage) (json.RawMessage, []string) { return nil, nil }

// misuse is the error of workflow code that asks for what cannot be.
func misuse(function, problem string) error {
	return temporal.NewNonRetryableApplicationError("durablemcp."+function+": "+problem, "InvalidElicitation", nil)
}

// ask opens a question, and waits until it is answered. read checks the content
// of an answer.
func ask(ctx workflow.Context, q memo.Question, options Options, read readFunc) (json.RawMessage, error) {
	if err := checkOptions(options); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p := publisherOf(ctx)
	var err error
	if q.Key, err = newKey(ctx, options.Name); err != nil {
		return nil, err
	}
	q.Name, q.Title, q.Asked, q.UntilAccepted = options.Name, options.Title, workflow.Now(ctx).UTC(), options.UntilAccepted

	open := &openQuestion{Question: q, read: read, text: detail(q)}
	open.measure() //workflowcheck:ignore // it depends on q alone
	if p.bounded && open.size > maxQuestions-roomForRefusals {
		return nil, misuse("Elicit", fmt.Sprintf("the question takes %d bytes as JSON, with its schema; the memo has room for %d: ask for less, in fewer words",
			open.size, maxQuestions-roomForRefusals))
	}
	forget, err := remember(ctx, p, open)
	defer forget()
	if err != nil {
		return nil, err
	}
	if err := p.put(ctx); err != nil {
		return nil, err
	}
	err = open.wait(ctx, options.Timeout)
	if failed := p.withdraw(ctx, open); failed != nil && err == nil {
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

var nameCharacters = regexp.MustCompile(`^[A-Za-z0-9_-]*$`)

func checkOptions(o Options) error {
	if o.Timeout < 0 {
		return misuse("Elicit", "the timeout is negative")
	}
	if len(o.Name) > 64 {
		return misuse("Elicit", "the name is longer than 64 characters")
	}
	if !nameCharacters.MatchString(o.Name) {
		return misuse("Elicit", fmt.Sprintf("the name %q has characters other than A-Z, a-z, 0-9, _ and -", o.Name))
	}
	return nil
}
