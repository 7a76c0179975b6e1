package durablemcp

import "github.com/durablemcp/durablemcp/internal/execution"

// serviceFailure says of a failed request to Temporal what a model has to know: it was
// not sent, it was refused, or nobody knows. The errors themselves can name hosts and
// namespaces, so they go to the log only.
func serviceFailure(err error) *toolError {
	switch kind := execution.KindOf(err); kind {
	case execution.TooOld:
		return refusal("This tool cannot work: "+execution.TooOldText(err)+".", "Calling again will not help. Tell the user, whose operator has to upgrade Temporal.")
	case execution.TooLarge:
		return refusal("The arguments are larger than Temporal accepts.", "Call again with smaller arguments.")
	case execution.Unreachable:
		return unavailable()
	case execution.Unsent:
		return &toolError{
			Type:      errUnsent,
			Message:   "This server could not make a request to Temporal of the call, for a reason that its log explains, such as a payload codec that is not available.",
			Retryable: true,
			advice:    waitAndRepeat,
		}
	case execution.Unreadable:
		return &toolError{
			Type:      errUnreadable,
			Message:   "This server cannot read what Temporal keeps of the workflow, for a reason that its log explains, such as a payload codec that is not available.",
			Retryable: true,
			advice:    waitAndRepeat,
		}
	case execution.Busy:
		return &toolError{
			Type:      errBusy,
			Message:   "Temporal is over its limits at the moment, and refused the request.",
			Retryable: true,
			advice:    "Wait a little, then make the same call again.",
		}
	case execution.OutcomeUnknown:
		return &toolError{
			Type:      errUnknownOutcome,
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

func refusal(message, advice string) *toolError {
	return &toolError{Type: errRefused, Message: message, advice: advice}
}

func unavailable() *toolError {
	return &toolError{
		Type:      errUnavailable,
		Message:   "Temporal, which runs this tool's work, cannot be reached.",
		Retryable: true,
		advice:    waitAndRepeat,
	}
}
