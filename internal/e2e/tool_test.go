package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	sdktemporal "go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"

	"github.com/durablemcp/durablemcp"
)

func containsAny(text string, parts ...string) bool {
	for _, part := range parts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

// goCall calls a tool in a goroutine.
func (r *rig) goCall(tool, arguments string) <-chan *mcp.CallToolResult {
	results := make(chan *mcp.CallToolResult, 1)
	go func() {
		result, err := r.session.CallTool(r.t.Context(), &mcp.CallToolParams{Name: tool, Arguments: json.RawMessage(arguments)})
		if err != nil {
			r.t.Errorf("%s(%s): %v", tool, arguments, err)
			result = &mcp.CallToolResult{}
		}
		results <- result
	}()
	return results
}

// executions lists the rig's workflow executions.
func (r *rig) executions(t *testing.T, query string) (ids []string) {
	t.Helper()
	resp, err := r.temporal.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{
		Query: "TaskQueue = '" + r.queue + "' AND " + query,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range resp.GetExecutions() {
		ids = append(ids, e.GetExecution().GetWorkflowId())
	}
	return ids
}

// running waits until a workflow runs and returns its ID.
func (r *rig) running(t *testing.T) (id string) {
	t.Helper()
	eventually(t, "a workflow runs", func() bool {
		ids := r.executions(t, "ExecutionStatus = 'Running'")
		if len(ids) > 0 {
			id = ids[0]
		}
		return len(ids) > 0
	})
	return id
}

// TestShapes calls workflows of every shape of arguments and results.
func TestShapes(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{}, func(queue string) []durablemcp.Tool {
		tool := func(name string, workflow any, args ...string) durablemcp.Tool {
			return durablemcp.WorkflowTool{Name: name, Description: "Test.", Workflow: workflow, TaskQueue: queue, WorkflowID: "test-{@uuid}", ArgNames: args}
		}
		return []durablemcp.Tool{
			tool("greet", Greet), tool("greet_at", Greet, "place"), tool("add", Add, "a", "b"), tool("nothing", Nothing),
			tool("echo", Echo, "v"), tool("find", Find), tool("tell", Tell), tool("nap", Nap, "for"),
			durablemcp.WorkflowTool{Name: "by_name", Description: "Test.", Workflow: "Greet", TaskQueue: queue, WorkflowID: "by_name-{@uuid}", Input: Place{}, Output: Greeting{}},
			durablemcp.WorkflowTool{Name: "by_name_args", Description: "Test.", Workflow: "Add", TaskQueue: queue, WorkflowID: "by_name_args-{@uuid}",
				Input: []any{int64(0), int64(0)}, ArgNames: []string{"a", "b"}, Output: int64(0)},
			durablemcp.WorkflowTool{Name: "by_name_any", Description: "Test.", Workflow: "Greet", TaskQueue: queue, WorkflowID: "by_name_any-{@uuid}", Input: map[string]any{}},
			durablemcp.WorkflowTool{Name: "by_name_none", Description: "Test.", Workflow: "Nothing", TaskQueue: queue, WorkflowID: "by_name_none-{@uuid}"},
		}
	})
	for _, test := range []struct{ tool, arguments, structured, text string }{
		{"greet", `{"city":"Oslo","zip":9007199254740993}`, `{"text":"hello Oslo","zip":9007199254740993}`, ""},
		{"greet_at", `{"place":{"city":"Oslo"}}`, `{"text":"hello Oslo","zip":0}`, ""},
		{"add", `{"a":9007199254740992,"b":1}`, `{"result":9007199254740993}`, ""},
		{"add", `{"a":1.0,"b":2e0}`, `{"result":3}`, ""},
		{"nothing", `{}`, ``, "nothing is done."},
		{"nothing", ``, ``, "nothing is done."},
		{"echo", `{"v":{"big":123456789012345678901234567890,"d":0.10000000000000000001}}`,
			`{"result":{"big":123456789012345678901234567890,"d":0.10000000000000000001}}`, ""},
		{"echo", `{"v":null}`, `{"result":null}`, ""},
		{"find", `{"city":"nowhere"}`, `{"result":null}`, ""},
		{"find", `{"city":"Rome"}`, `{"text":"Rome","zip":0}`, ""},
		{"tell", `{}`, `{"temperature":21}`, "It is 21 degrees."},
		{"nap", `{"for":"1ms"}`, `{"result":"rested"}`, ""},
		{"by_name", `{"city":"Oslo"}`, `{"text":"hello Oslo","zip":0}`, ""},
		{"by_name_args", `{"a":1,"b":2}`, `{"result":3}`, ""},
		{"by_name_any", `{"city":"Oslo","zip":9007199254740993}`, `{"text":"hello Oslo","zip":9007199254740993}`, ""},
		{"by_name_none", `{}`, ``, "by_name_none is done."},
	} {
		t.Run(test.tool, func(t *testing.T) {
			t.Parallel()
			raw := rawCall(t, r, test.tool, test.arguments)
			if test.text == "" {
				test.text = test.structured
			}
			if raw.IsError || string(raw.StructuredContent) != test.structured || raw.Content[0].Text != test.text {
				t.Errorf("%s(%s) = %s, text %q, error %v; want %s, %q",
					test.tool, test.arguments, raw.StructuredContent, raw.Content[0].Text, raw.IsError, test.structured, test.text)
			}
		})
	}
}

// rawResult is a tool result with its JSON as it came over the wire.
type rawResult struct {
	StructuredContent json.RawMessage
	IsError           bool
	Content           []struct{ Text string }
	Meta              map[string]json.RawMessage `json:"_meta"`
}

// rawCall calls a tool and returns the bytes of its result: the SDK's client
// decodes numbers into float64.
func rawCall(t *testing.T, r *rig, tool, arguments string) rawResult {
	t.Helper()
	var raw rawResult
	params := ""
	if arguments != "" {
		params = `"arguments":` + arguments + `,`
	}
	response := r.post(t, tool, params)
	if err := json.Unmarshal(response, &struct{ Result *rawResult }{&raw}); err != nil {
		t.Fatal(err)
	}
	if len(raw.Content) == 0 {
		t.Fatalf("%s(%s): no content in %s", tool, arguments, response)
	}
	return raw
}

func gateTools(queue string) []durablemcp.Tool {
	gate := durablemcp.WorkflowTool{
		Name: "gate", Description: "Waits.", Workflow: Gate, TaskQueue: queue, ArgNames: []string{"name"}, WorkflowID: queue + "-{name}",
	}
	impatient, start := gate, gate
	impatient.Name, impatient.Wait = "impatient", 300*time.Millisecond
	start.Name, start.Mode = "start", durablemcp.ModeStart
	start.WorkflowIDReusePolicy = enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
	return []durablemcp.Tool{gate, impatient, start}
}

func (r *rig) open(t *testing.T, id string) {
	t.Helper()
	if err := r.temporal.SignalWorkflow(t.Context(), id, "", "open", nil); err != nil {
		t.Fatal(err)
	}
}

// TestRunning checks the answer for a workflow that outlasts the wait, and that
// the same call again joins it.
func TestRunning(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{}, gateTools)
	result := r.call("impatient", `{"name":"a"}`)
	o, meta := outcomeOf(result), workflowOf(t, result)
	if o.IsError {
		t.Fatalf("still running is an error: %s", o.Text)
	}
	var answer struct {
		Running struct {
			WorkflowID string `json:"workflow_id"`
			RunID      string `json:"run_id"`
			Elapsed    string
			Doing      string
		}
	}
	if err := json.Unmarshal([]byte(o.Structured), &answer); err != nil {
		t.Fatal(err)
	}
	if got := answer.Running; got.WorkflowID != r.queue+"-a" || got.RunID != meta["run_id"] || got.Elapsed == "" {
		t.Errorf("got %+v, _meta %v", got, meta)
	}
	contains(t, answer.Running.Doing, "waiting for a timer, a signal or an update")
	contains(t, o.Text, "impatient is still running after", "call impatient again with the same arguments", "returns its result for 2m0s; later, or if it ended in another way, the call starts it again")

	results := r.goCall("gate", `{"name":"a"}`)
	r.open(t, r.queue+"-a")
	joined := <-results
	contains(t, outcomeOf(joined).Structured, "opened a")
	if got := workflowOf(t, joined); got["run_id"] != meta["run_id"] {
		t.Errorf("the second call got run %s, the first %s", got["run_id"], meta["run_id"])
	}
}

