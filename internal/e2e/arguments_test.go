package e2e

import (
	"encoding/json"
	"strconv"
	"testing"

	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp"
)

// A Parcel is what [Carry] carries.
type Parcel struct {
	Name string   `json:"name"`
	To   Town     `json:"to"`
	Tags []string `json:"tags,omitempty"`
	Note *string  `json:"note"`
}

// A Town is part of a [Parcel], and where its carrier is.
type Town struct {
	City string  `json:"city"`
	Post []int64 `json:"post,omitempty"`
	Zip  *string `json:"zip"`
}

// Carry carries a parcel, until it is told where that has been left.
func Carry(ctx workflow.Context, p Parcel) (map[string]any, error) {
	if err := workflow.SetQueryHandler(ctx, "Near", func(t Town) (Town, error) { return t, nil }); err != nil {
		return nil, err
	}
	if err := workflow.SetUpdateHandler(ctx, "Pass", func(_ workflow.Context, t Town) (Town, error) { return t, nil }); err != nil {
		return nil, err
	}
	var left Town
	workflow.GetSignalChannel(ctx, "Left").Receive(ctx, &left)
	return map[string]any{"parcel": p, "left": left}, ctx.Err()
}

// TestArgumentsAsClientsSendThem calls every tool with objects and lists in strings,
// null in place of nothing, and what a client adds: they mean what they stand for, and
// do not make other work of the same call.
func TestArgumentsAsClientsSendThem(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{Options: durablemcp.Options{IgnoreArguments: []string{"toolCallId"}}}, func(queue string) []durablemcp.Tool {
		id := queue + "-{name}"
		start := &durablemcp.StartIfAbsent{TaskQueue: queue}
		at := []string{"at"}
		return []durablemcp.Tool{
			durablemcp.WorkflowTool{Name: "carry", Description: "Test.", Workflow: Carry, TaskQueue: queue, WorkflowID: id, Mode: durablemcp.ModeStart},
			durablemcp.WorkflowTool{Name: "carry_same", Description: "Test.", Workflow: Carry, TaskQueue: queue, WorkflowID: queue + "-{@input}", Mode: durablemcp.ModeStart},
			durablemcp.QueryTool{Name: "near", Description: "Test.", Workflow: Carry, WorkflowID: id, Query: "Near", Input: []any{Town{}}, ArgNames: at, Output: Town{}},
			durablemcp.UpdateTool{Name: "pass", Description: "Test.", Workflow: Carry, WorkflowID: id, Update: "Pass", Input: []any{Town{}}, ArgNames: at, Output: Town{}},
			durablemcp.UpdateTool{Name: "pass_anyway", Description: "Test.", Workflow: Carry, WorkflowID: id, Update: "Pass", Input: []any{Town{}}, ArgNames: at, Output: Town{}, Start: start},
			durablemcp.SignalTool{Name: "left", Description: "Test.", Workflow: Carry, WorkflowID: id, Signal: "Left", Input: []any{Town{}}, ArgNames: at},
			durablemcp.SignalTool{Name: "left_anyway", Description: "Test.", Workflow: Carry, WorkflowID: id, Signal: "Left", Input: []any{Town{}}, ArgNames: at, Start: start},
			durablemcp.ResultTool{Name: "carried", Description: "Test.", Workflow: Carry, WorkflowID: id},
			durablemcp.StatusTool{Name: "status", Description: "Test.", Workflow: Carry},
			durablemcp.CancelTool{Name: "cancel", Description: "Test.", Workflow: Carry},
		}
	})
	const (
		added = `"toolCallId":"call_7"`
		rome  = `"{\"city\":\"Rome\",\"post\":[9007199254740993],\"zip\":null}"`
		meant = `{"city":"Rome","post":[9007199254740993]}`
	)
	parcel := func(name string) (sent, means string) {
		return `"name":"` + name + `","to":` + rome + `,"tags":"[\"x\"]","note":null,` + added, `"name":"` + name + `","to":` + meant + `,"tags":["x"]`
	}
	succeeds := func(tool, arguments, text string) {
		t.Helper()
		got := outcomeOf(r.call(tool, arguments))
		if got.IsError || text != "" && got.Text != text { // structured content has lost digits in the client
			t.Errorf("%s(%s) returned %s, want %s", tool, arguments, got.Text, text)
		}
	}
	run := func(tool, arguments string) string { return workflowOf(t, r.call(tool, arguments))["run_id"] }

	sent, means := parcel("a")
	whole := strconv.Quote(`{` + means + `}`)
	for _, tool := range []string{"carry", "carry_same"} {
		first := run(tool, `{`+means+`}`)
		for _, again := range []string{`{` + sent + `}`, whole} {
			if got := run(tool, again); got != first {
				t.Errorf("%s(%s) is other work", tool, again)
			}
		}
	}
	const town = `{"city":"Rome","post":[9007199254740993],"zip":null}` // as Go writes it
	for _, tool := range []string{"near", "pass"} {
		succeeds(tool, `{"name":"a","at":`+rome+`,`+added+`}`, town)
	}
	byID := `{"workflow_id":"` + r.queue + `-a","run_id":null,` + added + `}`
	succeeds("status", byID, "")
	succeeds("left", `{"name":"a","at":`+rome+`,`+added+`}`, "")
	succeeds("carried", `{"name":"a",`+added+`}`, `{"left":`+town+`,"parcel":{"name":"a","to":`+town+`,"tags":["x"],"note":null}}`)

	sent, means = parcel("b")
	succeeds("pass_anyway", `{`+sent+`,"at":`+rome+`}`, town)
	if first, again := run("pass_anyway", `{`+means+`,"at":`+meant+`}`), run("carry", `{`+sent+`}`); first != again {
		t.Error("pass_anyway has started other work")
	}
	succeeds("cancel", `{"workflow_id":"`+r.queue+`-b","run_id":null,`+added+`}`, "")
	sent, _ = parcel("c")
	succeeds("left_anyway", `{`+sent+`,"at":`+rome+`}`, "")
	succeeds("carried", `{"name":"c"}`, "")

	// What can mean several things, or is nobody's, stays refused.
	for _, arguments := range []string{
		`{"name":null,"to":` + meant + `}`, `{"name":"a","to":` + rome + `,"tags":"x"}`, `{"name":"a","to":` + meant + `,"sessionId":"s"}`,
		`{"name":"a","to":"{\"city\":\"Rome\",\"toolCallId\":\"call_7\"}"}`,
	} {
		if f := mustFail(t, r.call("carry", arguments)); f.Error.Type != "InvalidArguments" {
			t.Errorf("%s: the error is %+v", arguments, f.Error)
		}
	}
}

