// The tests of the tasks extension (modelcontextprotocol/ext-tasks,
// specification/draft/tasks.md), by clause:
//
//	Capability Negotiation
//	  servers declare the extension, as an empty object                                   | TestTaskDiscovered
//	  no CreateTaskResult without a declaration on the request, whatever came before      | TestTaskOnlyIfDeclared
//	  -32021 with data where there is no answer but a task                                | TestTaskRequired
//	Polymorphic Results
//	  resultType "task" on CreateTaskResult, and on nothing else                          | TestTaskShape, TestTaskOnlyIfDeclared, TestTaskForbidden
//	Tasks
//	  one flat object; times, TTL and poll interval                                       | TestTaskShape, TestTaskPollInterval
//	  TTL of what has ended: as long as the namespace keeps it                            | TestTaskEnds
//	  status messages                                                                     | TestTaskShape, TestTaskSaysWhatItDoes, TestTaskStuck, TestTaskWithoutWorker
//	  completed, also with isError; failed for JSON-RPC errors only; cancelled            | TestTaskEnds
//	Task Creation
//	  at the server's discretion: what ends soon, or conflicts, is no task                | TestTaskWithinTheInlineWait, TestTaskJoined
//	  tools of every kind                                                                 | TestTaskOfStartedWorkflow, TestTaskOfResultTool, TestTaskForbidden
//	  durable before it is returned                                                       | TestTaskDurable
//	  the task is not the connection: any server can serve it                             | TestTaskOfAnyServer, TestTaskTwoRegistries, TestTaskOutlivesItsCall
//	Task Polling
//	  working, input_required, completed, cancelled and failed, with what belongs to them | TestTaskShape, TestTaskEnds
//	  inputRequests has all outstanding requests                                          | TestTaskAsks
//	  resultType "complete"                                                               | TestTaskShape
//	  one task over retries, continue-as-new and resets                                   | TestTaskFollowsItsWorkflow, TestTaskReset...
//	  one task for one work, also when its workflow ID is used again                      | TestTaskOfEarlierWork...
//	  the price of a poll                                                                 | TestTaskCost
//	Task Update Requests
//	  an empty acknowledgement of type "complete"                                         | TestTaskAnswers
//	  keys are unique over the life of a task                                             | TestTaskKeys, TestTaskFollowsItsWorkflow, TestTaskReset...
//	  keys that are unknown, answered or superseded are ignored                           | TestTaskIgnoredAnswers, TestTaskAnswers, TestTaskAnsweredTwice
//	  a part of the answers                                                               | TestTaskAnswers, TestTaskWrongAnswers, TestTaskAnswerWithoutWorker
//	  wrong answers: -32602, and right ones beside them count                             | TestTaskWrongAnswers
//	Task Cancellation
//	  an empty acknowledgement, also for what has ended                                   | TestTaskCancel, TestTaskCancelOfTheEnded
//	  a request, which the workflow may ignore                                            | TestTaskCancelIsARequest, TestTaskCancelOverRuns
//	  not by notifications/cancelled, and not by a disconnect                             | TestTaskIsNotCancelledByNotification, TestTaskOutlivesItsCall
//	Task Status Notifications
//	  the acknowledgement lists what was agreed to                                        | TestTaskListen, TestTaskListenToNothing, TestTaskListenMany, TestTaskListenTwoRegistries
//	  -32021 with data for undeclared clients                                             | TestTaskListenUndeclared, TestTaskListenLegacy
//	  each notification is what tasks/get says at that moment                             | TestTaskListen, TestTaskListenFailed, TestTaskListenToTheEnded
//	  no progress and no log on the stream                                                | TestTaskListenSaysNothingElse
//	  with other subscriptions on one stream, and several streams                         | TestTaskListenMerged, TestTaskListenSeveral, TestTaskListenOneID
//	  a stream follows its tasks, tells how they end, and costs little                    | TestTaskListenFollowsItsWorkflow, TestTaskListenLosesNoEnd, TestTaskListenTellsNews, TestTaskListenQuiet...
//	  a stream ends with its client, and what it listens to                               | TestTaskListenLeavesNothing, TestTaskListenDenied, TestTaskListenExpired
//	Routing Headers
//	  Mcp-Name is the task's ID                                                           | TestTaskNameHeader, TestTaskMethodHeader
//	Error Handling
//	  -32602 for invalid, unknown and expired IDs, in the same words                      | TestTaskUnknown, TestTaskExpired
//	  -32602 for parameters that are none                                                 | TestTaskBadParams, TestTaskMethodsNeedAnID, TestTaskBodies
//	  -32603 for internal errors                                                          | TestTaskUnreachable, TestTaskHooksThatPanic, TestTaskListenHooksThatPanic
//	  -32021 for undeclared clients                                                       | TestTaskUndeclared
//	  tasks/get answers with exactly what the call would have                             | TestTaskResultIsThatOfTheCall, TestTaskErrorIsThatOfTheCall, TestTaskWithCodec
//	Security Considerations
//	  IDs cannot be guessed, made or changed                                              | TestTaskTampered, TestTaskIDHasNoSecret, TestTaskOtherSecret
//	  each request is authorised                                                          | TestTaskForeign, TestTaskAnswerOfOthers
//	Backwards Compatibility
//	  clients of earlier protocols see nothing of it                                      | TestTaskLegacy

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"github.com/durablemcp/durablemcp"
)

