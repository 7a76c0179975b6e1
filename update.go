package durablemcp

import (
	"cmp"
	"context"
	"reflect"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/execution"
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
	// Name, Title, Description, Annotations, Icons and Meta are as in
	// [WorkflowTool]. Without Annotations, the tool is said to be idempotent if
	// UpdateID makes it so.
	Name, Title, Description string
	Annotations              *mcp.ToolAnnotations
	Icons                    []mcp.Icon
	Meta                     mcp.Meta

	// Workflow and WorkflowType name the workflow, as in [WorkflowTool]. Only
	// executions of this workflow type are updated. Required.
	Workflow     any
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

	// WorkflowID and IDScope are as in [SignalTool].
	WorkflowID string
	IDScope    IDScope
	// UpdateID is a template of the update's ID, over the tool's arguments as
	// in [WorkflowTool.WorkflowID]. Temporal carries an update of one ID out
	// once in a workflow run: a second call gets the answer of the first, also
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
	Start *WithStart

	// Allow decides who may update the workflow of another caller. If nil, only
	// the principal that started it may.
	Allow AllowFunc
}

type updateTool struct {
	message
	update    string
	updateIDs *idtemplate.Template
	wait      time.Duration
	output    *outputBinding
	rule      *answerRule // for [AnswerUpdate]
}

func (t UpdateTool) declare(d *declaration) *binding {
	d.identity(t.Name, t.Description)
	d.required("Update", t.Update, "the update's name")
	d.checkDuration("Wait", t.Wait)
	if t.Update == AnswerUpdate && t.Input == nil {
		t.Input = Answer{} // as every workflow that asks has it
	}
	if t.Update == AnswerUpdate && t.Start != nil {
		d.mistake("Start", "a value", "nothing: a workflow that starts with this asks nothing yet")
	}
	out := d.result(reflect.TypeOf(t.Output), "Output")
	id := d.parseTemplate("UpdateID", cmp.Or(t.UpdateID, "{"+idtemplate.UUID+"}"))
	m := d.message(messageFields{
		workflow: t.Workflow, workflowType: t.WorkflowType, workflowID: t.WorkflowID, scope: t.IDScope,
		input: t.Input, argNames: t.ArgNames, start: t.Start, allow: t.Allow,
	})
	if m == nil || out == nil || id == nil {
		return nil
	}
	for _, name := range id.Arguments() {
		d.placeholder("UpdateID", name, m.input.schema)
	}
	tool := &updateTool{message: *m, update: t.Update, updateIDs: id, wait: cmp.Or(t.Wait, d.opts.Wait), output: out, rule: d.answerRule(m.workflowType)}
	if t.Update == AnswerUpdate {
		d.answers[m.workflowType] = append(d.answers[m.workflowType], tool)
	}
	return d.bind(m.base, tool.call, mcp.Tool{
		Title: t.Title, Description: t.Description, Icons: t.Icons, Meta: t.Meta,
		Annotations: cmp.Or(t.Annotations, &mcp.ToolAnnotations{IdempotentHint: !id.Uses(idtemplate.UUID)}),
		InputSchema: m.input.schema.JSON(), OutputSchema: out.published(),
	})
}

func (t *updateTool) call(ctx context.Context, c *execution.Client, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	called := time.Now()
	m, err := t.read(ctx, req)
	if err != nil {
		return nil, err
	}
	u := &sentUpdate{updateTool: t, c: c, messageInput: m}
	if u.updateID, err = t.render(t.updateIDs, m.input, m.caller); err != nil {
		return nil, err
	}
	release, mayWait := t.place(ctx, c, m.caller)
	defer release()
	if !mayWait {
		return nil, tooManyWait()
	}
	deliver := u.deliver
	if t.start != nil {
		deliver = u.startAndDeliver
	}
	answer, err := deliver(ctx, func(ctx context.Context) (context.Context, context.CancelFunc) {
		u.began = time.Now()
		waiting, cancel := execution.Until(ctx, notAfter(u.began.Add(t.wait), expiry(req, called)))
		waiting, stop := untilClosed(waiting, lifeOf(ctx).closing)
		return waiting, func() {
			stop()
			cancel()
		}
	})
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if u.e == nil {
		return nil, err // nothing was sent
	}
	if err == nil || execution.IsWorkflowError(err) {
		if other := u.checkArguments(ctx); other != nil {
			return t.withMeta(t.errorResult(other), u.e), nil
		}
	}
	if err != nil {
		return t.withMeta(t.errorResult(u.failure(ctx, err)), u.e), nil
	}
	return t.withMeta(t.output.answer(ctx, t.base, answer.Raw, answer.Get), u.e), nil
}

// repeatable reports whether the same call again is the same update.
func (t *updateTool) repeatable() bool { return !t.updateIDs.Uses(idtemplate.UUID) }

func (t *updateTool) repetition() string {
	if t.repeatable() {
		return "the same call again acts once only, as long as the workflow does not continue as new in between."
	}
	return "the same call again could act a second time."
}

// tooManyWait is the error of a call that waits for nothing, because too many do.
func tooManyWait() *toolError {
	return &toolError{
		Type:      errBusy,
		Message:   "Too many calls wait for workflows at the moment. Nothing was done.",
		Retryable: true,
		advice:    waitAndRepeat,
	}
}
