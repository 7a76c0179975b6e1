package durablemcp

import (
	"encoding/json"
	"errors"
	"strings"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"github.com/durablemcp/durablemcp/internal/redact"
)

// The types of the errors that the library itself reports as a tool error.
// Failures that a workflow reports keep the type that it gave them.
const (
	errInvalidArguments = "InvalidArguments"    // the arguments do not fit the input schema
	errConflict         = "Conflict"            // the workflow ID belongs to other work
	errUnavailable      = "TemporalUnavailable" // Temporal was not reached: nothing was started
	errUnknownOutcome   = "OutcomeUnknown"      // it is not known whether anything was started
	errRefused          = "TemporalRefused"     // Temporal refused the request for good
	errUnsent           = "RequestNotSent"      // the server could not make the request: nothing was done
	errUnreadable       = "RecordUnreadable"    // the server cannot read what Temporal keeps of the workflow
	errBusy             = "TemporalBusy"        // Temporal refused the request for now
	errUnauthorized     = "Unauthorized"        // the caller may not do this
	errFailed           = "WorkflowFailed"      // the workflow failed, with an error of no type
	errTimeout          = "Timeout"             // the workflow ran out of time
	errCanceled         = "Canceled"            // the workflow was cancelled
	errTerminated       = "Terminated"          // the workflow was terminated
	errPanic            = "Panic"               // the workflow's or an activity's code panicked
	errInvalidResult    = "InvalidResult"       // the result does not fit the declared output
	errResultTooLong    = "ResultTooLong"       // the result is longer than the server hands over
	errNotFound         = "NotFound"            // no workflow that the tool may act on
	errClosed           = "WorkflowClosed"      // the workflow has ended and takes nothing more
	errQuery            = "QueryFailed"         // the workflow could not answer the query
	errNoWorker         = "NoWorker"            // no worker answered for the workflow in time
	errInternal         = "Internal"            // a fault of the server itself
)

// A toolError is a failed call: for the model a text made of message, cause,
// violations and advice, for programs an object in _meta, under [MetaKeyError].
//
// It is not structured content: some clients show the model nothing else where
// there is some, and then it would not see the text.
type toolError struct {
	Type       string          `json:"type"`
	Message    string          `json:"message"`
	Retryable  bool            `json:"retryable"`
	Cause      string          `json:"cause,omitempty"`
	Details    json.RawMessage `json:"details,omitempty"`
	Violations []string        `json:"violations,omitempty"`

	// advice tells the model what to do next. It is in the text only: programs
	// go by type and retryable.
	advice    string
	unknown   []string // arguments that the tool does not have, if that is all that is wrong
	onPurpose bool     // somebody has ended the work: doing it anew is not for a model to decide
}

func (e *toolError) Error() string { return e.Type + ": " + e.Message }

// workflowFailure turns the error with which a workflow ended into what the
// model is told. It is the one place where Temporal's failures are read.
func workflowFailure(err error) *toolError {
	e := &toolError{Retryable: true}
	var messages []string
	for ; err != nil; err = errors.Unwrap(err) {
		if message := e.add(err); message != "" {
			messages = append(messages, redact.Text(message))
		}
	}
	e.setType(errFailed)
	messages = dropRepeated(messages)
	if len(messages) > 0 {
		e.Message = messages[0]
		e.Cause = strings.Join(messages[1:], ": ")
	}
	return e
}

// add takes one error of the chain into account. The outermost error that has
// a type gives e its type; a cause that cannot be retried makes all of it so.
func (e *toolError) add(err error) (message string) {
	switch err := err.(type) { //nolint:errorlint // one error of the chain at a time
	case *temporal.ApplicationError:
		e.setType(err.Type())
		e.Retryable = e.Retryable && !err.NonRetryable()
		if e.Details == nil && err.HasDetails() {
			e.Details = details(err)
		}
		return err.Message()
	case *temporal.ActivityError:
		switch err.RetryState() {
		case enums.RETRY_STATE_NON_RETRYABLE_FAILURE:
			e.Retryable = false
		case enums.RETRY_STATE_CANCEL_REQUESTED:
			e.setType(errCanceled)
		}
		return ""
	case *temporal.TimeoutError:
		e.setType(errTimeout)
		if err.Message() == "Workflow timeout" { // the SDK's text for the whole workflow
			return "the workflow ran out of time"
		}
		return err.Message()
	case *temporal.CanceledError:
		e.setType(errCanceled)
		return "the workflow was cancelled"
	case *temporal.TerminatedError:
		e.setType(errTerminated)
		e.Retryable = false
		return "the workflow was terminated"
	case *temporal.PanicError:
		e.setType(errPanic)
		e.Retryable = false
		return "its code panicked: " + err.Error()
	case *temporal.WorkflowExecutionError, *temporal.ChildWorkflowExecutionError:
		return ""
	case *temporal.ServerError:
		return err.Message()
	}
	if errors.Unwrap(err) == nil {
		return err.Error()
	}
	return ""
}

// goTypes are types of Go's own error values. Temporal takes a Go error's type
// for the failure's, and these say nothing.
var goTypes = map[string]bool{"": true, "errorString": true, "wrapError": true, "wrapErrors": true, "joinError": true}

func (e *toolError) setType(t string) {
	if e.Type == "" && !goTypes[t] {
		e.Type = t
	}
}

// details returns the first detail of an application error as JSON, or nil if
// it is not JSON: details are for programs, and only JSON can be shown.
func details(err *temporal.ApplicationError) json.RawMessage {
	var raw converter.RawValue
	if err.Details(&raw) != nil {
		return nil
	}
	data := raw.Payload().GetData()
	if len(data) > redact.MaxLength {
		return nil
	}
	return redact.JSON(data)
}

// dropRepeated drops messages that are part of the one before: Go code wraps
// errors by text, and Temporal keeps both the text and the cause.
func dropRepeated(messages []string) []string {
	var kept []string
	for _, message := range messages {
		if len(kept) == 0 || !strings.Contains(kept[len(kept)-1], message) {
			kept = append(kept, message)
		}
	}
	return kept
}
