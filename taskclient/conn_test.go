package taskclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Calls in flight at the same time get their own answers, in whatever order.
func TestConcurrentCalls(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, connect func(*Options, handler) *Client) {
		const calls = 20
		var all sync.WaitGroup
		all.Add(calls)
		c := connect(nil, func(x *exchange) {
			all.Done()
			all.Wait()
			x.result(state(strings.Trim(x.param("taskId"), `"`), Working, 1, ""))
		})
		var clients sync.WaitGroup
		for i := range calls {
			clients.Go(func() {
				id := fmt.Sprintf("t%d", i)
				if task, err := c.Get(t.Context(), id); err != nil || task.ID != id {
					t.Errorf("found %+v, %v; want the task %s", task, err, id)
				}
			})
		}
		clients.Wait()
		if conn, ok := c.transport.(*connTransport); ok && len(conn.pending) != 0 {
			t.Errorf("%d calls are still remembered", len(conn.pending))
		}
	})
}

// Two subscriptions on one connection do not hear each other, and one of a slow
// caller does not hold up the rest.
func TestSubscriptionsOnOneConnection(t *testing.T) {
	t.Parallel()
	second, changed := make(chan *exchange), make(chan struct{})
	c := overConn(t, nil, methods(map[string]handler{
		"tasks/get": func(x *exchange) { x.result(state(strings.Trim(x.param("taskId"), `"`), Working, 1, "")) },
		"subscriptions/listen": func(x *exchange) {
			x.acknowledge(`["t1","t2"]`)
			if strings.Contains(x.param("notifications"), "t2") {
				second <- x
				<-x.ctx.Done()
				return
			}
			other := <-second
			other.change(state("t1", Failed, 2, `,"error":{"code":1,"message":"not for the first one"}`))
			for range 10 {
				x.notify("notifications/tasks", state("t1", Cancelled, 2, "")) // it could be for either
				x.change(state("t1", Working, 2, ""))
			}
			close(changed)
			<-x.ctx.Done()
		},
	}))
	seen := 0
	for task, err := range c.Listen(t.Context(), "t1") {
		if err != nil || task.Status != Working {
			t.Fatalf("found %+v, %v; want only what is for this subscription", task, err)
		}
		if seen++; seen == 1 {
			for task, err := range c.Listen(t.Context(), "t2") { // while the first one is not read
				if err != nil || task.ID != "t2" {
					t.Errorf("found %+v, %v", task, err)
				}
				<-changed
				if _, err := c.Get(t.Context(), "t2"); err != nil { // its answer comes after the changes
					t.Error(err)
				}
				break
			}
		}
		if seen == 11 {
			break
		}
	}
}

