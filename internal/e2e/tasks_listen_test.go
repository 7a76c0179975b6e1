package e2e

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"runtime/pprof"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp"
)

const (
	acknowledged     = "notifications/subscriptions/acknowledged"
	taskNotification = "notifications/tasks"
)

// listen asks for notifications, the members of which are given in JSON.
func (p rawPeer) listen(t *testing.T, members string) *rawStream {
	t.Helper()
	return p.open(t, "subscriptions/listen", `"notifications":{`+members+`}`)
}

// listenTo listens to tasks, and returns the stream after the acknowledgement of
// all of them.
func (p rawPeer) listenTo(t *testing.T, ids ...string) *rawStream {
	t.Helper()
	s := p.listen(t, taskIDs(ids...))
	agreed := s.agreed(t)
	slices.Sort(ids)
	slices.Sort(agreed)
	if !slices.Equal(agreed, ids) {
		t.Fatalf("the server has agreed to %q; want %q", agreed, ids)
	}
	return s
}

func taskIDs(ids ...string) string {
	data, _ := json.Marshal(append([]string{}, ids...))
	return `"taskIds":` + string(data)
}

// notification returns the next message, which must be a notification of the
// stream.
func (s *rawStream) notification(t *testing.T, method string) rawMessage {
	t.Helper()
	m := s.next(t)
	if m.Method != method || m.ID != nil {
		t.Fatalf("got %s; want %s", m, method)
	}
	if got := string(subscriptionOf(m)); got != s.id {
		t.Errorf("%s says that it is for the request %s; want %s", m, got, s.id)
	}
	return m
}

// agreed returns the task IDs of the acknowledgement, which comes first.
func (s *rawStream) agreed(t *testing.T) []string {
	t.Helper()
	var params struct {
		Notifications struct{ TaskIDs []string }
	}
	if err := json.Unmarshal(s.notification(t, acknowledged).Params, &params); err != nil {
		t.Fatal(err)
	}
	return params.Notifications.TaskIDs
}

// told returns the next notification of a task.
func (s *rawStream) told(t *testing.T) rawMessage {
	t.Helper()
	return s.notification(t, taskNotification)
}

// until returns the first notification of a task that has come to a state.
func (s *rawStream) until(t *testing.T, id string, ok func(wireTask) bool) rawMessage {
	t.Helper()
	var before []byte
	for {
		m := s.told(t)
		task := readTask(t, m.Params)
		if task.TaskID != id {
			t.Fatalf("got %s; want one of %s", m, id)
		}
		now := withoutPollInterval(t, m.Params)
		if string(now) == string(before) {
			t.Errorf("told twice: %s", m)
		}
		if before = now; ok(task) {
			return m
		}
	}
}

func (s *rawStream) untilIs(t *testing.T, id, status string) rawMessage {
	t.Helper()
	return s.until(t, id, func(task wireTask) bool { return task.Status == status })
}

// wantOver ends the stream, on which and outside of which nothing more must have
// come.
func (s *rawStream) wantOver(t *testing.T, client rawPeer) {
	t.Helper()
	if more := s.over(t); len(more) != 0 {
		t.Errorf("after the end came %q", more)
	}
	if pipe, ok := client.rawWire.(*pipeWire); ok && len(pipe.strays()) > 0 {
		t.Errorf("outside the stream came %v", pipe.strays())
	}
}

// over drops what is left on a cancelled stream, and returns the methods of it.
func (s *rawStream) over(t *testing.T) (methods []string) {
	t.Helper()
	s.cancel()
	for m := range s.messages {
		if m.Method == "" {
			return methods
		}
		methods = append(methods, m.Method)
	}
	return methods
}

func withoutPollInterval(t *testing.T, task []byte) []byte {
	t.Helper()
	object, _ := decoded(t, task).(map[string]any)
	for _, key := range []string{"pollIntervalMs", "resultType", "_meta"} {
		delete(object, key)
	}
	out, _ := json.Marshal(object)
	return out
}

