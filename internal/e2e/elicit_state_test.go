package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/enums/v1"

	"github.com/durablemcp/durablemcp"
)

// byHeader names the caller by a header.
func byHeader(_ context.Context, req mcp.Request) (string, error) {
	return req.GetExtra().Header.Get("X-User"), nil
}

// opened makes the first round of a call of the tool "ask" for ann, which asks
// one question.
func opened(t *testing.T, s *stage) (call *calling, first *round) {
	t.Helper()
	call = &calling{tool: "ask", arguments: ann, caps: formCaps}
	first, err := s.round(as(t.Context(), "ann"), call, formCaps, "")
	if err != nil {
		t.Fatal(err)
	}
	if first.ResultType != "input_required" || first.RequestState == "" || first.only() == "" {
		t.Fatalf("the first round is %+v", first)
	}
	return call, first
}

// replying is members of the params of the next round of a call.
func replying(state, key, answer string) string {
	members := `,"inputResponses":{"` + key + `":` + answer + `}`
	if state != "" {
		text, _ := json.Marshal(state)
		members += `,"requestState":` + string(text)
	}
	return members
}

// TestElicitState goes on with calls with a state that is not theirs. Nothing
// happens to the workflow.
func TestElicitState(t *testing.T) {
	t.Parallel()
	o := quick()
	o.Principal = byHeader
	o.Wait = 2 * time.Second
	s := newStage(t, o, func(queue string) []durablemcp.Tool {
		other := asking(Approve)(queue)[0].(durablemcp.WorkflowTool)
		other.Name, other.WorkflowID = "other", queue+"-other-{name}"
		fresh := other
		fresh.Name, fresh.WorkflowID, fresh.SharedID = "fresh", queue+"-fresh-{@uuid}", false
		return append(asking(Approve)(queue), other, fresh)
	})
	id := s.queue + "-ann"
	call, first := opened(t, s)
	state, key := first.RequestState, first.only()
	before := len(s.history(id))

	last := "A"
	if strings.HasSuffix(state, "A") {
		last = "E" // "A" to "D" can be one text in a lax encoding
	}
	for name, test := range map[string]struct {
		user, tool, arguments, state string
	}{
		"changed":           {"ann", "ask", ann, state[:len(state)-1] + last},
		"changed code":      {"ann", "ask", ann, flipped(state, 3)},
		"changed body":      {"ann", "ask", ann, flipped(state, len(state)/2)},
		"cut":               {"ann", "ask", ann, state[:len(state)-4]},
		"extended":          {"ann", "ask", ann, state + "AAAA"},
		"none":              {"ann", "ask", ann, "none"},
		"long":              {"ann", "ask", ann, strings.Repeat("A", 100000)},
		"the workflow's ID": {"ann", "ask", ann, id},
		"other tool":        {"ann", "other", ann, state},
		"result tool":       {"ann", "result", ann, state},
		"other arguments":   {"ann", "ask", `{"name":"bob"}`, state},
		"other principal":   {"bob", "ask", ann, state},
		"nobody":            {"", "ask", ann, state},
	} {
		c := &calling{tool: test.tool, arguments: test.arguments}
		r, err := s.round(as(t.Context(), test.user), c, formCaps, replying(test.state, key, agree))
		failed, isRPC := errors.AsType[*rpcError](err)
		switch {
		case !isRPC:
			t.Errorf("%s: got %+v, %v; want a JSON-RPC error", name, r, err)
		case failed.Code != -32602 || !strings.Contains(failed.Message, "requestState") || !strings.Contains(failed.Message, "Nothing was done"):
			t.Errorf("%s: got %v", name, failed)
		case strings.Contains(failed.Error(), "ann") || strings.Contains(failed.Error(), id):
			t.Errorf("%s: the error says whose state it is: %v", name, failed)
		}
	}
	if after := len(s.history(id)); after != before {
		t.Errorf("the history has grown from %d events to %d", before, after)
	}
	if ids := s.executions(); len(ids) != 1 {
		t.Errorf("the executions are %v; want one", ids)
	}

	// Somebody else's question cannot be answered without a state either.
	r, err := s.round(as(t.Context(), "bob"), call, formCaps, replying("", key, agree))
	if err != nil || !r.IsError {
		t.Errorf("another principal got %+v, %v", r, err)
	}
	// And a call that starts new work asks again, whatever it brings along.
	r, err = s.round(as(t.Context(), "ann"), &calling{tool: "fresh", arguments: ann}, formCaps, replying("", key, agree))
	if err != nil || r.only() == "" || r.only() == key {
		t.Errorf("new work got %+v, %v", r, err)
	}
	if n := s.count(id, enums.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED); n != 0 {
		t.Errorf("the workflow has accepted %d answers", n)
	}

	// The right state still goes on.
	r, err = s.round(as(t.Context(), "ann"), call, formCaps, replying(state, key, agree))
	if err != nil || string(r.StructuredContent) != accepted {
		t.Errorf("got %+v, %v", r, err)
	}
	// And so it does after the end: a client may not have got the answer.
	again, err := s.round(as(t.Context(), "ann"), call, formCaps, replying(state, key, agree))
	if err != nil || string(again.StructuredContent) != accepted {
		t.Errorf("again: got %+v, %v", again, err)
	}
}

