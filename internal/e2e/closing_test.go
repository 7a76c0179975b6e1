package e2e

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp"
)

// within fails the test unless something ends in time, which is far less than
// the wait of a call.
func within[T any](t *testing.T, what string, ended <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-ended:
	case <-time.After(time.Minute):
		t.Fatalf("%s: nothing has ended", what)
	}
	return v
}

// wantRunning fails the test unless a puppet runs, and is not cancelled.
func (r *taskRig) wantRunning(t *testing.T, name string) {
	t.Helper()
	r.order(t, name, "return")
	var answer string
	if err := r.temporal.GetWorkflow(t.Context(), r.queue+"-"+name, "").Get(t.Context(), &answer); err != nil {
		t.Errorf("the workflow of %s has ended with %v", name, err)
	}
}

// oldWaits makes a call of an old client that waits, and returns when it does.
func (r *taskRig) oldWaits(t *testing.T, as func(string) rawPeer, tool, name string) *rawStream {
	t.Helper()
	s := as("").openRaw(t, "tools/call", `{"name":"`+tool+`","arguments":{"name":"`+name+`"},"_meta":{"progressToken":1}}`)
	t.Cleanup(s.cancel)
	return r.untilStep(t, s, name)
}

// untilStep lets a puppet report a step, and returns when its call hears of it.
func (r *taskRig) untilStep(t *testing.T, s *rawStream, name string) *rawStream {
	t.Helper()
	eventually(t, name+" runs", func() bool { return r.isRunning(t, name) })
	r.order(t, name, "report 1")
	for {
		m := s.next(t)
		if m.Method != "notifications/progress" {
			t.Fatalf("the call of %s does not wait: %s", name, m)
		}
		if strings.Contains(string(m.Params), "step 1") {
			return s
		}
	}
}

// TestRunEnds checks that mcp.Server.Run returns soon after its context has ended,
// although calls wait, and that nothing is cancelled in Temporal.
func TestRunEnds(t *testing.T) {
	t.Parallel()
	r := waitingRig(t, 100)
	for _, version := range []string{"2025-06-18", "2025-11-25", "2026-07-28"} {
		theirs, ours := mcp.NewInMemoryTransports()
		ctx, cancel := context.WithCancel(t.Context())
		ran := make(chan error, 1)
		server := r.anotherServer(t, r.temporal)
		go func() { ran <- server.Run(ctx, durablemcp.NewTransport(ours)) }()
		session, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).
			Connect(t.Context(), theirs, &mcp.ClientSessionOptions{ProtocolVersion: version})
		if err != nil {
			t.Fatal(err)
		}
		called := make(chan error, 2)
		for _, tool := range []string{"puppet", "puppet_mortal"} {
			go func() {
				_, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: tool, Arguments: map[string]any{"name": version + tool}})
				called <- err
			}()
			eventually(t, tool+" waits", func() bool { return r.isRunning(t, version+tool) })
		}
		cancel()
		if err := within(t, "Run", ran); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: Run returned %v", version, err)
		}
		for range 2 {
			if err := within(t, "the call", called); err == nil {
				t.Errorf("%s: the call was answered on a closed connection", version)
			}
		}
		for _, tool := range []string{"puppet", "puppet_mortal"} {
			r.wantRunning(t, version+tool)
		}
		_ = session.Close()
	}
}