// TestMeta checks the IDs and the link of a result.
func TestMeta(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{}, gateTools)
	result := r.call("start", `{"name":"a/b c"}`)
	meta := workflowOf(t, result)
	want := uiURL + "/namespaces/" + devServer.Namespace() + "/workflows/" + r.queue + "-a%2Fb%20c/" + meta["run_id"] + "/history"
	if meta["workflow_id"] != r.queue+"-a/b c" || meta["workflow_type"] != "Gate" || meta["url"] != want {
		t.Errorf("_meta is %v; want the link %s", meta, want)
	}
}

// TestStart checks mode Start: the handle at once, and again while it runs and
// after it has closed.
func TestStart(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{}, gateTools)
	handle := func() (h struct {
		WorkflowID string `json:"workflow_id"`
		RunID      string `json:"run_id"`
		Status     string
	}) {
		if err := json.Unmarshal([]byte(outcomeOf(r.call("start", `{"name":"a"}`)).Structured), &h); err != nil {
			t.Fatal(err)
		}
		return h
	}
	first := handle()
	if first.WorkflowID != r.queue+"-a" || first.RunID == "" || first.Status != "running" {
		t.Errorf("the handle is %+v", first)
	}
	if again := handle(); again != first {
		t.Errorf("a second call got %+v; the first %+v", again, first)
	}
	r.open(t, first.WorkflowID)
	if err := r.temporal.GetWorkflow(t.Context(), first.WorkflowID, "").Get(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	first.Status = "completed"
	if closed := handle(); closed != first {
		t.Errorf("after it has closed, a call got %+v; want %+v", closed, first)
	}
}

