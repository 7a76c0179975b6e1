package durablemcp

import (
	"cmp"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/call"
)

// A CancelTool is a tool that cancels a workflow, or terminates it. Its
// arguments are those that name the workflow, and a reason, which Temporal
// records.
//
// Cancellation is a request: the answer says that Temporal has accepted it, and
// the workflow ends in its own way, after cleaning up. Termination ends the
// workflow at once, without running its cleanup code.
type CancelTool struct {
	// Name is the tool's name: 1 to 128 of the characters A-Z, a-z, 0-9, _, - and .
	// (MCP 2025-11-25, server/tools). Required.
	Name string
	// Title is the name for people to read. If empty, clients show Name.
	Title string
	// Description tells the model what the tool does and when to call it. Required.
	Description string
	// Annotations describes the tool's behavior to clients. If nil, the tool says that
	// it is destructive and idempotent.
	Annotations *mcp.ToolAnnotations
	// Icons and Meta are forwarded to clients.
	Icons []mcp.Icon
	Meta  mcp.Meta

	// Workflow is the workflow: its function, or the name under which it is registered
	// elsewhere. Only executions of this workflow type are canceled. Required.
	Workflow any
	// WorkflowType is the name under which the function is registered. If empty, defaults
	// to the function's name, as in Temporal's Go SDK.
	WorkflowType string

	// WorkflowID is a template of the workflow's ID, whose placeholders become required
	// arguments of the tool. If empty, the arguments are workflow_id and, optionally, run_id,
	// as in [SignalTool].
	WorkflowID string
	// IDScope says whose the IDs are that WorkflowID makes, where no tool of the registry
	// starts the workflow. The zero value is [InferScope].
	IDScope IDScope

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

func (t CancelTool) declare(d *declaration) *binding {
	d.Identity(t.Name, t.Description)
	m := d.message(messageFields{
		workflow: t.Workflow, workflowType: t.WorkflowType, workflowID: t.WorkflowID, scope: t.IDScope, input: cancelReason{}, allow: t.Allow,
	})
	if m == nil {
		return nil
	}
	tool := &call.Cancel{Message: *m, Terminate: t.Terminate}
	meaning := "Temporal has accepted the request. The workflow ends in its own way, or does not."
	if t.Terminate {
		meaning = "The workflow has ended, without cleaning up."
	}
	return d.bind(m.Tool, tool.Call, mcp.Tool{
		Title: t.Title, Description: t.Description, Icons: t.Icons, Meta: t.Meta,
		Annotations: cmp.Or(t.Annotations, &mcp.ToolAnnotations{DestructiveHint: new(true), IdempotentHint: true}),
		InputSchema: m.Input.Schema.JSON(), OutputSchema: call.AcceptedSchema(meaning),
	})
}
