package e2e

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/worker"

	"github.com/durablemcp/durablemcp"
)

// asks orders a puppet to ask, and waits until the task shows n questions.
func (r *taskRig) asks(t *testing.T, c rawPeer, name, id string, n int, orders ...string) (keys []string) {
	t.Helper()
	for _, order := range orders {
		r.order(t, name, order)
	}
	return c.untilIt(t, id, "asks", func(task wireTask) bool { return len(task.InputRequests) == n }).keys()
}

// quiet waits until nothing happens in a puppet's history by itself any more.
func (r *taskRig) quiet(t *testing.T, name string) (length int64) {
	t.Helper()
	eventually(t, "the workflow has nothing to do", func() bool {
		resp, err := r.temporal.DescribeWorkflowExecution(t.Context(), r.queue+"-"+name, "")
		length = resp.GetWorkflowExecutionInfo().GetHistoryLength()
		return err == nil && length > 3 && resp.GetPendingWorkflowTask() == nil
	})
	return length
}

// TestTaskAsks checks that a task shows all that its workflow asks, as far as
// the client can ask it.
func TestTaskAsks(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	c := r.web("")
	id := c.start(t, "puppet", "a").TaskID
	both := c.declaring(`{"elicitation":{"form":{},"url":{}},"extensions":{"io.modelcontextprotocol/tasks":{}}}`)
	r.asks(t, both, "a", id, 3, "ask first", "ask second", "link third")

	task := both.get(t, id)
	if task.Status != "input_required" {
		t.Errorf("the task is %s", task.Status)
	}
	for _, key := range task.keys() {
		request := task.InputRequests[key]
		name, _, _ := strings.Cut(key, "-")
		if request.Method != "elicitation/create" {
			t.Errorf("%s asks with %s", key, request.Method)
		}
		if name == "third" {
			if request.Params.Mode != "url" || request.Params.URL != "https://sign.example/in" || request.Params.Message != "Sign in for third." {
				t.Errorf("%s asks %+v", key, request.Params)
			}
			continue
		}
		if request.Params.Mode != "form" || request.Params.Message != "Name for "+name+"?" {
			t.Errorf("%s asks %+v", key, request.Params)
		}
		sameJSON(t, "the requested schema", request.Params.RequestedSchema,
			[]byte(`{"type":"object","properties":{"name":{"type":"string","minLength":2}},"required":["name"]}`))
	}
	for _, test := range []struct {
		elicitation string
		status      string
		questions   int
	}{
		{`"elicitation":{},`, "input_required", 2}, {`"elicitation":{"form":{}},`, "input_required", 2},
		{`"elicitation":{"url":{}},`, "input_required", 1}, {``, "working", 0},
	} {
		task := c.declaring(`{`+test.elicitation+`"extensions":{"io.modelcontextprotocol/tasks":{}}}`).get(t, id)
		if task.Status != test.status || len(task.InputRequests) != test.questions {
			t.Errorf("with {%s}: the task is %s and asks %d questions; want %+v", test.elicitation, task.Status, len(task.InputRequests), test)
		}
	}
	// Who cannot ask is told who can.
	silent := c.declaring(`{"extensions":{"io.modelcontextprotocol/tasks":{}}}`).get(t, id)
	if !strings.Contains(silent.StatusMessage, "call puppet_answer with the same name, the question's key") {
		t.Errorf("the status message is %q", silent.StatusMessage)
	}
	if task.RequestState != nil {
		t.Errorf("the task has the request state %s", task.RequestState)
	}
}

// TestTaskAnswers answers one question after the other.
func TestTaskAnswers(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	for name, c := range r.clients(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id := c.start(t, "puppet", name).TaskID
			keys := r.asks(t, c, name, id, 3, "ask first", "ask second", "ask third")
			mustAck(t, c.answer(t, id, `{`+acceptName(keys[1], "Bob")+`}`))
			left := c.untilIt(t, id, "has taken one", func(task wireTask) bool { return len(task.InputRequests) < 3 })
			if got := strings.Join(left.keys(), " "); left.Status != "input_required" || got != keys[0]+" "+keys[2] {
				t.Errorf("after a part of the answers the task is %s and asks %s", left.Status, got)
			}
			// What is answered, and what was never asked, is ignored.
			mustAck(t, c.answer(t, id, `{`+acceptName(keys[1], "Eve")+`,`+acceptName("nobody-asked", "Eve")+`,
				"`+keys[0]+`":{"action":"decline"},"`+keys[2]+`":{"action":"cancel"}}`))
			c.until(t, id, "working")
			r.order(t, name, "return")
			text, _ := ownText(t, c.until(t, id, "completed").Result)
			for _, want := range []string{"second:Bob", "first:the person declined", "third:the person dismissed"} {
				if !strings.Contains(text, want) {
					t.Errorf("the result %q lacks %q", text, want)
				}
			}
		})
	}
}