// wantAsPolled fails the test unless a notification is what tasks/get says.
func wantAsPolled(t *testing.T, c rawPeer, told rawMessage) {
	t.Helper()
	id := readTask(t, told.Params).TaskID
	polled := c.about(t, "tasks/get", id)
	sameJSON(t, "what was told", withoutPollInterval(t, told.Params), withoutPollInterval(t, polled.Result))
	var members map[string]json.RawMessage
	_ = json.Unmarshal(told.Params, &members)
	if members["resultType"] != nil || !isInteger.Match(members["pollIntervalMs"]) {
		t.Errorf("got %s; want no result type, and a poll interval", told)
	}
}

// TestTaskListen listens to tasks from their creation to their end.
func TestTaskListen(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{Options: durablemcp.Options{Principal: userHeader}})
	foreign := r.web("ann").start(t, "puppet", "foreign").TaskID
	for name, c := range r.clients(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one, other := name+"-one", name+"-other"
			id, otherID := c.start(t, "puppet", one).TaskID, c.start(t, "puppet", other).TaskID
			s := c.listen(t, taskIDs(id, foreign, otherID, id, "unknown", "", foreign[:20]))
			agreed, want := s.agreed(t), []string{id, otherID}
			slices.Sort(agreed)
			slices.Sort(want)
			if !slices.Equal(agreed, want) {
				t.Fatalf("the server has agreed to %q; want %q", agreed, want)
			}
			told := map[string]rawMessage{}
			for range 2 {
				m := s.told(t)
				told[readTask(t, m.Params).TaskID] = m
			}
			if len(told) != 2 {
				t.Errorf("told at first: %v", told)
			}
			r.quiet(t, one)
			r.order(t, one, "report 1")
			wantAsPolled(t, c, s.until(t, id, func(task wireTask) bool { return strings.Contains(task.StatusMessage, "1 of 10: step 1") }))
			r.order(t, one, "ask q")
			asking := s.untilIs(t, id, "input_required")
			wantAsPolled(t, c, asking)
			mustAck(t, c.answer(t, id, `{`+acceptName(readTask(t, asking.Params).keys()[0], "Ann")+`}`))
			wantAsPolled(t, c, s.untilIs(t, id, "working"))
			r.order(t, one, "return")
			completed := s.untilIs(t, id, "completed")
			wantAsPolled(t, c, completed)
			if text, _ := ownText(t, readTask(t, completed.Params).Result); !strings.Contains(text, "map[q:Ann]") {
				t.Errorf("got %s", completed)
			}
			mustAck(t, c.about(t, "tasks/cancel", otherID))
			wantAsPolled(t, c, s.untilIs(t, otherID, "cancelled"))
			s.wantOver(t, c)
		})
	}
}

// TestTaskListenFailed checks that the notification of a task that has failed
// has its error.
func TestTaskListenFailed(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	c := r.web("")
	id := c.start(t, "puppet", "a").TaskID
	s := c.listenTo(t, id)
	r.order(t, "a", "protocol")
	m := s.untilIs(t, id, "failed")
	wantAsPolled(t, c, m)
	sameJSON(t, "the error", readTask(t, m.Params).Error, []byte(protocolFailure))
}

// TestTaskListenToTheEnded checks that who comes late is told the end.
func TestTaskListenToTheEnded(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	for name, c := range r.clients(t) {
		id := c.start(t, "puppet", name).TaskID
		r.order(t, name, "return")
		c.until(t, id, "completed")
		s := c.listenTo(t, id)
		wantAsPolled(t, c, s.told(t))
		if more := s.over(t); len(more) != 0 {
			t.Errorf("%s: after the end came %q", name, more)
		}
	}
}

// TestTaskListenFollowsItsWorkflow checks that a stream stays with a task from
// run to run.
func TestTaskListenFollowsItsWorkflow(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	c := r.pipe(t)
	id := c.start(t, "puppet_retried", "a").TaskID
	s := c.listenTo(t, id)
	s.told(t)
	asks := func() string {
		t.Helper()
		r.order(t, "a", "ask q")
		return readTask(t, s.untilIs(t, id, "input_required").Params).keys()[0]
	}
	keys := []string{asks()}
	for _, order := range []string{"again", "retry"} {
		run := r.runOf(t, "a")
		r.order(t, "a", order)
		s.untilIs(t, id, "working") // what the run asked is gone
		eventually(t, "there is another run", func() bool { return r.runOf(t, "a") != run })
		keys = append(keys, asks())
	}
	slices.Sort(keys)
	if len(slices.Compact(keys)) != 3 {
		t.Errorf("the keys are %q", keys)
	}
	run := r.runOf(t, "a")
	r.reset(t, "a", run, r.workflowTasks(t, "a", run)[0])
	s.until(t, id, func(task wireTask) bool {
		return task.Status == "input_required" && !slices.Contains(keys, task.keys()[0])
	})
	r.order(t, "a", "return")
	wantAsPolled(t, c, s.untilIs(t, id, "completed"))
}

