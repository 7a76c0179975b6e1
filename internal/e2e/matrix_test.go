package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"

	"github.com/durablemcp/durablemcp"
)

// tokens are the users of the matrix, by their bearer tokens.
var tokens = map[string]string{"token-of-ann": "ann", "token-of-bob": "bob"}

func verifyToken(_ context.Context, token string, _ *http.Request) (*auth.TokenInfo, error) {
	user, ok := tokens[token]
	if !ok {
		return nil, auth.ErrInvalidToken
	}
	return &auth.TokenInfo{UserID: user, Expiration: time.Now().Add(time.Hour)}, nil
}

// matrixTools are all kinds of tools that address a cart by its workflow ID, and
// puppets, which are of another type.
func matrixTools(queue string) []durablemcp.Tool {
	return append(taskTools(queue),
		durablemcp.WorkflowTool{Name: "open_cart", Description: "Test.", Workflow: Cart, TaskQueue: queue, Mode: durablemcp.ModeStart,
			ArgNames: []string{"customer"}, WorkflowID: queue + "-cart-{customer}", SharedID: true, TaskSupport: durablemcp.TaskForbidden},
		durablemcp.SignalTool{Name: "signal", Description: "Test.", Workflow: Cart, Signal: "AddItem", Input: Item{}},
		durablemcp.QueryTool{Name: "query", Description: "Test.", Workflow: Cart, Query: "Items", Input: []any{""}, ArgNames: []string{"prefix"}, Output: []string{}},
		durablemcp.UpdateTool{Name: "update", Description: "Test.", Workflow: Cart, Update: "Add", Input: Item{}, Output: 0},
		durablemcp.ResultTool{Name: "result", Description: "Test.", Workflow: Cart, TaskSupport: durablemcp.TaskForbidden},
		durablemcp.StatusTool{Name: "status", Description: "Test.", Workflow: Cart},
		durablemcp.CancelTool{Name: "cancel", Description: "Test.", Workflow: Cart},
	)
}

// TestOwnershipMatrix holds every operation, of two users who are told apart by
// bearer tokens, to what is theirs: what is somebody else's, what is of another
// workflow type and what was never there look the same.
func TestOwnershipMatrix(t *testing.T) {
	t.Parallel()
	r := setUpTasksOf(t, options{}, matrixTools)
	web := httptest.NewServer(auth.RequireBearerToken(verifyToken, nil)(
		durablemcp.NewHTTPHandler(r.anotherServer(t, r.temporal), nil)))
	t.Cleanup(web.Close)
	as := func(user string) rawPeer {
		return newRawPeer(webWire{url: web.URL, header: map[string]string{"Authorization": "Bearer token-of-" + user}})
	}
	ann, bob := as("ann"), as("bob")

	if m := as("eve").ask(t, "tools/list", ""); m.HTTPStatus != http.StatusUnauthorized {
		t.Fatalf("an unknown token gets %s", m)
	}
	own := r.queue + "-cart-ann"
	ann.ask(t, "tools/call", `"name":"open_cart","arguments":{"customer":"ann"}`)
	var task, another wireTask
	mustUnmarshal(t, ann.ask(t, "tools/call", `"name":"puppet","arguments":{"name":"ann"}`).Result, &task)
	mustUnmarshal(t, bob.ask(t, "tools/call", `"name":"puppet","arguments":{"name":"bob"}`).Result, &another)
	r.order(t, "ann", "ask approval")

	matrixOfTools(t, ann, bob, own, r.queue)
	matrixOfTasks(t, ann, bob, task.TaskID, another.TaskID)
	matrixOfCalls(t, r, ann, bob)
}

// matrixOfTools calls the tools that act on a workflow.
func matrixOfTools(t *testing.T, ann, bob rawPeer, own, queue string) {
	t.Helper()
	for tool, arguments := range map[string]string{
		"signal": `,"name":"tea"`, "query": `,"prefix":""`, "update": `,"name":"tea"`, "result": "", "status": "", "cancel": "",
	} {
		call := func(p rawPeer, id string) string {
			m := p.ask(t, "tools/call", `"name":"`+tool+`","arguments":{"workflow_id":"`+id+`"`+arguments+`}`)
			return strings.ReplaceAll(string(m.Result), id, "ID")
		}
		unknown := call(bob, queue+"-cart-nobody")
		contains(t, unknown, `"type":"NotFound"`)
		for what, got := range map[string]string{
			"somebody else's": call(bob, own), "another type": call(bob, queue+"-bob"), "both": call(bob, queue+"-ann"),
		} {
			if got != unknown {
				t.Errorf("%s: %s is %s\nwant, as what is not there, %s", tool, what, got, unknown)
			}
		}
		if got := call(ann, own); strings.Contains(got, "NotFound") || strings.Contains(got, "bob") {
			t.Errorf("%s: her own is %s", tool, got)
		}
	}
}

