package taskclient

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// An exchange is one request as a fake server sees it.
type exchange struct {
	*jsonrpc.Request

	ctx  context.Context // done when the client has cancelled the request
	send func(jsonrpc.Message)
}

func (x *exchange) result(raw string) {
	x.send(&jsonrpc.Response{ID: x.ID, Result: json.RawMessage(raw)})
}

func (x *exchange) fail(code int64, message string) {
	x.send(&jsonrpc.Response{ID: x.ID, Error: &jsonrpc.Error{Code: code, Message: message}})
}

func (x *exchange) notify(method, params string) {
	x.send(&jsonrpc.Request{Method: method, Params: json.RawMessage(params)})
}

// acknowledge acknowledges a subscription for the given JSON list of tasks.
func (x *exchange) acknowledge(taskIDs string) {
	x.notify("notifications/subscriptions/acknowledged", fmt.Sprintf(
		`{"_meta":{"io.modelcontextprotocol/subscriptionId":%v},"notifications":{"taskIds":%s}}`, x.ID.Raw(), taskIDs))
}

// change tells of a task's state, for a subscription.
func (x *exchange) change(task string) {
	x.notify("notifications/tasks", fmt.Sprintf(`{"_meta":{"io.modelcontextprotocol/subscriptionId":%v},%s`, x.ID.Raw(), task[1:]))
}

// param returns a value of the request's params as JSON, or "" without one.
func (x *exchange) param(name string) string {
	var params map[string]json.RawMessage
	if err := json.Unmarshal(x.Params, &params); err != nil {
		panic(err)
	}
	return string(params[name])
}

type handler func(*exchange)

// onBoth runs a test over both transports. The client that connect makes does
// not sleep.
func onBoth(t *testing.T, test func(t *testing.T, connect func(*Options, handler) *Client)) {
	t.Helper()
	t.Run("HTTP", func(t *testing.T) {
		t.Parallel()
		test(t, func(opts *Options, h handler) *Client { return awake(overHTTP(t, opts, serveHTTP(h))) })
	})
	t.Run("connection", func(t *testing.T) {
		t.Parallel()
		test(t, func(opts *Options, h handler) *Client { return awake(overConn(t, opts, h)) })
	})
}

// awake makes a client that does not sleep.
func awake(c *Client) *Client {
	c.sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	return c
}

func overHTTP(t *testing.T, opts *Options, h http.Handler) *Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	var o Options
	if opts != nil {
		o = *opts
	}
	o.HTTPClient = server.Client()
	return NewHTTP(server.URL, &o)
}

// serveHTTP answers with JSON, or with an event stream if there is more than
// the response.
func serveHTTP(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		msg, err := jsonrpc.DecodeMessage(body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		streaming := false
		h(&exchange{Request: msg.(*jsonrpc.Request), ctx: req.Context(), send: func(msg jsonrpc.Message) {
			data, _ := jsonrpc.EncodeMessage(msg)
			response, isResponse := msg.(*jsonrpc.Response)
			switch {
			case streaming, !isResponse:
				streaming = true
				w.Header().Set("Content-Type", "text/event-stream")
				fmt.Fprintf(w, ": keep-alive\r\n\nid: 7\nevent: message\ndata: %s\n\n", data)
				_ = http.NewResponseController(w).Flush()
				return
			case response.Error != nil:
				w.Header().Set("Content-Type", "application/json; charset=utf-8")
				w.WriteHeader(http.StatusBadRequest)
			default:
				w.Header().Set("Content-Type", "application/json")
			}
			_, _ = w.Write(data)
		}})
		if !streaming && w.Header().Get("Content-Type") == "" {
			w.Header().Set("Content-Type", "text/event-stream") // an empty stream
		}
	})
}

// overConn returns a client and serves the other end of its connection. A
// handler that returns without a response to a subscription has it ended.
func overConn(t *testing.T, opts *Options, h handler) *Client {
	t.Helper()
	conn, client := pipe(t, opts)
	var mu sync.Mutex
	cancels := map[jsonrpc.ID]context.CancelFunc{}
	go func() {
		for {
			msg, err := conn.Read(context.Background())
			if err != nil {
				return
			}
			req := msg.(*jsonrpc.Request)
			mu.Lock()
			if req.Method == "notifications/cancelled" {
				var params mcp.CancelledParams
				_ = json.Unmarshal(req.Params, &params)
				id, _ := jsonrpc.MakeID(params.RequestID)
				cancels[id]()
				mu.Unlock()
				continue
			}
			ctx, cancel := context.WithCancel(context.Background())
			cancels[req.ID] = cancel
			mu.Unlock()
			go serveConn(ctx, conn, req, h)
		}
	}()
	return client
}

func serveConn(ctx context.Context, conn mcp.Connection, req *jsonrpc.Request, h handler) {
	answered := false
	h(&exchange{Request: req, ctx: ctx, send: func(msg jsonrpc.Message) {
		if _, ok := msg.(*jsonrpc.Response); ok {
			answered = true
		}
		_ = conn.Write(context.Background(), msg)
	}})
	if !answered && ctx.Err() == nil {
		_ = conn.Write(context.Background(), &jsonrpc.Request{
			Method: "notifications/cancelled", Params: fmt.Appendf(nil, `{"requestId":%v}`, req.ID.Raw()),
		})
	}
}

// pipe returns a client and the other end of its connection, which does
// nothing by itself.
func pipe(t *testing.T, opts *Options) (mcp.Connection, *Client) {
	t.Helper()
	a, b := mcp.NewInMemoryTransports()
	server, err := a.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := b.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	client := New(conn, opts)
	t.Cleanup(func() { client.Close(); server.Close() })
	return server, client
}

// state is a task's state as the server sends it. It was updated at the given
// minute; more are further fields.
func state(id string, status Status, minute int, more string) string {
	return fmt.Sprintf(`{"resultType":"complete","taskId":%q,"status":%q,`+
		`"createdAt":"2026-08-01T10:00:00Z","lastUpdatedAt":"2026-08-01T10:%02d:00Z","ttlMs":null%s}`, id, status, minute, more)
}

const (
	okResult   = `,"result":{"content":[{"type":"text","text":"done"}]}`
	askName    = `,"inputRequests":{"name":{"method":"elicitation/create","params":{"mode":"form","message":"Name?","requestedSchema":{"type":"object"}}}}`
	askForm    = `{"method":"elicitation/create","params":{"mode":"form","message":"?"}}`
	askOutside = `,"inputRequests":{"roots":{"method":"roots/list"}}`
)

// inTurn answers with one handler after the other, and with the last one from
// then on.
func inTurn(handlers ...handler) handler {
	var mu sync.Mutex
	return func(x *exchange) {
		mu.Lock()
		h := handlers[0]
		if len(handlers) > 1 {
			handlers = handlers[1:]
		}
		mu.Unlock()
		h(x)
	}
}

func result(raw string) handler { return func(x *exchange) { x.result(raw) } }

func failure(code int64, message string) handler {
	return func(x *exchange) { x.fail(code, message) }
}

// methods gives each method a handler.
func methods(handlers map[string]handler) handler {
	return func(x *exchange) {
		h, ok := handlers[x.Method]
		if !ok {
			h = failure(jsonrpc.CodeMethodNotFound, "method not found")
		}
		h(x)
	}
}

func text(t *testing.T, result *mcp.CallToolResult) string {
	t.Helper()
	if result == nil || len(result.Content) != 1 {
		t.Fatalf("found the result %+v; want one with a text", result)
	}
	return result.Content[0].(*mcp.TextContent).Text
}
