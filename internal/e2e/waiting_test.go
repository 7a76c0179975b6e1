package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp"
)

// long is a wait that no test waits for.
const long = time.Hour

// waitingRig serves puppets to users of the header X-User, with few places to
// wait.
func waitingRig(t *testing.T, places int) *taskRig {
	t.Helper()
	return setUpTasks(t, options{Options: durablemcp.Options{Principal: userHeader, MaxWaiting: places, Wait: long}})
}

// calls makes a call that waits until its puppet returns, if it may.
func (r *taskRig) calls(t *testing.T, user, name string) *rawStream {
	t.Helper()
	p := r.web(user).declaring(`{"elicitation":{}}`)
	s := p.openRaw(t, "tools/call", `{"name":"puppet","arguments":{"name":"`+name+`"},`+p.meta(`"progressToken":1,`)+`}`)
	t.Cleanup(s.cancel)
	return s
}

// waits makes a call, and returns when it waits: it hears what its puppet
// reports.
func (r *taskRig) waits(t *testing.T, user, name string) *rawStream {
	t.Helper()
	s := r.calls(t, user, name)
	eventually(t, name+" runs", func() bool { return r.isRunning(t, name) })
	r.order(t, name, "report 1")
	for {
		m := s.next(t)
		if m.Method != "notifications/progress" {
			t.Fatalf("the call of %s does not wait: %s", user, m)
		}
		if strings.Contains(string(m.Params), "step 1") {
			return s
		}
	}
}

// TestMaxWaitingShare checks that one principal cannot take all places of those
// who wait, so that others are refused.
func TestMaxWaitingShare(t *testing.T) {
	t.Parallel()
	r := waitingRig(t, 4)
	first := []*rawStream{r.waits(t, "greedy", "g0"), r.waits(t, "greedy", "g1")}
	for i := range 5 {
		m := r.calls(t, "greedy", fmt.Sprint("more", i)).response(t)
		if text, _ := ownText(t, m.Result); !strings.Contains(text, "still running") {
			t.Errorf("a call beyond the share: %s", m)
		}
	}
	other := r.waits(t, "other", "o")
	for i, s := range append(first, other) {
		name := []string{"g0", "g1", "o"}[i]
		r.order(t, name, "return")
		if text, isError := ownText(t, s.response(t).Result); isError || !strings.Contains(text, name) {
			t.Errorf("%s has ended with %s", name, text)
		}
	}
}

// isRunning reports whether a puppet has begun.
func (r *taskRig) isRunning(t *testing.T, name string) bool {
	t.Helper()
	resp, err := r.temporal.DescribeWorkflowExecution(t.Context(), r.queue+"-"+name, "")
	return err == nil && statusOf(resp) == "Running"
}

// TestMaxWaitingCountsSubscriptions checks that each task that somebody listens
// to counts, and is given back.
func TestMaxWaitingCountsSubscriptions(t *testing.T) {
	t.Parallel()
	r := waitingRig(t, 6)
	ann := r.web("ann")
	var ids []string
	for i := range 5 {
		ids = append(ids, ann.start(t, "puppet", fmt.Sprint("a", i)).TaskID)
	}
	agreed := func(s *rawStream) (n int) {
		params := string(s.next(t).Params)
		for _, id := range ids {
			n += strings.Count(params, id)
		}
		return n
	}
	first := ann.open(t, "subscriptions/listen", `"notifications":{`+taskIDs(ids...)+`}`)
	if n := agreed(first); n != 3 {
		t.Fatalf("the first stream has %d tasks; want 3", n)
	}
	second := ann.open(t, "subscriptions/listen", `"notifications":{`+taskIDs(ids[0])+`}`)
	if n := agreed(second); n != 0 {
		t.Errorf("a stream beyond the share has %d tasks", n)
	}
	second.response(t) // it ends at once: its client polls
	first.cancel()
	eventually(t, "the places are free", func() bool {
		s := ann.open(t, "subscriptions/listen", `"notifications":{`+taskIDs(ids...)+`}`)
		defer s.cancel()
		return agreed(s) == 3
	})
}

// TestWaitEndsWithTheToken checks that neither a call nor a stream outlives the
// access token with which it was made.
func TestWaitEndsWithTheToken(t *testing.T) {
	t.Parallel()
	r := waitingRig(t, 100)
	short := func(_ context.Context, user string, _ *http.Request) (*auth.TokenInfo, error) {
		return &auth.TokenInfo{UserID: user, Expiration: time.Now().Add(2 * time.Second)}, nil
	}
	o := r.options.Options
	o.Principal = nil
	server := mountTools(t, r.temporal, o, r.tools(r.queue)...)
	web := httptest.NewServer(auth.RequireBearerToken(short, nil)(durablemcp.NewHTTPHandler(server, nil)))
	t.Cleanup(web.Close)
	ann := bearer(web.URL, "ann")

	id := ann.start(t, "puppet", "stream").TaskID
	stream := ann.open(t, "subscriptions/listen", `"notifications":{`+taskIDs(id)+`}`)
	if first := stream.next(t); !strings.Contains(string(first.Params), id) {
		t.Fatalf("the stream begins with %s", first)
	}
	call := ann.declaring(declaresNothing).open(t, "tools/call", `"name":"puppet","arguments":{"name":"call"}`)
	asked, session := make(chan error, 1), oldSession(t, web.URL, "ann")
	go func() {
		_, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "puppet", Arguments: map[string]any{"name": "old"}})
		asked <- err
	}()
	if text, isError := ownText(t, call.response(t).Result); isError || !strings.Contains(text, "still running") {
		t.Errorf("the call ends with %s", text)
	}
	if m := stream.response(t); m.Error != nil {
		t.Errorf("the stream ends with %s", m)
	}
	select {
	case err := <-asked:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Error(errors.New("the call of an old client goes on"))
	}
}
