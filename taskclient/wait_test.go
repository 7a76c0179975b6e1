package taskclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

func TestWait(t *testing.T) {
	t.Parallel()
	working := result(state("t1", Working, 1, ""))
	for name, test := range map[string]struct {
		get    []handler
		states string
		text   string
		err    string
		status Status // of a TaskError
		code   int64  // of a JSON-RPC error
	}{
		"completed": {
			get:    []handler{working, working, result(state("t1", Completed, 2, okResult))},
			states: "working then working then completed", text: "done",
		},
		"cancelled": {
			get:    []handler{working, result(state("t1", Cancelled, 2, `,"statusMessage":"too dear"`))},
			states: "working then cancelled", status: Cancelled,
			err: "taskclient: the task has no result: cancelled: too dear",
		},
		"failed": {
			get:    []handler{result(state("t1", Failed, 2, `,"error":{"code":-32000,"message":"no ERP"}`))},
			states: "failed", status: Failed, code: -32000,
			err: "taskclient: the task has no result: failed: no ERP (code -32000)",
		},
		"failed by an internal error": { // which is not one of tasks/get
			get:    []handler{result(state("t1", Failed, 2, `,"error":{"code":-32603,"message":"panic"}`))},
			states: "failed", status: Failed, code: jsonrpc.CodeInternalError, err: "panic",
		},
		"input that nobody can give": {
			get:    []handler{result(state("t1", InputRequired, 2, askName))},
			states: "input_required", status: InputRequired,
			err: "taskclient: the task has no result: input_required",
		},
		"unknown": {
			get:    []handler{working, failure(jsonrpc.CodeInvalidParams, "Task has expired")},
			states: "working", code: jsonrpc.CodeInvalidParams,
			err: "taskclient: tasks/get: Task has expired (code -32602)",
		},
		"undeclared": {
			get: []handler{failure(mcp.CodeMissingRequiredClientCapabilities, "Missing required client capability")},
			err: "Missing required client capability", code: mcp.CodeMissingRequiredClientCapabilities,
		},
		"server in trouble": {
			get:    []handler{failure(jsonrpc.CodeInternalError, "Temporal is away"), result(state("t1", Completed, 2, okResult))},
			states: "completed", text: "done",
		},
		"malformed":  {get: []handler{working, result(`{"taskId":"t1"}`)}, states: "working", err: "malformed task"},
		"no result":  {get: []handler{result(state("t1", Completed, 2, ""))}, err: `its status is "completed", but it has no result`},
		"no error":   {get: []handler{result(state("t1", Failed, 2, ""))}, err: "it has no error"},
		"no request": {get: []handler{result(state("t1", InputRequired, 2, ""))}, err: "it has no inputRequests"},
		"null":       {get: []handler{result(state("t1", Completed, 2, `,"result":null`))}, err: "it has no result"},
		"a task":     {get: []handler{result(strings.Replace(state("t1", Working, 2, ""), `"complete"`, `"task"`, 1))}, err: `the result type "task"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(t *testing.T, connect func(*Options, handler) *Client) {
				var states []string
				opts := &Options{OnTask: func(task *Task) { states = append(states, string(task.Status)) }}
				got, err := connect(opts, methods(map[string]handler{"tasks/get": inTurn(test.get...)})).Wait(t.Context(), "t1")
				if seen := strings.Join(states, " then "); seen != test.states {
					t.Errorf("found the states %q; want %q", seen, test.states)
				}
				if test.err == "" {
					if err != nil || text(t, got) != test.text {
						t.Errorf("found %+v, %v; want %q", got, err, test.text)
					}
					return
				}
				checkWaitError(t, err, test.err, test.status, test.code)
			})
		})
	}
}

func checkWaitError(t *testing.T, err error, want string, status Status, code int64) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("found the error %v; want %q", err, want)
	}
	ended, ok := errors.AsType[*TaskError](err)
	if ok != (status != "") || ok && ended.Task.Status != status {
		t.Errorf("found the task's error %v; want one of the status %q", ended, status)
	}
	rpc, ok := errors.AsType[*jsonrpc.Error](err)
	if ok != (code != 0) || ok && rpc.Code != code {
		t.Errorf("found the JSON-RPC error %v; want the code %d", rpc, code)
	}
}

// The intervals between polls are the server's, within bounds.
func TestPollInterval(t *testing.T) {
	t.Parallel()
	var naps []time.Duration
	polls := []handler{}
	for _, ms := range []string{"", "0", "1500", "1", "1e99"} {
		if ms != "" {
			ms = `,"pollIntervalMs":` + ms
		}
		polls = append(polls, result(state("t1", Working, 1, ms)))
	}
	polls = append(polls, result(state("t1", Completed, 2, okResult)))
	c := overHTTP(t, nil, serveHTTP(inTurn(polls...)))
	c.sleep = func(_ context.Context, d time.Duration) error {
		naps = append(naps, d)
		return nil
	}
	if _, err := c.Wait(t.Context(), "t1"); err != nil {
		t.Fatal(err)
	}
	want := []time.Duration{time.Second, time.Second, 1500 * time.Millisecond, 100 * time.Millisecond, 10 * time.Minute}
	if !slices.Equal(naps, want) {
		t.Errorf("found the intervals %v; want %v", naps, want)
	}
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	for attempt, longest := range map[int]time.Duration{0: time.Second, 1: 2 * time.Second, 3: 8 * time.Second, 5: 30 * time.Second, 1 << 40: 30 * time.Second} {
		if d := backoff(attempt); d < time.Second || d > longest || d < longest/2 {
			t.Errorf("attempt %d: found %v; want %v to %v", attempt, d, longest/2, longest)
		}
	}
}

// A durable is a server whose task asks two questions, and then one.
type durable struct {
	updates []string
	refuse  int    // so many updates
	data    string // of the refusal
	deaf    bool   // it acknowledges updates, but shows answered questions for another poll
	ended   bool   // the task is over when its first update comes
	pending []string
	stale   []string
}

func (d *durable) serve(x *exchange) {
	switch x.Method {
	case "tasks/get":
		shown := slices.Concat(d.pending, d.stale)
		d.stale = nil
		if len(shown) == 0 {
			x.result(state("t1", Completed, 9, okResult))
			return
		}
		var requests []string
		for _, key := range shown {
			requests = append(requests, fmt.Sprintf("%q:%s", key, askForm))
		}
		x.result(state("t1", InputRequired, 1, `,"inputRequests":{`+strings.Join(requests, ",")+`}`))
	case "tasks/update":
		d.updates = append(d.updates, x.param("inputResponses"))
		if d.ended {
			d.pending = nil
			x.fail(jsonrpc.CodeInvalidParams, "the task is over")
			return
		}
		if len(d.updates) <= d.refuse {
			x.send(&jsonrpc.Response{ID: x.ID, Error: &jsonrpc.Error{Code: jsonrpc.CodeInvalidParams, Message: "not a name", Data: json.RawMessage(d.data)}})
			return
		}
		if d.deaf {
			d.stale = d.pending
		}
		d.pending = nil
		if !strings.Contains(d.updates[len(d.updates)-1], `"c"`) {
			d.pending = []string{"c"}
		}
		x.result(`{"resultType":"complete"}`)
	}
}

func TestWaitAnswers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		server  durable
		asked   string
		updates int
		naps    int // nobody who is asked again waits for it
	}{
		"at once":                  {durable{}, "a b c", 2, 2},
		"eventually":               {durable{deaf: true}, "a b c", 2, 3},
		"refused":                  {durable{refuse: 2}, "a b a(not a name) b(not a name) a(not a name) b(not a name) c", 4, 2},
		"refused in part":          {durable{refuse: 2, data: `{"refused":{"b":"too long","z":"?"}}`}, "a b b(too long) b(too long) c", 4, 2},
		"refused one by one":       {durable{refuse: 1, data: `{"refused":{"a":"too short","b":"too long"}}`}, "a b a(too short) b(too long) c", 3, 2},
		"refused without a reason": {durable{refuse: 1, data: `{"refused":{"b":""}}`}, "a b b(not a name) c", 3, 2},
		"refused others":           {durable{refuse: 1, data: `{"refused":{"z":"?"}}`}, "a b a(not a name) b(not a name) c", 3, 2},
		"refused in another form":  {durable{refuse: 1, data: `{"refused":{"b":"too long","a":1}}`}, "a b a(not a name) b(not a name) c", 3, 2},
		"over meanwhile":           {durable{ended: true}, "a b", 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(t *testing.T, connect func(*Options, handler) *Client) {
				var asked []string
				opts := &Options{Elicit: func(_ context.Context, q *Question) (*mcp.ElicitResult, error) {
					if q.TaskID != "t1" || q.Params.Message != "?" {
						t.Errorf("found the question %+v", q)
					}
					key := q.Key
					if q.Refused != "" {
						key += "(" + q.Refused + ")"
					}
					asked = append(asked, key)
					return &mcp.ElicitResult{Action: "accept", Content: map[string]any{"n": len(asked)}}, nil
				}}
				server := test.server
				server.pending = []string{"b", "a"}
				c, naps := connect(opts, server.serve), 0
				c.sleep = func(context.Context, time.Duration) error { naps++; return nil }
				got, err := c.Wait(t.Context(), "t1")
				if err != nil || text(t, got) != "done" || naps != test.naps {
					t.Errorf("found %+v, %v after %d pauses; want the result after %d", got, err, naps, test.naps)
				}
				if seen := strings.Join(asked, " "); seen != test.asked || len(server.updates) != test.updates {
					t.Errorf("found the questions %q and the updates %q; want %q and %d", seen, server.updates, test.asked, test.updates)
				}
				if first := `{"a":{"action":"accept","content":{"n":1}},"b":{"action":"accept","content":{"n":2}}}`; server.updates[0] != first {
					t.Errorf("found the update %s; want %s", server.updates[0], first)
				}
			})
		})
	}
}

// What Elicit cannot answer, and answers that are never good enough, end Wait.
func TestWaitAnswersEnd(t *testing.T) {
	t.Parallel()
	errNobody := errors.New("nobody is there")
	for name, test := range map[string]struct {
		elicit func(context.Context, *Question) (*mcp.ElicitResult, error)
		more   string
		check  func(error) bool
	}{
		"nobody": {
			elicit: func(context.Context, *Question) (*mcp.ElicitResult, error) { return nil, errNobody }, more: askName,
			check: func(err error) bool { return errors.Is(err, errNobody) },
		},
		"roots": {
			elicit: func(context.Context, *Question) (*mcp.ElicitResult, error) { panic("not called") }, more: askOutside,
			check: func(err error) bool {
				ended, ok := errors.AsType[*TaskError](err)
				return ok && ended.Task.Status == InputRequired && ended.Unwrap() == nil
			},
		},
		"always refused": {
			elicit: func(context.Context, *Question) (*mcp.ElicitResult, error) { return &mcp.ElicitResult{}, nil }, more: askName,
			check: func(err error) bool {
				rpc, ok := errors.AsType[*jsonrpc.Error](err)
				return ok && rpc.Message == "refused 101"
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			updates := 0
			c := awake(overHTTP(t, &Options{Elicit: test.elicit}, serveHTTP(methods(map[string]handler{
				"tasks/get":    result(state("t1", InputRequired, 1, test.more)),
				"tasks/update": func(x *exchange) { updates++; x.fail(jsonrpc.CodeInvalidParams, fmt.Sprintf("refused %d", updates)) },
			}))))
			if got, err := c.Wait(t.Context(), "t1"); got != nil || !test.check(err) {
				t.Errorf("found %+v, %v", got, err)
			}
		})
	}
}

// A house is an address whose server goes away and comes back.
type house struct {
	t      *testing.T
	server atomic.Pointer[httptest.Server] // nil while nobody is in
}

func (h *house) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	server := h.server.Load()
	if server == nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
	}
	return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
}

// move replaces the server by one with the given handler, or by none.
func (h *house) move(in http.Handler) {
	if old := h.server.Swap(nil); old != nil {
		old.CloseClientConnections()
		old.Close()
	}
	if in != nil {
		server := httptest.NewServer(in)
		h.t.Cleanup(server.Close)
		h.server.Store(server)
	}
}

func httpStatus(code int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "later", code) })
}

// raw answers with a body as it stands.
func raw(contentType, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = io.WriteString(w, body)
	})
}

// cut answers with a response that breaks off.
func cut(contentType, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, body)
	})
}

// Wait goes on where it was when the server is back, and asks nothing twice.
func TestWaitOutlastsServer(t *testing.T) {
	t.Parallel()
	task := &durable{}
	task.pending = []string{"a", "b"}
	full := serveHTTP(task.serve)
	// It acts on the update, and dies before it says so.
	dies := http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		full.ServeHTTP(httptest.NewRecorder(), req)
		panic(http.ErrAbortHandler)
	})
	tenants := []http.Handler{
		nil, nil, httpStatus(http.StatusServiceUnavailable), httpStatus(http.StatusTooManyRequests),
		raw("text/event-stream", ": hello\n\n"), cut("application/json", `{"jsonrpc":"2.0",`), cut("text/event-stream", "data: {"),
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, `{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"starting"}}`)
		}),
		http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if req.Header.Get("Mcp-Method") == "tasks/update" {
				dies(w, req)
			}
			full.ServeHTTP(w, req)
		}),
		nil, full,
	}
	h := &house{t: t}
	asked, naps := "", 0
	c := NewHTTP("http://durable.example/mcp", &Options{
		// Each request needs a connection of its own to meet the tenant that is in.
		HTTPClient: &http.Client{Transport: &http.Transport{DialContext: h.dial, DisableKeepAlives: true}},
		Elicit: func(_ context.Context, q *Question) (*mcp.ElicitResult, error) {
			asked += q.Key
			return &mcp.ElicitResult{Action: "decline"}, nil
		},
	})
	c.sleep = func(ctx context.Context, _ time.Duration) error {
		if naps++; len(tenants) > 0 {
			h.move(tenants[0])
			tenants = tenants[1:]
		}
		return ctx.Err()
	}
	got, err := c.Wait(t.Context(), "t1")
	if err != nil || text(t, got) != "done" {
		t.Fatalf("found %+v, %v; want the result", got, err)
	}
	if asked != "abc" || len(task.updates) != 3 || task.updates[0] != task.updates[1] || len(tenants) != 0 {
		t.Errorf("found the questions %q, the updates %q and %d servers left", asked, task.updates, len(tenants))
	}
}

// These are not a server that is away: waiting does not help.
func TestWaitGivesUp(t *testing.T) {
	t.Parallel()
	for name, server := range map[string]http.Handler{
		"unauthorized": httpStatus(http.StatusUnauthorized),
		"not found":    httpStatus(http.StatusNotFound),
		"other site":   raw("text/html", "<h1>Welcome</h1>"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := overHTTP(t, nil, server)
			c.sleep = func(context.Context, time.Duration) error { panic("not called") }
			if _, err := c.Wait(t.Context(), "t1"); err == nil {
				t.Error("found no error")
			}
		})
	}
	t.Run("certificate", func(t *testing.T) {
		t.Parallel()
		server := httptest.NewUnstartedServer(httpStatus(http.StatusOK))
		server.Config.ErrorLog = log.New(io.Discard, "", 0) // it tells of the failed handshake
		server.StartTLS()
		t.Cleanup(server.Close)
		c := NewHTTP(server.URL, nil)
		c.sleep = func(context.Context, time.Duration) error { panic("not called") }
		if _, err := c.Wait(t.Context(), "t1"); err == nil {
			t.Error("found no error")
		}
	})
}

// Of a server that stays away, the error tells both reasons.
func TestWaitContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	c := overHTTP(t, nil, httpStatus(http.StatusBadGateway))
	naps := 0
	c.sleep = func(context.Context, time.Duration) error {
		if naps++; naps == 3 {
			cancel()
		}
		return ctx.Err()
	}
	_, err := c.Wait(ctx, "t1")
	if want := "taskclient: waiting for a task: context canceled; the last attempt failed: taskclient: tasks/get: HTTP 502 Bad Gateway: later"; !errors.Is(err, context.Canceled) || strings.TrimSpace(err.Error()) != want {
		t.Errorf("found the error %q; want %q", err, want)
	}

	ctx, cancel = context.WithCancel(t.Context())
	c = overHTTP(t, nil, serveHTTP(result(state("t1", Working, 1, ""))))
	c.sleep = func(context.Context, time.Duration) error { cancel(); return sleep(ctx, time.Hour) }
	if _, err := c.Wait(ctx, "t1"); !errors.Is(err, context.Canceled) {
		t.Errorf("found the error %v; want that of the context", err)
	}
}

// A server that never answers a poll is polled again.
func TestWaitTimesOut(t *testing.T) {
	t.Parallel()
	if !transient(fmt.Errorf("tasks/get: %w", context.DeadlineExceeded)) {
		t.Error("a poll without an answer ends Wait")
	}
	if err := sleep(t.Context(), time.Nanosecond); err != nil {
		t.Error(err)
	}
}

// The end of a connection ends Wait: nobody can re-establish it here.
func TestWaitConnectionEnds(t *testing.T) {
	t.Parallel()
	c := awake(overConn(t, nil, result(state("t1", Working, 1, ""))))
	naps := 0
	c.sleep = func(ctx context.Context, _ time.Duration) error {
		if naps++; naps == 2 {
			_ = c.Close()
		}
		return ctx.Err()
	}
	if _, err := c.Wait(t.Context(), "t1"); !errors.Is(err, mcp.ErrConnectionClosed) {
		t.Errorf("found the error %v; want mcp.ErrConnectionClosed", err)
	}
}

// A server that answers with an internal error for ever ended no Wait.
func TestWaitEndsAfterInternalErrors(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, connect func(*Options, handler) *Client) {
		gets, naps := 0, 0
		c := connect(nil, func(x *exchange) {
			gets++
			x.fail(jsonrpc.CodeInternalError, "The server has a fault.")
		})
		c.sleep = func(context.Context, time.Duration) error { naps++; return nil }
		_, err := c.Wait(t.Context(), "t1")
		if rpc, ok := errors.AsType[*jsonrpc.Error](err); !ok || rpc.Code != jsonrpc.CodeInternalError || gets != maxInternal+1 || naps != maxInternal {
			t.Errorf("found %v after %d requests and %d pauses; want the server's error after %d", err, gets, naps, maxInternal+1)
		}
	})
}
