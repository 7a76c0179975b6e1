package durablemcp

import (
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// statelessProtocol is the first protocol version without sessions. Versions
// are dates: they compare as text.
const statelessProtocol = "2026-07-28"

// NewHTTPHandler returns a handler that serves MCP over streamable HTTP to
// every generation of client on one URL: clients up to protocol version
// 2025-11-25 in sessions, and clients of 2026-07-28 and later, which have none,
// one request at a time. The MCP SDK's handler does either.
//
// A nil opts is the same as the zero options; Stateless and
// PropagateRequestCancellation in it are ignored, because the client's
// protocol version decides them. Set SessionTimeout if clients come and go:
// by default, sessions of clients that never said goodbye stay for ever.
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
	stateless := mcp.NewStreamableHTTPHandler(getServer, &o)
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Header.Get("Mcp-Protocol-Version") >= statelessProtocol {
			stateless.ServeHTTP(w, req)
			return
		}
		sessions.ServeHTTP(w, req)
	})
}