// TestTaskListenWithoutWorker checks that listening needs nobody who works.
func TestTaskListenWithoutWorker(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{noWorker: true})
	c := r.web("")
	id := c.start(t, "puppet", "a").TaskID
	s := c.listenTo(t, id)
	wantAsPolled(t, c, s.told(t))
	r.terminate(t, "a", "")
	wantAsPolled(t, c, s.untilIs(t, id, "completed"))
}

// TestTaskListenMerged checks that one stream carries what the SDK notifies of,
// too, and that streams without tasks are the SDK's alone.
func TestTaskListenMerged(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	server := r.anotherServer(t, r.temporal)
	web := httptest.NewServer(durablemcp.NewHTTPHandler(server, nil))
	t.Cleanup(web.Close)
	tools := 0
	for name, c := range map[string]rawPeer{"http": newRawPeer(webWire{url: web.URL}), "pipe": newRawPeer(pipeTo(t, server))} {
		id := c.start(t, "puppet", name).TaskID
		s := c.listen(t, `"toolsListChanged":true,`+taskIDs(id))
		var params struct {
			Notifications struct {
				ToolsListChanged bool
				TaskIDs          []string
			}
		}
		m := s.notification(t, acknowledged)
		if err := json.Unmarshal(m.Params, &params); err != nil || !params.Notifications.ToolsListChanged || !slices.Equal(params.Notifications.TaskIDs, []string{id}) {
			t.Fatalf("%s: got %s", name, m)
		}
		s.told(t)
		for range 3 {
			tools++
			server.AddTool(&mcp.Tool{Name: fmt.Sprintf("tool%d", tools), InputSchema: json.RawMessage(`{"type":"object"}`)}, nil)
			s.notification(t, "notifications/tools/list_changed")
			r.order(t, name, fmt.Sprintf("report %d", tools))
			s.until(t, id, func(task wireTask) bool { return strings.HasSuffix(task.StatusMessage, fmt.Sprintf("step %d", tools)) })
		}
		s.over(t)

		alone := c.declaring(declaresNothing).listen(t, `"toolsListChanged":true`)
		if m := alone.notification(t, acknowledged); strings.Contains(string(m.Params), "taskIds") {
			t.Errorf("%s: got %s", name, m)
		}
		tools++
		server.AddTool(&mcp.Tool{Name: fmt.Sprintf("tool%d", tools), InputSchema: json.RawMessage(`{"type":"object"}`)}, nil)
		alone.notification(t, "notifications/tools/list_changed")
		alone.over(t)
	}
}

// TestTaskListenSeveral opens several streams, with IDs of both kinds, and closes
// one after the other.
func TestTaskListenSeveral(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	for name, c := range r.clients(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id := c.start(t, "puppet", name).TaskID
			number := fmt.Sprint(rawRequests.Add(1))
			var streams []*rawStream
			for _, requestID := range []string{number, `"` + number + `"`, `"a b"`, `""`, `"é"`} {
				s := c.send(t, requestID, `{"jsonrpc":"2.0","id":`+requestID+`,"method":"subscriptions/listen","params":{
					"notifications":{`+taskIDs(id)+`},`+c.meta("")+`}}`)
				if got := s.agreed(t); !slices.Equal(got, []string{id}) {
					t.Fatalf("%s: the server has agreed to %q", requestID, got)
				}
				s.told(t)
				streams = append(streams, s)
			}
			r.quiet(t, name)
			for i, s := range streams {
				r.order(t, name, fmt.Sprintf("report %d", i+1))
				for _, open := range streams[i:] {
					open.until(t, id, func(task wireTask) bool { return strings.HasSuffix(task.StatusMessage, fmt.Sprintf("step %d", i+1)) })
				}
				if more := s.over(t); len(more) != 0 {
					t.Errorf("%s: after the end came %q", s.id, more)
				}
			}
		})
	}
}