// TestConcurrentCallsJoin checks that calls with one workflow ID share one
// execution.
func TestConcurrentCallsJoin(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{}, gateTools)
	const callers = 20
	results := make([]<-chan *mcp.CallToolResult, callers)
	for i := range results {
		results[i] = r.goCall("gate", `{"name":"a"}`)
	}
	id := r.running(t)
	r.open(t, id)
	runs := make(map[string]bool)
	for _, result := range results {
		result := <-result
		contains(t, outcomeOf(result).Structured, "opened a")
		runs[workflowOf(t, result)["run_id"]] = true
	}
	// A call that comes after the workflow has closed starts it again, and
	// would wait for its own signal: all of the twenty got the first.
	if len(runs) != 1 {
		t.Errorf("%d calls made the runs %v", callers, runs)
	}
}

// TestConcurrentConflict checks that, of concurrent calls that map to one
// workflow ID with different arguments, one wins and the others are refused.
func TestConcurrentConflict(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{}, func(queue string) []durablemcp.Tool {
		return []durablemcp.Tool{durablemcp.WorkflowTool{
			Name: "greet", Description: "Test.", Workflow: Greet, TaskQueue: queue, WorkflowID: queue + "-{city}",
			WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		}}
	})
	const callers = 10
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := make(map[string]int)
	for i := range callers {
		wg.Go(func() {
			zip := string(rune('1' + i%2))
			result := r.call("greet", `{"city":"Oslo","zip":`+zip+`}`)
			mu.Lock()
			defer mu.Unlock()
			if !result.IsError {
				won[zip]++
				return
			}
			f := mustFail(t, result)
			if f.Error.Type != "Conflict" || f.Error.Retryable {
				t.Errorf("got %+v", f.Error)
			}
			contains(t, outcomeOf(result).Text, "was started with other arguments", "Nothing was started or changed", "another city")
		})
	}
	wg.Wait()
	if len(won) != 1 {
		t.Errorf("calls with the zips %v succeeded; want one zip", won)
	}
	for _, n := range won {
		if n != callers/2 {
			t.Errorf("%d calls succeeded; want %d", n, callers/2)
		}
	}
}

// TestForeignWorkflowIsNotJoined checks that an execution with the same ID that
// the tool did not start is left alone.
func TestForeignWorkflowIsNotJoined(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{}, gateTools)
	for name, workflow := range map[string]string{"same": "Gate", "other": "Fail"} {
		options := client.StartWorkflowOptions{TaskQueue: r.queue, ID: r.queue + "-" + name}
		if _, err := r.temporal.ExecuteWorkflow(t.Context(), options, workflow, name); err != nil {
			t.Fatal(err)
		}
		f := mustFail(t, r.call("gate", `{"name":"`+name+`"}`))
		if f.Error.Type != "Conflict" {
			t.Errorf("got %+v", f.Error)
		}
		contains(t, f.Error.Message, "did not start")
	}
}

