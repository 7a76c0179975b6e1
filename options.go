package durablemcp

import (
	"context"
	"log/slog"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/sdk/client"
)

// DefaultWait is the default of [Options.Wait]. It stays below the 60 seconds
// after which most MCP clients give up on a request.
const DefaultWait = 45 * time.Second

// DefaultInlineWait is the default of [Options.InlineWait].
const DefaultInlineWait = time.Second

// DefaultMaxBytes is the default of [Options.MaxArgumentBytes] and
// [Options.MaxResultBytes].
const DefaultMaxBytes = 1 << 20

// DefaultMaxWaiting is the default of [Options.MaxWaiting].
const DefaultMaxWaiting = 10_000

// DefaultNamespace is the default of [Options.Namespace].
const DefaultNamespace = client.DefaultNamespace

// Options configures a [Registry].
type Options struct {
	// Wait is how long a call waits for its workflow before it answers that
	// the workflow is still running. If zero, defaults to [DefaultWait].
	// [WorkflowTool.Wait] overrides it for one tool.
	//
	// A waiting call costs Temporal a long poll every 20 seconds and a look at
	// the workflow every minute, which is 4 requests a minute while nothing
	// happens; another look for each change that clients can see, at most 10 a
	// second; and one every 2 seconds while activities are pending and the client
	// has asked for progress.
	Wait time.Duration

	// InlineWait is how long a call of a client that has declared the tasks
	// extension waits for its workflow, before it answers with a task. If zero,
	// defaults to [DefaultInlineWait].
	InlineWait time.Duration

	// MaxArgumentBytes is how long the JSON of a call's arguments can be; longer
	// ones are refused before anything is done. If zero, defaults to
	// [DefaultMaxBytes]. Temporal's own limit is 2 MiB unless it is configured.
	MaxArgumentBytes int

	// IgnoreArguments names arguments that clients add to those of the model, such as
	// n8n's "toolCallId". Every tool drops them, unless it has an argument of that
	// name. If empty, they are refused, as any argument is that a tool does not have;
	// the log says so if nothing else is wrong with a call.
	IgnoreArguments []string

	// MaxResultBytes is how long the JSON of a result can be. A longer result is
	// returned as an error that holds its beginning; the workflow has completed.
	// If zero, defaults to [DefaultMaxBytes].
	MaxResultBytes int

	// MaxWaiting is how many calls can wait for their workflows, and tasks be
	// subscribed to, at a time, on each server that the registry is mounted on:
	// each costs Temporal a long poll. Calls beyond the limit return after 200 ms,
	// as if Wait had elapsed, and further subscriptions are not accepted. If zero, defaults to [DefaultMaxWaiting].
	//
	// One principal has at most as many of them as are left free, which is half
	// of all if there is no other: set MaxWaiting to twice what you need if all
	// callers have one name. Callers without a name have no such limit.
	//
	// A call waits no longer, and a subscription lasts no longer, than the access
	// token with which it was made.
	MaxWaiting int

	// Secret is mixed into task IDs and into the state of calls that wait for
	// an answer. If set, people who can read the Temporal namespace cannot make
	// them. All servers that serve the same tasks need the same Secret. Changing it
	// invalidates all outstanding task IDs and request states.
	Secret []byte

	// WebUIURL is the address of the Temporal Web UI, such as
	// "http://localhost:8233". If set, every result links to its workflow
	// there; if empty, results have no link.
	WebUIURL string

	// Claims says what workflows learn of a caller beside the principal, such as the
	// display name that the access token has (see [Sender]). It stands in memos and
	// histories: nothing secret belongs there. All of it has at most 2000 bytes as JSON;
	// a call of a principal with more is an error. It is called with each request, must be
	// quick, and may be called concurrently. If nil, workflows learn the principal alone.
	Claims func(Caller) map[string]string

	// Namespace is the Temporal namespace of the client given to
	// [Registry.Mount], which does not tell. Links to the Web UI need it, and so do the
	// reasons for which workflow tasks fail and workflows ended, and how long tasks
	// are kept; with another one, those are missing, and an update that can be repeated
	// costs more requests. If empty, defaults to [DefaultNamespace].
	Namespace string

	// Principal returns the caller's identity, which owns the workflows that the
	// caller starts and is part of their IDs. An error refuses the call. If nil, it is the subject
	// of the verified bearer token ([auth.TokenInfo.UserID]) over HTTP and empty
	// elsewhere.
	//
	// Callers with the empty name are one anonymous owner. The empty name is
	// therefore refused on requests with a verified token: set Principal if the
	// tokens have no subject.
	//
	// A name has at most 1000 bytes; callers with longer ones are refused.
	//
	// Over HTTP, ctx has the values that HTTP middleware gave to this request, if
	// [NewHTTPHandler] serves it. With the MCP SDK's own handler, in a session of
	// an old client, they are those of the session's first request.
	//
	// [auth.TokenInfo.UserID]: https://pkg.go.dev/github.com/modelcontextprotocol/go-sdk/auth#TokenInfo
	Principal func(ctx context.Context, req mcp.Request) (string, error)

	// RedactError, if not nil, changes what clients see of errors: the messages and
	// causes of failed workflows and activities, and why a workflow was ended.
	// It is given one text at a time, without the credentials, internal hosts
	// and stack traces that the library recognizes, and returns what may be
	// shown: names of customers and of machines that only the embedder knows do not
	// belong there. It must be safe for concurrent use. A text for which it panics is
	// not shown.
	RedactError func(text string) string

	// EagerStart lets a workflow start in a worker of this process without a
	// round trip through the task queue (Temporal's eager workflow start), which
	// shortens a call by some 10 to 40 ms. It takes effect if the process has a
	// worker for the task queue on the client given to [Registry.Mount]. Leave it
	// unset where worker versioning decides which build a workflow runs on: an
	// eager start takes the worker of this process, whatever the current build is
	// (server v1.32.1).
	EagerStart bool

	// Logger receives details that are withheld from clients: failures whose
	// causes must not reach a model. If nil, defaults to [slog.Default].
	Logger *slog.Logger
}

// tokenSubject is the default of [Options.Principal].
func tokenSubject(_ context.Context, req mcp.Request) (string, error) {
	if extra := req.GetExtra(); extra != nil && extra.TokenInfo != nil {
		return extra.TokenInfo.UserID, nil
	}
	return "", nil
}

// MinTemporalVersion is the oldest version of the Temporal server that the
// package works with: the first that tells which run a chain of runs began with.
// On an older one, calls that need it say so.
const MinTemporalVersion = "1.25.0"
