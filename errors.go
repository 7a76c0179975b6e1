package durablemcp

import (
	"encoding/json"
	"errors"

	"go.temporal.io/sdk/temporal"

	"github.com/durablemcp/durablemcp/internal/memo"
)

// A DeclarationError is one mistake in what was given to [New].
type DeclarationError struct {
	// Index is the position of the tool among the tools given to New, from 0;
	// it is -1 for a mistake in [Options].
	Index int
	// Tool is the tool's name as declared; it may be empty or invalid.
	Tool string
	// Field is the field of the declaration that is wrong, such as "WorkflowID".
	Field string
	// Found is what stands there, Want what is expected instead.
	Found, Want string
}

// NewProtocolError returns an error with which a workflow fails the call with a JSON-RPC
// error of the given code instead of a tool error, which a model could read and act upon. A
// task fails with it. Most failures are not of that kind: return other errors for them.
//
// The workflow fails with it, and is not retried. The message and data, which
// must marshal to JSON or be nil, reach the client as they are.
func NewProtocolError(code int64, message string, data any) error {
	failure := memo.ProtocolFailure{Code: code}
	if data != nil {
		raw, err := json.Marshal(data) //workflowcheck:ignore // it depends on data alone
		if err != nil {
			return errors.Join(errors.New("durablemcp.NewProtocolError: data: "+err.Error()), errors.New(message))
		}
		failure.Data = raw
	}
	return temporal.NewNonRetryableApplicationError(message, memo.TypeProtocolError, nil, failure)
}

// MetaKeyWorkflow is the key in a result's _meta under which a call reports its
// workflow: an object with workflow_id, run_id, workflow_type and, if
// [Options.WebUIURL] is set, url, the execution's page in the Temporal Web UI. If the
// call repeats one that had closed before, and was not carried out, it has
// repeats_call_closed_at, the time of that.
const MetaKeyWorkflow = "io.github.durablemcp/workflow"

// MetaKeyError is the key in the _meta of a tool error under which programs find
// what the text says: an object with
//
//	type        what failed; of a workflow's failure, the type that it has in Temporal
//	message     what failed, in words
//	retryable   whether the same call can succeed later
//	cause       why, if that is known
//	details     the first detail of the workflow's failure, if that is JSON
//	violations  of the input schema, each with its JSON path
//
// Type, message and retryable are always there. Tool errors have no structured
// content.
const MetaKeyError = "io.github.durablemcp/error"

// The types of tool errors that the library itself reports, as
// [MetaKeyError] has them: programs branch on them. A failure that a workflow reports has the type that the
// workflow gave it.
const (
	// ErrorTypeInvalidArguments: the arguments do not fit the input schema. Correct them.
	ErrorTypeInvalidArguments = "InvalidArguments"
	// ErrorTypeConflict: the workflow ID, or the update ID, belongs to other work.
	ErrorTypeConflict = "Conflict"
	// ErrorTypeUnauthorized: the caller is not known.
	ErrorTypeUnauthorized = "Unauthorized"
	// ErrorTypeNotFound: there is no workflow that the tool may act on for this caller.
	ErrorTypeNotFound = "NotFound"
	// ErrorTypeClosed: the workflow has ended and takes nothing more.
	ErrorTypeClosed = "WorkflowClosed"

	// ErrorTypeUnavailable: Temporal could not be reached. Nothing was done.
	ErrorTypeUnavailable = "TemporalUnavailable"
	// ErrorTypeOutcomeUnknown: it is not known whether anything was done.
	ErrorTypeOutcomeUnknown = "OutcomeUnknown"
	// ErrorTypeRefused: Temporal refused the request for good. Nothing was done.
	ErrorTypeRefused = "TemporalRefused"
	// ErrorTypeBusy: Temporal, or this server, is over its limits. Nothing was done.
	ErrorTypeBusy = "TemporalBusy"
	// ErrorTypeNotSent: this server could not make the request. Nothing was done.
	ErrorTypeNotSent = "RequestNotSent"
	// ErrorTypeUnreadable: this server cannot read what Temporal keeps of the workflow.
	ErrorTypeUnreadable = "RecordUnreadable"
	// ErrorTypeNoWorker: no worker answered for the workflow in time.
	ErrorTypeNoWorker = "NoWorker"

	// ErrorTypeFailed: the workflow failed with an error of no type.
	ErrorTypeFailed = "WorkflowFailed"
	// ErrorTypeTimeout: the workflow ran out of time.
	ErrorTypeTimeout = "Timeout"
	// ErrorTypeCanceled: the workflow was canceled.
	ErrorTypeCanceled = "Canceled"
	// ErrorTypeTerminated: the workflow was terminated.
	ErrorTypeTerminated = "Terminated"
	// ErrorTypePanic: the code of the workflow or of an activity panicked.
	ErrorTypePanic = "Panic"
	// ErrorTypeQueryFailed: the workflow could not answer the query.
	ErrorTypeQueryFailed = "QueryFailed"
	// ErrorTypeInvalidResult: the work is done, and its result does not fit the declaration.
	ErrorTypeInvalidResult = "InvalidResult"
	// ErrorTypeResultTooLong: the work is done, and its result is longer than
	// [Options.MaxResultBytes].
	ErrorTypeResultTooLong = "ResultTooLong"
	// ErrorTypeInternal: a fault of this server, which its log explains.
	ErrorTypeInternal = "Internal"

	// ErrorTypeInvalidAnswer: an answer does not fit the question. Correct it.
	ErrorTypeInvalidAnswer = "InvalidAnswer"
	// ErrorTypeQuestionNotAsked: no such question is open.
	ErrorTypeQuestionNotAsked = "QuestionNotAsked"
	// ErrorTypeQuestionStaysOpen: the question waits for a person who accepts it
	// ([ElicitOptions.UntilAccepted]).
	ErrorTypeQuestionStaysOpen = "QuestionStaysOpen"
	// ErrorTypeElicitationDeclined, ErrorTypeElicitationCancelled and
	// ErrorTypeElicitationTimedOut are the types of [ErrElicitationDeclined] and its siblings.
	ErrorTypeElicitationDeclined  = "ElicitationDeclined"
	ErrorTypeElicitationCancelled = "ElicitationCancelled"
	ErrorTypeElicitationTimedOut  = "ElicitationTimedOut"
)
