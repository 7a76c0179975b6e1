package e2e

import (
	"testing"

	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp"
)

// Spell is a workflow that says the name it was given.
func Spell(_ workflow.Context, name string) (string, error) { return name, nil }

// TestLettersBeyondASCIIInWorkflowIDs: Temporal's Go SDK refuses to send IDs
// with other characters than printable ASCII, so that a call with an argument
// such as "Zürich" in its ID failed with an unknown outcome.
func TestLettersBeyondASCIIInWorkflowIDs(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{}, func(queue string) []durablemcp.Tool {
		return []durablemcp.Tool{
			durablemcp.WorkflowTool{Name: "spell", Description: "Test.", Workflow: Spell, ArgNames: []string{"name"},
				TaskQueue: queue, WorkflowID: queue + "-{name}"},
			durablemcp.ResultTool{Name: "spelled", Description: "Test.", Workflow: Spell, WorkflowID: queue + "-{name}"},
			durablemcp.ResultTool{Name: "spelled_by_id", Description: "Test.", Workflow: Spell},
		}
	})
	for _, name := range []string{"Zürich", "日本", "🙂"} {
		r.want(t, "spell", `{"name":"`+name+`"}`, `{"result":"`+name+`"}`)
		r.want(t, "spelled", `{"name":"`+name+`"}`, `{"result":"`+name+`"}`)
	}
	r.wantFailure(t, "spelled_by_id", `{"workflow_id":"Zürich"}`, "NotFound")
}
