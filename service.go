package durablemcp

import (
	"context"
	"errors"
	"strings"

	"go.temporal.io/api/serviceerror"
	"google.golang.org/grpc/codes"
	grpcstatus "google.golang.org/grpc/status"
)

// serviceFailure sorts the errors of requests to Temporal by what they say of the
// request: it was not sent, it was refused, or nobody knows. The errors themselves
// can name hosts and namespaces, so they go to the log only.
func serviceFailure(err error) *toolError {
	var (
		unsent     *unsentError
		unreadable *unreadableError
		old        *oldServerError
	)
	switch {
	case errors.As(err, &old):
		return refusal("This tool cannot work: "+old.Error()+".", "Calling again will not help. Tell the user, whose operator has to upgrade Temporal.")
	case tooLarge(err):
		return &toolError{
			Type:    errRefused,
			Message: "The arguments are larger than Temporal accepts.",
			advice:  "Call again with smaller arguments.",
		}
	case neverSent(err):
		return unavailable()
	case errors.As(err, &unsent) && !timedOut(err):
		return &toolError{
			Type:      errUnsent,
			Message:   "This server could not make a request to Temporal of the call, for a reason that its log explains, such as a payload codec that is not available.",
			Retryable: true,
			advice:    waitAndRepeat,
		}
	case errors.As(err, &unsent):
		return unavailable()
	case errors.As(err, &unreadable):
		return &toolError{
			Type:      errUnreadable,
			Message:   "This server cannot read what Temporal keeps of the workflow, for a reason that its log explains, such as a payload codec that is not available.",
			Retryable: true,
			advice:    waitAndRepeat,
		}
	}
	if refusal := refused(err); refusal != nil {
		return refusal
	}
	return &toolError{
		Type:      errUnknownOutcome,
		Message:   "Temporal, which runs this tool's work, did not answer.",
		Retryable: true,
	}
}

// refused returns the error of a request that Temporal has answered with a refusal,
// after which nothing was done. It returns nil for the codes that can stand for a
// request which was carried out: Unavailable, DeadlineExceeded and Canceled, and
// Internal, DataLoss and Unknown, with which a server or a proxy says that it does
// not know itself.
func refused(err error) *toolError {
	switch codeOf(err) {
	case codes.ResourceExhausted:
		return &toolError{
			Type:      errBusy,
			Message:   "Temporal is over its limits at the moment, and refused the request.",
			Retryable: true,
			advice:    "Wait a little, then make the same call again.",
		}
	case codes.InvalidArgument, codes.OutOfRange:
		return refusal("Temporal refused the request as invalid.",
			"This is a fault of the tool's declaration or of the server's configuration, which its log explains. Tell the user.")
	case codes.PermissionDenied:
		return refusal("This server has no permission for the request in Temporal.", fixConfiguration)
	case codes.Unauthenticated:
		return refusal("Temporal refused this server's credentials.", fixConfiguration)
	case codes.NotFound:
		return notFoundFailure(err)
	case codes.Unimplemented:
		return refusal("The Temporal server does not support the request; it is probably too old.", fixConfiguration)
	case codes.FailedPrecondition, codes.AlreadyExists, codes.Aborted:
		return refusal("Temporal refused the request in its present state, for a reason that the server's log explains.",
			"Calling again will probably not help. Tell the user.")
	}
	return nil
}

// notFoundFailure tells a namespace that does not exist from a workflow that somebody
// has deleted since it was looked up.
func notFoundFailure(err error) *toolError {
	if _, gone := errors.AsType[*serviceerror.NamespaceNotFound](err); gone {
		return refusal("This server's namespace does not exist in Temporal.", fixConfiguration)
	}
	return refusal("Temporal does not have what the request is about any more: the workflow was deleted, or this server's namespace does not exist.",
		"Calling again will probably not help. Tell the user.")
}

// What a model is to do after a failure that can pass.
const waitAndRepeat = "Wait a little, then make the same call again; tell the user if it lasts."

const fixConfiguration = "Calling again will not help until the server's configuration is fixed. Tell the user."

func refusal(message, advice string) *toolError {
	return &toolError{Type: errRefused, Message: message, advice: advice}
}

// codeOf returns the gRPC code of an error of a request, Unknown if it has none.
func codeOf(err error) codes.Code {
	if service, ok := errors.AsType[serviceerror.ServiceError](err); ok {
		return service.Status().Code()
	}
	if plain, ok := errors.AsType[interface {
		error
		GRPCStatus() *grpcstatus.Status
	}](err); ok {
		return plain.GRPCStatus().Code()
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return codes.DeadlineExceeded
	case errors.Is(err, context.Canceled):
		return codes.Canceled
	}
	return codes.Unknown
}

// An unreadableError is that what Temporal has answered cannot be read: the client's
// data converter or payload codec failed.
type unreadableError struct{ error }

func (e *unreadableError) Unwrap() error { return e.error }

func unavailable() *toolError {
	return &toolError{
		Type:      errUnavailable,
		Message:   "Temporal, which runs this tool's work, cannot be reached.",
		Retryable: true,
		advice:    waitAndRepeat,
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
