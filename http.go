package durablemcp

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/listen"
	"github.com/durablemcp/durablemcp/internal/redact"
)

// statelessProtocol is the first protocol version without sessions. Versions
// are dates: they compare as text.
const statelessProtocol = "2026-07-28"

// NewHTTPHandler returns a handler that serves MCP over streamable HTTP to
// every generation of client on one URL: clients up to protocol version
// 2025-11-25 in sessions, and clients of 2026-07-28 and later, which have none,
// one request at a time. The MCP SDK's handler does either.
//
// To the latter it also serves what the SDK's handler cannot: subscriptions to
// tasks (notifications/tasks), and the header Mcp-Name on requests about tasks,
// which must be the task's ID (SEP-2663, Routing Headers): another value is
// refused with the status 400 and the JSON-RPC error -32020. A missing header
// is let pass, although the specification asks clients for it: the SDK's own
// clients do not send it with methods that they do not know.
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
// are those that a proxy or a tunnel passes on with the public name. Set
// DisableLocalhostProtection in opts, and require authentication, or let the
// proxy send "Host: localhost". The first such request is logged, to the Logger
// in opts, or to [slog.Default].
//
// A nil opts is the same as the zero options; Stateless and
// PropagateRequestCancellation in it are ignored, because the client's
// protocol version decides them. Set SessionTimeout if clients come and go:
// by default, sessions of clients that never said goodbye stay for ever.
//
// A call of a session ends when its answer cannot be delivered any more: when the
// client's connection is gone, unless opts has an EventStore, and when the client
// deletes the session. When the [http.Server] shuts down, waiting calls answer
// that their workflows are still running, and streams end. None of this cancels
// a workflow.
//
// A browser page of another origin is the embedder's to refuse: wrap the
// handler with [http.CrossOriginProtection], and with authentication.
func NewHTTPHandler(server *mcp.Server, opts *mcp.StreamableHTTPOptions) http.Handler {
	var o mcp.StreamableHTTPOptions
	if opts != nil {
		o = *opts
	}
	getServer := func(*http.Request) *mcp.Server { return server }
	o.Stateless = false
	o.PropagateRequestCancellation = false
	sessions := mcp.NewStreamableHTTPHandler(getServer, &o)
	o.Stateless = true
	o.PropagateRequestCancellation = true // basic/transports: the POST is the request's whole life
	stateless := taskHandler(mcp.NewStreamableHTTPHandler(getServer, &o), o.MaxRequestBodyBytes)
	front := &httpFront{stateless: stateless, sessions: sessions, resumable: o.EventStore != nil}
	var served, refused sync.Once
	return http.HandlerFunc(func(response http.ResponseWriter, req *http.Request) {
		// Not before, so that all other middleware sees the contexts, too.
		served.Do(func() {
			if server != nil {
				server.AddReceivingMiddleware(requestContexts)
			}
		})
		w := newStreamWriter(response, req, func() {
			refused.Do(func() { logRefusedHost(o.Logger, req.Host) })
		})
		defer w.Close()
		w.Header().Set("X-Accel-Buffering", "no") // proxies must pass events on as they come
		front.ServeHTTP(w, req)
	})
}

// logRefusedHost says what to do about the requests through a proxy or a tunnel
// that the SDK refuses.
func logRefusedHost(logger *slog.Logger, host string) {
	if logger == nil {
		logger = slog.Default()
	}
	logger.Warn("durablemcp: a request was refused with the status 403: it came to a loopback address under another host name. "+
		"If it came through a proxy or tunnel of yours, let that send \"Host: localhost\", or set DisableLocalhostProtection in "+
		"the mcp.StreamableHTTPOptions and require authentication. Further ones are not logged.", "host", redact.Cut(host, 100))
}

// maxTaskBody is how large a request about tasks may be if the embedder sets no
// limit.
const maxTaskBody = 4 << 20

// taskHandler serves what is about tasks before next does. It goes by the header
// Mcp-Method, which next holds to the body.
func taskHandler(next http.Handler, maxBody int64) http.Handler {
	if maxBody <= 0 {
		maxBody = maxTaskBody
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		method := req.Header.Get("Mcp-Method")
		isTask := method == getTask || method == updateTask || method == cancelTask
		if req.Method != http.MethodPost || req.Body == nil || !isTask && method != listen.Method {
			next.ServeHTTP(w, req)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxBody))
		if err != nil {
			status := http.StatusBadRequest
			if _, large := errors.AsType[*http.MaxBytesError](err); large {
				status = http.StatusRequestEntityTooLarge
			}
			http.Error(w, err.Error(), status)
			return
		}
		message := readMessage(body)
		switch {
		case isTask && slices.ContainsFunc(req.Header.Values("Mcp-Name"), func(name string) bool { return !message.named(name) }):
			refuseName(w, message.ID)
		case method == listen.Method && message.Method == method:
			serveStream(next, w, req, message, body)
		default:
			next.ServeHTTP(w, withBody(req, body))
		}
	})
}

// serveStream serves a request for notifications, those about tasks among them.
func serveStream(next http.Handler, w http.ResponseWriter, req *http.Request, message *rpcMessage, body []byte) {
	writer, params := listen.NewWriter(w, message.ID, message.Params)
	if writer == nil {
		next.ServeHTTP(w, withBody(req, body))
		return
	}
	defer writer.Close()
	message.Params = params
	next.ServeHTTP(writer, withBody(req, mustMarshal(message)))
}

// withBody returns the request with a body that was read already.
func withBody(req *http.Request, body []byte) *http.Request {
	req = req.Clone(req.Context())
	req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return req
}

// An rpcMessage is a JSON-RPC request.
type rpcMessage struct {
	Version json.RawMessage `json:"jsonrpc"`
	ID      json.RawMessage `json:"id,omitempty"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params,omitempty"`
}

// readMessage reads a request by the exact names of its members, as the SDK
// does: a struct would take "PARAMS" for "params". Of what is no request, it
// returns what there is: next says what is wrong with it.
func readMessage(body []byte) *rpcMessage {
	var members map[string]json.RawMessage
	_ = json.Unmarshal(body, &members)
	m := &rpcMessage{Version: members["jsonrpc"], ID: members["id"], Params: members["params"]}
	_ = json.Unmarshal(members["method"], &m.Method)
	return m
}

// named reports whether the header Mcp-Name may stand with the message.
func (m *rpcMessage) named(header string) bool {
	if header == "" {
		return true
	}
	// SEP-2243, Value Encoding.
	if encoded, ok := strings.CutPrefix(header, "=?base64?"); ok && strings.HasSuffix(encoded, "?=") {
		decoded, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(encoded, "?="))
		if err != nil {
			return false
		}
		header = string(decoded)
	}
	var params map[string]json.RawMessage // exact names, as the SDK reads them
	var id string
	return json.Unmarshal(m.Params, &params) == nil && json.Unmarshal(params["taskId"], &id) == nil && id == header
}

func refuseName(w http.ResponseWriter, id json.RawMessage) {
	if id == nil {
		id = json.RawMessage("null")
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	_, _ = fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":%s}`, id,
		mustMarshal(rpcError(mcp.CodeHeaderMismatch, "The header Mcp-Name is not params.taskId.", nil)))
}
