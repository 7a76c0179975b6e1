package e2e

import (
	"context"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp"
)

// A recorder is receiving middleware that notes the requests that it sees, and
// refuses those of some methods.
type recorder struct {
	mu      sync.Mutex
	methods []string
	refused atomic.Value // a method
}

func (r *recorder) middleware(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
		if strings.HasPrefix(method, "notifications/") {
			return next(ctx, method, req)
		}
		r.mu.Lock()
		r.methods = append(r.methods, method)
		r.mu.Unlock()
		if method == r.refused.Load() {
			return nil, &jsonrpc.Error{Code: -32099, Message: "the middleware says no"}
		}
		ctx, cancel := context.WithCancel(ctx) // as middleware does that measures or limits
		defer cancel()
		return next(ctx, method, req)
	}
}

// seen returns the methods that were seen since the last time.
func (r *recorder) seen() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	methods := r.methods
	r.methods = nil
	return methods
}

// TestMiddlewareOrder checks that middleware sees what the library serves,
// whether it was added before Mount, between two Mounts, or after, and that it
// can refuse all of it.
func TestMiddlewareOrder(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64 // Options.Principal, which every request needs that is not refused
	counting := func(context.Context, mcp.Request) (string, error) {
		asked.Add(1)
		return "", nil
	}
	r := setUpTasks(t, options{Options: durablemcp.Options{Principal: counting}})
	var recorders [3]recorder
	server := mcp.NewServer(&mcp.Implementation{Name: "e2e", Version: "1"}, nil)
	server.AddReceivingMiddleware(recorders[0].middleware)
	mountOn(t, server, r.temporal, r.options.Options, r.tools(r.queue)...)
	server.AddReceivingMiddleware(recorders[1].middleware)
	another := r.tools(r.queue)[0].(durablemcp.WorkflowTool)
	another.Name = "another"
	mountOn(t, server, r.temporal, r.options.Options, another)
	server.AddReceivingMiddleware(recorders[2].middleware)
	web := httptest.NewServer(durablemcp.NewHTTPHandler(server, nil))
	t.Cleanup(web.Close)

	for name, c := range map[string]rawPeer{"http": newRawPeer(webWire{url: web.URL}), "pipe": newRawPeer(pipeTo(t, server))} {
		first, second := c.start(t, "puppet", name).TaskID, c.start(t, "another", name+"2").TaskID
		all := map[string]func() rawMessage{
			"subscriptions/listen": func() rawMessage {
				s := c.open(t, "subscriptions/listen", `"notifications":{"taskIds":["`+first+`","`+second+`"]}`)
				m := s.next(t)
				if m.Error == nil { // acknowledged: the tasks follow
					s.next(t)
					s.next(t)
				}
				s.cancel()
				return m
			},
			"tools/call": func() rawMessage {
				return c.declaring(declaresNothing).callTool(t, "puppet_required", `{"name":"`+name+`"}`)
			},
		}
		for _, method := range taskMethods {
			all[method] = func() rawMessage {
				c.about(t, method, second)
				return c.about(t, method, first)
			}
		}
		for i := range recorders {
			recorders[i].seen()
		}
		for method, request := range all {
			want := []string{method}
			if slices.Contains(taskMethods, method) {
				want = []string{method, method}
			}
			request()
			for i := range recorders {
				if got := recorders[i].seen(); !slices.Equal(got, want) {
					t.Errorf("%s: the middleware %d has seen %q; want %q", name, i, got, want)
				}
			}
			for i := range recorders {
				recorders[i].refused.Store(method)
				before := asked.Load()
				m := request()
				if wantError(t, m, -32099, ""); asked.Load() != before {
					t.Errorf("%s: %s was refused by the middleware %d, and made nevertheless", name, method, i)
				}
				recorders[i].refused.Store("")
				for j := range recorders {
					recorders[j].seen()
				}
			}
		}
	}
}
