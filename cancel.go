package durablemcp

import (
	"cmp"
	"context"
	"fmt"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/sdk/client"

	"github.com/durablemcp/durablemcp/internal/execution"
)

// A CancelTool is a tool that cancels a workflow, or terminates it. Its
// arguments are those that name the workflow, and a reason, which Temporal
// records.
//
// Cancellation is a request: the answer says that Temporal has accepted it, and
// the workflow ends in its own way, after cleaning up. Termination ends the
// workflow at once and lets it clean up nothing.
type CancelTool struct {
	// Name, Title, Description, Annotations, Icons and Meta are as in
	// [WorkflowTool]. Without Annotations, the tool is said to be destructive
	// and idempotent.
	Name, Title, Description string
	Annotations              *mcp.ToolAnnotations
	Icons                    []mcp.Icon
	Meta                     mcp.Meta

	// Workflow and WorkflowType name the workflow, as in [WorkflowTool]. Only
	// executions of this workflow type are cancelled. Required.
	Workflow     any
	WorkflowType string

	// WorkflowID and IDScope are as in [SignalTool].
	WorkflowID string
	IDScope    IDScope

	// Terminate terminates the workflow in place of cancelling it.
	Terminate bool

	// Allow decides who may cancel the workflow of another caller. If nil, only
	// the principal that started it may.
	Allow AllowFunc
}

// cancelReason is the argument of a CancelTool beside the workflow's address.
type cancelReason struct {
	Reason string `json:"reason,omitempty" jsonschema:"description=Why\\, for those who look at the workflow later.,maxLength=1000"`
}

type cancelTool struct {
	message
	terminate bool
}

func (t CancelTool) declare(d *declaration) *binding {
	d.identity(t.Name, t.Description)
	m := d.message(messageFields{
		workflow: t.Workflow, workflowType: t.WorkflowType, workflowID: t.WorkflowID, scope: t.IDScope, input: cancelReason{}, allow: t.Allow,
	})
	if m == nil {
		return nil
	}
	tool := &cancelTool{message: *m, terminate: t.Terminate}
	meaning := "Temporal has accepted the request. The workflow ends in its own way, or does not."
	if t.Terminate {
		meaning = "The workflow has ended, without cleaning up."
	}
	return d.bind(m.base, tool.call, mcp.Tool{
		Title: t.Title, Description: t.Description, Icons: t.Icons, Meta: t.Meta,
		Annotations: cmp.Or(t.Annotations, &mcp.ToolAnnotations{DestructiveHint: new(true), IdempotentHint: true}),
		InputSchema: m.input.schema.JSON(), OutputSchema: acceptedSchema(meaning),
	})
}

func (t *cancelTool) call(ctx context.Context, c *execution.Client, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	m, err := t.read(ctx, req)
	if err != nil {
		return nil, err
	}
	reason, _ := m.Arguments["reason"].(string)
	e, err := t.steer(ctx, c, m, func(ctx context.Context, e *execution.Execution) error { return t.end(ctx, c, e, reason) })
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if e == nil {
		return nil, err
	}
	if err != nil {
		return nil, t.failure(ctx, e, err)
	}
	if t.terminate {
		return t.withMeta(acceptedResult(e, fmt.Sprintf("The workflow %q is terminated.", e.ID), "It has ended without running its cleanup code."), e), nil
	}
	return t.withMeta(acceptedResult(e, fmt.Sprintf("Temporal has accepted the request to cancel workflow %q.", e.ID),
		"The workflow ends in its own way, which its state shows."), e), nil
}

// end cancels or terminates an execution.
func (t *cancelTool) end(ctx context.Context, c *execution.Client, e *execution.Execution, reason string) error {
	reason = cmp.Or(reason, "called the MCP tool "+t.name)
	if t.terminate {
		return c.TerminateWorkflowWithOptions(ctx, client.TerminateWorkflowOptions{
			WorkflowID: e.ID, RunID: e.RunID, FirstExecutionRunID: e.FirstRunID, Reason: reason,
		})
	}
	return c.Cancel(ctx, e, reason)
}

func (t *cancelTool) failure(ctx context.Context, e *execution.Execution, err error) *toolError {
	t.log(ctx, "ending a workflow failed", "workflow_id", e.ID, "error", err)
	failure := serviceFailure(err)
	if failure.Type == errUnknownOutcome {
		failure.advice = "It is safe to make the same call again."
	}
	return failure
}
