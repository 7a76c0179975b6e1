package durablemcp

import (
	"cmp"
	"encoding/json"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/advice"
	"github.com/durablemcp/durablemcp/internal/call"
	"github.com/durablemcp/durablemcp/internal/declare"
	"github.com/durablemcp/durablemcp/internal/task"
)

// A ResultTool is a tool that waits for a workflow that was started earlier,
// and answers as the [WorkflowTool] would have: with the workflow's result, how
// it failed, or that it is still running. It changes nothing.
//
// Answers that a workflow is still running name the ResultTool of its workflow
// type, so that a model knows how to go on.
type ResultTool struct {
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
	// elsewhere. Only executions of this workflow type are awaited. Required.
	Workflow any
	// WorkflowType is the name under which the function is registered. If empty, defaults
	// to the function's name, as in Temporal's Go SDK.
	WorkflowType string
	// Output is a value of the workflow's result type, for a workflow declared by name; only
	// its type counts. If nil, the tool publishes no output schema and forwards whatever JSON
	// the workflow returns.
	Output any

	// WorkflowID is a template of the workflow's ID, whose placeholders become required
	// arguments of the tool. If empty, the arguments are workflow_id and, optionally, run_id,
	// as in [SignalTool].
	WorkflowID string
	// IDScope says whose the IDs are that WorkflowID makes, where no tool of the registry
	// starts the workflow. The zero value is [InferScope].
	IDScope IDScope

	// Wait is how long a call waits for the result. If zero, defaults to
	// [Options.Wait].
	Wait time.Duration

	// TaskSupport says whether calls can become tasks, as in [WorkflowTool].
	// The task is the workflow that is waited for; tasks/cancel cancels it if
	// it is the caller's own.
	TaskSupport TaskSupport

	// Allow decides who may see the result of another caller's workflow. If
	// nil, only the principal that started it may.
	Allow AllowFunc
	// AllowAnswer keeps callers from answering through this tool and its tasks who
	// may answer by AllowAnswer of the [WorkflowTool] that starts the workflow. It is
	// a mistake where that has none, for it would let others answer. Only in a
	// registry without a tool that starts the workflow, it decides alone; if it is
	// nil in all tools there, only the owner answers.
	AllowAnswer AnswerFunc
}

func (t ResultTool) declare(d *declaration) *binding {
	d.Identity(t.Name, t.Description)
	d.CheckDuration("Wait", t.Wait)
	d.checkTaskSupport(t.TaskSupport)
	m := d.message(messageFields{workflow: t.Workflow, workflowType: t.WorkflowType, workflowID: t.WorkflowID, scope: t.IDScope, allow: t.Allow})
	if m == nil {
		return nil
	}
	out := d.resultOf(t)
	if out == nil {
		return nil
	}
	tool := &call.Result{Message: *m, Waiter: &call.Waiter{
		Tool: m.Tool, Output: outputOf(out), Wait: cmp.Or(t.Wait, d.opts.Wait), Next: call.AwaitAgain{Tool: m.Tool},
		Allow: t.Allow.internal(), Tasks: task.Support(t.TaskSupport), Inline: d.opts.InlineWait, Siblings: d.siblings, Rule: d.answerRule(m.WorkflowType), AllowAnswer: t.AllowAnswer.internal(), Template: m.Address.Template,
	}}
	if t.AllowAnswer != nil {
		rule := d.answerRule(m.WorkflowType)
		rule.Narrowed = append(rule.Narrowed, call.Narrowing{Tool: d.Name, Index: d.Index, Allow: t.AllowAnswer.internal()})
	}
	d.tasks[t.Name] = tool.Waiter
	d.siblings.Results[m.WorkflowType] = append(d.siblings.Results[m.WorkflowType], call.Sibling{Name: t.Name, Address: m.Address})
	return d.bind(m.Tool, tool.Waiter.WithTasks(tool.Call), mcp.Tool{
		Title: t.Title, Description: t.Description, Icons: t.Icons, Meta: t.Meta,
		Annotations: cmp.Or(t.Annotations, &mcp.ToolAnnotations{ReadOnlyHint: true}),
		InputSchema: m.Input.Schema.JSON(), OutputSchema: out.Published(),
	})
}

// resultOf checks the field Output against the workflow, whose mistakes are
// recorded already.
func (d *declaration) resultOf(t ResultTool) *declare.Result {
	quiet := newDeclarations(Options{}).of(0, d.Name)
	return d.WorkflowResult(quiet.Workflow(t.Workflow, t.WorkflowType), t.Output, json.RawMessage(advice.RunningSchema))
}