// TestTaskListenOneID checks what becomes of a stream whose client uses the ID of
// its request again, as it must not.
func TestTaskListenOneID(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	c := r.pipe(t)
	id := c.start(t, "puppet", "a").TaskID
	s := c.listenTo(t, id)
	s.told(t)
	r.quiet(t, "a")
	c.rawWire.(*pipeWire).write(t, `{"jsonrpc":"2.0","id":`+s.id+`,"method":"subscriptions/listen","params":{"notifications":{`+taskIDs(id)+`},`+c.meta("")+`}}`)
	c.get(t, id) // after the request
	r.order(t, "a", "report 1")
	for {
		m := s.next(t)
		if m.Method == taskNotification && strings.Contains(string(m.Params), "step 1") {
			break
		}
	}
}

// TestTaskListenUndeclared checks that listening to tasks needs the extension,
// and a list.
func TestTaskListenUndeclared(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	id := r.web("").start(t, "puppet", "a").TaskID
	for name, c := range r.clients(t) {
		for _, ids := range []string{taskIDs(id), taskIDs("unknown"), taskIDs(), `"toolsListChanged":true,` + taskIDs(id)} {
			m := c.declaring(`{"elicitation":{}}`).listen(t, ids).next(t)
			wantError(t, m, -32021, missingCapability)
			if m.HTTPStatus != 0 && m.HTTPStatus != 400 {
				t.Errorf("%s: the status is %d", name, m.HTTPStatus)
			}
		}
		for _, ids := range []string{`null`, `7`, `"` + id + `"`, `[7]`, `[["` + id + `"]]`, `{}`, `true`} {
			wantError(t, c.listen(t, `"taskIds":`+ids).next(t), -32602, "")
		}
		for _, params := range []string{``, `null`, `[]`, `7`, `{}`, `{"notifications":null,` + c.meta("") + `}`, `{"notifications":[],` + c.meta("") + `}`, `{` + c.meta("") + `}`} {
			if m := c.openRaw(t, "subscriptions/listen", params).next(t); m.Result != nil || m.Method != "" {
				t.Errorf("%s: with the params %.60s: got %s", name, params, m)
			}
		}
	}
	// The declaration counts that stands on the request.
	c := r.pipe(t)
	c.get(t, id)
	m := c.openRaw(t, "subscriptions/listen", `{"notifications":{`+taskIDs(id)+`}}`).next(t)
	if m.Error == nil {
		t.Errorf("a client that has declared the extension on an earlier request got %s", m)
	}
}

// TestTaskListenLegacy checks that clients of earlier protocols cannot listen to
// tasks.
func TestTaskListenLegacy(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	id := r.web("").start(t, "puppet", "a").TaskID
	for name, modern := range r.clients(t) {
		c := r.legacy(t, modern.rawWire, "2025-11-25")
		for _, params := range []string{`{"notifications":{` + taskIDs(id) + `}}`, `{"notifications":{"toolsListChanged":true,` + taskIDs(id) + `}}`} {
			m := c.openRaw(t, "subscriptions/listen", params).next(t)
			if strings.Contains(m.String(), id) || m.Method == taskNotification {
				t.Errorf("%s: got %s", name, m)
			}
		}
	}
}

// TestTaskListenToNothing checks that a stream without a task of the caller ends
// at once.
func TestTaskListenToNothing(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	for name, c := range r.clients(t) {
		for _, ids := range []string{taskIDs("unknown"), taskIDs(), taskIDs("", "a", "b")} {
			s := c.listen(t, ids)
			m := s.notification(t, acknowledged)
			if strings.Contains(string(m.Params), "taskIds") {
				t.Errorf("%s: got %s", name, m)
			}
			if m := s.next(t); m.Result == nil {
				t.Errorf("%s: got %s; want the result", name, m)
			}
		}
	}
}

