package durablemcp

import (
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/call"
	"github.com/durablemcp/durablemcp/internal/declare"
)

// A SignalTool is a tool that sends a signal to a workflow.
//
// The answer says that Temporal has accepted the signal, never that the
// workflow has acted on it: signals have no answer. For a decision that can be
// refused, use an [UpdateTool]. A workflow that has ended, that is not of the
// declared type, or that is not the caller's takes no signal.
type SignalTool struct {
	// Name is the tool's name: 1 to 128 of the characters A-Z, a-z, 0-9, _, - and .
	// (MCP 2025-11-25, server/tools). Required.
	Name string
	// Title is the name for people to read. If empty, clients show Name.
	Title string
	// Description tells the model what the tool does and when to call it. Required.
	Description string
	// Annotations describes the tool's behavior to clients. If nil, the tool says that
	// it is neither read-only nor idempotent.
	Annotations *mcp.ToolAnnotations
	// Icons and Meta are forwarded to clients.
	Icons []mcp.Icon
	Meta  mcp.Meta

	// Workflow is the workflow: its function, or the name under which it is registered
	// elsewhere. Only executions of this workflow type are signaled. Required.
	Workflow any
	// WorkflowType is the name under which the function is registered. If empty, defaults
	// to the function's name, as in Temporal's Go SDK.
	WorkflowType string

	// Signal is the name of the signal. Required.
	Signal string
	// Input is a value of the type of the signal's argument; only its type
	// counts. If nil, the signal has none.
	Input any
	// ArgNames names the argument, which then is one property of the tool's
	// arguments. If empty, the argument is a struct or a map with string keys,
	// whose fields become the properties.
	ArgNames []string

	// WorkflowID is a template of the workflow's ID, whose placeholders become
	// required arguments of the tool. If empty, the arguments are workflow_id
	// and, optional, run_id: a run ID identifies its whole chain of
	// runs, so that a handle outlasts continue-as-new, retries and resets.
	WorkflowID string
	// IDScope says whose the IDs are that WorkflowID makes, where no tool of the
	// registry starts the workflow. The zero value is [InferScope].
	IDScope IDScope

	// Start, if not nil, starts the workflow if it is not running
	// (signal-with-start). The arguments of the workflow become arguments of
	// the tool, too.
	Start *StartIfAbsent

	// Allow decides who may signal the workflow of another caller. If nil, only
	// the principal that started it may.
	Allow AllowFunc
}

func (t SignalTool) declare(d *declaration) *binding {
	d.Identity(t.Name, t.Description)
	d.Required("Signal", t.Signal, "the signal's name")
	if len(t.ArgNames) > 1 {
		d.Mistake("ArgNames", declare.Count(len(t.ArgNames), "name"), "one: a signal has one argument")
		return nil
	}
	m := d.message(messageFields{
		workflow: t.Workflow, workflowType: t.WorkflowType, workflowID: t.WorkflowID, scope: t.IDScope,
		input: t.Input, argNames: t.ArgNames, start: t.Start, allow: t.Allow,
	})
	if m == nil {
		return nil
	}
	tool := &call.Signal{Message: *m, SignalName: t.Signal}
	return d.bind(m.Tool, tool.Call, mcp.Tool{
		Title: t.Title, Description: t.Description, Icons: t.Icons, Meta: t.Meta, Annotations: t.Annotations,
		InputSchema: m.Input.Schema.JSON(), OutputSchema: call.AcceptedSchema("Temporal has accepted the signal. Whether the workflow acts on it is not known yet."),
	})
}
