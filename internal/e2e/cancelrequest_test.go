package e2e

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp"
)

// Wait waits until it is cancelled.
func Wait(ctx workflow.Context, _ string) (string, error) {
	return "", workflow.Await(ctx, func() bool { return false })
}

// TestCancelledRequest cancels requests that wait for a workflow: the workflow
// goes on, unless the tool says that it is cancelled, too.
func TestCancelledRequest(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{}, func(queue string) []durablemcp.Tool {
		return []durablemcp.Tool{
			durablemcp.WorkflowTool{Name: "gate", Description: "Test.", Workflow: Wait, TaskQueue: queue, ArgNames: []string{"name"},
				WorkflowID: queue + "-{name}"},
			durablemcp.WorkflowTool{Name: "gate_or_not", Description: "Test.", Workflow: Wait, TaskQueue: queue, ArgNames: []string{"name"},
				WorkflowID: queue + "-{name}", CancelWorkflow: true},
		}
	})
	status := func(id string) enums.WorkflowExecutionStatus {
		resp, err := r.temporal.DescribeWorkflowExecution(t.Context(), id, "")
		if err != nil {
			return enums.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED
		}
		return resp.GetWorkflowExecutionInfo().GetStatus()
	}
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(),
		&mcp.StreamableClientTransport{Endpoint: r.url}, &mcp.ClientSessionOptions{ProtocolVersion: "2025-11-25"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	for name, tool := range map[string]string{"kept": "gate", "cancelled": "gate_or_not"} {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			_, err := session.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: json.RawMessage(`{"name":"` + name + `"}`)})
			done <- err
		}()
		eventually(t, "the workflow runs", func() bool { return status(r.queue+"-"+name) == enums.WORKFLOW_EXECUTION_STATUS_RUNNING })
		cancel()
		if err := <-done; err == nil {
			t.Errorf("%s: the cancelled call has a result", tool)
		}
	}
	eventually(t, "the workflow is cancelled", func() bool { return status(r.queue+"-cancelled") == enums.WORKFLOW_EXECUTION_STATUS_CANCELED })
	if got := status(r.queue + "-kept"); got != enums.WORKFLOW_EXECUTION_STATUS_RUNNING {
		t.Errorf("the workflow of a tool without CancelWorkflow is %v", got)
	}
}