// TestTaskListenSaysNothingElse checks that no progress and no log comes on the
// stream, though its client asks for both.
func TestTaskListenSaysNothingElse(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	for name, c := range r.clients(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id := c.start(t, "puppet", name).TaskID
			s := c.openRaw(t, "subscriptions/listen", `{"notifications":{`+taskIDs(id)+`},`+
				c.meta(`"progressToken":"p","io.modelcontextprotocol/logLevel":"debug",`)+`}`)
			s.agreed(t)
			for i := range 3 {
				r.order(t, name, fmt.Sprintf("report %d", i+1))
				s.until(t, id, func(task wireTask) bool { return strings.HasSuffix(task.StatusMessage, fmt.Sprintf("step %d", i+1)) })
			}
			r.order(t, name, "return")
			s.untilIs(t, id, "completed")
			s.wantOver(t, c)
		})
	}
}

// TestTaskListenMany checks that the acknowledgement tells how many tasks one
// stream is good for.
func TestTaskListenMany(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{noWorker: true})
	c := r.pipe(t)
	var ids []string
	for i := range 51 {
		name := fmt.Sprint(i)
		ids = append(ids, c.start(t, "puppet", name).TaskID, c.start(t, "puppet_result", name).TaskID)
	}
	s := c.listen(t, taskIDs(ids...))
	agreed := s.agreed(t)
	if len(agreed) != 100 {
		t.Errorf("the server has agreed to %d tasks; want 100", len(agreed))
	}
	for range agreed {
		if id := readTask(t, s.told(t).Params).TaskID; !slices.Contains(agreed, id) {
			t.Errorf("told of %s", id)
		}
	}
	s.over(t)
}

// TestTaskListenManyUnknown checks that a list of IDs that somebody has made up
// does not cost Temporal more than one of tasks.
func TestTaskListenManyUnknown(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{noWorker: true})
	c, meter := r.metered(t)
	raw, err := base64.RawURLEncoding.DecodeString(c.start(t, "puppet", "a").TaskID)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for i := range 1000 {
		ids = append(ids, base64.RawURLEncoding.EncodeToString(fmt.Append(raw, i)))
	}
	got := meter.during(func() { c.listen(t, taskIDs(ids...)).response(t) })
	if n := got["DescribeWorkflowExecution"]; n > 200 {
		t.Errorf("%d made-up IDs have made %d requests", len(ids), n)
	}
}

// pass lets a second or two pass: a workflow sleeps.
func (r *taskRig) pass(t *testing.T, d string) {
	t.Helper()
	c := r.web("").declaring(`{"extensions":{"io.modelcontextprotocol/tasks":{}}}`)
	c.until(t, c.startWith(t, "nap", `{"d":"`+d+`"}`).TaskID, "completed")
}

// TestTaskListenQuiet checks that listening to a task in which nothing happens
// costs nothing but long polls.
func TestTaskListenQuiet(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	c, meter := r.metered(t)
	id := c.start(t, "puppet", "a").TaskID
	s := c.listenTo(t, id)
	s.told(t)
	r.quiet(t, "a")
	r.order(t, "a", "report 1")
	s.until(t, id, func(task wireTask) bool { return strings.HasSuffix(task.StatusMessage, "step 1") })
	r.pass(t, "1s") // what came with the report is over
	got := meter.during(func() { r.pass(t, "3s") })
	if got["DescribeWorkflowExecution"] > 0 || got["GetWorkflowExecutionHistory"] > 1 || len(got) > 1 {
		t.Errorf("in a quiet time, listening has made the requests %v", got)
	}
	s.over(t)
}

// TestTaskListenQuietWithoutFirstRun checks the same of a task whose first run
// has been deleted, as happens to work that goes on for longer than the
// namespace keeps what has ended.
func TestTaskListenQuietWithoutFirstRun(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	c, meter := r.metered(t)
	id := c.start(t, "puppet", "a").TaskID
	first := r.runOf(t, "a")
	r.order(t, "a", "again")
	eventually(t, "there is another run", func() bool { return r.runOf(t, "a") != first })
	r.quiet(t, "a")
	meter.refusing(func(req any) error {
		if history, ok := req.(*workflowservice.GetWorkflowExecutionHistoryRequest); ok && history.GetExecution().GetRunId() == first {
			return serviceerror.ToStatus(serviceerror.NewNotFound("it is deleted")).Err()
		}
		return nil
	})
	s := c.listenTo(t, id)
	s.told(t)
	r.pass(t, "1s")
	got := meter.during(func() { r.pass(t, "3s") })
	if got["DescribeWorkflowExecution"] > 0 || got["GetWorkflowExecutionHistory"] > 1 {
		t.Errorf("in a quiet time, listening has made the requests %v", got)
	}
	r.order(t, "a", "return")
	s.untilIs(t, id, "completed")
}

