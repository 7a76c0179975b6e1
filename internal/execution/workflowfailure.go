package execution

import (
	"encoding/json"
	"errors"
	"strings"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"github.com/durablemcp/durablemcp/internal/redact"
)

// The types of failures to which a workflow gives none.
const (
	TypeFailed     = "WorkflowFailed" // the workflow failed, with an error of no type
	TypeTimeout    = "Timeout"        // the workflow ran out of time
	TypeCanceled   = "Canceled"       // the workflow was cancelled
	TypeTerminated = "Terminated"     // the workflow was terminated
	TypePanic      = "Panic"          // the workflow's or an activity's code panicked
)

// A Failure is how a workflow failed, in words that a client may see.
type Failure struct {
	Type      string
	Message   string
	Cause     string
	Retryable bool
	Details   json.RawMessage
}

// FailureOf reads the error with which a workflow ended. It is the one place where
// Temporal's failures are read.
func FailureOf(err error) *Failure {
	e := &Failure{Retryable: true}
	var messages []string
	for ; err != nil; err = errors.Unwrap(err) {
		if message := e.add(err); message != "" {
			messages = append(messages, redact.Text(message))
		}
	}
	e.setType(TypeFailed)
	messages = dropRepeated(messages)
	if len(messages) > 0 {
		e.Message = messages[0]
		e.Cause = strings.Join(messages[1:], ": ")
	}
	return e
}

// add takes one error of the chain into account. The outermost error that has
// a type gives e its type; a cause that cannot be retried makes all of it so.
func (e *Failure) add(err error) (message string) {
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
			e.setType(TypeCanceled)
		}
		return ""
	case *temporal.TimeoutError:
		e.setType(TypeTimeout)
		if err.Message() == "Workflow timeout" { // the SDK's text for the whole workflow
			return "the workflow ran out of time"
		}
		return err.Message()
	case *temporal.CanceledError:
		e.setType(TypeCanceled)
		return "the workflow was cancelled"
	case *temporal.TerminatedError:
		e.setType(TypeTerminated)
		e.Retryable = false
		return "the workflow was terminated"
	case *temporal.PanicError:
		e.setType(TypePanic)
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

func (e *Failure) setType(t string) {
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

// IsWorkflowError reports whether an error came from the workflow's code.
func IsWorkflowError(err error) bool {
	_, application := errors.AsType[*temporal.ApplicationError](err)
	_, canceled := errors.AsType[*temporal.CanceledError](err)
	_, panicked := errors.AsType[*temporal.PanicError](err)
	_, timeout := errors.AsType[*temporal.TimeoutError](err)
	return application || canceled || panicked || timeout
}
