package taskclient

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

func TestListen(t *testing.T) {
	t.Parallel()
	working := func(minute int, message string) string {
		return state("t1", Working, minute, fmt.Sprintf(`,"statusMessage":%q`, message))
	}
	untilCancelled := func(x *exchange) { <-x.ctx.Done() }
	asked := func(x *exchange) { x.result(state(strings.Trim(x.param("taskId"), `"`), Working, 1, "")) }
	leftOut := func(ids ...string) func(error) bool {
		return func(err error) bool {
			partial, ok := errors.AsType[*SubscriptionError](err)
			return ok && slices.Equal(partial.TaskIDs, ids) && err.Error() == fmt.Sprintf(
				"taskclient: subscriptions/listen: the server does not send notifications about %d of the tasks", len(ids))
		}
	}
	for name, test := range map[string]struct {
		listen handler
		get    handler
		ids    string
		seen   string
		check  func(error) bool // nil: no error
	}{
		"until it is done": {
			listen: func(x *exchange) {
				x.acknowledge(`["t1"]`)
				x.change(working(2, "two"))
				x.change(state("t2", Working, 2, "")) // of nobody's interest
				x.notify("notifications/message", `{"level":"info","data":"hello"}`)
				x.change(working(2, "two and a half"))
				x.change(state("t1", Completed, 3, okResult))
				<-x.ctx.Done() // the client leaves by itself
			},
			get: result(working(1, "one")), ids: "t1",
			seen: "t1 working one, t1 working two, t1 working two and a half, t1 completed",
		},
		"done before": {
			listen: func(x *exchange) { x.acknowledge(`["t1"]`); <-x.ctx.Done() },
			get:    result(state("t1", Completed, 3, okResult)), ids: "t1", seen: "t1 completed",
		},
		"clocks that go back": { // as those of two servers do
			listen: func(x *exchange) {
				x.acknowledge(`["t1"]`)
				x.change(working(4, "older"))
				x.change(state("t1", Failed, 1, `,"error":{"code":1,"message":"x"}`))
				x.change(working(6, "after the end"))
			},
			get: result(working(5, "now")), ids: "t1", seen: "t1 working now, t1 working older, t1 failed",
		},
		"several": {
			listen: func(x *exchange) {
				x.acknowledge(`["t2","t1"]`)
				x.change(state("t1", Cancelled, 3, ""))
				x.change(working(4, "not any more"))
				x.change(state("t2", Cancelled, 3, ""))
				<-x.ctx.Done()
			},
			get: asked, ids: "t1 t2 t1", seen: "t1 working, t2 working, t1 working, t1 cancelled, t2 cancelled",
		},
		"ended by a response": {
			listen: func(x *exchange) {
				x.acknowledge(`["t1"]`)
				x.result(`{"_meta":{}}`)
			},
			get: result(working(1, "one")), ids: "t1", seen: "t1 working one",
		},
		"ended without one": {
			listen: func(x *exchange) { x.acknowledge(`["t1"]`) },
			get:    result(working(1, "one")), ids: "t1", seen: "t1 working one",
		},
		"not acknowledged": {
			listen: func(*exchange) {}, ids: "t1",
			check: func(err error) bool { return strings.Contains(err.Error(), "without acknowledging") },
		},
		"acknowledged in part": {
			listen: func(x *exchange) {
				x.acknowledge(`["t2"]`)
				x.change(state("t1", Working, 2, "")) // although it was left out
				x.change(state("t2", Cancelled, 3, ""))
				<-x.ctx.Done()
			},
			get: asked, ids: "t1 t2 t3 t1", seen: "t2 working, t2 cancelled", check: leftOut("t1", "t3"),
		},
		"acknowledged in part and done before": {
			listen: func(x *exchange) { x.acknowledge(`["t2"]`); <-x.ctx.Done() },
			get:    result(state("t2", Cancelled, 3, "")), ids: "t1 t2", seen: "t2 cancelled", check: leftOut("t1"),
		},
		"acknowledged in part and ended": {
			listen: func(x *exchange) {
				x.acknowledge(`["t2"]`)
				x.result(`{"_meta":{}}`)
			},
			get: asked, ids: "t1 t2", seen: "t2 working", check: leftOut("t1"),
		},
		"acknowledged in part and broken": { // which matters more
			listen: func(x *exchange) {
				x.acknowledge(`["t2"]`)
				x.change(`{"taskId":"t2"}`)
				<-x.ctx.Done()
			},
			get: asked, ids: "t1 t2", seen: "t2 working",
			check: func(err error) bool { return strings.Contains(err.Error(), "malformed task") && !leftOut("t1")(err) },
		},
		"acknowledged for others": {
			listen: func(x *exchange) { x.acknowledge(`["t3"]`); <-x.ctx.Done() }, ids: "t1 t2", check: leftOut("t1", "t2"),
		},
		"acknowledged without tasks": {
			listen: func(x *exchange) {
				x.notify("notifications/subscriptions/acknowledged", `{"notifications":{}}`)
				<-x.ctx.Done()
			},
			ids: "t1", check: leftOut("t1"),
		},
		"undeclared": {
			listen: failure(mcp.CodeMissingRequiredClientCapabilities, "Missing required client capability"), ids: "t1",
			check: func(err error) bool {
				rpc, ok := errors.AsType[*jsonrpc.Error](err)
				return ok && rpc.Code == mcp.CodeMissingRequiredClientCapabilities
			},
		},
		"unknown task": {
			listen: func(x *exchange) { x.acknowledge(`["t1"]`); <-x.ctx.Done() },
			get:    failure(jsonrpc.CodeInvalidParams, "no such task"), ids: "t1",
			check: func(err error) bool { return strings.Contains(err.Error(), "no such task") },
		},
		"malformed task": {
			listen: func(x *exchange) { x.change(`{"taskId":"t1"}`); <-x.ctx.Done() }, ids: "t1",
			check: func(err error) bool { return strings.Contains(err.Error(), "malformed task") },
		},
		"malformed acknowledgement": {
			listen: func(x *exchange) { x.acknowledge(`"t1"`); <-x.ctx.Done() }, ids: "t1",
			check: func(err error) bool { return strings.Contains(err.Error(), "malformed acknowledgement") },
		},
		"cancelled by the caller": {
			listen: func(x *exchange) {
				x.acknowledge(`["t1"]`)
				untilCancelled(x)
			},
			get: result(working(1, "stop")), ids: "t1", seen: "t1 working stop",
			check: func(err error) bool { return errors.Is(err, context.Canceled) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(t *testing.T, connect func(*Options, handler) *Client) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				c := connect(nil, methods(map[string]handler{"subscriptions/listen": test.listen, "tasks/get": test.get}))
				var seen []string
				var failed error
				for task, err := range c.Listen(ctx, strings.Fields(test.ids)...) {
					if failed != nil {
						t.Errorf("found %+v, %v after the error %v", task, err, failed)
					}
					if err != nil {
						failed = err
						continue
					}
					seen = append(seen, strings.TrimSpace(fmt.Sprintf("%s %s %s", task.ID, task.Status, task.StatusMessage)))
					if task.StatusMessage == "stop" {
						cancel()
					}
				}
				if got := strings.Join(seen, ", "); got != test.seen {
					t.Errorf("found the states %q; want %q", got, test.seen)
				}
				if (failed == nil) != (test.check == nil) || failed != nil && !test.check(failed) {
					t.Errorf("found the error %v", failed)
				}
			})
		})
	}
}

// The server hears that a loop was left, and the client can go on. The loop
// does not hear of the task that was left out.
func TestListenBreak(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, connect func(*Options, handler) *Client) {
		for _, status := range []Status{Working, Cancelled} {
			cancelled := make(chan struct{})
			c := connect(nil, methods(map[string]handler{
				"subscriptions/listen": func(x *exchange) {
					x.acknowledge(`["t1"]`)
					<-x.ctx.Done()
					close(cancelled)
				},
				"tasks/get": result(state("t1", status, 1, "")),
			}))
			ids := []string{"t1", "t2"}
			states := c.Listen(t.Context(), ids...)
			ids[0] = "" // the caller's to change
			for _, err := range states {
				if err != nil {
					t.Error(err)
				}
				break
			}
			<-cancelled
			if _, err := c.Get(t.Context(), "t1"); err != nil {
				t.Error(err)
			}
		}
	})
}