// TestTaskListenTellsNews checks that a change of a workflow that clients cannot
// see is not told.
func TestTaskListenTellsNews(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	c := r.pipe(t)
	id := c.start(t, "puppet", "a").TaskID
	r.quiet(t, "a")
	s := c.listenTo(t, id)
	s.told(t)
	r.order(t, "a", "memo 1")
	r.pass(t, "1s")
	r.order(t, "a", "report 1")
	if m := s.told(t); !strings.HasSuffix(readTask(t, m.Params).StatusMessage, "step 1") {
		t.Errorf("told %s; want what was reported", m)
	}
}

// broken says whether the code of [Breaks] is.
var broken atomic.Bool

// Breaks panics as long as its code is broken, and waits after that.
func Breaks(ctx workflow.Context) error {
	if broken.Load() {
		panic("broken")
	}
	return workflow.Sleep(ctx, time.Hour)
}

// TestTaskListenUnstuck checks that listeners hear of it when a workflow is not
// stuck any more. It takes as long as Temporal waits before it tries again.
func TestTaskListenUnstuck(t *testing.T) {
	t.Parallel()
	broken.Store(true)
	r := setUpTasksOf(t, options{worker: worker.Options{WorkflowPanicPolicy: worker.BlockWorkflow}}, func(queue string) []durablemcp.Tool {
		return []durablemcp.Tool{durablemcp.WorkflowTool{Name: "breaks", Description: "Test.", Workflow: Breaks, TaskQueue: queue, WorkflowID: queue}}
	})
	c := r.web("")
	id := c.startWith(t, "breaks", `{}`).TaskID
	c.untilIt(t, id, "says that it is stuck", func(task wireTask) bool { return strings.Contains(task.StatusMessage, "stuck") })
	s := c.listenTo(t, id)
	if m := readTask(t, s.told(t).Params); !strings.Contains(m.StatusMessage, "stuck") {
		t.Errorf("told %+v; want that it is stuck", m)
	}
	broken.Store(false)
	s.until(t, id, func(task wireTask) bool { return !strings.Contains(task.StatusMessage, "stuck") })
}

// TestTaskListenDenied checks that a caller who may not see a task any more is
// told nothing more of it, and that Temporal is left in peace.
func TestTaskListenDenied(t *testing.T) {
	t.Parallel()
	var denied atomic.Bool
	r := setUpTasksOf(t, options{}, func(queue string) []durablemcp.Tool {
		return append(taskTools(queue), durablemcp.ResultTool{
			Name: "watched", Description: "Test.", Workflow: Puppet, WorkflowID: queue + "-{name}",
			Allow: func(context.Context, durablemcp.AccessRequest) error {
				if denied.Load() {
					return context.Canceled
				}
				return nil
			},
		})
	})
	c, meter := r.metered(t)
	owned := c.start(t, "puppet", "a").TaskID
	id := c.start(t, "watched", "a").TaskID
	s := c.listenTo(t, id)
	s.told(t)
	denied.Store(true)
	r.order(t, "a", "return")
	c.until(t, owned, "completed")
	got := meter.during(func() { r.pass(t, "2s") })
	if n := got["DescribeWorkflowExecution"]; n > 10 {
		t.Errorf("after a task that its listener may not see has ended, listening has made the requests %v", got)
	}
	if more := s.over(t); len(more) != 0 {
		t.Errorf("a caller who may not see the task was told %q", more)
	}
}

