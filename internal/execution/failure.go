package execution

import (
	"context"
	"errors"
	"strings"

	"go.temporal.io/api/serviceerror"
	"google.golang.org/grpc/codes"
	grpcstatus "google.golang.org/grpc/status"
)

// A FailureKind is what the error of a request to Temporal says of the request.
type FailureKind int

// The kinds of failures. Only after OutcomeUnknown and Unreadable, the request may have been
// carried out.
const (
	OutcomeUnknown     FailureKind = iota // Temporal did not answer, or does not know
	Unreachable                           // the request did not reach Temporal
	Unsent                                // the client could not make the request
	TooOld                                // the server is older than [MinVersion]
	TooLarge                              // the request is larger than Temporal accepts
	Busy                                  // Temporal is over its limits
	Invalid                               // Temporal refused the request as invalid
	Forbidden                             // the client has no permission
	Unauthenticated                       // the client's credentials are not accepted
	NoNamespace                           // the namespace does not exist
	NoExecution                           // the execution does not exist, or no longer
	Unsupported                           // the server does not know the request
	PreconditionFailed                    // the state of the server or the execution does not allow it
	Unreadable                            // the client cannot read what Temporal has answered
)

// KindOf sorts the errors of requests to Temporal.
func KindOf(err error) FailureKind {
	var (
		unmade *unsentError
		unread *UnreadableError
		old    *oldServerError
	)
	switch {
	case errors.As(err, &old):
		return TooOld
	case isTooLarge(err):
		return TooLarge
	case neverSent(err), errors.As(err, &unmade) && TimedOut(err):
		return Unreachable
	case errors.As(err, &unmade):
		return Unsent
	case errors.As(err, &unread):
		return Unreadable
	}
	return refusedAs(err)
}

// refusedAs is the kind of a request that Temporal has answered with a refusal, after
// which nothing was done. It is [OutcomeUnknown] for the codes that can stand for a request
// which was carried out: Unavailable, DeadlineExceeded and Canceled, and Internal,
// DataLoss and Unknown, with which a server or a proxy says that it does not know itself.
func refusedAs(err error) FailureKind {
	switch codeOf(err) {
	case codes.ResourceExhausted:
		return Busy
	case codes.InvalidArgument, codes.OutOfRange:
		return Invalid
	case codes.PermissionDenied:
		return Forbidden
	case codes.Unauthenticated:
		return Unauthenticated
	case codes.NotFound:
		if _, gone := errors.AsType[*serviceerror.NamespaceNotFound](err); gone {
			return NoNamespace
		}
		return NoExecution
	case codes.Unimplemented:
		return Unsupported
	case codes.FailedPrecondition, codes.AlreadyExists, codes.Aborted:
		return PreconditionFailed
	}
	return OutcomeUnknown
}

// TooOldText is the text of the error of a server that is too old.
func TooOldText(err error) string {
	if old, ok := errors.AsType[*oldServerError](err); ok {
		return old.Error()
	}
	return ""
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

// An UnreadableError is that what Temporal has answered cannot be read: the client's
// data converter or payload codec failed.
type UnreadableError struct{ Err error }

func (e *UnreadableError) Error() string { return e.Err.Error() }

func (e *UnreadableError) Unwrap() error { return e.Err }

// neverSent reports whether a request surely did not reach Temporal: the SDK's
// client has not even learned what the server can do, as it does before its first
// request. Only the text tells. That there is no connection now says nothing: the
// client repeats requests automatically, and an earlier attempt may have arrived.
func neverSent(err error) bool { return strings.Contains(err.Error(), "failed reaching server") }

// FromService reports whether an error is that of a request to Temporal, and not of
// what was done with its answer.
func FromService(err error) bool {
	_, service := errors.AsType[serviceerror.ServiceError](err)
	return service || TimedOut(err)
}

// IsNotFound reports whether Temporal does not have what a request was about.
func IsNotFound(err error) bool {
	_, notFound := errors.AsType[*serviceerror.NotFound](err)
	return notFound
}

// unanswered reports whether a request failed without an answer of Temporal's.
func unanswered(err error) bool {
	_, unavailable := errors.AsType[*serviceerror.Unavailable](err)
	return unavailable || TimedOut(err)
}

// isTooLarge reports whether a request was refused for its size: by gRPC, or by
// Temporal (dynamic configuration limit.blobSize.error). Only the text tells.
func isTooLarge(err error) bool {
	text := strings.ToLower(err.Error())
	return strings.Contains(text, "larger than max") || strings.Contains(text, "exceeds") && strings.Contains(text, "limit")
}