// missingCapability is the data of the error -32021.
const missingCapability = `{"requiredCapabilities":{"extensions":{"io.modelcontextprotocol/tasks":{}}}}`

// decoded is JSON with its numbers as they are.
func decoded(t *testing.T, data []byte) (v any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&v); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	return v
}

// sameJSON fails the test unless two values are the same.
func sameJSON(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if !reflect.DeepEqual(decoded(t, got), decoded(t, want)) {
		t.Errorf("%s is\n%s\nwant\n%s", what, got, want)
	}
}

// withoutMeta is an object without members of its _meta.
func withoutMeta(t *testing.T, data []byte, keys ...string) []byte {
	t.Helper()
	object, _ := decoded(t, data).(map[string]any)
	meta, _ := object["_meta"].(map[string]any)
	for _, key := range keys {
		delete(meta, key)
	}
	if len(meta) == 0 {
		delete(object, "_meta")
	}
	out, _ := json.Marshal(object)
	return out
}

// withoutNote is a result without what says that its call repeats another one.
func withoutNote(t *testing.T, data []byte) []byte {
	t.Helper()
	object, _ := decoded(t, data).(map[string]any)
	meta, _ := object["_meta"].(map[string]any)
	workflow, _ := meta[durablemcp.MetaKeyWorkflow].(map[string]any)
	content, _ := object["content"].([]any)
	if _, repeats := workflow["repeats_call_closed_at"]; !repeats || len(content) < 2 {
		t.Fatalf("%s is not said to repeat a call", data)
	}
	delete(workflow, "repeats_call_closed_at")
	object["content"] = content[:len(content)-1]
	out, _ := json.Marshal(object)
	return out
}

// wantMembers fails the test unless an object has certain members, beside _meta
// and statusMessage.
func wantMembers(t *testing.T, data []byte, want ...string) map[string]json.RawMessage {
	t.Helper()
	var object map[string]json.RawMessage
	if err := json.Unmarshal(data, &object); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	got := maps.Clone(object)
	delete(got, "_meta")
	delete(got, "statusMessage")
	want = slices.Sorted(slices.Values(want)) // and not in place: tests that run at once share it
	if keys := slices.Sorted(maps.Keys(got)); !slices.Equal(keys, want) {
		t.Errorf("%s has the members %q; want %q", data, keys, want)
	}
	return object
}

// wantError fails the test unless a response is an error of a code, with data if
// there is any.
func wantError(t *testing.T, m rawMessage, code int, data string) {
	t.Helper()
	if m.code() != code || m.Result != nil {
		t.Errorf("got %s; want the error %d", m, code)
		return
	}
	if data != "" {
		sameJSON(t, "data", m.Error.Data, []byte(data))
	}
}

// wantNotTask fails the test if a response is a task.
func wantNotTask(t *testing.T, m rawMessage) {
	t.Helper()
	var result struct{ ResultType, TaskID string }
	_ = json.Unmarshal(m.Result, &result)
	if result.ResultType == "task" || result.TaskID != "" {
		t.Errorf("got the task %s", m)
	}
}