// flipped is a text with another letter at a place.
func flipped(text string, at int) string {
	letter := "Q"
	if text[at:at+1] == letter {
		letter = "R"
	}
	return text[:at] + letter + text[at+1:]
}

// executions lists the stage's workflow executions, of which there are some.
func (s *stage) executions() (ids []string) {
	s.t.Helper()
	r := &rig{t: s.t, queue: s.queue, temporal: s.temporal}
	eventually(s.t, "executions can be listed", func() bool {
		ids = r.executions(s.t, "WorkflowType != ''")
		return len(ids) > 0
	})
	return ids
}

// TestElicitStaleAnswers sends answers under keys that are not open.
func TestElicitStaleAnswers(t *testing.T) {
	t.Parallel()
	s := newStage(t, quick(), asking(Thrice))
	id := s.queue + "-ann"
	call, first := opened(t, s)
	next := func(members string) *round {
		t.Helper()
		r, err := s.round(as(t.Context(), "ann"), call, formCaps, members)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	// None, an unknown one, and the beginning of the right one ask again.
	for _, members := range []string{
		replying(first.RequestState, "number", number(9)),
		replying(first.RequestState, "number-", number(9)),
		replying(first.RequestState, "nothing", number(9)),
		replying(first.RequestState, strings.ToUpper(first.only()), number(9)),
		strings.Replace(replying(first.RequestState, "x", "{}"), `"x":{}`, "", 1),
	} {
		if r := next(members); r.only() != first.only() {
			t.Errorf("%s: got %+v", members, r)
		}
	}
	second := next(replying(first.RequestState, first.only(), number(1)))
	if second.only() == "" || second.only() == first.only() || !strings.HasPrefix(second.only(), "number-") {
		t.Fatalf("got %+v", second)
	}
	before := len(s.history(id))
	for _, state := range []string{first.RequestState, second.RequestState} {
		if r := next(replying(state, first.only(), number(9))); r.only() != second.only() {
			t.Errorf("after the answer to an earlier question, got %+v", r)
		}
	}
	if after := len(s.history(id)); after != before {
		t.Errorf("the history has grown from %d events to %d", before, after)
	}
	third := next(replying(second.RequestState, second.only(), number(2)))
	if r := next(replying(third.RequestState, third.only(), number(3))); string(r.StructuredContent) != `{"result":123}` {
		t.Errorf("got %+v", r)
	}
}

// TestElicitOneOfTwo answers one of two questions of a round.
func TestElicitOneOfTwo(t *testing.T) {
	t.Parallel()
	s := newStage(t, quick(), asking(Both))
	call := &calling{tool: "ask", arguments: ann}
	first, err := s.round(t.Context(), call, formCaps, "")
	if err != nil || len(first.InputRequests) != 2 {
		t.Fatalf("got %+v, %v", first, err)
	}
	keys := map[string]string{}
	for key := range first.InputRequests {
		keys[strings.Split(key, "-")[0]] = key
	}
	second, err := s.round(t.Context(), call, formCaps, replying(first.RequestState, keys["left"], number(1)))
	if err != nil || second.only() != keys["right"] {
		t.Fatalf("got %+v, %v", second, err)
	}
	last, err := s.round(t.Context(), call, formCaps, replying(second.RequestState, keys["right"], number(2)))
	if err != nil || string(last.StructuredContent) != `{"result":"1-2"}` {
		t.Errorf("got %+v, %v", last, err)
	}
}

// TestElicitFresh goes on with calls that would start new work without their
// state.
func TestElicitFresh(t *testing.T) {
	t.Parallel()
	for _, g := range generations() {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, quick(), fresh)
			call := g.begin(s, &calling{tool: "fresh", arguments: `{"name":"Zoë ☕"}`})
			q := call.question()
			if q.Message != "Pay Zoë ☕?" {
				t.Errorf("asked %q", q.Message)
			}
			q.answer(misfit)
			call.question().answer(agree)
			call.want(accepted)
			if ids := s.executions(); len(ids) != 1 {
				t.Errorf("the executions are %v; want one", ids)
			}
		})
	}
}

