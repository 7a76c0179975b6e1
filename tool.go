package durablemcp

import (
	"cmp"
	"encoding/json"
	"strconv"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/durablemcp/durablemcp/internal/advice"
	"github.com/durablemcp/durablemcp/internal/call"
	"github.com/durablemcp/durablemcp/internal/declare"
	"github.com/durablemcp/durablemcp/internal/task"
)

// A Mode says what a call of a [WorkflowTool] waits for.
type Mode int

const (
	// ModeWait waits for the workflow's result for a bounded time (see
	// [Options.Wait]), and then answers that it is still running.
	ModeWait Mode = iota
	// ModeStart answers with the workflow's handle as soon as Temporal has
	// accepted it: {"workflow_id", "run_id", "status"}.
	ModeStart
)

// A WorkflowTool is a tool that runs a workflow.
//
// A call starts the workflow, or joins the execution that has the workflow ID
// already. Calls of one tool may run concurrently. A client that disconnects or
// cancels its request does not cancel the workflow.
type WorkflowTool struct {
	// Name is the tool's name: 1 to 128 of the characters A-Z, a-z, 0-9, _, -
	// and . (MCP 2025-11-25, server/tools). Required.
	Name string
	// Title is the name for people to read. If empty, clients show Name.
	Title string
	// Description tells the model what the tool does and when to call it.
	// Required.
	Description string

	// Workflow is the workflow: its function,
	//
	//	func(workflow.Context[, args...]) ([result,] error)
	//
	// or the name under which it is registered elsewhere, in any language.
	// Required.
	Workflow any
	// WorkflowType is the name under which the function is registered. If
	// empty, defaults to the function's name, as in Temporal's Go SDK.
	WorkflowType string
	// TaskQueue is the task queue that the workflow's workers poll. Required.
	TaskQueue string

	// ArgNames names the workflow's arguments, which become properties of the
	// tool's arguments. If empty, the workflow has no argument, or a single
	// one, a struct or a map with string keys, whose fields become the
	// properties.
	ArgNames []string
	// Input is a value of the workflow's argument type, for a workflow
	// declared by name; only its type counts. With ArgNames it is an []any with
	// a value for each argument. If nil, the workflow has no arguments.
	Input any
	// Output is a value of the workflow's result type, for a workflow declared
	// by name; only its type counts. If nil, the tool publishes no output
	// schema and returns whatever JSON the workflow returns.
	Output any

	// Mode says what a call waits for. The zero value is [ModeWait].
	Mode Mode
	// Wait is how long a call waits for the result in mode [ModeWait]. If zero,
	// defaults to [Options.Wait].
	Wait time.Duration

	// TaskSupport says whether calls can become tasks, for clients that have
	// declared MCP's tasks extension. The zero value is [TaskOptional]. A task's
	// result is the workflow's own in mode [ModeStart], too.
	TaskSupport TaskSupport
	// CancelWorkflow cancels the workflow when the client cancels its request
	// (notifications/cancelled) in mode [ModeWait]. By default the workflow
	// goes on. A connection that dies never cancels anything; neither does
	// closing the response stream of an HTTP request of protocol version
	// 2026-07-28, which nobody can tell from that. tasks/cancel always cancels the
	// workflow of a task. Only the caller that started a workflow can cancel it in
	// either way; for others, there is [CancelTool].
	CancelWorkflow bool

	// WorkflowID is a template of the workflow's ID, such as
	// "invoice-{invoice_id}". Placeholders are required scalar arguments by
	// their JSON names ({name}, {outer.inner}), and
	//
	//	{@input}      a digest of all arguments, but for those that equal their defaults
	//	{@principal}  the caller, as Options.Principal names it
	//	{@uuid}       a new UUID for each call
	//
	// It says which calls are the same work, which only the author can know: those
	// with the same placeholders ("invoice-{invoice_id}"), those with the same
	// arguments ("search-{@input}"), or none ("roll-{@uuid}": each call counts, and a
	// client that calls again after a timeout does the work twice). Required,
	// unless Annotations say that the tool is read-only, so that a repeat does no
	// harm: it then defaults to the tool's name, a dash and {@uuid}.
	//
	// Different values make different IDs: a character of a value that could be
	// read as the text between it and the next one, or for such a spelling, is
	// spelled as in URLs. "order-{customer}-{item}" is order-acme%2Dnorth-bolts for
	// acme-north and bolts. Between two placeholders, there must be text.
	//
	// A call whose ID is that of a running workflow joins it. If that workflow
	// was started with other arguments, the call is refused and changes
	// nothing. Arguments are the same if they are so as given, or with their
	// defaults applied: a deploy that adds an optional argument changes nothing.
	//
	// Each principal has its own ID space: unless the template has {@principal} or
	// {@uuid}, or SharedID is set, ":" and the principal are appended for callers
	// that have one. The templates of the registry's other tools for the workflow are
	// completed in the same way.
	WorkflowID string
	// SharedID says that the template names something that callers share, such as
	// an invoice: its IDs are the same for all of them. Whoever comes first
	// starts and owns the workflow; Allow, here and in other tools, lets others
	// touch it, who are refused otherwise.
	SharedID bool
	// RepeatWindow is how long after a workflow has completed a call with the same
	// ID and arguments is answered with its result, in place of doing the work
	// again. The answer says so, in its text and in its _meta (see [MetaKeyWorkflow]). If
	// zero, defaults to [DefaultRepeatWindow], for a tool that is annotated as
	// read-only to none; [NoRepeatWindow] says none. A first call costs no request
	// more for it.
	//
	// It does not apply to a workflow that failed, timed out, or was cancelled or
	// terminated, nor to one that was started with other arguments: there,
	// WorkflowIDReusePolicy decides at once. It must be zero where it has no effect:
	// with {@uuid}, and under a policy that keeps the IDs of completed workflows.
	RepeatWindow time.Duration
	// WorkflowIDReusePolicy says what happens when the ID is that of a closed
	// workflow, for as long as Temporal keeps that (the namespace's retention). With
	// ALLOW_DUPLICATE, the default, a call after RepeatWindow starts again. Where the
	// policy does not allow that, a call answers with how the closed one ended, and
	// says so; one with other arguments is refused. TERMINATE_IF_RUNNING is
	// refused by New: a repeated call must not kill the work of the first.
	WorkflowIDReusePolicy enums.WorkflowIdReusePolicy
	// StartOptions is a template for starting the workflow: timeouts, retry
	// policy, memo, search attributes, priority, summary. What this struct
	// has a field for must stay empty there, and so must ID, CronSchedule and
	// the memo field "durablemcp".
	StartOptions client.StartWorkflowOptions

	// Annotations describes the tool's behaviour to clients. If nil, a tool
	// says that it is idempotent if the same call maps to the same workflow ID
	// and a closed workflow is never started again (REJECT_DUPLICATE).
	Annotations *mcp.ToolAnnotations
	// Allow decides who may join the workflow of another caller. If nil, nobody
	// may: the ID of a workflow that another principal started is a conflict.
	Allow AllowFunc
	// AllowAnswer decides who may answer what the workflow asks, once for the workflow
	// type: through calls and tasks of whichever tool of the registry. If several
	// tools that start the workflow have one, all of them have to agree. If none has,
	// only who started the workflow may answer: set it where that one must not
	// decide.
	AllowAnswer AnswerFunc

	// Icons and Meta are forwarded to clients.
	Icons []mcp.Icon
	Meta  mcp.Meta
}