// TestSessionDeleted checks that the calls of a session which its client deletes
// end soon, and that others go on.
func TestSessionDeleted(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]*mcp.StreamableHTTPOptions{"plain": nil, "resumable": {EventStore: mcp.NewMemoryEventStore(nil)}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := waitingRig(t, 100)
			web := httptest.NewServer(durablemcp.NewHTTPHandler(r.anotherServer(t, r.temporal), o))
			t.Cleanup(web.Close)
			mine, other := oldPeer(t, web.URL, ""), oldPeer(t, web.URL, "")
			r.oldWaits(t, mine, "puppet_mortal", "deleted")
			left := r.oldWaits(t, mine, "puppet_mortal", "left")
			left.cancel()
			goesOn := r.oldWaits(t, other, "puppet", "other")

			req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, web.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			for name, value := range mine("").rawWire.(webWire).header {
				if value != "" {
					req.Header.Set(name, value)
				}
			}
			done := make(chan int, 1)
			go func() {
				resp, err := http.DefaultClient.Do(req)
				if err != nil {
					done <- 0
					return
				}
				_ = resp.Body.Close()
				done <- resp.StatusCode
			}()
			if status := within(t, "DELETE", done); status != http.StatusNoContent {
				t.Errorf("DELETE: %d", status)
			}
			r.wantRunning(t, "deleted")
			r.wantRunning(t, "left")
			r.order(t, "other", "return")
			if m := goesOn.response(t); !strings.Contains(string(m.Result), "other") {
				t.Errorf("the call of another session: %s", m)
			}
		})
	}
}

// TestVanishedClient checks that a client which goes away while a person is being
// asked gives its place back: at once where the connection tells, and after a
// ping where nothing does.
func TestVanishedClient(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]func(*mcp.Server) http.Handler{
		"NewHTTPHandler": func(server *mcp.Server) http.Handler { return durablemcp.NewHTTPHandler(server, nil) },
		"the SDK's": func(server *mcp.Server) http.Handler {
			return mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := waitingRig(t, 1)
			web := httptest.NewServer(handler(r.anotherServer(t, r.temporal)))
			t.Cleanup(web.Close)
			vanishes := r.oldWaits(t, oldPeer(t, web.URL, ""), "puppet_mortal", "vanishes")
			r.order(t, "vanishes", "ask q")
			for vanishes.next(t).Method != "elicitation/create" {
				continue // as long as there is progress
			}
			other := oldPeer(t, web.URL, "")
			if m := other("").callTool(t, "puppet", `{"name":"refused"}`); !strings.Contains(string(m.Result), "still running") {
				t.Fatalf("there is more than one place: %s", m)
			}
			vanishes.cancel()
			eventually(t, "the place is free", func() bool {
				s := other("").openRaw(t, "tools/call", `{"name":"puppet","arguments":{"name":"next"},"_meta":{"progressToken":1}}`)
				defer s.cancel()
				eventually(t, "the next one runs", func() bool { return r.isRunning(t, "next") })
				r.order(t, "next", "report 1")
				return s.next(t).Method == "notifications/progress"
			})
			r.wantRunning(t, "vanishes")
		})
	}
}

// TestShutdown checks that an HTTP server which shuts down does not wait for
// calls and streams, and that the calls are answered.
func TestShutdown(t *testing.T) {
	t.Parallel()
	r := waitingRig(t, 100)
	web := httptest.NewServer(durablemcp.NewHTTPHandler(r.anotherServer(t, r.temporal), nil))
	t.Cleanup(web.Close)
	modern := newRawPeer(webWire{url: web.URL})
	id := modern.start(t, "puppet", "task").TaskID
	stream := modern.open(t, "subscriptions/listen", `"notifications":{`+taskIDs(id)+`}`)
	stream.next(t)
	stream.next(t)
	oldSession(t, web.URL, "x") // has a standing stream
	old := r.oldWaits(t, oldPeer(t, web.URL, ""), "puppet_mortal", "old")
	p := modern.declaring(declaresNothing)
	call := r.untilStep(t, p.openRaw(t, "tools/call", `{"name":"puppet","arguments":{"name":"new"},`+p.meta(`"progressToken":1,`)+`}`), "new")

	down := make(chan error, 1)
	go func() { down <- web.Config.Shutdown(t.Context()) }()
	for name, s := range map[string]*rawStream{"old": old, "new": call} {
		if text, isError := ownText(t, s.response(t).Result); isError || !strings.Contains(text, "still running") {
			t.Errorf("%s: got %s", name, text)
		}
	}
	if err := within(t, "Shutdown", down); err != nil {
		t.Error(err)
	}
	r.wantRunning(t, "old")
}