func TestTaskDiscovered(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{noWorker: true})
	for name, c := range r.clients(t) {
		var discovered struct {
			Capabilities struct{ Extensions map[string]json.RawMessage }
		}
		m := c.ask(t, "server/discover", "")
		if err := json.Unmarshal(m.Result, &discovered); err != nil {
			t.Fatal(err)
		}
		if got := string(discovered.Capabilities.Extensions[durablemcp.TasksExtension]); got != `{}` {
			t.Errorf("%s: the server declares %q in %s; want an empty object", name, got, m)
		}
	}
}

// TestTaskOnlyIfDeclared checks that what makes a task of a call is the
// declaration on its own request, and none before.
func TestTaskOnlyIfDeclared(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	for name, c := range r.clients(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first := c.start(t, "puppet", name)
			for _, capabilities := range []string{
				declaresNothing, `{"elicitation":{}}`, `{"extensions":{}}`, `{"extensions":{"io.example/tasks":{}}}`,
				`{"tasks":{"requests":{"tools":{"call":{}}}}}`, // of the protocol 2025-11-25
			} {
				m := c.declaring(capabilities).callTool(t, "puppet", `{"name":"`+name+`"}`)
				wantNotTask(t, m)
				if text, isError := ownText(t, m.Result); isError || !strings.Contains(text, "is still running") {
					t.Errorf("with %s: got %s", capabilities, m)
				}
			}
			arguments := `"name":"puppet","arguments":{"name":"` + name + `"}`
			for _, params := range []string{
				`{` + arguments + `}`,
				`{` + arguments + `,"_meta":{}}`,
				`{` + arguments + `,"_meta":{"io.modelcontextprotocol/clientCapabilities":{}}}`,
				`{` + arguments + `,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}`,
			} {
				m := c.askRaw(t, "tools/call", params)
				wantNotTask(t, m) // but an error of the SDK's, or on a pipe the plain result
				if m.Error == nil && !strings.Contains(m.String(), "is still running") {
					t.Errorf("%s: got %s", params, m)
				}
			}
			if again := c.start(t, "puppet", name); again.TaskID != first.TaskID {
				t.Errorf("two calls for one workflow have become the tasks %s and %s", first.TaskID, again.TaskID)
			}
		})
	}
}

func TestTaskRequired(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	for name, c := range r.clients(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := c.declaring(`{"elicitation":{}}`).callTool(t, "puppet_required", `{"name":"`+name+`"}`)
			wantError(t, m, -32021, missingCapability)
			if m.HTTPStatus != 0 && m.HTTPStatus != 400 {
				t.Errorf("the status is %d", m.HTTPStatus)
			}
			if _, err := r.temporal.DescribeWorkflowExecution(t.Context(), r.queue+"-"+name, ""); err == nil {
				t.Error("the refused call has started its workflow")
			}
			c.start(t, "puppet_required", name)
		})
	}
}

// TestTaskForbidden checks that a tool that says so has no tasks at all.
func TestTaskForbidden(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	for name, c := range r.clients(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := c.callTool(t, "puppet_forbidden", `{"name":"`+name+`"}`)
			wantNotTask(t, m)
			if text, _ := ownText(t, m.Result); !strings.Contains(text, "is still running") {
				t.Errorf("got %s", m)
			}
			// What a call that asks gives its client to come back with, is not the ID of a task either.
			r.order(t, name, "ask q")
			var asking struct{ ResultType, RequestState string }
			eventually(t, "the call asks", func() bool {
				m = c.callTool(t, "puppet_forbidden", `{"name":"`+name+`"}`)
				return json.Unmarshal(m.Result, &asking) == nil && asking.ResultType == "input_required"
			})
			wantError(t, c.about(t, "tasks/get", asking.RequestState), -32602, "")
			wantError(t, c.about(t, "tasks/cancel", asking.RequestState), -32602, "")
		})
	}
}

