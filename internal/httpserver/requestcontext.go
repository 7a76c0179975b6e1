package httpserver

import (
	"context"
	"crypto/rand"
	"net/http"
	"runtime"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// In a session over HTTP, the MCP SDK derives the context of every request from
// that of the session's first HTTP request: it has the values of whoever opened
// the session. Of each HTTP request, the SDK forwards only the headers. One
// of them therefore refers to the values of the request's own context.

// contextHeader refers to a value of requestValues.
const contextHeader = "Durablemcp-Context"

// requestValues are the contexts of HTTP requests, without cancellation, by the
// value of contextHeader.
var requestValues sync.Map

// firstValuesKey is the key of the values of the session's first HTTP request.
type firstValuesKey struct{}

// carryValues returns the request in a form in which the values of its context
// reach [requestContexts]. They are kept for as long as anything refers to the
// returned request's headers: a message can be handled after its HTTP request.
func carryValues(req *http.Request) *http.Request {
	values := context.WithoutCancel(req.Context())
	token := []string{rand.Text()}
	runtime.AddCleanup(&token[0], func(token string) { requestValues.Delete(token) }, token[0])
	requestValues.Store(token[0], values)
	req = req.Clone(context.WithValue(req.Context(), firstValuesKey{}, values))
	req.Header[contextHeader] = token // whatever the client has sent under this name
	return req
}

// requestContexts is receiving middleware that gives each request the values of
// its own HTTP request's context. Cancellation and deadline stay as they are.
func requestContexts(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) { //nolint:contextcheck // it inherits ctx
		first, inSession := ctx.Value(firstValuesKey{}).(context.Context)
		if extra := req.GetExtra(); inSession && extra != nil {
			if values, ok := requestValues.Load(extra.Header.Get(contextHeader)); ok {
				ctx = requestContext{Context: ctx, first: first, request: values.(context.Context)} //nolint:forcetypeassert // carryValues stored it
				extra.Header = extra.Header.Clone()
				extra.Header.Del(contextHeader)
			}
		}
		return next(ctx, method, req)
	}
}

// A requestContext has the values of one HTTP request in place of those of the
// session's first one.
type requestContext struct {
	context.Context                 //nolint:containedctx // the SDK's
	first, request  context.Context //nolint:containedctx // whose values it has
}

func (c requestContext) Value(key any) any {
	if c.first.Value(key) == nil { // the SDK's own, such as the ID of the request
		if value := c.Context.Value(key); value != nil {
			return value
		}
	}
	return c.request.Value(key)
}
