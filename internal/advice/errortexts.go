package advice

import (
	"errors"
	"fmt"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"

	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/redact"
	"github.com/durablemcp/durablemcp/internal/rpc"
)

// Unauthorized is the error of a call whose caller is not known.
func Unauthorized() *ToolError {
	return &ToolError{
		Type:    TypeUnauthorized,
		Message: "Authentication required: the caller is unknown. Nothing was done.",
		Advice:  "Calling again will not help. Tell the user, who has to sign in.",
	}
}

// NamelessToken is the error of a call whose verified token does not name its user.
func NamelessToken() *ToolError {
	return &ToolError{
		Type:    TypeUnauthorized,
		Message: "Authentication required: the access token is valid, but does not name its user. Nothing was done.",
		Advice:  "Calling again will not help. Tell the user that the operator of this server has to fix how it identifies users; its log says how.",
	}
}

// InvalidResult is the error of a workflow that has ended with what its tool does not declare.
func InvalidResult(tool, why string) *ToolError {
	return &ToolError{
		Type:    TypeInvalidResult,
		Message: fmt.Sprintf("%s is done, but its result is not what the tool declares: %s", tool, why),
		Advice:  "The work itself has succeeded: do not call again. Tell the user that the tool's declaration does not fit its workflow.",
	}
}

// InvalidArguments is the error of a call whose arguments do not fit the input schema.
func InvalidArguments(tool string, violations []string) *ToolError {
	return &ToolError{
		Type:       TypeInvalidArguments,
		Message:    fmt.Sprintf("The arguments of %s are not valid. Nothing was done.", tool),
		Violations: violations,
		Advice:     "Correct them and call again.",
	}
}

// AnswerNotTaken is the error of a call whose answer the workflow has not taken, with what
// keeps it from that, if it is known.
func AnswerNotTaken(err error, problem, goOn string) *ToolError {
	if execution.IsPermanent(err) {
		return &ToolError{
			Type:    TypeRefused,
			Message: "The workflow cannot take the answer, for a reason that the server's log explains.",
			Advice:  "Sending it again will not help. Tell the user.",
		}
	}
	reason := ""
	if problem != "" {
		reason = " The reason: " + strings.TrimSuffix(problem, ".") + "."
	}
	return &ToolError{
		Type:      TypeNoWorker,
		Message:   "The workflow has not taken the answer in time, and may take it still." + reason,
		Retryable: true,
		Advice:    "The work goes on, and asks again if it has to. " + goOn,
	}
}

// InternalError is the error of a call that panicked.
func InternalError() *ToolError {
	return &ToolError{
		Type:    TypeInternal,
		Message: "The server has a fault, which its log explains.",
		Advice:  tellUser,
	}
}

// NoQueryAnswer is the error of a query that no worker answers.
func NoQueryAnswer(e *execution.Execution, problem string) *ToolError {
	return &ToolError{
		Type:      TypeNoWorker,
		Message:   fmt.Sprintf("The workflow %q is there (%s), but cannot be asked: %s.", e.ID, execution.StatusName(e.Status), problem),
		Retryable: true,
		Advice:    "Nothing is lost. Call again later; tell the user if it lasts.",
	}
}

// ServiceFailure says of a failed request to Temporal what a model has to know: it was
// not sent, it was refused, or the outcome is unknown. The errors themselves can name hosts and
// namespaces, so they go to the log only.
func ServiceFailure(err error) *ToolError {
	switch kind := execution.KindOf(err); kind {
	case execution.TooOld:
		return refusal("This tool cannot work: "+execution.TooOldText(err)+".", "Calling again will not help. Tell the user, whose operator has to upgrade Temporal.")
	case execution.TooLarge:
		return refusal("The arguments are larger than Temporal accepts.", "Call again with smaller arguments.")
	case execution.Unreachable:
		return Unavailable()
	case execution.Unsent:
		return &ToolError{
			Type:      TypeUnsent,
			Message:   "This server could not make a request to Temporal of the call, for a reason that its log explains, such as a payload codec that is not available.",
			Retryable: true,
			Advice:    waitAndRepeat,
		}
	case execution.Unreadable:
		return &ToolError{
			Type:      TypeUnreadable,
			Message:   "This server cannot read what Temporal keeps of the workflow, for a reason that its log explains, such as a payload codec that is not available.",
			Retryable: true,
			Advice:    waitAndRepeat,
		}
	case execution.Busy:
		return &ToolError{
			Type:      TypeBusy,
			Message:   "Temporal is currently over its limits, and refused the request.",
			Retryable: true,
			Advice:    "Wait a little, then make the same call again.",
		}
	case execution.OutcomeUnknown:
		return &ToolError{
			Type:      TypeUnknownOutcome,
			Message:   "Temporal, which runs this tool's work, did not answer.",
			Retryable: true,
		}
	default:
		said := refusals[kind]
		return refusal(said.message, said.advice)
	}
}

// refusals are what is said of requests that Temporal has refused for good.
var refusals = map[execution.FailureKind]struct{ message, advice string }{
	execution.Invalid: {"Temporal refused the request as invalid.",
		"This is a fault of the tool's declaration or of the server's configuration, which its log explains. Tell the user."},
	execution.Forbidden:       {"This server has no permission for the request in Temporal.", fixConfiguration},
	execution.Unauthenticated: {"Temporal refused this server's credentials.", fixConfiguration},
	execution.NoNamespace:     {"This server's namespace does not exist in Temporal.", fixConfiguration},
	execution.NoExecution: {"Temporal does not have what the request is about any more: the workflow was deleted, or this server's namespace does not exist.",
		tellUser},
	execution.Unsupported: {"The Temporal server does not support the request; it is probably too old.", fixConfiguration},
	execution.PreconditionFailed: {"Temporal refused the request in its present state, for a reason that the server's log explains.",
		tellUser},
}

