package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	sdktemporal "go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/grpc"

	"github.com/durablemcp/durablemcp"
)

// Cart is an entity workflow: it takes items until it is checked out.
func Cart(ctx workflow.Context, customer string) (Receipt, error) {
	cart := Receipt{Customer: customer, Items: []string{}}
	if err := workflow.SetQueryHandler(ctx, "Items", func(prefix string) ([]string, error) {
		if prefix == "bad" {
			return nil, errors.New("bad prefix")
		}
		return cart.Items, nil
	}); err != nil {
		return cart, err
	}
	if err := workflow.SetUpdateHandlerWithOptions(ctx, "Add", func(_ workflow.Context, item Item) (int, error) {
		cart.Items = append(cart.Items, item.Name)
		workflow.SetCurrentDetails(ctx, fmt.Sprintf("%d items", len(cart.Items)))
		return len(cart.Items), nil
	}, workflow.UpdateHandlerOptions{Validator: func(item Item) error {
		if item.Name == "bomb" {
			return sdktemporal.NewNonRetryableApplicationError("bombs are not sold", "Forbidden", nil)
		}
		return nil
	}}); err != nil {
		return cart, err
	}
	add, checkout := workflow.GetSignalChannel(ctx, "AddItem"), workflow.GetSignalChannel(ctx, "Checkout")
	for done := false; !done; {
		workflow.NewSelector(ctx).
			AddReceive(add, func(c workflow.ReceiveChannel, _ bool) {
				var item Item
				c.Receive(ctx, &item)
				cart.Items = append(cart.Items, item.Name)
			}).
			AddReceive(checkout, func(c workflow.ReceiveChannel, _ bool) { done = c.ReceiveAsync(nil) }).
			AddReceive(ctx.Done(), func(workflow.ReceiveChannel, bool) {}).
			Select(ctx)
		if ctx.Err() != nil {
			return cart, ctx.Err()
		}
	}
	return cart, nil
}

type Item struct {
	Name string `json:"name"`
}

type Receipt struct {
	Customer string   `json:"customer"`
	Items    []string `json:"items"`
}

func cartTools(queue string) []durablemcp.Tool {
	id := queue + "-{customer}"
	return []durablemcp.Tool{
		// Message tools come first: they find the arguments all the same.
		durablemcp.SignalTool{Name: "add_item", Description: "Test.", Workflow: Cart, Signal: "AddItem", Input: Item{}, WorkflowID: id},
		durablemcp.SignalTool{Name: "checkout", Description: "Test.", Workflow: Cart, Signal: "Checkout", WorkflowID: id},
		durablemcp.SignalTool{Name: "checkout_by_id", Description: "Test.", Workflow: Cart, Signal: "Checkout"},
		durablemcp.QueryTool{Name: "items", Description: "Test.", Workflow: Cart, Query: "Items", WorkflowID: id,
			Input: []any{""}, ArgNames: []string{"prefix"}, Output: []string{}},
		durablemcp.QueryTool{Name: "unknown_query", Description: "Test.", Workflow: Cart, Query: "Nothing", WorkflowID: id},
		durablemcp.UpdateTool{Name: "add", Description: "Test.", Workflow: Cart, Update: "Add", Input: Item{}, Output: 0, WorkflowID: id},
		durablemcp.UpdateTool{Name: "add_once", Description: "Test.", Workflow: Cart, Update: "Add", Input: Item{}, Output: 0,
			WorkflowID: id, UpdateID: "{name}"},
		durablemcp.ResultTool{Name: "receipt", Description: "Test.", Workflow: Cart, WorkflowID: id, Wait: 300 * time.Millisecond},
		durablemcp.StatusTool{Name: "cart_status", Description: "Test.", Workflow: Cart, WorkflowID: id},
		durablemcp.CancelTool{Name: "cancel_cart", Description: "Test.", Workflow: Cart, WorkflowID: id},
		durablemcp.CancelTool{Name: "kill_cart", Description: "Test.", Workflow: Cart, Terminate: true},
		durablemcp.WorkflowTool{Name: "open_cart", Description: "Test.", Workflow: Cart, TaskQueue: queue, Mode: durablemcp.ModeStart,
			ArgNames: []string{"customer"}, WorkflowID: id, SharedID: true},
		durablemcp.WorkflowTool{Name: "shop", Description: "Test.", Workflow: Cart, TaskQueue: queue, Wait: 200 * time.Millisecond,
			ArgNames: []string{"customer"}, WorkflowID: id, SharedID: true},
		durablemcp.SignalTool{Name: "add_item_anyway", Description: "Test.", Workflow: Cart, Signal: "AddItem", Input: Item{}, WorkflowID: id,
			Start: &durablemcp.StartIfAbsent{TaskQueue: queue, ArgNames: []string{"customer"}, SharedID: true}},
		durablemcp.UpdateTool{Name: "add_anyway", Description: "Test.", Workflow: Cart, Update: "Add", Input: Item{}, Output: 0, WorkflowID: id,
			Start: &durablemcp.StartIfAbsent{TaskQueue: queue, ArgNames: []string{"customer"}, SharedID: true}},
		durablemcp.WorkflowTool{Name: "gate", Description: "Test.", Workflow: Gate, TaskQueue: queue, ArgNames: []string{"name"},
			WorkflowID: queue + "-{name}", Mode: durablemcp.ModeStart},
	}
}

