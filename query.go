package durablemcp

import (
	"cmp"
	"reflect"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/call"
)

// DefaultQueryWait is the default of [QueryTool.Wait].
const DefaultQueryWait = 5 * time.Second

// A QueryTool is a tool that exposes a workflow query. It changes nothing, and works on workflows that have ended, too, for as long as
// Temporal keeps them.
//
// A worker of the workflow must be alive to answer. If none polls the
// workflow's task queue, the tool says so at once.
type QueryTool struct {
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
	// elsewhere. Only executions of this workflow type are queried. Required.
	Workflow any
	// WorkflowType is the name under which the function is registered. If empty, defaults
	// to the function's name, as in Temporal's Go SDK.
	WorkflowType string

	// Query is the name of the query. Required.
	Query string
	// Input is a value of the type of the query's argument, or with ArgNames an
	// []any with a value for each argument; only the types count. If nil, the
	// query has none.
	Input any
	// ArgNames names the arguments, as in [WorkflowTool].
	ArgNames []string
	// Output is a value of the type of the query's result; only its type
	// counts. If nil, the tool publishes no output schema.
	Output any

	// WorkflowID is a template of the workflow's ID, whose placeholders become required
	// arguments of the tool. If empty, the arguments are workflow_id and, optionally, run_id,
	// as in [SignalTool].
	WorkflowID string
	// IDScope says whose the IDs are that WorkflowID makes, where no tool of the registry
	// starts the workflow. The zero value is [InferScope].
	IDScope IDScope

	// Wait is how long the tool waits for a worker's answer. If zero,
	// defaults to [DefaultQueryWait].
	Wait time.Duration

	// Allow decides who may query the workflow of another caller. If nil, only
	// the principal that started it may.
	Allow AllowFunc
}

func (t QueryTool) declare(d *declaration) *binding {
	d.Identity(t.Name, t.Description)
	d.Required("Query", t.Query, "the query's name")
	d.CheckDuration("Wait", t.Wait)
	out := d.Result(reflect.TypeOf(t.Output), "Output")
	m := d.message(messageFields{
		workflow: t.Workflow, workflowType: t.WorkflowType, workflowID: t.WorkflowID, scope: t.IDScope,
		input: t.Input, argNames: t.ArgNames, allow: t.Allow,
	})
	if m == nil || out == nil {
		return nil
	}
	tool := &call.Query{Message: *m, QueryName: t.Query, Timeout: cmp.Or(t.Wait, DefaultQueryWait), Output: outputOf(out)}
	return d.bind(m.Tool, tool.Call, mcp.Tool{
		Title: t.Title, Description: t.Description, Icons: t.Icons, Meta: t.Meta,
		Annotations: cmp.Or(t.Annotations, &mcp.ToolAnnotations{ReadOnlyHint: true}),
		InputSchema: m.Input.Schema.JSON(), OutputSchema: out.Published(),
	})
}