// TestTaskUndeclared checks that clients without the extension get nowhere,
// whatever the ID.
func TestTaskUndeclared(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	id := r.web("").start(t, "puppet", "a").TaskID
	for name, c := range r.clients(t) {
		c := c.declaring(`{"elicitation":{}}`)
		for _, method := range taskMethods {
			for _, id := range []string{id, "unknown", ""} {
				m := c.about(t, method, id)
				wantError(t, m, -32021, missingCapability)
				if m.HTTPStatus != 0 && m.HTTPStatus != 400 {
					t.Errorf("%s: the status of %s is %d", name, method, m.HTTPStatus)
				}
			}
			wantError(t, c.ask(t, method, ""), -32021, missingCapability)
		}
	}
	c := r.pipe(t)
	c.get(t, id)
	for _, params := range []string{`{"taskId":"` + id + `"}`, `{"taskId":"` + id + `","_meta":{}}`} {
		for _, method := range taskMethods {
			if m := c.askRaw(t, method, params); m.Result != nil {
				t.Errorf("%s of a client that has declared the extension on an earlier request: got %s", method, m)
			}
		}
	}
	if task := r.web("").get(t, id); task.Status != "working" {
		t.Errorf("the task is %s", task.Status)
	}
}

var (
	isTime    = regexp.MustCompile(`^"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"$`) // ISO 8601
	isInteger = regexp.MustCompile(`^[1-9]\d*$`)
)

// operational are the members that every task has.
var operational = []string{"resultType", "taskId", "status", "createdAt", "lastUpdatedAt", "ttlMs", "pollIntervalMs"}

// TestTaskShape takes a task through its life, and looks at all that messages
// about it have.
func TestTaskShape(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	for name, c := range r.clients(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := c.callTool(t, "puppet", `{"name":"`+name+`"}`)
			created := wantMembers(t, m.Result, operational...)
			if got := string(created["resultType"]); got != `"task"` {
				t.Errorf("resultType is %s", got)
			}
			id := readTask(t, m.Result).TaskID

			look := func(status string, more ...string) map[string]json.RawMessage {
				t.Helper()
				c.until(t, id, status)
				m := c.about(t, "tasks/get", id)
				members := wantMembers(t, m.Result, append(more, operational...)...)
				wantOperational(t, members, created)
				if got := string(members["resultType"]); got != `"complete"` {
					t.Errorf("resultType of tasks/get is %s", got)
				}
				return members
			}
			wantOperational(t, created, created)
			working := look("working")
			r.order(t, name, "report 3")
			c.untilIt(t, id, "says what it does", func(task wireTask) bool { return strings.Contains(task.StatusMessage, "3 of 10: step 3") })
			reported := look("working")
			if string(reported["lastUpdatedAt"]) <= string(working["lastUpdatedAt"]) {
				t.Errorf("lastUpdatedAt was %s, and is %s after a report", working["lastUpdatedAt"], reported["lastUpdatedAt"])
			}
			r.order(t, name, "ask q")
			asking := look("input_required", "inputRequests")
			if string(asking["lastUpdatedAt"]) <= string(reported["lastUpdatedAt"]) {
				t.Errorf("lastUpdatedAt was %s, and is %s after a question", reported["lastUpdatedAt"], asking["lastUpdatedAt"])
			}
			if !strings.Contains(string(asking["statusMessage"]), "Name for q?") {
				t.Errorf("statusMessage is %s", asking["statusMessage"])
			}
			mustAck(t, c.answer(t, id, `{`+acceptName(c.get(t, id).keys()[0], "Ann")+`}`))
			answered := look("working")
			if string(answered["lastUpdatedAt"]) <= string(asking["lastUpdatedAt"]) {
				t.Errorf("lastUpdatedAt was %s, and is %s after an answer", asking["lastUpdatedAt"], answered["lastUpdatedAt"])
			}
			r.order(t, name, "return")
			completed := look("completed", "result")
			if text, isError := ownText(t, completed["result"]); isError || !strings.Contains(text, name+"map[q:Ann]") {
				t.Errorf("result is %s", completed["result"])
			}
		})
	}
}

