// Package execution is the Temporal side of a tool: it starts, describes, follows, watches and
// cancels workflow executions, sends them answers, and explains their failures and those of
// requests. It does not know MCP.
package execution

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/durablemcp/durablemcp/internal/idtemplate"
)

// Key is a workflow as arguments name it. The run ID may be empty.
type Key struct{ ID, RunID string }

// RequestTimeout bounds the requests that start, look up or signal a workflow,
// so that a call says soon that Temporal is away.
const RequestTimeout = 10 * time.Second

// LookTimeout bounds the requests that say what a running workflow does: the
// answer that it is running must not wait for them for long.
const LookTimeout = 3 * time.Second

// A Client is the Temporal client of one Mount, and what was learned
// through it.
type Client struct {
	client.Client
	Options

	// decoder reads memo fields with the client's data converter, which can be
	// reached in no other way: it is any description that the client has made.
	decoder atomic.Pointer[client.WorkflowExecutionDescription]

	kept retention

	clock clock

	Waits WaitLimit // of what waits for workflows

	version serverVersion

	away atomic.Bool // Temporal has not answered a request that starts a workflow
}

// Options are those of durablemcp.Options that matter here.
type Options struct {
	Namespace string
	Logger    *slog.Logger
	Redact    func(text string) string // see Options.RedactError
}

// New returns a client that makes its requests through c.
func New(c client.Client, o Options) *Client {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Redact == nil {
		o.Redact = func(text string) string { return text }
	}
	return &Client{Client: c, Options: o}
}

// Log writes what a person has to look into.
func (c *Client) Log(ctx context.Context, msg string, args ...any) {
	c.Logger.WarnContext(ctx, "durablemcp: "+msg, args...)
}

// Contain keeps a panic in a goroutine, such as in a user's data converter, from taking the
// process down. It must be deferred.
func (c *Client) Contain(ctx context.Context, doing string) {
	if p := recover(); p != nil {
		c.Logger.ErrorContext(ctx, "durablemcp: "+doing+" panicked", "panic", p, "stack", string(debug.Stack()))
	}
}

// Cancel asks Temporal to cancel the work that an execution is part of, whichever
// run of the chain it is at. Temporal takes the cancellation of a run that has
// ended for a success, also if the work goes on in another.
func (c *Client) Cancel(ctx context.Context, e *Execution, reason string) error {
	return c.CancelWorkflowWithOptions(ctx, client.CancelWorkflowOptions{
		WorkflowID: e.ID, RunID: e.RunID, FirstExecutionRunID: e.FirstRunID, Reason: reason,
	})
}

// IsAbsent reports whether a request failed because there is no such workflow. A
// malformed run ID makes the request invalid.
func IsAbsent(err error, key Key) bool {
	_, notFound := errors.AsType[*serviceerror.NotFound](err)
	_, invalid := errors.AsType[*serviceerror.InvalidArgument](err)
	return notFound || invalid && (key.RunID != "" || len(key.ID) > idtemplate.MaxLength)
}