// TestDoing checks that the answer "running" says what is being retried.
func TestDoing(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{register: func(w worker.Registry) {
		w.RegisterActivityWithOptions(unlucky, activity.RegisterOptions{Name: "Unlucky"})
	}}, func(queue string) []durablemcp.Tool {
		return []durablemcp.Tool{durablemcp.WorkflowTool{
			Name: "retry", Description: "Test.", Workflow: Retry, TaskQueue: queue, ArgNames: []string{"name"},
			WorkflowID: queue + "-{name}", Wait: 500 * time.Millisecond,
		}}
	})
	eventually(t, "the retry shows", func() bool {
		return containsAny(outcomeOf(r.call("retry", `{"name":"a"}`)).Text, "Unlucky: attempt 2, last failure 503 Service Unavailable, next try in ")
	})
}

func unlucky(context.Context, string) (string, error) {
	return "", sdktemporal.NewApplicationErrorWithCause("503 Service Unavailable", "Upstream", errors.New("x"))
}

// TestNoWorker checks the answer where no worker polls the task queue.
func TestNoWorker(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{noWorker: true, Options: durablemcp.Options{Wait: 2500 * time.Millisecond}}, failTool)
	o := outcomeOf(r.call("fail", `{"kind":"plain"}`))
	if o.IsError {
		t.Errorf("a workflow that waits for a worker is an error: %s", o.Text)
	}
	contains(t, o.Text, `no worker polls task queue "`+r.queue+`"`, "Nothing is lost", "Do not call fail again")
}

// TestStuckWorkflowTask checks that a workflow that cannot get on, because its
// type is not registered or because its code panics, says so.
func TestStuckWorkflowTask(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{}, func(queue string) []durablemcp.Tool {
		fail := failTool(queue)[0].(durablemcp.WorkflowTool)
		fail.WorkflowID, fail.Wait = queue+"-{kind}", 500*time.Millisecond
		return []durablemcp.Tool{fail, durablemcp.WorkflowTool{
			Name: "missing", Description: "Test.", Workflow: "Missing", TaskQueue: queue, Wait: 500 * time.Millisecond, WorkflowID: queue,
		}}
	})
	for _, test := range []struct{ tool, arguments, want string }{
		{"missing", `{}`, "unable to find workflow type: Missing"},
		{"fail", `{"kind":"panic"}`, "printer exploded"},
	} {
		eventually(t, "the answer has "+test.want, func() bool {
			return containsAny(outcomeOf(r.call(test.tool, test.arguments)).Text, test.want)
		})
	}
}

// TestDisconnectDoesNotCancel checks that the workflow of a client that goes
// away runs on.
func TestDisconnectDoesNotCancel(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{}, gateTools)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := r.session.CallTool(ctx, &mcp.CallToolParams{Name: "gate", Arguments: json.RawMessage(`{"name":"a"}`)})
		done <- err
	}()
	id := r.running(t)
	cancel()
	if err := <-done; err == nil {
		t.Error("the call outlived its context")
	}
	results := r.goCall("gate", `{"name":"a"}`)
	r.open(t, id)
	contains(t, outcomeOf(<-results).Structured, "opened a")
	if n := len(r.executions(t, "ExecutionStatus = 'Completed'")); n > 1 {
		t.Errorf("%d executions; want 1", n)
	}
}

// TestStaticSummary checks that the Web UI says which call started a workflow.
func TestStaticSummary(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{}, gateTools)
	r.call("start", "{\"name\":\"a`b\"}")
	desc, err := r.temporal.DescribeWorkflow(t.Context(), r.queue+"-a`b", "")
	if err != nil {
		t.Fatal(err)
	}
	summary, err := desc.GetStaticSummary()
	if want := "start `{\"name\":\"a'b\"}`"; summary != want || err != nil {
		t.Errorf("the summary is %q, %v; want %q", summary, err, want)
	}
}