// wantOperational checks the members that every task has, against those that it
// had when it was created.
func wantOperational(t *testing.T, got, created map[string]json.RawMessage) {
	t.Helper()
	for _, same := range []string{"taskId", "createdAt"} {
		if string(got[same]) != string(created[same]) {
			t.Errorf("%s is %s; it was %s", same, got[same], created[same])
		}
	}
	for _, field := range []string{"createdAt", "lastUpdatedAt"} {
		if !isTime.Match(got[field]) {
			t.Errorf("%s is %s; want a time of ISO 8601", field, got[field])
		}
	}
	if string(got["lastUpdatedAt"]) < string(got["createdAt"]) {
		t.Errorf("created at %s, last updated at %s", got["createdAt"], got["lastUpdatedAt"])
	}
	if !isInteger.Match(got["pollIntervalMs"]) {
		t.Errorf("pollIntervalMs is %s; want a positive integer", got["pollIntervalMs"])
	}
	switch status := string(got["status"]); status {
	case `"working"`, `"input_required"`:
		if string(got["ttlMs"]) != "null" {
			t.Errorf("ttlMs of a task that is %s is %s; want null", status, got["ttlMs"])
		}
	default:
		if !isInteger.Match(got["ttlMs"]) {
			t.Errorf("ttlMs of a task that is %s is %s; want a positive integer", status, got["ttlMs"])
		}
	}
}

// TestTaskEnds ends tasks in every way.
func TestTaskEnds(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	c := r.web("")
	end := func(order string) func(*testing.T, string, string) {
		return func(t *testing.T, name, _ string) { r.order(t, name, order) }
	}
	for name, test := range map[string]struct {
		tool    string
		end     func(t *testing.T, name, id string)
		status  string
		member  string
		isError bool
		text    string
	}{
		"result":     {"puppet", end("return"), "completed", "result", false, "resultmap[]"},
		"failure":    {"puppet", end("fail"), "completed", "result", true, "the printer is on fire"},
		"protocol":   {"puppet", end("protocol"), "failed", "error", false, ""},
		"cancelled":  {"puppet", func(t *testing.T, _, id string) { mustAck(t, c.about(t, "tasks/cancel", id)) }, "cancelled", "", false, ""},
		"terminated": {"puppet", r.terminate, "completed", "result", true, "was terminated"},
		"timedout":   {"puppet_brief", func(*testing.T, string, string) {}, "completed", "result", true, "ran out of time"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id := c.start(t, test.tool, name).TaskID
			test.end(t, name, id)
			task := c.until(t, id, test.status)
			members := operational
			if test.member != "" {
				members = append([]string{test.member}, operational...)
			}
			wantMembers(t, c.about(t, "tasks/get", id).Result, members...)
			switch test.member {
			case "result":
				if text, isError := ownText(t, task.Result); isError != test.isError || !strings.Contains(text, test.text) {
					t.Errorf("the result is %s; want %q, isError %v", task.Result, test.text, test.isError)
				}
			case "error":
				sameJSON(t, "the error", task.Error, []byte(protocolFailure))
				if !strings.Contains(task.StatusMessage, "the printer speaks another protocol") {
					t.Errorf("the status message is %q; want it to say why", task.StatusMessage)
				}
			}
			r.wantTTL(t, name, task)
		})
	}
}

func (r *taskRig) terminate(t *testing.T, name, _ string) {
	t.Helper()
	if err := r.temporal.TerminateWorkflow(t.Context(), r.queue+"-"+name, "", "maintenance"); err != nil {
		t.Fatal(err)
	}
}

// wantTTL fails the test unless a task that has ended is kept as long as the
// namespace keeps its workflow.
func (r *taskRig) wantTTL(t *testing.T, name string, task wireTask) {
	t.Helper()
	resp, err := r.temporal.DescribeWorkflowExecution(t.Context(), r.queue+"-"+name, "")
	if err != nil {
		t.Fatal(err)
	}
	namespace, err := r.temporal.WorkflowService().DescribeNamespace(t.Context(),
		&workflowservice.DescribeNamespaceRequest{Namespace: devServer.Namespace()})
	if err != nil {
		t.Fatal(err)
	}
	end := resp.GetWorkflowExecutionInfo().GetCloseTime().AsTime().Add(namespace.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration())
	if task.TTLMs == nil {
		t.Fatal("ttlMs is null")
	}
	// createdAt is rounded to milliseconds.
	if off := end.Sub(task.CreatedAt.Add(time.Duration(*task.TTLMs) * time.Millisecond)); off < -time.Millisecond || off > 2*time.Millisecond {
		t.Errorf("createdAt and ttlMs end %v before the workflow is deleted", off)
	}
}

