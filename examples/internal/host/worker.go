package host

import (
	"context"
	"errors"
)

// A workerError says that the worker gave up: its namespace is gone, say.
type workerError struct{ err error }

func (e *workerError) Error() string { return "the worker stopped: " + e.err.Error() }
func (e *workerError) Unwrap() error { return e.err }

// FailWorker returns what a worker is to do when it cannot go on: end the
// context, with the reason as its cause.
func FailWorker(end context.CancelCauseFunc) func(error) {
	return func(err error) { end(&workerError{err}) }
}

// WorkerFailure returns why the worker ended the context, or nil if it did not.
func WorkerFailure(ctx context.Context) error {
	if failure, ok := errors.AsType[*workerError](context.Cause(ctx)); ok {
		return failure
	}
	return nil
}
