package durablemcp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"github.com/durablemcp/durablemcp/internal/idtemplate"
)

// An UpdateTool is a tool that sends an update to a workflow and answers with
// what the workflow says to it: the right binding for decisions. An update that
// the workflow's validator rejects, or whose handler fails, is a tool error with
// the workflow's text; a rejected one leaves no trace in the workflow.
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

	// WorkflowID is as in [SignalTool].
	WorkflowID string
	// UpdateID is a template of the update's ID, over the tool's arguments as
	// in [WorkflowTool.WorkflowID]. Temporal carries an update of one ID out
	// once in a workflow run: a second call gets the answer of the first. If
	// empty, defaults to {@uuid}: every call is an update of its own.
	UpdateID string

	// Wait is how long a call waits for the workflow's answer. If zero,
	// defaults to [Options.Wait].
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
	update string
	id     *idtemplate.Template
	wait   time.Duration
	output *outputBinding
	rule   *answerRule // for [AnswerUpdate]
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
		workflow: t.Workflow, workflowType: t.WorkflowType, workflowID: t.WorkflowID,
		input: t.Input, argNames: t.ArgNames, start: t.Start, allow: t.Allow,
	})
	if m == nil || out == nil || id == nil {
		return nil
	}
	for _, name := range id.Arguments() {
		d.placeholder("UpdateID", name, m.input.schema)
	}
	tool := &updateTool{message: *m, update: t.Update, id: id, wait: cmp.Or(t.Wait, d.opts.Wait), output: out, rule: d.answerRule(m.workflowType)}
	if t.Update == AnswerUpdate {
		d.answers[m.workflowType] = append(d.answers[m.workflowType], tool)
	}
	return d.bind(m.base, tool.call, mcp.Tool{
		Title: t.Title, Description: t.Description, Icons: t.Icons, Meta: t.Meta,
		Annotations: cmp.Or(t.Annotations, &mcp.ToolAnnotations{IdempotentHint: !id.Uses(idtemplate.UUID)}),
		InputSchema: m.input.schema.JSON(), OutputSchema: out.published(),
	})
}

func (t *updateTool) call(ctx context.Context, c *connection, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	m, err := t.read(ctx, req)
	if err != nil {
		return nil, err
	}
	options := client.UpdateWorkflowOptions{
		WorkflowID: m.key.id, UpdateName: t.update, Args: m.args, WaitForStage: client.WorkflowUpdateStageCompleted,
	}
	if options.UpdateID, err = t.render(t.id, m.input, m.caller); err != nil {
		return nil, err
	}
	send := t.send
	if t.start != nil {
		send = t.sendWithStart
	}
	e, answer, err := send(ctx, c, m, options)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err == nil:
		return t.withMeta(t.output.answer(ctx, t.base, answer.raw, answer.get), e), nil
	case e == nil:
		return nil, err // nothing was sent
	}
	return t.withMeta(t.errorResult(t.failure(ctx, c, e, err)), e), nil
}

// An updateAnswer reads what a workflow has answered to an update.
type updateAnswer struct {
	raw converter.RawValue
	get func(into any) error
}

// answerOf waits for the answer until waiting is done.
func answerOf(ctx, waiting context.Context, handle client.WorkflowUpdateHandle) (a updateAnswer, err error) {
	a.get = func(into any) error { return handle.Get(ctx, into) }
	err = handle.Get(waiting, &a.raw)
	return a, err
}

// send updates the execution that a call names. The execution is nil if nothing
// was sent.
func (t *updateTool) send(ctx context.Context, c *connection, m *messageInput, options client.UpdateWorkflowOptions) (
	e *execution, answer updateAnswer, err error,
) {
	e, err = t.act(ctx, c, m, func(request context.Context, e *execution) error {
		if t.update == AnswerUpdate {
			if err := t.checkAnswer(request, c, e, m); err != nil {
				return err
			}
		}
		waiting, cancel := context.WithTimeout(ctx, t.wait)
		defer cancel()
		options.RunID = e.runID
		handle, err := c.UpdateWorkflow(waiting, options)
		if err == nil {
			answer, err = answerOf(ctx, waiting, handle)
		}
		return err
	})
	return e, answer, err
}

// sendWithStart updates the workflow, and starts it if it is not running.
func (t *updateTool) sendWithStart(ctx context.Context, c *connection, m *messageInput, options client.UpdateWorkflowOptions) (
	e *execution, answer updateAnswer, err error,
) {
	if err = t.start.check(ctx, c, m); err != nil {
		return nil, answer, err
	}
	start, rec := t.start.optionsFor(m.key.id, m.startInput, m.caller)
	start.WorkflowIDConflictPolicy = enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING
	start.EnableEagerStart = false // not taken together with an update
	e = &execution{id: m.key.id, queue: start.TaskQueue, created: rec.Created}
	waiting, cancel := context.WithTimeout(ctx, t.wait)
	defer cancel()
	handle, err := c.UpdateWithStartWorkflow(waiting, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: c.NewWithStartWorkflowOperation(start, t.workflowType, m.startInput.args...),
		UpdateOptions:          options,
	})
	if err != nil {
		return e, answer, err
	}
	e.runID = handle.RunID()
	answer, err = answerOf(ctx, waiting, handle)
	return e, answer, err
}

// failure says why an update that was sent has no result.
func (t *updateTool) failure(ctx context.Context, c *connection, e *execution, err error) *toolError {
	var timedOut *client.WorkflowUpdateServiceTimeoutOrCanceledError
	switch {
	case isWorkflowError(err):
		failure := workflowFailure(err)
		failure.Message = fmt.Sprintf("%s was refused: %s", t.name, failure.Message)
		failure.advice = "The workflow did not take it in its present state. Look at that state before you call again."
		if failure.Type == errInvalidAnswer {
			failure.advice = "Correct the answer and call again, or ask the user again."
		}
		return failure
	case errors.As(err, &timedOut), errors.Is(err, context.DeadlineExceeded):
		return &toolError{
			Type:    errUnknownOutcome,
			Message: fmt.Sprintf("The workflow %q has not answered within %s. It may still act on this.", e.id, t.wait) + t.whyNot(ctx, c, e),
			advice:  "Look at the workflow's state before you call again: " + t.repetition(),
		}
	}
	if taken, ok := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); ok {
		return t.ended(&execution{id: e.id, runID: taken.RunId, status: closedStatus(ctx, c, e.id, taken.RunId)})
	}
	t.log(ctx, "updating a workflow failed", "workflow_id", e.id, "error", err)
	failure := serviceFailure(err)
	if failure.Type == errUnknownOutcome {
		failure.Retryable = false
		failure.Message += " It is not known whether the workflow acts on this."
		failure.advice = "Look at the workflow's state before you call again: " + t.repetition()
	}
	return failure
}

func (t *updateTool) repetition() string {
	if t.id.Uses(idtemplate.UUID) {
		return "the same call again could act a second time."
	}
	return "the same call again acts once only."
}

// whyNot says what keeps a workflow from answering, if Temporal knows.
func (t *updateTool) whyNot(ctx context.Context, c *connection, e *execution) string {
	if problem := t.unattended(ctx, c, e); problem != "" {
		return " The reason: " + problem + "."
	}
	return ""
}

// isWorkflowError reports whether an error came from the workflow's code.
func isWorkflowError(err error) bool {
	_, application := errors.AsType[*temporal.ApplicationError](err)
	_, canceled := errors.AsType[*temporal.CanceledError](err)
	_, panicked := errors.AsType[*temporal.PanicError](err)
	_, timeout := errors.AsType[*temporal.TimeoutError](err)
	return application || canceled || panicked || timeout
}