// TestTaskResultIsThatOfTheCall checks that a task's result is what the same
// call answers without tasks, to the digit.
func TestTaskResultIsThatOfTheCall(t *testing.T) {
	t.Parallel()
	r := setUpTasksOf(t, options{noWorker: true}, func(queue string) []durablemcp.Tool {
		var tools []durablemcp.Tool
		for _, tool := range []durablemcp.WorkflowTool{
			{Name: "greet", WorkflowID: "greet-{@uuid}", Workflow: Greet}, {Name: "add", WorkflowID: "add-{@uuid}", Workflow: Add, ArgNames: []string{"a", "b"}}, {Name: "nothing", WorkflowID: "nothing-{@uuid}", Workflow: Nothing},
			{Name: "echo", WorkflowID: "echo-{@uuid}", Workflow: Echo, ArgNames: []string{"v"}}, {Name: "tell", WorkflowID: "tell-{@uuid}", Workflow: Tell}, {Name: "find", WorkflowID: "find-{@uuid}", Workflow: Find},
			{Name: "fail", WorkflowID: "fail-{@uuid}", Workflow: Fail, ArgNames: []string{"kind"}},
		} {
			tool.Description, tool.TaskQueue, tool.WorkflowID = "Test.", queue, queue+"-"+tool.Name+"-{@input}"
			tool.WorkflowIDReusePolicy = enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
			tools = append(tools, tool)
		}
		return tools
	})
	c := r.web("")
	calls := [][2]string{
		{"greet", `{"city":"Atlantis <&>","zip":9007199254740993}`}, {"add", `{"a":9007199254740993,"b":0}`}, {"nothing", `{}`},
		{"echo", `{"v":{"n":123456789012345678901234567890.5e3,"s":"\u2028<é","l":[null]}}`}, {"echo", `{"v":[1,2]}`}, {"tell", `{}`},
		{"find", `{"city":"nowhere"}`}, {"fail", `{"kind":"plain"}`}, {"fail", `{"kind":"final"}`},
	}
	ids := make([]string, len(calls))
	for i, call := range calls {
		ids[i] = c.startWith(t, call[0], call[1]).TaskID
	}
	r.startWorker(t)
	for i, call := range calls {
		t.Run(fmt.Sprint(call), func(t *testing.T) {
			task := c.until(t, ids[i], "completed")
			for _, c := range []rawPeer{c, c.declaring(declaresNothing)} {
				plain := c.callTool(t, call[0], call[1]).Result
				sameJSON(t, "the task's result", task.Result, withoutNote(t, withoutMeta(t, plain, "io.modelcontextprotocol/serverInfo")))
			}
			if !strings.Contains(string(task.Result), r.queue+"-"+call[0]) {
				t.Errorf("the result %s does not say which workflow it is of", task.Result)
			}
		})
	}
}

// startWorker starts the worker of a rig that was set up without one.
func (r *taskRig) startWorker(t *testing.T) {
	t.Helper()
	registry, err := durablemcp.New(&r.options.Options, r.tools(r.queue)...)
	if err != nil {
		t.Fatal(err)
	}
	startWorker(t, r.rig, registry, r.options)
}

// TestTaskErrorIsThatOfTheCall checks that the error of a task that has failed is
// what a call without tasks answers with.
func TestTaskErrorIsThatOfTheCall(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	c := r.web("")
	id := c.start(t, "puppet", "a").TaskID
	r.order(t, "a", "protocol")
	task := c.until(t, id, "failed")
	for _, c := range []rawPeer{c, c.declaring(declaresNothing)} {
		m := c.callTool(t, "puppet_result", `{"name":"a"}`)
		plain, _ := json.Marshal(m.Error)
		sameJSON(t, "the error of the call", plain, task.Error)
	}
}

// TestTaskDurable checks that a task is there for every server as soon as one
// has answered with it.
func TestTaskDurable(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{noWorker: true})
	there, elsewhere := r.web(""), r.pipe(t)
	for i := range 20 {
		name := fmt.Sprint(i)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id := there.start(t, "puppet", name).TaskID
			if got := elsewhere.about(t, "tasks/get", id); got.Error != nil {
				t.Errorf("the task is not there at once: %s", got)
			}
		})
	}
}