// TestTaskIgnoredAnswers checks that answers to what is not asked change
// nothing: no key stands for another one.
func TestTaskIgnoredAnswers(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	c := r.web("")
	id := c.start(t, "puppet", "a").TaskID
	key := r.asks(t, c, "a", id, 1, "ask q")[0]
	before := r.quiet(t, "a")
	for _, other := range []string{"", "q", "q-", key[:len(key)-1], key + "0", strings.ToUpper(key), " " + key, "nobody-asked"} {
		mustAck(t, c.answer(t, id, `{`+acceptName(other, "Eve")+`}`))
		mustAck(t, c.answer(t, id, `{"`+other+`":"no answer at all"}`))
	}
	mustAck(t, c.answer(t, id, `{}`))
	if got := c.get(t, id).keys(); len(got) != 1 || got[0] != key {
		t.Errorf("the task asks %q; want %q", got, key)
	}
	if after := r.quiet(t, "a"); after != before {
		t.Errorf("the history grew from %d to %d", before, after)
	}
}

// TestTaskWrongAnswers checks that a wrong answer is acknowledged, as some clients take
// any error for the end of the task, and that the question is asked again, under another key
// and with the reason, but not for ever.
func TestTaskWrongAnswers(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	c := r.web("")
	id := c.start(t, "puppet", "a").TaskID
	key := r.asks(t, c, "a", id, 1, "ask q")[0]
	used := make(map[string]bool)
	for _, wrong := range []struct{ response, reason string }{
		{`{"action":"accept","content":{"name":"Z"}}`, "/name: does not fit"},
		{`{"action":"accept","content":{"name":7}}`, "/name: does not fit"},
		{`{"action":"accept","content":{}}`, "missing required property"},
		{`{"action":"accept"}`, "missing required property"},
		{`{"action":"accept","content":[]}`, "/content"},
		{`{"action":"shrug"}`, "/action"},
		{`{"action":7}`, "action"},
		{`null`, "action"},
		{`"Ann"`, "action"},
		{`[]`, "action"},
	} {
		used[key] = true
		mustAck(t, c.answer(t, id, `{"`+key+`":`+wrong.response+`}`))
		task := c.get(t, id)
		if keys := task.keys(); len(keys) != 1 || used[keys[0]] {
			t.Fatalf("after %s the task asks %q; want one question under a new key", wrong.response, keys)
		}
		key = task.keys()[0]
		message := task.InputRequests[key].Params.Message
		if !strings.Contains(message, wrong.reason) || containsAny(message, ".go", "goroutine", "rpc", "Z", "shrug", "Ann") {
			t.Errorf("after %s the question is %q; want %q, and nothing of the answer", wrong.response, message, wrong.reason)
		}
		mustAck(t, c.answer(t, id, `{"`+key+`x":{"action":"decline"}}`))
	}
	for old := range used { // what answers an earlier key comes too late
		mustAck(t, c.answer(t, id, `{`+acceptName(old, "Ann")+`}`))
	}
	m := c.answer(t, id, `{"`+key+`":{}}`)
	wantError(t, m, -32602, "")
	if m.Error != nil && !strings.Contains(m.Error.Message, key) {
		t.Errorf("the error is %q; want it to name the key", m.Error.Message)
	}
	if keys := c.get(t, id).keys(); len(keys) != 1 || keys[0] != key {
		t.Errorf("the task asks %q; want %q", keys, key)
	}
	mustAck(t, c.answer(t, id, `{`+acceptName(key, "Ann")+`}`))
	c.until(t, id, "working")
	r.wantReturned(t, c, "a", id, "map[q:Ann]")
}

