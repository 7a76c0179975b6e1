package taskclient

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
)

// A TaskError says that [Client.Wait] has no result, and why: the task was
// cancelled, it failed, or it requires input that the client cannot give. The
// task's status tells which. If it failed, the error unwraps to the task's
// [*jsonrpc.Error].
type TaskError struct {
	// Task is the state that was read last.
	Task *Task
}

func (e *TaskError) Error() string {
	text := "taskclient: the task has no result: " + string(e.Task.Status) // without its ID, a secret
	if e.Task.StatusMessage != "" {
		text += ": " + e.Task.StatusMessage
	}
	if e.Task.Error != nil {
		text += fmt.Sprintf(": %s (code %d)", e.Task.Error.Message, e.Task.Error.Code)
	}
	return text
}

// Unwrap returns the error of a task that failed, or nil.
func (e *TaskError) Unwrap() error {
	if e.Task.Error == nil {
		return nil // not a nil pointer in an error
	}
	return e.Task.Error
}

// A SubscriptionError says that [Client.Listen] was not told about all tasks
// that it was called for. It comes last: the other ones have been yielded until
// they were done, or until the server ended the subscription.
type SubscriptionError struct {
	// TaskIDs are those that the server left out of its acknowledgement: it
	// does not know the tasks, or does not send notifications about them. It
	// is all of them if the server does not send such notifications.
	TaskIDs []string
}

func (e *SubscriptionError) Error() string {
	return fmt.Sprintf("the server does not send notifications about %d of the tasks", len(e.TaskIDs))
}

// methodError says which request an error belongs to.
func methodError(method string, err error) error {
	if rpc, ok := errors.AsType[*jsonrpc.Error](err); ok {
		return fmt.Errorf("taskclient: %s: %w (code %d)", method, err, rpc.Code)
	}
	return fmt.Errorf("taskclient: %s: %w", method, err)
}

// A networkError is a failure between client and server.
type networkError struct{ err error }

func (e *networkError) Error() string { return e.err.Error() }
func (e *networkError) Unwrap() error { return e.err }

// An httpError is an answer with a status other than 200.
type httpError struct {
	status int
	body   string
	rpc    error // the JSON-RPC error in the body, or nil
}

func (e *httpError) Error() string {
	if e.rpc != nil {
		return e.rpc.Error()
	}
	text := fmt.Sprintf("HTTP %d %s", e.status, http.StatusText(e.status))
	if e.body != "" {
		text += ": " + e.body
	}
	return text
}

func (e *httpError) Unwrap() error { return e.rpc }

// transient reports whether the same request may succeed later although
// nobody does anything about the error. An internal error of the server is as
// transient as the HTTP status of that name: the task's own failure has a
// status.
func transient(err error) bool {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return false
	}
	if e, ok := errors.AsType[*httpError](err); ok && (e.status >= http.StatusInternalServerError ||
		e.status == http.StatusRequestTimeout || e.status == http.StatusTooManyRequests) {
		return true
	}
	if e, ok := errors.AsType[*jsonrpc.Error](err); ok {
		return e.Code == jsonrpc.CodeInternalError
	}
	_, ok := errors.AsType[*networkError](err)
	return ok || errors.Is(err, context.DeadlineExceeded)
}