// Dine asks for what has optional fields and a list.
func Dine(ctx workflow.Context, name string) (Choices, error) {
	return durablemcp.Elicit[Choices](ctx, "What do you take, "+name+"?")
}

// Choices are what [Dine] asks for.
type Choices struct {
	Sure   bool     `json:"sure"`
	Dishes []string `json:"dishes,omitempty" jsonschema:"enum=soup,enum=fish"`
	Note   *string  `json:"note,omitempty"`
}

// TestAnswersAsClientsSendThem answers a question through every generation of client
// with null in place of nothing, and with a list in a string.
func TestAnswersAsClientsSendThem(t *testing.T) {
	t.Parallel()
	const chosen = `{"sure":true,"dishes":["fish"]}`
	answers := map[string]string{
		"null":   `{"action":"accept","content":{"sure":true,"dishes":["fish"],"note":null}}`,
		"string": `{"action":"accept","content":{"sure":true,"dishes":"[\"fish\"]"}}`,
	}
	for _, g := range generations() {
		for name, answer := range answers {
			if g.name == "stdio" || g.name == "session" || g.name == "stateless" {
				continue // the MCP SDK's own clients do not send such answers
			}
			t.Run(g.name+" "+name, func(t *testing.T) {
				t.Parallel()
				s := newStage(t, quick(), asking(Dine))
				call := g.begin(s, &calling{tool: "ask", arguments: ann})
				call.question().answer(answer)
				call.want(chosen)
			})
		}
	}
	t.Run("tasks all in a string", func(t *testing.T) {
		t.Parallel()
		s := newStage(t, quick(), asking(Dine))
		call := generation{call: asTask}.begin(s, &calling{tool: "ask", arguments: ann})
		content, _ := json.Marshal(`{"sure":true,"dishes":["fish"],"note":null}`)
		call.question().answer(`{"action":"accept","content":` + string(content) + `}`)
		call.want(chosen)
	})
	t.Run("tool", func(t *testing.T) {
		t.Parallel()
		r := setUp(t, options{}, func(queue string) []durablemcp.Tool {
			return append(asking(Dine)(queue),
				durablemcp.UpdateTool{Name: "answer", Description: "Answers.", Workflow: Dine, Update: durablemcp.AnswerUpdate, WorkflowID: queue + "-{name}"})
		})
		r.call("start", ann)
		eventually(t, "the workflow has taken an answer", func() bool {
			return !r.call("answer", `{"name":"ann","key":null,"action":"accept","content":"{\"sure\":true,\"dishes\":\"[\\\"fish\\\"]\",\"note\":null}"}`).IsError
		})
		if got := outcomeOf(r.call("result", ann)).Text; got != chosen {
			t.Errorf("the result is %s, want %s", got, chosen)
		}
	})
}