// untilPolled waits until Temporal knows of the worker: before, a query says that there is
// none.
func (r *rig) untilPolled(t *testing.T) {
	t.Helper()
	eventually(t, "the worker polls", func() bool {
		resp, err := r.temporal.DescribeTaskQueue(t.Context(), r.queue, enums.TASK_QUEUE_TYPE_WORKFLOW)
		return err == nil && len(resp.GetPollers()) > 0
	})
}

// want calls a tool and compares its structured content.
func (r *rig) want(t *testing.T, tool, arguments, structured string) *mcp.CallToolResult {
	t.Helper()
	result := r.call(tool, arguments)
	if o := outcomeOf(result); o.IsError || o.Structured != structured {
		t.Errorf("%s(%s) = %s, error %v; want %s", tool, arguments, o.Structured, o.IsError, structured)
	}
	return result
}

// wantFailure calls a tool and compares the type of its error.
func (r *rig) wantFailure(t *testing.T, tool, arguments, errorType string, text ...string) {
	t.Helper()
	result := r.call(tool, arguments)
	if f := mustFail(t, result); f.Error.Type != errorType {
		t.Errorf("%s(%s) failed with %+v; want %s", tool, arguments, f.Error, errorType)
	}
	contains(t, outcomeOf(result).Text, text...)
}

// TestMessages steers one workflow through all kinds of tools, and looks at it
// after it has ended.
func TestMessages(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{}, cartTools)
	id := r.queue + "-ann"
	const ann = `{"customer":"ann"}`
	r.wantFailure(t, "items", `{"customer":"ann","prefix":""}`, "NotFound", id)
	opened := workflowOf(t, r.call("open_cart", ann))

	added := r.call("add_item", `{"customer":"ann","name":"tea"}`)
	contains(t, outcomeOf(added).Text, "Temporal has accepted the signal AddItem", "Whether the workflow acts on it shows in its state")
	contains(t, outcomeOf(added).Structured, `"accepted":true`, opened["run_id"])
	eventually(t, "the signal is taken", func() bool {
		return outcomeOf(r.call("items", `{"customer":"ann","prefix":""}`)).Structured == `{"result":["tea"]}`
	})
	r.want(t, "add", `{"customer":"ann","name":"milk"}`, `{"result":2}`)
	r.want(t, "add_once", `{"customer":"ann","name":"rum"}`, `{"result":3}`)
	r.want(t, "add_once", `{"customer":"ann","name":"rum"}`, `{"result":3}`)
	r.want(t, "items", `{"customer":"ann","prefix":""}`, `{"result":["tea","milk","rum"]}`)
	r.wantFailure(t, "add", `{"customer":"ann","name":"bomb"}`, "Forbidden", "add was refused: bombs are not sold")
	r.wantFailure(t, "items", `{"customer":"ann","prefix":"bad"}`, "QueryFailed", "bad prefix")
	r.wantFailure(t, "unknown_query", ann, "QueryFailed", "unknown queryType Nothing")
	r.wantFailure(t, "add", `{"customer":"ann"}`, "InvalidArguments", `"name"`)
	contains(t, outcomeOf(r.call("cart_status", ann)).Structured, `"status":"running"`, `"details":"3 items"`, "waiting for a timer, a signal or an update")
	contains(t, outcomeOf(r.call("shop", ann)).Text, "To wait for its result, call receipt with the same customer.")
	contains(t, outcomeOf(r.call("receipt", ann)).Text, "receipt is still running", "Call receipt again")

	contains(t, outcomeOf(r.call("checkout", ann)).Structured, `"accepted":true`)
	const receipt = `{"customer":"ann","items":["tea","milk","rum"]}`
	eventually(t, "the cart is checked out", func() bool { return outcomeOf(r.call("receipt", ann)).Structured == receipt })
	r.want(t, "items", `{"customer":"ann","prefix":""}`, `{"result":["tea","milk","rum"]}`)
	contains(t, outcomeOf(r.call("cart_status", ann)).Structured, `"status":"completed"`, `"closed":"`)
	for tool, arguments := range map[string]string{
		"add_item": `{"customer":"ann","name":"tea"}`, "add": `{"customer":"ann","name":"tea"}`,
		"checkout": ann, "cancel_cart": ann,
	} {
		r.wantFailure(t, tool, arguments, "WorkflowClosed", "has ended already: it is completed", "Nothing was done", "receipt says how it ended")
	}
	r.wantFailure(t, "kill_cart", `{"workflow_id":"`+id+`"}`, "WorkflowClosed", "has ended already: it is completed", "Nothing was done")
}

