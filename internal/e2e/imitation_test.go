package e2e

import (
	"testing"

	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp"
)

// Order takes notes until it is cancelled.
func Order(ctx workflow.Context, customer, item string) error {
	notes := []string{}
	if err := workflow.SetQueryHandler(ctx, "Notes", func() ([]string, error) { return notes, nil }); err != nil {
		return err
	}
	if err := workflow.SetUpdateHandler(ctx, "Note", func(_ workflow.Context, text string) (int, error) {
		notes = append(notes, customer+"|"+item+"|"+text)
		return len(notes), nil
	}); err != nil {
		return err
	}
	ctx.Done().Receive(ctx, nil)
	return ctx.Err()
}

// TestValuesDoNotLeadToAnotherWorkflow checks that no tool reaches the workflow of
// other arguments, whose values meet what separates them in the template.
func TestValuesDoNotLeadToAnotherWorkflow(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{}, func(queue string) []durablemcp.Tool {
		id, args := queue+"-{customer}-{item}", []string{"customer", "item"}
		return []durablemcp.Tool{
			durablemcp.WorkflowTool{Name: "order", Description: "Test.", Workflow: Order, TaskQueue: queue, Mode: durablemcp.ModeStart, ArgNames: args, WorkflowID: id},
			durablemcp.UpdateTool{Name: "note", Description: "Test.", Workflow: Order, Update: "Note", Input: []any{""}, ArgNames: []string{"text"}, Output: 0, WorkflowID: id},
			durablemcp.UpdateTool{Name: "note_anyway", Description: "Test.", Workflow: Order, Update: "Note", Input: []any{""}, ArgNames: []string{"text"}, Output: 0, WorkflowID: id,
				Start: &durablemcp.StartIfAbsent{TaskQueue: queue, ArgNames: args}},
			durablemcp.QueryTool{Name: "notes", Description: "Test.", Workflow: Order, Query: "Notes", WorkflowID: id, Output: []string{}},
			durablemcp.CancelTool{Name: "stop", Description: "Test.", Workflow: Order, WorkflowID: id},
		}
	})
	mine, another := `"customer":"acme-north","item":"bolts"`, `"customer":"acme","item":"north-bolts"`
	r.call("order", `{`+mine+`}`)
	r.want(t, "note", `{`+mine+`,"text":"x"}`, `{"result":1}`)
	for _, other := range []string{another, `"customer":"acme%2Dnorth","item":"bolts"`} {
		r.wantFailure(t, "note", `{`+other+`,"text":"y"}`, "NotFound")
		r.wantFailure(t, "notes", `{`+other+`}`, "NotFound")
		r.wantFailure(t, "stop", `{`+other+`}`, "NotFound")
	}
	r.want(t, "note_anyway", `{`+another+`,"text":"z"}`, `{"result":1}`)
	r.want(t, "notes", `{`+another+`}`, `{"result":["acme|north-bolts|z"]}`)
	r.want(t, "notes", `{`+mine+`}`, `{"result":["acme-north|bolts|x"]}`)
}
