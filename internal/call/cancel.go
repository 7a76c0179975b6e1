package call

import (
	"cmp"
	"context"
	"fmt"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/sdk/client"

	"github.com/durablemcp/durablemcp/internal/advice"
	"github.com/durablemcp/durablemcp/internal/execution"
)

// A Cancel is a checked durablemcp.CancelTool.
type Cancel struct {
	Message
	Terminate bool
}

// Call cancels or terminates the workflow.
func (t *Cancel) Call(ctx context.Context, c *Call) (*mcp.CallToolResult, error) {
	m, err := t.read(c)
	if err != nil {
		return nil, err
	}
	reason, _ := m.Arguments["reason"].(string)
	e, err := t.actOnRunning(ctx, c, m, func(ctx context.Context, e *execution.Execution) error { return t.end(ctx, c, e, reason) })
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if e == nil {
		return nil, err
	}
	if err != nil {
		t.log(ctx, "ending a workflow failed", "workflow_id", e.ID, "error", err)
		return nil, advice.CancelFailure(err)
	}
	if t.Terminate {
		return t.withMeta(acceptedResult(e, fmt.Sprintf("The workflow %q is terminated.", e.ID), "It has ended without running its cleanup code."), e), nil
	}
	return t.withMeta(acceptedResult(e, fmt.Sprintf("Temporal has accepted the request to cancel workflow %q.", e.ID),
		"The workflow ends in its own way, which its state shows."), e), nil
}

// end cancels or terminates an execution.
func (t *Cancel) end(ctx context.Context, c *Call, e *execution.Execution, reason string) error {
	reason = cmp.Or(reason, "called the MCP tool "+t.Name)
	if t.Terminate {
		return c.TerminateWorkflowWithOptions(ctx, client.TerminateWorkflowOptions{
			WorkflowID: e.ID, RunID: e.RunID, FirstExecutionRunID: e.FirstRunID, Reason: reason,
		})
	}
	return c.Cancel(ctx, e, reason)
}
