package durablemcp

import (
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/httpserver"
)

// NewHTTPHandler returns a handler that serves MCP over streamable HTTP to
// every generation of client on one URL: clients up to protocol version
// 2025-11-25 in sessions, and clients of 2026-07-28 and later, which have none,
// one request at a time. The MCP SDK's handler does either.
//
// To the latter it also serves what the SDK's handler cannot: subscriptions to
// tasks (notifications/tasks), and the header Mcp-Name on requests about tasks,
// which must be the task's ID (SEP-2663, Routing Headers): another value is
// refused with the status 400 and the JSON-RPC error -32020. A missing header
// is accepted, although the specification asks clients for it: the SDK's own clients do
// not send it with methods that they do not know.
//
// The context of a request has the values of its own HTTP request's context,
// such as HTTP middleware adds, for every generation of client: for
// [Options.Principal] and the other hooks, for Temporal's context propagators and
// interceptors, and for the server's own tools and receiving middleware. (In a
// session, the SDK's handler shows them those of the session's first HTTP
// request.) For this, the handler adds receiving middleware to the server when
// it serves its first request.
//
// Waiting calls and streams outlast the WriteTimeout of the [http.Server], which
// bounds each write instead. Middleware that wraps the [http.ResponseWriter] must
// have an Unwrap method for that, as [http.ResponseController] wants it.
//
// Requests to a loopback address that name another host are refused with the
// status 403, "invalid Host header": the SDK's protection from DNS rebinding. So
// are those that a proxy or a tunnel forwards with the public name. Set
// DisableLocalhostProtection in opts, and require authentication, or let the
// proxy send "Host: localhost". The first such request is logged, to the Logger
// in opts, or to [slog.Default].
//
// A nil opts is the same as the zero options; Stateless and
// PropagateRequestCancellation in it are ignored, because the client's
// protocol version decides them. Set SessionTimeout if clients come and go:
// by default, abandoned sessions are kept indefinitely.
//
// A call of a session ends when its answer cannot be delivered any more: when the
// client's connection is gone, unless opts has an EventStore, and when the client
// deletes the session. When the [http.Server] shuts down, waiting calls answer
// that their workflows are still running, and streams end. None of this cancels
// a workflow.
//
// The handler does not check Origin: wrap it with [http.CrossOriginProtection], and with
// authentication.
func NewHTTPHandler(server *mcp.Server, opts *mcp.StreamableHTTPOptions) http.Handler {
	return httpserver.NewHandler(server, opts)
}