// TestTaskListenTwoRegistries checks that one stream is for the tasks of all
// registries of a server.
func TestTaskListenTwoRegistries(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	server := mcp.NewServer(&mcp.Implementation{Name: "e2e", Version: "1"}, nil)
	for _, name := range []string{"one", "two"} {
		mountOn(t, server, r.temporal, r.options.Options, durablemcp.WorkflowTool{
			Name: name, Description: "Test.", Workflow: Puppet, TaskQueue: r.queue, ArgNames: []string{"name"}, WorkflowID: r.queue + "-{name}",
		})
	}
	c := newRawPeer(pipeTo(t, server))
	one, two := c.start(t, "one", "one").TaskID, c.start(t, "two", "two").TaskID
	other := r.web("").start(t, "puppet", "three").TaskID
	s := c.listen(t, taskIDs(one, two, other))
	agreed, want := s.agreed(t), []string{one, two}
	slices.Sort(agreed)
	slices.Sort(want)
	if !slices.Equal(agreed, want) {
		t.Fatalf("the server has agreed to %q; want %q", agreed, want)
	}
	s.told(t)
	s.told(t)
	for name, id := range map[string]string{"one": one, "two": two} {
		r.order(t, name, "return")
		wantAsPolled(t, c, s.untilIs(t, id, "completed"))
	}
	s.over(t)
}

// TestTaskListenExpired checks that a task whose workflow is deleted while
// somebody listens is left alone after that.
func TestTaskListenExpired(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	c, meter := r.metered(t)
	id := c.start(t, "puppet", "a").TaskID
	s := c.listenTo(t, id)
	s.told(t)
	r.delete(t, "a", r.runOf(t, "a"))
	wantUnknown(t, c, "a deleted workflow", id)
	r.pass(t, "3s") // the watch tries again after a second, and the listener looks once more
	if got := meter.during(func() { r.pass(t, "3s") }); len(got) > 0 {
		t.Errorf("after a task is gone, listening to it has made the requests %v", got)
	}
	s.over(t)
}

// TestTaskListenLosesNoEnd checks that the end of a task is told although its
// result could not be read at first.
func TestTaskListenLosesNoEnd(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	c, meter := r.metered(t)
	id := c.start(t, "puppet", "a").TaskID
	s := c.listenTo(t, id)
	s.told(t)
	var refused atomic.Bool
	meter.refusing(func(req any) error {
		history, ok := req.(*workflowservice.GetWorkflowExecutionHistoryRequest)
		if ok && history.GetHistoryEventFilterType() == enums.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT && !refused.Swap(true) {
			return serviceerror.ToStatus(serviceerror.NewInvalidArgument("come again")).Err()
		}
		return nil
	})
	r.order(t, "a", "return")
	s.untilIs(t, id, "completed")
	if !refused.Load() {
		t.Error("nothing was refused")
	}
}

// TestTaskListenGoesOnAfterAReset resets a workflow that has ended before its
// listeners have learned how. They go on, and Temporal is left in peace.
func TestTaskListenGoesOnAfterAReset(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	c, meter := r.metered(t)
	id := c.start(t, "puppet", "a").TaskID
	r.quiet(t, "a")
	s := c.listenTo(t, id)
	s.told(t)
	var refused atomic.Int32
	meter.refusing(func(req any) error {
		history, ok := req.(*workflowservice.GetWorkflowExecutionHistoryRequest)
		if ok && history.GetHistoryEventFilterType() == enums.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT {
			refused.Add(1)
			return serviceerror.ToStatus(serviceerror.NewInvalidArgument("come again")).Err()
		}
		return nil
	})
	run := r.runOf(t, "a")
	r.terminate(t, "a", "")
	eventually(t, "the end is seen, and not how", func() bool { return refused.Load() > 0 })
	r.reset(t, "a", run, r.workflowTasks(t, "a", run)[0])
	eventually(t, "there is another run", func() bool { return r.runOf(t, "a") != run })
	meter.refusing(nil)
	r.pass(t, "3s") // until the listener has looked again
	got := meter.during(func() { r.pass(t, "3s") })
	if got["DescribeWorkflowExecution"] > 3 {
		t.Errorf("listening to a task that was reset has made the requests %v", got)
	}
	r.order(t, "a", "return")
	s.untilIs(t, id, "completed")
}

