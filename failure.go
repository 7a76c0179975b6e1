package durablemcp

import (
	"context"
	"encoding/json"

	"github.com/durablemcp/durablemcp/internal/execution"
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

// workflowFailure is the error of a call whose workflow has failed.
func workflowFailure(err error) *toolError {
	f := execution.FailureOf(err)
	return &toolError{Type: f.Type, Message: f.Message, Retryable: f.Retryable, Cause: f.Cause, Details: f.Details}
}

// explain adds who ended a workflow that was cancelled or terminated, and why.
func (e *toolError) explain(ctx context.Context, c *execution.Client, of *execution.Execution) {
	if e.Type != execution.TypeCanceled && e.Type != execution.TypeTerminated {
		return
	}
	e.Retryable, e.onPurpose = false, true
	if text, temporal, known := c.EndedBy(ctx, of); known {
		e.Cause, e.onPurpose = text, !temporal
	}
}