// TestTaskWrongAnswerTooLate checks that a wrong answer is acknowledged as others are if
// the question is answered, or the workflow ends, before it can be asked again.
func TestTaskWrongAnswerTooLate(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(t *testing.T, r *taskRig, c rawPeer, id, key string){
		"answered": func(t *testing.T, _ *taskRig, c rawPeer, id, key string) {
			mustAck(t, c.answer(t, id, `{`+acceptName(key, "Ann")+`}`))
		},
		"refused already": func(t *testing.T, _ *taskRig, c rawPeer, id, key string) {
			mustAck(t, c.answer(t, id, `{"`+key+`":{"action":"shrug"}}`))
		},
		"ended": func(t *testing.T, r *taskRig, _ rawPeer, _, _ string) { r.terminate(t, "a", "") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := setUpTasks(t, options{})
			c := r.web("")
			late, meter := r.metered(t)
			id := c.start(t, "puppet", "a").TaskID
			key := r.asks(t, c, "a", id, 1, "ask q")[0]
			var once sync.Once
			meter.refusing(func(req any) error {
				update, ok := req.(*workflowservice.UpdateWorkflowExecutionRequest)
				if ok && update.GetRequest().GetInput().GetName() == "durablemcp.refusal" {
					once.Do(func() { end(t, r, c, id, key) })
				}
				return nil
			})
			mustAck(t, late.answer(t, id, `{"`+key+`":{"action":"accept"}}`))
		})
	}
}

// TestTaskWrongAnswerBesideARightOne checks that of several answers the right ones count.
func TestTaskWrongAnswerBesideARightOne(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	c := r.web("")
	id := c.start(t, "puppet", "a").TaskID
	keys := r.asks(t, c, "a", id, 2, "ask q", "ask r")
	mustAck(t, c.answer(t, id, `{"`+keys[0]+`":{"action":"accept","content":{"name":7}},`+acceptName(keys[1], "Bob")+`}`))
	task := c.untilIt(t, id, "has taken one", func(task wireTask) bool { return len(task.InputRequests) == 1 })
	mustAck(t, c.answer(t, id, `{`+acceptName(task.keys()[0], "Ann")+`}`))
	c.until(t, id, "working")
	r.wantReturned(t, c, "a", id, "map[q:Ann r:Bob]")
}

// TestTaskAnsweredTwice checks that of many clients that answer at once, one is
// heard, and all are told that all is well.
func TestTaskAnsweredTwice(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	c := r.web("")
	id := c.start(t, "puppet", "a").TaskID
	key := r.asks(t, c, "a", id, 1, "ask q")[0]
	var answers []*rawStream
	for _, name := range []string{"Ann", "Ann", "Bob", "Cid", "Ann"} {
		answers = append(answers, c.open(t, "tasks/update", `"taskId":"`+id+`","inputResponses":{`+acceptName(key, name)+`}`))
	}
	for _, s := range answers {
		mustAck(t, s.response(t))
	}
	c.until(t, id, "working")
	next := r.asks(t, c, "a", id, 1, "ask q")[0]
	if next == key {
		t.Errorf("a second question has the key of the first: %s", key)
	}
	r.order(t, "a", "return")
	text, _ := ownText(t, c.until(t, id, "completed").Result)
	if !containsAny(text, "q:Ann", "q:Bob", "q:Cid") {
		t.Errorf("the result is %s", text)
	}
	mustAck(t, c.answer(t, id, `{`+acceptName(next, "Late")+`}`)) // of a task that has ended
}

// TestTaskAnswerWithoutWorker checks that an answer which nobody takes is no
// answer that is lost.
func TestTaskAnswerWithoutWorker(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{noWorker: true})
	c := r.web("")
	registry, err := durablemcp.New(nil, r.tools(r.queue)...)
	if err != nil {
		t.Fatal(err)
	}
	w := worker.New(r.temporal, r.queue, worker.Options{})
	if err := registry.RegisterWorkflows(w, r.queue); err != nil {
		t.Fatal(err)
	}
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	id := c.start(t, "puppet", "a").TaskID
	key := r.asks(t, c, "a", id, 1, "ask q")[0]
	w.Stop()
	m := c.answer(t, id, `{`+acceptName(key, "Ann")+`}`)
	wantError(t, m, -32603, "")
	if m.Error != nil && containsAny(m.Error.Message, "rpc", "deadline", ".go") {
		t.Errorf("the error shows internals: %s", m)
	}
	if got := c.get(t, id); got.Status != "input_required" || got.keys()[0] != key {
		t.Errorf("the task is %+v", got)
	}
	r.startWorker(t)
	mustAck(t, c.answer(t, id, `{`+acceptName(key, "Ann")+`}`))
	c.until(t, id, "working")
	r.wantReturned(t, c, "a", id, "q:Ann")
}