// TestWithStart checks the digital-twin pattern: one call creates the entity if
// it is not there, and acts.
func TestWithStart(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"add_item_anyway", "add_anyway"} {
		t.Run(tool, func(t *testing.T) {
			t.Parallel()
			r := setUp(t, options{}, cartTools)
			first := workflowOf(t, r.call(tool, `{"customer":"ann","name":"tea"}`))
			second := workflowOf(t, r.call(tool, `{"customer":"ann","name":"milk"}`))
			if first["run_id"] == "" || first["run_id"] != second["run_id"] {
				t.Errorf("the calls reached the runs %v and %v", first, second)
			}
			r.want(t, "items", `{"customer":"ann","prefix":""}`, `{"result":["tea","milk"]}`)

			// An execution of another type with that ID is not touched.
			r.call("gate", `{"name":"bob"}`)
			r.wantFailure(t, tool, `{"customer":"bob","name":"tea"}`, "Conflict")
			r.wantFailure(t, tool, `{"customer":"ann"}`, "InvalidArguments", `"name"`)
		})
	}
}

// TestOnlyTheDeclaredTypeIsTouched checks that all tools treat a workflow of
// another type like one that is not there.
func TestOnlyTheDeclaredTypeIsTouched(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{}, cartTools)
	handle := workflowOf(t, r.call("gate", `{"name":"ann"}`))
	const address = `"customer":"ann"`
	byID := `"workflow_id":"` + handle["workflow_id"] + `","run_id":"` + handle["run_id"] + `"`
	for tool, arguments := range map[string]string{
		"add_item": address + `,"name":"tea"`, "checkout": address, "checkout_by_id": byID, "items": address + `,"prefix":""`,
		"add": address + `,"name":"tea"`, "receipt": address, "cart_status": address, "cancel_cart": address, "kill_cart": byID,
	} {
		other := r.call(tool, "{"+arguments+"}")
		if f := mustFail(t, other); f.Error.Type != "NotFound" {
			t.Errorf("%s: got %+v", tool, f.Error)
		}
	}
	resp, err := r.temporal.DescribeWorkflowExecution(t.Context(), handle["workflow_id"], "")
	if err != nil || statusOf(resp) != "Running" {
		t.Errorf("the other workflow is %v: %v", statusOf(resp), err)
	}
	r.wantFailure(t, "checkout_by_id", `{"workflow_id":"x","run_id":"no run ID"}`, "NotFound")
}