// TestTaskListenUnreachable checks that a server without Temporal does not say
// that there are no such tasks.
func TestTaskListenUnreachable(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{noWorker: true})
	id := r.web("").start(t, "puppet", "a").TaskID
	c := newRawPeer(pipeTo(t, r.anotherServer(t, lazyClient(t, closedPort(t)))))
	wantError(t, c.listen(t, taskIDs(id)).response(t), -32603, "")
}

// ofLibrary matches a frame of the packages that can leave something running.
var ofLibrary = regexp.MustCompile(`(?m)^github\.com/durablemcp/durablemcp(/internal/(call|execution|listen|task))?\.`)

// libraryGoroutines are the goroutines that run code of the library.
func libraryGoroutines() (stacks []string) {
	var all strings.Builder
	_ = pprof.Lookup("goroutine").WriteTo(&all, 2)
	for stack := range strings.SplitSeq(all.String(), "\n\n") {
		if ofLibrary.MatchString(stack) {
			stacks = append(stacks, stack)
		}
	}
	return stacks
}

// TestTaskListenLeavesNothing checks that streams end with their clients, however
// they go. It is not parallel: it counts goroutines.
func TestTaskListenLeavesNothing(t *testing.T) { //nolint:paralleltest // it counts goroutines
	r := setUpTasks(t, options{})
	web := r.web("")
	ids := []string{web.start(t, "puppet", "a").TaskID, web.start(t, "puppet", "b").TaskID}
	eventually(t, "the library does nothing", func() bool { return len(libraryGoroutines()) == 0 })
	tests := map[string]struct {
		client rawPeer
		end    func(c rawPeer, s *rawStream)
	}{
		"http":      {web, func(_ rawPeer, s *rawStream) { s.cancel() }},
		"cancelled": {r.pipe(t), func(_ rawPeer, s *rawStream) { s.over(t) }},
		"hung up":   {r.pipe(t), func(c rawPeer, _ *rawStream) { _ = c.rawWire.(*pipeWire).in.Close() }},
	}
	eventually(t, "both pipes have their readers", func() bool { return len(libraryGoroutines()) == 4 }) // two each
	for name, test := range tests {
		idle := len(libraryGoroutines())
		s := test.client.listenTo(t, ids...)
		s.told(t)
		s.told(t)
		if n := len(libraryGoroutines()); n <= idle {
			t.Fatalf("%s: nobody seems to listen", name)
		}
		test.end(test.client, s)
		eventually(t, name+": the library does nothing", func() bool { return len(libraryGoroutines()) <= idle })
	}
}

// TestTaskListenHooksThatPanic checks that a panic in an embedder's hook while
// somebody listens does not end the process. It runs in a process of its own.
func TestTaskListenHooksThatPanic(t *testing.T) {
	t.Parallel()
	for _, when := range []string{"at once", "later"} {
		t.Run(when, func(t *testing.T) {
			t.Parallel()
			const child = "E2E_LISTEN_PANICS"
			if os.Getenv(child) == "" {
				cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+strings.ReplaceAll(t.Name(), "/", "$/^")+"$", "-test.count=1")
				cmd.Env = append(os.Environ(), child+"=1")
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("%v:\n%.2000s", err, out)
				}
				return
			}
			var armed, exploded atomic.Bool
			r := setUpTasks(t, options{Options: durablemcp.Options{Principal: func(context.Context, mcp.Request) (string, error) {
				if armed.Load() {
					exploded.Store(true)
					panic("the principal explodes")
				}
				return "", nil
			}}})
			c := r.web("")
			id := c.start(t, "puppet", "a").TaskID
			if when == "at once" {
				armed.Store(true)
				m := c.listen(t, taskIDs(id)).next(t)
				wantError(t, m, -32603, "")
				if strings.Contains(m.String(), "explodes") {
					t.Errorf("got %s", m)
				}
				armed.Store(false)
				c.get(t, id)
				return
			}
			s := c.listenTo(t, id)
			s.told(t)
			armed.Store(true)
			r.order(t, "a", "report 1")
			r.order(t, "a", "return")
			eventually(t, "the hook has been called", exploded.Load)
			armed.Store(false)
			c.get(t, id)
		})
	}
}