// fresh declares a tool whose every call starts new work.
func fresh(queue string) []durablemcp.Tool {
	return []durablemcp.Tool{durablemcp.WorkflowTool{
		Name: "fresh", Description: "Asks.", Workflow: Approve, TaskQueue: queue, WorkflowID: "fresh-{@uuid}", ArgNames: []string{"name"},
	}}
}

// TestElicitAnswerNotTaken answers while no worker is there. What the call says
// does not lead a model to start the work again.
func TestElicitAnswerNotTaken(t *testing.T) {
	t.Parallel()
	o := quick()
	o.Wait = 5 * time.Second // in which a busy machine gets to the question
	s := newStage(t, o, fresh)
	call := &calling{tool: "fresh", arguments: ann}
	first, err := s.round(t.Context(), call, formCaps, "")
	if err != nil || first.only() == "" {
		t.Fatalf("got %+v, %v", first, err)
	}
	s.killWorker()
	second, err := s.round(t.Context(), call, formCaps, replying(first.RequestState, first.only(), agree))
	if err != nil || !second.IsError {
		t.Fatalf("got %+v, %v", second, err)
	}
	contains(t, second.String(), "has not taken the answer")
	if strings.Contains(second.String(), "the same call again: it goes on where the work is") {
		t.Errorf("the model is told to make the same call again, which starts new work: %s", &second.rawResult)
	}
	s.startWorker()
	last, err := s.round(t.Context(), call, formCaps, replying(first.RequestState, first.only(), agree))
	if err != nil || string(last.StructuredContent) != accepted {
		t.Errorf("with the state, got %+v, %v", last, err)
	}
	if ids := s.executions(); len(ids) != 1 {
		t.Errorf("the executions are %v; want one", ids)
	}
}

// TestElicitStateAfterADeploy goes on with a call after a deploy that has added
// an optional argument with a default: it is the same call.
func TestElicitStateAfterADeploy(t *testing.T) {
	t.Parallel()
	o := quick()
	o.Principal = byHeader
	o.Wait = 20 * time.Second
	s := newStage(t, o, asking(Approve))
	call, first := opened(t, s)

	later := asking(Approve)(s.queue)[0].(durablemcp.WorkflowTool)
	later.Workflow, later.Output, later.ArgNames = "Approve", map[string]any{}, nil
	later.Input = struct {
		Name    string `json:"name"`
		Urgency string `json:"urgency" jsonschema:"default=normal"`
	}{}
	var err error
	if s.registry, err = durablemcp.New(&o.Options, later); err != nil {
		t.Fatal(err)
	}
	s.killServer()
	s.startServer()
	r, err := s.round(as(t.Context(), "ann"), call, formCaps, replying(first.RequestState, first.only(), agree))
	if err != nil || string(r.StructuredContent) != accepted {
		t.Errorf("got %+v, %v", r, err)
	}
}