// TestTaskPollInterval checks that who waits for long asks seldom.
func TestTaskPollInterval(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{noWorker: true})
	c := r.web("")
	c.start(t, "puppet", "a")
	for age, want := range map[time.Duration][2]int64{
		0: {500, 2000}, 20 * time.Second: {2000, 8000}, time.Hour: {30000, 30000}, 1000 * time.Hour: {30000, 30000}, -time.Hour: {500, 500},
	} {
		name := fmt.Sprintf("aged%v", age)
		r.startAs(t, "a", name, func(record map[string]any) { record["created"] = time.Now().Add(-age).UTC() })
		task := c.start(t, "puppet_result", name)
		for what, got := range map[string]int64{"created": task.PollIntervalMs, "polled": c.get(t, task.TaskID).PollIntervalMs} {
			if got < want[0] || got > want[1] {
				t.Errorf("a task of %v that was %s is to be polled every %d ms; want %v", age, what, got, want)
			}
		}
	}
}

// startAs starts a workflow as a tool has started another one, but for its
// record.
func (r *taskRig) startAs(t *testing.T, like, name string, change func(record map[string]any)) {
	t.Helper()
	desc, err := r.temporal.DescribeWorkflow(t.Context(), r.queue+"-"+like, "")
	if err != nil {
		t.Fatal(err)
	}
	var record map[string]any
	if err := desc.GetMemoValue("durablemcp", &record); err != nil {
		t.Fatal(err)
	}
	change(record)
	_, err = r.temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: r.queue + "-" + name, TaskQueue: r.queue, Memo: map[string]any{"durablemcp": record},
	}, "Puppet", name)
	if err != nil {
		t.Fatal(err)
	}
}

// TestTaskOfStartedWorkflow checks that a tool in the mode Start has tasks, whose
// result is the workflow's.
func TestTaskOfStartedWorkflow(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	c := r.web("")
	id := c.start(t, "puppet_start", "a").TaskID
	plain := c.declaring(declaresNothing).callTool(t, "puppet_start", `{"name":"a"}`)
	wantNotTask(t, plain)
	if text, _ := ownText(t, plain.Result); !strings.Contains(text, `"status":"running"`) {
		t.Errorf("got %s; want the handle", plain)
	}
	r.order(t, "a", "return")
	if text, _ := ownText(t, c.until(t, id, "completed").Result); !strings.Contains(text, "amap[]") {
		t.Errorf("the result is %s", text)
	}
}

// TestTaskOfResultTool checks that waiting for a workflow can be a task, and so
// can the workflow itself: two IDs for one thing.
func TestTaskOfResultTool(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	c := r.web("")
	c.declaring(declaresNothing).callTool(t, "puppet_start", `{"name":"a"}`)
	started, waited := c.start(t, "puppet", "a").TaskID, c.start(t, "puppet_result", "a").TaskID
	if started == waited {
		t.Errorf("the tasks of two tools have one ID %s", started)
	}
	r.order(t, "a", "return")
	one, other := c.until(t, started, "completed"), c.until(t, waited, "completed")
	sameJSON(t, "the result", one.Result, other.Result)
}

// TestTaskWithinTheInlineWait checks that what ends soon is no task.
func TestTaskWithinTheInlineWait(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{Options: durablemcp.Options{InlineWait: time.Hour}})
	c := r.web("")
	for _, test := range []struct{ order, code, text string }{
		{"return", "0", "returnmap[]"}, {"fail", "0", "on fire"}, {"protocol", "-32050", ""},
	} {
		call := c.open(t, "tools/call", `"name":"puppet","arguments":{"name":"`+test.order+`"}`)
		r.untilThere(t, test.order)
		r.order(t, test.order, test.order)
		m := call.response(t)
		wantNotTask(t, m)
		if fmt.Sprint(m.code()) != test.code {
			t.Errorf("%s: got %s", test.order, m)
		}
		if m.Error == nil {
			if text, _ := ownText(t, m.Result); !strings.Contains(text, test.text) {
				t.Errorf("%s: got %s", test.order, m)
			}
		}
	}
}

// untilThere waits until a puppet has been started.
func (r *taskRig) untilThere(t *testing.T, name string) {
	t.Helper()
	eventually(t, "the workflow is there", func() bool {
		_, err := r.temporal.DescribeWorkflowExecution(t.Context(), r.queue+"-"+name, "")
		return err == nil
	})
}