// TestHandleFollowsContinueAsNew checks that a run ID stands for its chain.
func TestHandleFollowsContinueAsNew(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{}, func(queue string) []durablemcp.Tool {
		return []durablemcp.Tool{
			durablemcp.WorkflowTool{Name: "turn", Description: "Test.", Workflow: Turn, TaskQueue: queue, Mode: durablemcp.ModeStart,
				ArgNames: []string{"n"}, WorkflowID: queue},
			durablemcp.SignalTool{Name: "go", Description: "Test.", Workflow: Turn, Signal: "go"},
			durablemcp.ResultTool{Name: "result", Description: "Test.", Workflow: Turn},
		}
	})
	handle := workflowOf(t, r.call("turn", `{"n":2}`))
	arguments := `{"workflow_id":"` + handle["workflow_id"] + `","run_id":"` + handle["run_id"] + `"}`
	runs := make(map[string]bool)
	for range 3 {
		// A signal that reaches a run which is about to continue as new is lost
		// with it, so each waits for the next run.
		var run string
		eventually(t, "the workflow is in a new run", func() bool {
			resp, err := r.temporal.DescribeWorkflowExecution(t.Context(), handle["workflow_id"], "")
			run = resp.GetWorkflowExecutionInfo().GetExecution().GetRunId()
			return err == nil && !runs[run]
		})
		runs[run] = true
		contains(t, outcomeOf(r.call("go", arguments)).Structured, `"accepted":true`, run)
	}
	contains(t, outcomeOf(r.call("result", arguments)).Structured, `{"result":"turned"}`)
}

// Turn continues as new at each signal, until n is 0.
func Turn(ctx workflow.Context, n int) (string, error) {
	workflow.GetSignalChannel(ctx, "go").Receive(ctx, nil)
	if n == 0 {
		return "turned", nil
	}
	return "", workflow.NewContinueAsNewError(ctx, Turn, n-1)
}

// TestCancelTool checks cancellation and termination.
func TestCancelTool(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{}, cartTools)
	r.call("open_cart", `{"customer":"ann"}`)
	contains(t, outcomeOf(r.call("cancel_cart", `{"customer":"ann","reason":"changed my mind"}`)).Text, "accepted the request to cancel")
	eventually(t, "the cart is cancelled", func() bool {
		return containsAny(outcomeOf(r.call("cart_status", `{"customer":"ann"}`)).Structured, `"status":"canceled"`)
	})
	r.wantFailure(t, "receipt", `{"customer":"ann"}`, "Canceled", "The work has ended")

	killed := workflowOf(t, r.call("open_cart", `{"customer":"bob"}`))
	contains(t, outcomeOf(r.call("kill_cart", `{"workflow_id":"`+killed["workflow_id"]+`"}`)).Text, "is terminated")
	contains(t, outcomeOf(r.call("cart_status", `{"customer":"bob"}`)).Structured, `"status":"terminated"`)
}

// TestOwnership checks that a workflow is its starter's: for anybody else it is
// not there, unless the tool allows them.
func TestOwnership(t *testing.T) {
	t.Parallel()
	principal := func(_ context.Context, req mcp.Request) (string, error) {
		return req.GetExtra().Header.Get("X-User"), nil
	}
	r := setUp(t, options{Options: durablemcp.Options{Principal: principal}}, func(queue string) []durablemcp.Tool {
		tools := cartTools(queue)
		return append(tools, durablemcp.QueryTool{Name: "audit", Description: "Test.", Workflow: Cart, Query: "Items",
			WorkflowID: queue + "-{customer}", Input: []any{""}, ArgNames: []string{"prefix"}, Output: []string{},
			Allow: func(_ context.Context, r durablemcp.AccessRequest) error {
				if r.Caller.Principal == "auditor" && r.Owner.Principal == "ann" {
					return nil
				}
				return errors.New("not the auditor")
			}})
	})
	as := func(user string) *rig {
		other := *r
		other.session = dialAs(t, r.url, user)
		return &other
	}
	ann, bob, auditor := as("ann"), as("bob"), as("auditor")
	ann.call("open_cart", `{"customer":"ann"}`)
	ann.want(t, "items", `{"customer":"ann","prefix":""}`, `{"result":[]}`)
	const address = `"customer":"ann"`
	for tool, arguments := range map[string]string{
		"add_item": address + `,"name":"tea"`, "checkout": address, "items": address + `,"prefix":""`, "add": address + `,"name":"tea"`,
		"receipt": address, "cart_status": address, "cancel_cart": address, "kill_cart": `"workflow_id":"` + r.queue + `-ann"`,
		"audit": address + `,"prefix":""`,
	} {
		bob.wantFailure(t, tool, "{"+arguments+"}", "NotFound")
	}
	for _, tool := range []string{"open_cart", "shop"} {
		bob.wantFailure(t, tool, "{"+address+"}", "Conflict", "did not start for this caller")
	}
	bob.wantFailure(t, "add_anyway", "{"+address+`,"name":"tea"}`, "Conflict")
	auditor.wantFailure(t, "items", `{"customer":"ann","prefix":""}`, "NotFound")
	auditor.want(t, "audit", `{"customer":"ann","prefix":""}`, `{"result":[]}`)
	ann.want(t, "add", `{"customer":"ann","name":"tea"}`, `{"result":1}`)
}

