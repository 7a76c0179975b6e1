// Package httpserver serves MCP over streamable HTTP to all generations of clients on one URL. It
// picks the handler of the SDK for each request, notices when a client disconnects, carries the
// values of each request's context, and lifts the server's write timeout for streams.
package httpserver

import (
	"log/slog"
	"net/http"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/lifetime"
	"github.com/durablemcp/durablemcp/internal/listen"
	"github.com/durablemcp/durablemcp/internal/peer"
	"github.com/durablemcp/durablemcp/internal/redact"
	"github.com/durablemcp/durablemcp/internal/task"
)

// NewHandler is NewHTTPHandler of package durablemcp.
func NewHandler(server *mcp.Server, opts *mcp.StreamableHTTPOptions) http.Handler {
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
	stateless := task.NewHandler(mcp.NewStreamableHTTPHandler(getServer, &o), o.MaxRequestBodyBytes)
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

// An httpFront passes requests on to the handler for their generation of client,
// with what is known of how long their answers are wanted.
type httpFront struct {
	stateless, sessions http.Handler
	resumable           bool // a client of a session can get an answer later
	shutdowns           lifetime.Shutdowns
	lives               lifetime.Sessions
}

func (f *httpFront) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	life := lifetime.Lifetime{Closing: f.shutdowns.Closing(req)}
	inSession := req.Header.Get("Mcp-Protocol-Version") < peer.StatelessProtocol
	if req.Method == http.MethodGet || !inSession && req.Header.Get("Mcp-Method") == listen.Method {
		// The response of a stream has no end of its own.
		ctx, stop := lifetime.UntilClosed(req.Context(), life.Closing)
		defer stop()
		req = req.WithContext(ctx)
	}
	if !inSession {
		f.stateless.ServeHTTP(w, life.Attach(req))
		return
	}
	switch req.Method {
	case http.MethodPost:
		if !f.resumable {
			life.Request = req.Context()
		}
		if life.Session = f.lives.Open(req); life.Session != nil {
			defer life.Session.Release()
		}
	case http.MethodDelete:
		f.lives.End(req) // the SDK waits for the session's calls
	}
	f.sessions.ServeHTTP(w, carryValues(life.Attach(req)))
}