// A notification without a subscription ID is for the only subscription.
func TestNotificationWithoutID(t *testing.T) {
	t.Parallel()
	c := overConn(t, nil, methods(map[string]handler{
		"tasks/get": result(state("t1", Working, 1, "")),
		"subscriptions/listen": func(x *exchange) {
			x.notify("notifications/subscriptions/acknowledged", `{"notifications":{"taskIds":["t1"]}}`)
			x.notify("notifications/tasks", `{"_meta":{"io.modelcontextprotocol/subscriptionId":77}}`)
			x.notify("notifications/tasks", `{"_meta":{"io.modelcontextprotocol/subscriptionId":[]}}`)
			x.notify("notifications/tasks", `[]`)
			x.notify("notifications/cancelled", `{"requestId":77}`)
			x.send(&jsonrpc.Response{ID: must(jsonrpc.MakeID("unknown"))})
			x.send(&jsonrpc.Request{ID: must(jsonrpc.MakeID(1.0)), Method: "ping"}) // no server of this version does
			x.notify("notifications/tasks", state("t1", Cancelled, 2, ""))
			<-x.ctx.Done()
		},
	}))
	var end Status
	for task, err := range c.Listen(t.Context(), "t1") {
		if err != nil {
			t.Fatal(err)
		}
		end = task.Status
	}
	if end != Cancelled {
		t.Errorf("found the last state %q", end)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Calls on one connection do not get the progress of others.
func TestProgressTokens(t *testing.T) {
	t.Parallel()
	var seen []any
	c := overConn(t, &Options{OnProgress: func(p *mcp.ProgressNotificationParams) { seen = append(seen, p.ProgressToken) }}, func(x *exchange) {
		for _, token := range []string{`"b"`, `1`, `[]`, `null`, `"a"`} {
			x.notify("notifications/progress", `{"progress":1,"progressToken":`+token+`}`)
		}
		x.result(`{"content":[]}`)
	})
	params := &mcp.CallToolParams{Name: "pay"}
	if _, err := c.CallTool(t.Context(), params); err != nil || len(seen) != 0 {
		t.Errorf("found the progress of %v, %v; want none without a token", seen, err)
	}
	params.SetProgressToken("a")
	if _, err := c.CallTool(t.Context(), params); err != nil || len(seen) != 1 || seen[0] != "a" {
		t.Errorf("found the progress of %v, %v; want a's", seen, err)
	}
}

// The server cannot end a call as if it had succeeded.
func TestCancelledByServer(t *testing.T) {
	t.Parallel()
	c := overConn(t, nil, func(x *exchange) {
		x.notify("notifications/cancelled", fmt.Sprintf(`{"requestId":%v}`, x.ID.Raw()))
		x.result(`{"content":[{"type":"text","text":"done"}]}`)
	})
	outcome, err := c.CallTool(t.Context(), &mcp.CallToolParams{Name: "pay"})
	if err != nil || text(t, outcome.Result) != "done" {
		t.Errorf("found %+v, %v", outcome, err)
	}
}

// A caller that does not read its notifications cannot fill the memory.
func TestUnread(t *testing.T) {
	t.Parallel()
	id := must(jsonrpc.MakeID(1.0))
	subscription := newInbox(&call{Request: &jsonrpc.Request{ID: id, Method: methodListen}})
	progress := newInbox(&call{Request: &jsonrpc.Request{ID: id, Method: "tools/call"}, progressToken: "p"})
	for range maxUnread + 1 {
		subscription.push(&jsonrpc.Request{Method: notificationTask})
		progress.push(&jsonrpc.Request{Method: notificationProgress})
	}
	if _, err := subscription.pop(); !errors.Is(err, errUnread) {
		t.Errorf("found the error %v; want %v", err, errUnread)
	}
	progress.push(&jsonrpc.Response{ID: id})
	for range maxUnread {
		if msg, err := progress.pop(); err != nil || msg == nil {
			t.Fatalf("found %v, %v; want what was kept", msg, err)
		}
	}
	if msg, err := progress.pop(); err != nil {
		t.Error(err)
	} else if _, ok := msg.(*jsonrpc.Response); !ok {
		t.Errorf("found %v; want the response", msg)
	}
}

// A server that does not read cannot keep a call longer than its context.
func TestServerDoesNotRead(t *testing.T) {
	t.Parallel()
	_, c := pipe(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Cancel(ctx, "t1"); !errors.Is(err, context.Canceled) {
		t.Errorf("found the error %v; want that of the context", err)
	}
	writing := make(chan struct{})
	_, end := mcp.NewInMemoryTransports()
	c = New(&slowConn{Connection: must(end.Connect(t.Context())), writing: writing}, nil)
	t.Cleanup(func() { _ = c.Close() })
	ctx, cancel = context.WithCancel(t.Context())
	go func() { <-writing; cancel() }()
	if err := c.Cancel(ctx, "t1"); !errors.Is(err, context.Canceled) {
		t.Errorf("found the error %v; want that of the context", err)
	}
}

// A slowConn tells when it begins to write.
type slowConn struct {
	mcp.Connection
	writing chan struct{}
}

func (c *slowConn) Write(ctx context.Context, msg jsonrpc.Message) error {
	close(c.writing)
	return c.Connection.Write(ctx, msg)
}

// Whatever is not a message ends the connection, and with it all its calls.
func TestMalformedConnection(t *testing.T) {
	t.Parallel()
	for name, line := range map[string]string{
		"end":      "",
		"no JSON":  "hello\n",
		"no RPC":   "{}\n",
		"null ID":  `{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"parse error"}}` + "\n",
		"too long": `{"jsonrpc":"2.0","id":1,"result":"` + strings.Repeat("x", 1<<12) + `"}` + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in, out := io.Pipe()
			requests, reading := io.Pipe()
			conn, err := (&mcp.IOTransport{Reader: in, Writer: reading, MaxLineLength: 1 << 12}).Connect(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			c, closed := New(conn, nil), make(chan struct{})
			go func() {
				defer close(closed)
				buf := make([]byte, 1<<16)
				_, _ = requests.Read(buf)
				_, _ = io.WriteString(out, line)
				_ = out.Close()
				_, _ = io.Copy(io.Discard, requests)
			}()
			for range 2 { // it stays closed
				err := c.Cancel(t.Context(), "t1")
				if _, ok := errors.AsType[*jsonrpc.Error](err); !errors.Is(err, mcp.ErrConnectionClosed) || ok || transient(err) {
					t.Errorf("found the error %v; want mcp.ErrConnectionClosed", err)
				}
			}
			<-closed // without Close: a process at the other end would stay for ever
		})
	}
}