// TestPrincipalsApart checks that nobody's workflow IDs are those of somebody
// else, where the declaration does not say that they share them, and that tools
// find the caller's own workflow.
func TestPrincipalsApart(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{Options: durablemcp.Options{Principal: userHeader}}, func(queue string) []durablemcp.Tool {
		id := queue + "-{customer}"
		return []durablemcp.Tool{
			durablemcp.QueryTool{Name: "items", Description: "Test.", Workflow: Cart, Query: "Items", WorkflowID: id,
				Input: []any{""}, ArgNames: []string{"prefix"}, Output: []string{}},
			&durablemcp.UpdateTool{Name: "add_anyway", Description: "Test.", Workflow: Cart, Update: "Add", Input: Item{}, Output: 0, WorkflowID: id,
				Start: &durablemcp.StartIfAbsent{TaskQueue: queue, ArgNames: []string{"customer"}}},
			durablemcp.WorkflowTool{Name: "open_cart", Description: "Test.", Workflow: Cart, TaskQueue: queue, Mode: durablemcp.ModeStart,
				ArgNames: []string{"customer"}, WorkflowID: id},
		}
	})
	ids := make(map[string]bool)
	for user, item := range map[string]string{"ann": "tea", "ann:x": "milk", "": "rice"} {
		as := *r
		as.session = dialAs(t, r.url, user)
		ids[workflowOf(t, as.call("open_cart", `{"customer":"x"}`))["workflow_id"]] = true
		as.want(t, "add_anyway", `{"customer":"x","name":"`+item+`"}`, `{"result":1}`)
		as.want(t, "items", `{"customer":"x","prefix":""}`, `{"result":["`+item+`"]}`)
	}
	for _, want := range []string{r.queue + "-x:ann", r.queue + "-x:ann:x", r.queue + "-x"} {
		if !ids[want] {
			t.Errorf("the workflow IDs are %v; want %s among them", ids, want)
		}
	}
}

// TestMessageToolsOfAnotherProcess checks that message tools in a registry that starts
// nothing find the workflows that another one has started, whoever calls.
func TestMessageToolsOfAnotherProcess(t *testing.T) {
	t.Parallel()
	o := options{Options: durablemcp.Options{Principal: userHeader}}
	r := setUp(t, o, func(queue string) []durablemcp.Tool {
		own := durablemcp.WorkflowTool{Name: "open", Description: "Test.", Workflow: Cart, TaskQueue: queue, Mode: durablemcp.ModeStart,
			ArgNames: []string{"customer"}, WorkflowID: queue + "-own-{customer}"}
		shared := own
		shared.Name, shared.WorkflowType, shared.WorkflowID, shared.SharedID = "open_shared", "SharedCart", queue+"-shared-{customer}", true
		return []durablemcp.Tool{own, shared}
	})
	look := durablemcp.QueryTool{Name: "items", Description: "Test.", Workflow: Cart, Query: "Items", WorkflowID: r.queue + "-own-{customer}",
		Input: []any{""}, ArgNames: []string{"prefix"}, Output: []string{}}
	said, shared := look, look
	said.Name, said.IDScope = "items_said", durablemcp.CallerScope
	shared.Name, shared.WorkflowType, shared.WorkflowID, shared.IDScope = "shared_items", "SharedCart", r.queue+"-shared-{customer}", durablemcp.SharedScope
	r.untilPolled(t)
	web := httptest.NewServer(durablemcp.NewHTTPHandler(mountTools(t, r.temporal, o.Options, look, said, shared), nil))
	t.Cleanup(web.Close)
	for _, user := range []string{"ann", "bob", ""} {
		starts, looks := *r, *r
		starts.session, looks.session = dialAs(t, r.url, user), dialAs(t, web.URL, user)
		starts.call("open", `{"customer":"x"}`)
		starts.call("open_shared", `{"customer":"of `+user+`"}`)
		looks.want(t, "items", `{"customer":"x","prefix":""}`, `{"result":[]}`)
		looks.want(t, "items_said", `{"customer":"x","prefix":""}`, `{"result":[]}`)
		looks.want(t, "shared_items", `{"customer":"of `+user+`","prefix":""}`, `{"result":[]}`)
	}
}