// TestTaskJoined checks that a call that joins a running workflow becomes its
// task, and that one that conflicts becomes none.
func TestTaskJoined(t *testing.T) {
	t.Parallel()
	r := setUpTasksOf(t, options{noWorker: true}, func(queue string) []durablemcp.Tool {
		return []durablemcp.Tool{durablemcp.WorkflowTool{
			Name: "add", Description: "Test.", Workflow: Add, TaskQueue: queue, ArgNames: []string{"a", "b"}, WorkflowID: queue + "-{a}",
		}}
	})
	c := r.web("")
	c.declaring(declaresNothing).callTool(t, "add", `{"a":1,"b":2}`)
	joined := c.startWith(t, "add", `{"a":1,"b":2}`)
	if again := c.startWith(t, "add", `{"b":2,"a":1}`); again.TaskID != joined.TaskID || again.CreatedAt != joined.CreatedAt {
		t.Errorf("one workflow is the tasks %+v and %+v", joined, again)
	}
	m := c.callTool(t, "add", `{"a":1,"b":3}`)
	wantNotTask(t, m)
	if text, isError := ownText(t, m.Result); !isError || !strings.Contains(text, "was started with other arguments") {
		t.Errorf("got %s; want a conflict", m)
	}
	wantNotTask(t, c.callTool(t, "add", `{"a":"one"}`))
}

// TestTaskWithoutWorker checks that tasks are there while nobody works on them.
func TestTaskWithoutWorker(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{noWorker: true})
	c := r.web("")
	id := c.start(t, "puppet", "a").TaskID
	task := c.untilIt(t, id, "says that it waits", func(task wireTask) bool { return strings.Contains(task.StatusMessage, "waiting for a worker") })
	if task.Status != "working" {
		t.Errorf("the task is %s", task.Status)
	}
	mustAck(t, c.about(t, "tasks/update", id))
	r.startWorker(t)
	r.order(t, "a", "return")
	c.until(t, id, "completed")
}

// TestTaskSaysWhatItDoes checks that a workflow that says nothing of itself has a
// status message all the same.
func TestTaskSaysWhatItDoes(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	c := r.web("")
	id := c.start(t, "puppet", "a").TaskID
	r.order(t, "a", "activity")
	c.untilIt(t, id, "names its activity", func(task wireTask) bool { return strings.Contains(task.StatusMessage, "nobody_runs_it") })
}

// TestTaskWithCodec checks that tasks go through the payload codec of the
// embedder's client.
func TestTaskWithCodec(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{client: client.Options{DataConverter: scrambling}})
	c := r.web("")
	id := c.start(t, "puppet", "a").TaskID
	r.order(t, "a", "report 2")
	r.order(t, "a", "ask q")
	task := c.until(t, id, "input_required")
	if !strings.Contains(task.StatusMessage, "2 of 10") {
		t.Errorf("the status message is %q", task.StatusMessage)
	}
	mustAck(t, c.answer(t, id, `{`+acceptName(task.keys()[0], "Ann")+`}`))
	c.until(t, id, "working")
	r.order(t, "a", "return")
	if text, _ := ownText(t, c.until(t, id, "completed").Result); !strings.Contains(text, "amap[q:Ann]") {
		t.Errorf("the result is %s", text)
	}
}

// TestTaskStuck checks that a workflow whose code panics, which a worker retries
// for ever, is a task that works and says so.
func TestTaskStuck(t *testing.T) {
	t.Parallel()
	r := setUpTasksOf(t, options{worker: worker.Options{WorkflowPanicPolicy: worker.BlockWorkflow}}, failTool)
	c := r.web("")
	id := c.startWith(t, "fail", `{"kind":"panic"}`).TaskID
	task := c.untilIt(t, id, "says that it is stuck", func(task wireTask) bool { return strings.Contains(task.StatusMessage, "stuck") })
	if task.Status != "working" {
		t.Errorf("the task is %s", task.Status)
	}
	if containsAny(task.StatusMessage, "goroutine", ".go:") {
		t.Errorf("the status message shows internals: %s", task.StatusMessage)
	}
}