// What a model is to do after a failure that can pass.
const waitAndRepeat = "Wait a little, then make the same call again; tell the user if it lasts."

const tellUser = "Calling again will probably not help. Tell the user."

const fixConfiguration = "Calling again will not help until the server's configuration is fixed. Tell the user."

func refusal(message, advice string) *ToolError {
	return &ToolError{Type: TypeRefused, Message: message, Advice: advice}
}

// Unavailable is the error of a request that did not reach Temporal.
func Unavailable() *ToolError {
	return &ToolError{
		Type:      TypeUnavailable,
		Message:   "Temporal, which runs this tool's work, cannot be reached.",
		Retryable: true,
		Advice:    waitAndRepeat,
	}
}

// KeepsChanging is the error of a call that does not get hold of its workflow.
func KeepsChanging(id string, placeholders []string) *ToolError {
	return Conflict(fmt.Sprintf("Other calls start, end or delete the workflow %q all the time.", id), placeholders)
}

// Conflict is the error of a call whose workflow ID, made of the placeholders, is that of other
// work.
func Conflict(message string, placeholders []string) *ToolError {
	advice := "Call again with the arguments that it was started with"
	if len(placeholders) > 0 {
		advice += ", or with another " + strings.Join(placeholders, ", ") + ", which names the workflow"
	}
	return &ToolError{
		Type:    TypeConflict,
		Message: message + " Nothing was started or changed.",
		Advice:  advice + "; or tell the user.",
	}
}

// StartFailure turns the error of a request that starts a workflow into what the
// model is told: whether anything was started, and whether the same call can be
// made again.
func StartFailure(id string, err error, again Repeatability) *ToolError {
	e := ServiceFailure(err)
	if e.Type != TypeUnknownOutcome {
		return NothingStarted(e)
	}
	e.Message += fmt.Sprintf(" It is not known whether the workflow %q was started.", id)
	e.Retryable, e.Advice = again.AfterUnknownOutcome()
	return e
}

// NothingStarted completes the text of a failed request that has started nothing.
func NothingStarted(e *ToolError) *ToolError {
	e.Message += " Nothing was started."
	return e
}

// NotFound is the error of a call about a workflow that does not exist, or that the caller may not touch.
func NotFound(tool, id string) *ToolError {
	return &ToolError{
		Type:    TypeNotFound,
		Message: fmt.Sprintf("There is no workflow %q that %s can act on. Nothing was done.", redact.Cut(id, 200), tool),
		Advice:  "Check the arguments against what the tool that started the workflow returned, or tell the user.",
	}
}

// Ended says how a workflow ended that can no longer take what it is sent, and which tool
// tells more, if there is one.
func Ended(e *execution.Execution, resultTool string) *ToolError {
	status := execution.StatusName(e.Status)
	advice := "Calling again will not help: what has ended cannot be changed."
	if resultTool != "" {
		advice += fmt.Sprintf(" %s says how it ended.", resultTool)
	}
	return &ToolError{
		Type:    TypeClosed,
		Message: fmt.Sprintf("The workflow %q has ended already: it is %s. Nothing was done.", e.ID, status),
		Details: MustMarshal(map[string]string{"status": status}),
		Advice:  advice,
	}
}

// NothingDone completes the text of a failed request that changes nothing.
func NothingDone(e *ToolError) *ToolError {
	e.Message += " Nothing was done."
	if e.Type == TypeUnknownOutcome {
		e.Type = TypeUnavailable
		e.Advice = waitAndRepeat
	}
	return e
}

// UnknownCaller is the error of a request whose caller is not known, for the
// reason that package call gives. It says nothing of the task.
func UnknownCaller(reason error) error {
	message := Unauthorized().Message
	if refusal, ok := errors.AsType[*ToolError](reason); ok {
		message = refusal.Message + " " + refusal.Advice
	}
	return rpc.Error(jsonrpc.CodeInvalidRequest, message, nil)
}

// TooManyWait is the error of a call that waits for nothing, because too many do.
func TooManyWait() *ToolError {
	return &ToolError{
		Type:      TypeBusy,
		Message:   "Too many calls are waiting for workflows. Nothing was done.",
		Retryable: true,
		Advice:    waitAndRepeat,
	}
}

// Deleted is the error of a call whose workflow is gone while it waits for it.
func Deleted(tool, id string) *ToolError {
	return &ToolError{
		Type:    TypeNotFound,
		Message: fmt.Sprintf("The workflow %q was deleted from Temporal while %s was waiting for it.", id, tool),
		Advice:  "How it ended cannot be learned. Tell the user.",
	}
}

// Unread is the error of a call whose workflow has ended with a result that this
// server's data converter cannot currently read.
func Unread(tool string) *ToolError {
	return &ToolError{
		Type:    TypeInvalidResult,
		Message: tool + " is done, but this server cannot read how it ended, for a reason that its log explains.",
		Advice:  "Do not start the work again. Tell the user.",
	}
}

// BadRequestState is the error of a call with a state that another call has returned.
func BadRequestState() error {
	return rpc.Error(jsonrpc.CodeInvalidParams, "params.requestState: not one that this call has returned to this caller for these arguments. "+
		"Nothing was done. Make the call again, without it.", nil)
}