// TestNobodyAnswers checks messages to a workflow without a worker: what Temporal
// can do by itself is done, and the rest is answered soon.
func TestNobodyAnswers(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{noWorker: true, Options: durablemcp.Options{Wait: time.Second}}, cartTools)
	r.call("open_cart", `{"customer":"ann"}`)
	r.wantFailure(t, "items", `{"customer":"ann","prefix":""}`, "NoWorker", "no worker polls its task queue", "Nothing is lost")
	r.wantFailure(t, "add", `{"customer":"ann","name":"tea"}`, "OutcomeUnknown", "has not answered within 1s", "no worker polls", "could act a second time")
	r.wantFailure(t, "add_once", `{"customer":"ann","name":"tea"}`, "OutcomeUnknown", "acts once only")
	contains(t, outcomeOf(r.call("add_item", `{"customer":"ann","name":"tea"}`)).Structured, `"accepted":true`)
	contains(t, outcomeOf(r.call("cart_status", `{"customer":"ann"}`)).Structured, `"status":"running"`)
}

// TestAnnotations checks what tools say of their behaviour.
func TestAnnotations(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{noWorker: true}, cartTools)
	tools, err := r.session.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]string)
	for _, tool := range tools.Tools {
		data, _ := json.Marshal(tool.Annotations)
		got[tool.Name] = string(data)
	}
	for tool, want := range map[string]string{
		"items": `"readOnlyHint":true`, "cart_status": `"readOnlyHint":true`, "receipt": `"readOnlyHint":true`,
		"cancel_cart": `"destructiveHint":true`, "kill_cart": `"destructiveHint":true`, "add_once": `"idempotentHint":true`,
	} {
		contains(t, got[tool], want)
	}
}

// TestAcceptedMeansWhatIsSaid checks what tools publish of the answer that something is
// accepted: a termination is no request that a workflow may act on.
func TestAcceptedMeansWhatIsSaid(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{noWorker: true}, cartTools)
	tools, err := r.session.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	means := map[string]string{
		"kill_cart": "The workflow has ended", "cancel_cart": "ends in its own way",
		"add_item": "is not known yet", "add_item_anyway": "is not known yet",
	}
	for _, tool := range tools.Tools {
		if want, ok := means[tool.Name]; ok {
			data, _ := json.Marshal(tool.OutputSchema)
			contains(t, string(data), want)
			delete(means, tool.Name)
		}
	}
	if len(means) > 0 {
		t.Errorf("there are no tools %v", means)
	}
}

// TestUpdateWaitsForTheWorkflowOnly finds a workflow in more time than its answer
// may take: that is no part of the wait.
func TestUpdateWaitsForTheWorkflowOnly(t *testing.T) {
	t.Parallel()
	const wait = time.Second
	m := newMeter()
	o := options{Options: durablemcp.Options{Wait: wait}}
	o.client.ConnectionOptions.DialOptions = []grpc.DialOption{grpc.WithUnaryInterceptor(m.count)}
	r := setUp(t, o, cartTools)
	r.call("open_cart", `{"customer":"ann"}`)
	m.refusing(func(req any) error {
		if _, looks := req.(*workflowservice.DescribeWorkflowExecutionRequest); looks {
			time.Sleep(wait + wait/2) // as a slow server does
		}
		return nil
	})
	r.want(t, "add", `{"customer":"ann","name":"tea"}`, `{"result":1}`)
}