func (t WorkflowTool) declare(d *declaration) *binding {
	d.Identity(t.Name, t.Description)
	ref := d.Workflow(t.Workflow, t.WorkflowType)
	if ref == nil {
		return nil
	}
	d.RunsOn(t.TaskQueue, ref, t.Workflow)
	d.checkMode(t)
	d.CheckReuse(t.WorkflowIDReusePolicy)
	d.CheckStartOptions("StartOptions.", t.StartOptions)
	in := d.WorkflowArgs(ref, t.Input, t.ArgNames)
	out := d.WorkflowResult(ref, t.Output, t.otherAnswers()...)
	template := d.IDTemplate(t.WorkflowID, t.readOnly(), in)
	if in == nil || out == nil || template == nil {
		return nil // the mistakes are recorded
	}
	d.Inputs[ref.Name] = append(d.Inputs[ref.Name], in.Schema)
	d.StartsShared(ref, template, t.SharedID, "SharedID")
	b := &call.Tool{Opts: d.opts.call(), Name: t.Name, WorkflowType: ref.Name}
	tool := &call.Workflow{Tool: b, Input: d.arguments(in), Starts: t.Mode == ModeStart, Cancel: t.CancelWorkflow, Starter: &call.Starter{
		Tool: b, Template: d.Completed(ref, template), Allow: t.Allow.internal(),
		Options: d.StartOptions(t.StartOptions, t.TaskQueue, t.WorkflowIDReusePolicy),
		Window:  d.RepeatWindow(t.RepeatWindow, DefaultRepeatWindow, t.WorkflowIDReusePolicy, t.readOnly(), template), ReadOnly: t.readOnly(),
	}}
	tool.Waiter = &call.Waiter{
		Tool: b, Output: outputOf(out), Wait: cmp.Or(t.Wait, d.opts.Wait), Next: &call.Repeat{Starter: tool.Starter, Siblings: d.siblings},
		Allow: t.Allow.internal(), Tasks: task.Support(t.TaskSupport), Inline: d.opts.InlineWait, Siblings: d.siblings, Rule: d.startsAnswered(t, ref), Template: tool.Starter.Template,
	}
	if t.Mode == ModeStart {
		tool.Waiter.Inline, tool.Waiter.Starts = 0, true
	}
	d.tasks[t.Name] = tool.Waiter
	published := out.Published()
	if t.Mode == ModeStart && (t.TaskSupport == TaskForbidden || out.Schema == nil) {
		published = json.RawMessage(call.HandleOutputSchema)
	}
	annotations := &mcp.ToolAnnotations{IdempotentHint: !tool.Starter.Restarts(enums.WORKFLOW_EXECUTION_STATUS_FAILED, call.ForEver)}
	return d.bind(b, tool.Waiter.WithTasks(tool.Call), mcp.Tool{
		Title: t.Title, Description: t.Description, Icons: t.Icons, Meta: t.Meta, Annotations: cmp.Or(t.Annotations, annotations),
		InputSchema: in.Schema.JSON(), OutputSchema: published,
	})
}

