package durablemcp

import (
	"cmp"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/call"
)

// A StatusTool is a tool that says what a workflow is doing, from what Temporal
// knows of it: its status and since when, pending activities with their
// attempts and last failures, and pending child workflows. If a worker is
// there, it also has the workflow's own current details
// ([workflow.SetCurrentDetails]). It changes nothing.
//
// [workflow.SetCurrentDetails]: https://pkg.go.dev/go.temporal.io/sdk/workflow#SetCurrentDetails
type StatusTool struct {
	// Name is the tool's name: 1 to 128 of the characters A-Z, a-z, 0-9, _, - and .
	// (MCP 2025-11-25, server/tools). Required.
	Name string
	// Title is the name for people to read. If empty, clients show Name.
	Title string
	// Description tells the model what the tool does and when to call it. Required.
	Description string
	// Annotations describes the tool's behavior to clients. If nil, the tool says that
	// it is read-only.
	Annotations *mcp.ToolAnnotations
	// Icons and Meta are forwarded to clients.
	Icons []mcp.Icon
	Meta  mcp.Meta

	// Workflow is the workflow: its function, or the name under which it is registered
	// elsewhere. Only executions of this workflow type are shown. Required.
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

	// Allow decides who may see the workflow of another caller. If nil, only
	// the principal that started it may.
	Allow AllowFunc
}

func (t StatusTool) declare(d *declaration) *binding {
	d.Identity(t.Name, t.Description)
	m := d.message(messageFields{workflow: t.Workflow, workflowType: t.WorkflowType, workflowID: t.WorkflowID, scope: t.IDScope, allow: t.Allow})
	if m == nil {
		return nil
	}
	tool := &call.Status{Message: *m}
	return d.bind(m.Tool, tool.Call, mcp.Tool{
		Title: t.Title, Description: t.Description, Icons: t.Icons, Meta: t.Meta,
		Annotations: cmp.Or(t.Annotations, &mcp.ToolAnnotations{ReadOnlyHint: true}),
		InputSchema: m.Input.Schema.JSON(), OutputSchema: rawSchema(call.StatusOutputSchema),
	})
}
