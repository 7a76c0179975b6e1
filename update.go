package durablemcp

import (
	"cmp"
	"reflect"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/call"
	"github.com/durablemcp/durablemcp/internal/idtemplate"
)

// An UpdateTool is a tool that sends an update to a workflow and answers with
// what the workflow says to it: the right binding for decisions.
//
// An update that the workflow's validator rejects is a tool error with the
// workflow's text, and leaves no trace in the workflow. One whose handler fails is a
// tool error that says so: it may have acted before, and so may one that the workflow
// leaves unanswered when it ends or continues as new.
type UpdateTool struct {
	// Name is the tool's name: 1 to 128 of the characters A-Z, a-z, 0-9, _, - and .
	// (MCP 2025-11-25, server/tools). Required.
	Name string
	// Title is the name for people to read. If empty, clients show Name.
	Title string
	// Description tells the model what the tool does and when to call it. Required.
	Description string
	// Annotations describes the tool's behavior to clients. If nil, the tool says that
	// it is idempotent if UpdateID
	// makes it so.
	Annotations *mcp.ToolAnnotations
	// Icons and Meta are forwarded to clients.
	Icons []mcp.Icon
	Meta  mcp.Meta

	// Workflow is the workflow: its function, or the name under which it is registered
	// elsewhere. Only executions of this workflow type are updated. Required.
	Workflow any
	// WorkflowType is the name under which the function is registered. If empty, defaults
	// to the function's name, as in Temporal's Go SDK.
	WorkflowType string

	// Update is the name of the update. Required.
	Update string
	// Input is a value of the type of the update's argument, or with ArgNames
	// an []any with a value for each argument; only the types count. If nil,
	// the update has none.
	Input any
	// ArgNames names the arguments, as in [WorkflowTool].
	ArgNames []string
	// Output is a value of the type of the update's result; only its type
	// counts. If nil, the tool publishes no output schema.
	Output any

	// WorkflowID is a template of the workflow's ID, whose placeholders become required
	// arguments of the tool. If empty, the arguments are workflow_id and, optionally, run_id,
	// as in [SignalTool].
	WorkflowID string
	// IDScope says whose the IDs are that WorkflowID makes, where no tool of the registry
	// starts the workflow. The zero value is [InferScope].
	IDScope IDScope
	// UpdateID is a template of the update's ID, over the tool's arguments as
	// in [WorkflowTool.WorkflowID]. Temporal executes an update ID at most
	// once per run: a second call gets the answer of the first, also
	// when the run has ended, for as long as Temporal keeps it. One with other
	// arguments is a conflict; that is looked up in the run's history, from its
	// end, which takes a request for a first call, and the more the longer ago the
	// first one was. An update that its validator rejected leaves its ID free, and
	// so does a run that continues as new. If empty, defaults to {@uuid}: every
	// call is an update of its own.
	UpdateID string

	// Wait is how long a call waits for the workflow's answer. If zero,
	// defaults to [Options.Wait]. It ends before when the caller's token expires,
	// or the server shuts down; [Options.MaxWaiting] bounds how many wait.
	Wait time.Duration

	// Start, if not nil, starts the workflow if it is not running
	// (update-with-start). The arguments of the workflow become arguments of
	// the tool, too.
	Start *StartIfAbsent

	// Allow decides who may update the workflow of another caller. If nil, only
	// the principal that started it may.
	Allow AllowFunc
}

func (t UpdateTool) declare(d *declaration) *binding {
	d.Identity(t.Name, t.Description)
	d.Required("Update", t.Update, "the update's name")
	d.CheckDuration("Wait", t.Wait)
	if t.Update == AnswerUpdate && t.Input == nil {
		t.Input = Answer{} // as every workflow that asks has it
	}
	if t.Update == AnswerUpdate && t.Start != nil {
		d.Mistake("Start", "a value", "nothing: a workflow that starts with this asks nothing yet")
	}
	out := d.Result(reflect.TypeOf(t.Output), "Output")
	id := d.ParseTemplate("UpdateID", cmp.Or(t.UpdateID, "{"+idtemplate.UUID+"}"))
	m := d.message(messageFields{
		workflow: t.Workflow, workflowType: t.WorkflowType, workflowID: t.WorkflowID, scope: t.IDScope,
		input: t.Input, argNames: t.ArgNames, start: t.Start, allow: t.Allow,
	})
	if m == nil || out == nil || id == nil {
		return nil
	}
	for _, name := range id.Arguments() {
		d.Placeholder("UpdateID", name, m.Input.Schema)
	}
	tool := &call.Update{Message: *m, UpdateName: t.Update, UpdateIDs: id, Wait: cmp.Or(t.Wait, d.opts.Wait), Output: outputOf(out), Rule: d.answerRule(m.WorkflowType)}
	if t.Update == AnswerUpdate {
		d.answers[m.WorkflowType] = append(d.answers[m.WorkflowType], tool)
		d.siblings.Answers[m.WorkflowType] = append(d.siblings.Answers[m.WorkflowType], call.Sibling{Name: t.Name, Address: m.Address})
	}
	return d.bind(m.Tool, tool.Call, mcp.Tool{
		Title: t.Title, Description: t.Description, Icons: t.Icons, Meta: t.Meta,
		Annotations: cmp.Or(t.Annotations, &mcp.ToolAnnotations{IdempotentHint: !id.Uses(idtemplate.UUID)}),
		InputSchema: m.Input.Schema.JSON(), OutputSchema: out.Published(),
	})
}