// otherAnswers are the schemas of what a call can answer with beside the
// workflow's result.
func (t WorkflowTool) otherAnswers() []json.RawMessage {
	if t.Mode == ModeStart {
		return []json.RawMessage{json.RawMessage(call.HandleSchema)}
	}
	return []json.RawMessage{json.RawMessage(advice.RunningSchema)}
}

// checkTaskSupport checks the field TaskSupport.
func (d *declaration) checkTaskSupport(s TaskSupport) {
	if s < TaskOptional || s > TaskForbidden {
		d.Mistake("TaskSupport", strconv.Itoa(int(s)), "durablemcp.TaskOptional, durablemcp.TaskRequired or durablemcp.TaskForbidden")
	}
}

// checkMode checks the fields that say what a call waits for.
func (d *declaration) checkMode(t WorkflowTool) {
	if t.Mode != ModeWait && t.Mode != ModeStart {
		d.Mistake("Mode", strconv.Itoa(int(t.Mode)), "durablemcp.ModeWait or durablemcp.ModeStart")
	}
	d.CheckDuration("Wait", t.Wait)
	if t.RepeatWindow < 0 && t.RepeatWindow != NoRepeatWindow {
		d.Mistake("RepeatWindow", t.RepeatWindow.String(), "a positive duration, 0 for the default, or durablemcp.NoRepeatWindow")
	}
	d.checkTaskSupport(t.TaskSupport)
	if t.Mode == ModeStart && t.Wait > 0 {
		d.Mistake("Wait", t.Wait.String(), "0: a tool in mode ModeStart does not wait")
	}
}

// An IDScope says whose the workflow IDs are that a template makes, for tools in a
// registry none of whose tools starts the workflow: a message tool in a process of its
// own. Where a tool of the registry starts the workflow, its field SharedID says it.
type IDScope int

const (
	// InferScope is as the tools of the registry that start the workflow have it. If
	// none does, New has to guess, and logs a warning: each caller's own, or, for a
	// tool with an Allow, which reaches the workflows of others, shared.
	InferScope IDScope = iota
	// CallerScope is each caller's own, as [WorkflowTool] makes them unless it is
	// SharedID: a colon and the principal come behind, for callers that have one.
	CallerScope
	// SharedScope is the same for all callers, as with SharedID in [WorkflowTool].
	SharedScope
)

func (s IDScope) String() string { return declare.Scope(s).String() }

// DefaultRepeatWindow is the default of [WorkflowTool.RepeatWindow] for tools
// that are not annotated as read-only. It outlasts the retries of clients that
// gave up on a call, and of models that were told to call again.
const DefaultRepeatWindow = 2 * time.Minute

// NoRepeatWindow as [WorkflowTool.RepeatWindow] means that the window is empty:
// a call that repeats a completed one does the work again at once.
const NoRepeatWindow time.Duration = -1

// readOnly reports whether the tool is said to change nothing, so that doing its
// work twice does no harm.
func (t WorkflowTool) readOnly() bool { return t.Annotations != nil && t.Annotations.ReadOnlyHint }