// matrixOfTasks makes the requests about tasks.
func matrixOfTasks(t *testing.T, ann, bob rawPeer, own, others string) {
	t.Helper()
	state := func(p rawPeer, id string) (w wireTask) {
		if m := p.ask(t, "tasks/get", `"taskId":"`+id+`"`); m.Error == nil {
			mustUnmarshal(t, m.Result, &w)
		}
		return w
	}
	eventually(t, "the question is open", func() bool { return state(ann, own).Status == "input_required" })
	key := state(ann, own).keys()[0]
	answer := `,"inputResponses":{"` + key + `":{"action":"accept","content":{"name":"Bob"}}}`
	unknown := bob.ask(t, "tasks/get", `"taskId":"never-there"`)
	for method, members := range map[string]string{"tasks/get": "", "tasks/update": answer, "tasks/cancel": ""} {
		got := bob.ask(t, method, `"taskId":"`+own+`"`+members)
		if got.code() != -32602 || got.Error.Message != unknown.Error.Message {
			t.Errorf("%s of somebody else's task: %s", method, got)
		}
	}
	stream := bob.open(t, "subscriptions/listen", `"notifications":{"taskIds":["`+own+`","`+others+`","never-there"]}`)
	if acknowledged := string(stream.next(t).Params); strings.Contains(acknowledged, own) || !strings.Contains(acknowledged, others) {
		t.Errorf("the acknowledgement is %s", acknowledged)
	}
	stream.cancel()
	if got := state(ann, own); got.Status != "input_required" || got.keys()[0] != key {
		t.Errorf("her own task is %+v after that", got)
	}
	if m := ann.ask(t, "tasks/update", `"taskId":"`+own+`"`+answer); m.Error != nil {
		t.Errorf("her own answer: %s", m)
	}
	eventually(t, "the question is answered", func() bool { return state(ann, own).Status == "working" })
	if m := ann.ask(t, "tasks/cancel", `"taskId":"`+own+`"`); m.Error != nil {
		t.Errorf("her own cancellation: %s", m)
	}
	eventually(t, "the task is cancelled", func() bool { return state(ann, own).Status == "cancelled" })
	if got := state(bob, others); got.Status != "working" {
		t.Errorf("his task is %+v", got)
	}
}

// matrixOfCalls makes the same call again, and continues one that waits for an
// answer.
func matrixOfCalls(t *testing.T, r *taskRig, ann, bob rawPeer) {
	t.Helper()
	ann, bob = ann.declaring(`{"elicitation":{}}`), bob.declaring(`{"elicitation":{}}`)
	const call = `"name":"puppet","arguments":{"name":"carol"}`
	first := make(chan rawMessage, 1)
	go func() { first <- ann.ask(t, "tools/call", call) }()
	eventually(t, "the workflow runs", func() bool {
		_, err := r.temporal.DescribeWorkflowExecution(t.Context(), r.queue+"-carol", "")
		return err == nil
	})
	r.order(t, "carol", "ask approval")
	var asked struct {
		ResultType, RequestState string
		InputRequests            map[string]json.RawMessage
	}
	mustUnmarshal(t, (<-first).Result, &asked)
	for asked.ResultType != "input_required" { // the wait was over before the question was there
		mustUnmarshal(t, ann.ask(t, "tools/call", call).Result, &asked)
	}
	if got := bob.ask(t, "tools/call", call); !strings.Contains(string(got.Result), `"type":"Conflict"`) || strings.Contains(got.String(), "ann") {
		t.Errorf("the same call of somebody else: %s", got)
	}
	responses := ""
	for key := range asked.InputRequests {
		responses = fmt.Sprintf(`,"requestState":%q,"inputResponses":{%q:{"action":"accept","content":{"name":"Bob"}}}`, asked.RequestState, key)
	}
	foreign, made := bob.ask(t, "tools/call", call+responses), bob.ask(t, "tools/call", call+`,"requestState":"made-up"`)
	if foreign.code() != -32602 || made.code() != -32602 || foreign.Error.Message != made.Error.Message {
		t.Errorf("somebody else's continuation: %s; want, as of one that was made up, %s", foreign, made)
	}
	if got := ann.ask(t, "tools/call", call+responses); got.Error != nil || strings.Contains(string(got.Result), "input_required") {
		t.Errorf("her own continuation: %s", got)
	}
}

func mustUnmarshal(t *testing.T, data []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
}
