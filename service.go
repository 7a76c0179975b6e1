package durablemcp

import (
	"errors"
	"strings"

	"go.temporal.io/api/serviceerror"
)

// serviceFailure sorts the errors of requests to Temporal. The errors themselves
// can name hosts and namespaces, so they go to the log only.
func serviceFailure(err error) *toolError {
	var (
		invalid     *serviceerror.InvalidArgument
		exhausted   *serviceerror.ResourceExhausted
		denied      *serviceerror.PermissionDenied
		noNamespace *serviceerror.NamespaceNotFound
		notFound    *serviceerror.NotFound
	)
	switch {
	case tooLarge(err):
		return &toolError{
			Type:    errRefused,
			Message: "The arguments are larger than Temporal accepts.",
			advice:  "Call again with smaller arguments.",
		}
	case errors.As(err, &invalid):
		return &toolError{
			Type:    errRefused,
			Message: "Temporal refused the request as invalid.",
			advice:  "This is a fault of the tool's declaration or of the server's configuration, which its log explains. Tell the user.",
		}
	case errors.As(err, &exhausted):
		return &toolError{
			Type:      errBusy,
			Message:   "Temporal is over its limits at the moment.",
			Retryable: true,
			advice:    "Wait a little, then make the same call again.",
		}
	case errors.As(err, &denied), errors.As(err, &noNamespace), errors.As(err, &notFound):
		return &toolError{
			Type:    errRefused,
			Message: "The server has no access to its Temporal namespace.",
			advice:  "Calling again will not help until the server's configuration is mended. Tell the user.",
		}
	case neverSent(err):
		return unavailable()
	}
	return &toolError{
		Type:      errUnknownOutcome,
		Message:   "Temporal, which runs this tool's work, did not answer.",
		Retryable: true,
	}
}

func unavailable() *toolError {
	return &toolError{
		Type:      errUnavailable,
		Message:   "Temporal, which runs this tool's work, cannot be reached.",
		Retryable: true,
		advice:    "Wait a little, then make the same call again; tell the user if it lasts.",
	}
}

// neverSent reports whether a request surely did not reach Temporal: the SDK's
// client has not even learnt what the server can do, as it does before its first
// request. Only the text tells. That there is no connection now says nothing: the
// client repeats requests by itself, and an earlier attempt may have arrived.
func neverSent(err error) bool { return strings.Contains(err.Error(), "failed reaching server") }

// ofService reports whether an error is that of a request to Temporal, and not of
// what was done with its answer.
func ofService(err error) bool {
	_, service := errors.AsType[serviceerror.ServiceError](err)
	return service || timedOut(err)
}

func isNotFound(err error) bool {
	_, notFound := errors.AsType[*serviceerror.NotFound](err)
	return notFound
}

// unanswered reports whether a request failed without an answer of Temporal's.
func unanswered(err error) bool {
	_, unavailable := errors.AsType[*serviceerror.Unavailable](err)
	return unavailable || timedOut(err)
}

// tooLarge reports whether a request was refused for its size: by gRPC, or by
// Temporal (dynamic configuration limit.blobSize.error). Only the text tells.
func tooLarge(err error) bool {
	text := strings.ToLower(err.Error())
	return strings.Contains(text, "larger than max") || strings.Contains(text, "exceeds") && strings.Contains(text, "limit")
}
