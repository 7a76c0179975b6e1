// Package advice builds the texts that models read: errors, status, and what to do next. Each
// function makes a text of facts. The golden file of package call shows all of them side by side.
package advice

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"go.temporal.io/sdk/temporal"

	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/memo"
)

// The types of the errors that the library itself reports as a tool error.
// Failures that a workflow reports keep the type that it gave them.
const (
	TypeInvalidArguments = "InvalidArguments"    // the arguments do not fit the input schema
	TypeConflict         = "Conflict"            // the workflow ID belongs to other work
	TypeUnavailable      = "TemporalUnavailable" // Temporal was not reached: nothing was started
	TypeUnknownOutcome   = "OutcomeUnknown"      // it is not known whether anything was started
	TypeRefused          = "TemporalRefused"     // Temporal refused the request for good
	TypeUnsent           = "RequestNotSent"      // the server could not make the request: nothing was done
	TypeUnreadable       = "RecordUnreadable"    // the server cannot read what Temporal keeps of the workflow
	TypeBusy             = "TemporalBusy"        // Temporal refused the request for now
	TypeUnauthorized     = "Unauthorized"        // the caller may not do this
	TypeInvalidResult    = "InvalidResult"       // the result does not fit the declared output
	TypeResultTooLong    = "ResultTooLong"       // the result is longer than the server returns
	TypeNotFound         = "NotFound"            // no workflow that the tool may act on
	TypeClosed           = "WorkflowClosed"      // the workflow has ended and takes nothing more
	TypeQuery            = "QueryFailed"         // the workflow could not answer the query
	TypeNoWorker         = "NoWorker"            // no worker answered for the workflow in time
	TypeInternal         = "Internal"            // a fault of the server itself
)

// A ToolError is a failed call: for the model a text made of message, cause,
// violations and advice, for programs an object in _meta, under [MetaKeyError].
//
// It is not structured content: some clients show the model nothing else where
// there is some, and then it would not see the text.
type ToolError struct {
	Type       string          `json:"type"`
	Message    string          `json:"message"`
	Retryable  bool            `json:"retryable"`
	Cause      string          `json:"cause,omitempty"`
	Details    json.RawMessage `json:"details,omitempty"`
	Violations []string        `json:"violations,omitempty"`

	// Advice tells the model what to do next. It is in the text only: programs
	// go by type and retryable.
	Advice    string   `json:"-"`
	Unknown   []string `json:"-"` // arguments that the tool does not have, if that is all that is wrong
	OnPurpose bool     `json:"-"` // the work was ended on purpose: doing it again is not for a model to decide
}

func (e *ToolError) Error() string { return e.Type + ": " + e.Message }

// WorkflowFailure is the error of a call whose workflow has failed.
func WorkflowFailure(err error) *ToolError {
	f := execution.FailureOf(err)
	return &ToolError{Type: f.Type, Message: f.Message, Retryable: f.Retryable, Cause: f.Cause, Details: f.Details}
}

// Explain adds who ended a workflow that was cancelled or terminated, and why.
func (e *ToolError) Explain(ctx context.Context, c *execution.Client, of *execution.Execution) {
	if e.Type != execution.TypeCanceled && e.Type != execution.TypeTerminated {
		return
	}
	e.Retryable, e.OnPurpose = false, true
	if text, temporal, known := c.EndedBy(ctx, of); known {
		e.Cause, e.OnPurpose = text, !temporal
	}
}

// ProtocolError returns the JSON-RPC error with which a workflow has ended, nil
// if it is not one.
func ProtocolError(err error) *jsonrpc.Error {
	failed, ok := errors.AsType[*temporal.ApplicationError](err)
	if !ok || failed.Type() != memo.TypeProtocolError {
		return nil
	}
	var failure memo.ProtocolFailure
	if failed.Details(&failure) != nil {
		failure.Code = jsonrpc.CodeInternalError
	}
	return &jsonrpc.Error{Code: failure.Code, Message: failed.Message(), Data: failure.Data}
}

// MustMarshal marshals the library's own types, whose JSON cannot fail.
func MustMarshal(v any) json.RawMessage {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}