// TestTaskAnswerOfOthers checks that who may not answer is not asked, nor shown
// what is asked, nor heard.
func TestTaskAnswerOfOthers(t *testing.T) {
	t.Parallel()
	r := setUpTasksOf(t, options{Options: durablemcp.Options{Principal: userHeader}}, func(queue string) []durablemcp.Tool {
		all := func(context.Context, durablemcp.AccessRequest) error { return nil }
		boss := func(_ context.Context, r durablemcp.AnswerRequest) error {
			if r.Caller.Principal != "boss" {
				return errors.New("not the boss")
			}
			return nil
		}
		return []durablemcp.Tool{
			durablemcp.WorkflowTool{Name: "puppet", Description: "Test.", Workflow: Puppet, TaskQueue: queue, ArgNames: []string{"name"},
				WorkflowID: queue + "-{name}", SharedID: true, Allow: all, AllowAnswer: boss},
		}
	})
	ann, boss := r.web("ann"), r.web("boss")
	id := ann.start(t, "puppet", "a").TaskID
	key := r.asks(t, boss, "a", id, 1, "ask q")[0]
	before := r.quiet(t, "a")
	task := ann.get(t, id)
	created := ann.start(t, "puppet", "a")
	for what, task := range map[string]wireTask{"polled": task, "created": created} {
		if task.Status != "working" || task.InputRequests != nil {
			t.Errorf("%s: the task is %s and asks %v", what, task.Status, task.InputRequests)
		}
		if strings.Contains(task.StatusMessage, "Name for q?") {
			t.Errorf("%s: the status message %q shows what is asked", what, task.StatusMessage)
		}
	}
	mustAck(t, ann.answer(t, id, `{`+acceptName(key, "Eve")+`}`))
	if after := r.quiet(t, "a"); after != before {
		t.Errorf("the history grew from %d to %d", before, after)
	}
	mustAck(t, boss.answer(t, id, `{`+acceptName(key, "Ann")+`}`))
	ann.until(t, id, "working")
	r.wantReturned(t, ann, "a", id, "q:Ann")
}

// userHeader is a principal that takes callers by their word.
func userHeader(_ context.Context, req mcp.Request) (string, error) {
	if extra := req.GetExtra(); extra != nil && extra.Header != nil {
		return extra.Header.Get("X-User"), nil
	}
	return "", nil
}

// TestTaskKeys checks that no two questions of a task have one key, however they
// are asked.
func TestTaskKeys(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	c := r.web("")
	id := c.start(t, "puppet", "a").TaskID
	seen := make(map[string]bool)
	note := func(keys []string) {
		for _, key := range keys {
			if seen[key] {
				t.Errorf("the key %s has come twice", key)
			}
			seen[key] = true
		}
	}
	for range 5 {
		keys := r.asks(t, c, "a", id, 1, "ask q")
		note(keys)
		mustAck(t, c.answer(t, id, `{`+acceptName(keys[0], "Ann")+`}`))
		c.until(t, id, "working")
	}
	note(r.asks(t, c, "a", id, 3, "ask q", "ask q", "ask q"))
	r.order(t, "a", "again")
	c.untilIt(t, id, "runs anew", func(task wireTask) bool { return len(task.InputRequests) == 0 })
	note(r.asks(t, c, "a", id, 2, "ask q", "ask q"))
}

// TestTaskAnswerOfTheEnded answers what a workflow asked when it was terminated.
// Nothing is sent, above all not to other work with the workflow's ID.
func TestTaskAnswerOfTheEnded(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	c, meter := r.metered(t)
	id := c.start(t, "puppet", "a").TaskID
	key := r.asks(t, c, "a", id, 1, "ask q")[0]
	r.terminate(t, "a", "")
	c.until(t, id, "completed")
	mustAck(t, c.answer(t, id, `{`+acceptName(key, "Ann")+`}`))
	if n := meter.of("UpdateWorkflowExecution"); n > 0 {
		t.Errorf("%d updates were sent to a workflow that has ended", n)
	}
}
