package durablemcp

import (
	"strconv"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
)

// A Mode says what a call of a [WorkflowTool] waits for.
type Mode int

const (
	// Wait waits for the workflow's result for a bounded time (see
	// [Options.Wait]), and then answers that it is still running.
	Wait Mode = iota
	// Start answers with the workflow's handle as soon as Temporal has
	// accepted it: {"workflow_id", "run_id", "status"}.
	Start
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
	// schema and passes on whatever JSON the workflow returns.
	Output any

	// Mode says what a call waits for. The zero value is [Wait].
	Mode Mode
	// Wait is how long a call waits for the result in mode [Wait]. If zero,
	// defaults to [Options.Wait].
	Wait time.Duration

	// WorkflowID is a template of the workflow's ID, such as
	// "invoice-{invoice_id}". Placeholders are required scalar arguments by
	// their JSON names ({name}, {outer.inner}), and
	//
	//	{@input}      a digest of all arguments
	//	{@principal}  the caller, as Options.Principal names it
	//	{@uuid}       a new UUID for each call
	//
	// A call whose ID is that of a running workflow joins it; if that workflow
	// was started with other arguments, the call is refused and changes
	// nothing. If empty, defaults to the tool's name, a dash and {@uuid}.
	WorkflowID string
	// WorkflowIDReusePolicy says what happens when the ID is that of a closed
	// workflow: with ALLOW_DUPLICATE, the default, a call starts anew; where
	// the policy does not allow that, it answers with the result of the closed
	// one. TERMINATE_IF_RUNNING is refused: a repeated call must not kill the
	// work of the first.
	WorkflowIDReusePolicy enums.WorkflowIdReusePolicy
	// StartOptions is a template for starting the workflow: timeouts, retry
	// policy, memo, search attributes, priority, summary. What this struct
	// has a field for must stay empty there, and so must ID, CronSchedule and
	// the memo field "durablemcp".
	StartOptions client.StartWorkflowOptions

	// Annotations describes the tool's behaviour to clients. If nil, a tool
	// says that it is idempotent if the same call maps to the same workflow ID
	// and a closed workflow is not started anew.
	Annotations *mcp.ToolAnnotations
	// Icons and Meta are passed on to clients.
	Icons []mcp.Icon
	Meta  mcp.Meta
}

func (t WorkflowTool) declare(d *declaration) *binding {
	d.identity(t.Name, t.Description)
	ref := d.workflow(t.Workflow, t.WorkflowType)
	if ref == nil {
		return nil
	}
	d.runsOn(t.TaskQueue, ref, t.Workflow)
	d.checkStart(t)
	tool := &workflowTool{
		opts: d.opts, name: t.Name, workflowType: ref.name, mode: t.Mode, wait: t.Wait,
		input:        d.input(t, ref),
		output:       d.output(t, ref),
		startOptions: t.startOptions(d.opts),
	}
	if tool.wait == 0 {
		tool.wait = d.opts.Wait
	}
	if tool.template = d.template(t, tool.input); tool.input == nil || tool.output == nil || tool.template == nil {
		return nil // the mistakes are recorded
	}
	return &binding{
		tool: mcp.Tool{
			Name: t.Name, Title: t.Title, Description: t.Description, Icons: t.Icons, Meta: t.Meta,
			Annotations:  t.annotations(tool),
			InputSchema:  tool.input.schema.JSON(),
			OutputSchema: tool.output.published(),
		},
		handler: tool.handler,
	}
}

// checkStart checks the fields that say how the workflow is started.
func (d *declaration) checkStart(t WorkflowTool) {
	if t.Mode != Wait && t.Mode != Start {
		d.mistake("Mode", strconv.Itoa(int(t.Mode)), "durablemcp.Wait or durablemcp.Start")
	}
	if t.Wait < 0 {
		d.mistake("Wait", t.Wait.String(), "a positive duration, or 0 for the default")
	}
	if t.Mode == Start && t.Wait > 0 {
		d.mistake("Wait", t.Wait.String(), "0: a tool in mode Start does not wait")
	}
	if t.WorkflowIDReusePolicy == enums.WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING { //nolint:staticcheck // deprecated, and refused
		d.mistake("WorkflowIDReusePolicy", "TERMINATE_IF_RUNNING", "a policy under which a repeated call does not kill running work")
	}
	o := t.StartOptions
	empty := func(field string, isEmpty bool, instead string) {
		if !isEmpty {
			d.mistake("StartOptions."+field, "a value", "none: "+instead)
		}
	}
	empty("ID", o.ID == "", "set WorkflowID")
	empty("TaskQueue", o.TaskQueue == "", "set TaskQueue")
	empty("WorkflowIDReusePolicy", o.WorkflowIDReusePolicy == 0, "set WorkflowIDReusePolicy of the tool")
	empty("WorkflowIDConflictPolicy", o.WorkflowIDConflictPolicy == 0, "a call joins the running workflow")
	empty("CronSchedule", o.CronSchedule == "", "a call is one execution; use a Temporal Schedule")
	empty("Memo", o.Memo[memoKey] == nil, "the library keeps its own record in the field "+memoKey)
}

// startOptions returns the options that all starts of the tool share.
func (t WorkflowTool) startOptions(opts Options) client.StartWorkflowOptions {
	o := t.StartOptions
	o.TaskQueue = t.TaskQueue
	o.WorkflowIDReusePolicy = t.WorkflowIDReusePolicy
	o.WorkflowIDConflictPolicy = enums.WORKFLOW_ID_CONFLICT_POLICY_FAIL
	o.WorkflowExecutionErrorWhenAlreadyStarted = true
	// Only a worker on the same client can take the offer up: then the first
	// workflow task comes back with the start, and a round trip is saved.
	o.EnableEagerStart = !opts.DisableEagerStart && o.VersioningOverride == nil
	return o
}

func (t WorkflowTool) annotations(tool *workflowTool) *mcp.ToolAnnotations {
	if t.Annotations != nil {
		return t.Annotations
	}
	return &mcp.ToolAnnotations{IdempotentHint: !tool.restarts(enums.WORKFLOW_EXECUTION_STATUS_FAILED)}
}
