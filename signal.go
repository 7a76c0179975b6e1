package durablemcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/memo"
)

// A SignalTool is a tool that sends a signal to a workflow.
//
// The answer says that Temporal has accepted the signal, never that the
// workflow has acted on it: signals have no answer. For a decision that can be
// refused, use an [UpdateTool]. A workflow that has ended, that is not of the
// declared type, or that is not the caller's takes no signal.
type SignalTool struct {
	// Name, Title, Description, Annotations, Icons and Meta are as in
	// [WorkflowTool]. Without Annotations, the tool is said to be neither
	// read-only nor idempotent.
	Name, Title, Description string
	Annotations              *mcp.ToolAnnotations
	Icons                    []mcp.Icon
	Meta                     mcp.Meta

	// Workflow and WorkflowType name the workflow, as in [WorkflowTool]. Only
	// executions of this workflow type are signalled. Required.
	Workflow     any
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
	// and, optional, run_id: a run stands for the chain that it belongs to, so
	// that a handle outlasts continue-as-new, retries and resets.
	WorkflowID string
	// IDScope says whose the IDs are that WorkflowID makes, where no tool of the
	// registry starts the workflow. The zero value is [InferScope].
	IDScope IDScope

	// Start, if not nil, starts the workflow if it is not running
	// (signal-with-start). The arguments of the workflow become arguments of
	// the tool, too.
	Start *WithStart

	// Allow decides who may signal the workflow of another caller. If nil, only
	// the principal that started it may.
	Allow AllowFunc
}

// accepted is the answer of a [SignalTool].
type accepted struct {
	Accepted   bool   `json:"accepted"`
	WorkflowID string `json:"workflow_id"`
	RunID      string `json:"run_id"`
	Next       string `json:"next"`
}

// acceptedSchema is the output schema of a tool that has no more to say than what it means
// that something is accepted.
func acceptedSchema(meaning string) json.RawMessage {
	return json.RawMessage(`{
	"type": "object",
	"properties": {
		"accepted": {"type": "boolean", "description": "` + meaning + `"},
		"workflow_id": {"type": "string"},
		"run_id": {"type": "string"},
		"next": {"type": "string", "description": "What that means, and where to look."}
	},
	"required": ["accepted", "workflow_id", "run_id", "next"]
}`)
}

// acceptedResult answers that Temporal has accepted something for a workflow, and
// what that means.
func acceptedResult(e *execution.Execution, what, next string) *mcp.CallToolResult {
	return structured(mustMarshal(accepted{Accepted: true, WorkflowID: e.ID, RunID: e.RunID, Next: what + " " + next}), what+" "+next)
}

type signalTool struct {
	message
	signal string
}

func (t SignalTool) declare(d *declaration) *binding {
	d.identity(t.Name, t.Description)
	d.required("Signal", t.Signal, "the signal's name")
	if len(t.ArgNames) > 1 {
		d.mistake("ArgNames", count(len(t.ArgNames), "name"), "one: a signal has one argument")
		return nil
	}
	m := d.message(messageFields{
		workflow: t.Workflow, workflowType: t.WorkflowType, workflowID: t.WorkflowID, scope: t.IDScope,
		input: t.Input, argNames: t.ArgNames, start: t.Start, allow: t.Allow,
	})
	if m == nil {
		return nil
	}
	tool := &signalTool{message: *m, signal: t.Signal}
	return d.bind(m.base, tool.call, mcp.Tool{
		Title: t.Title, Description: t.Description, Icons: t.Icons, Meta: t.Meta, Annotations: t.Annotations,
		InputSchema: m.input.schema.JSON(), OutputSchema: acceptedSchema("Temporal has accepted the signal. Whether the workflow acts on it is not known yet."),
	})
}

func (t *signalTool) call(ctx context.Context, c *execution.Client, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	m, err := t.read(ctx, req)
	if err != nil {
		return nil, err
	}
	send := t.send
	if t.start != nil {
		send = t.sendWithStart
	}
	e, err := send(ctx, c, m)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	return t.withMeta(acceptedResult(e, fmt.Sprintf("Temporal has accepted the signal %s for workflow %q.", t.signal, e.ID),
		"Whether the workflow acts on it shows in its state."), e), nil
}

// send signals the execution that a call names.
func (t *signalTool) send(ctx context.Context, c *execution.Client, m *messageInput) (*execution.Execution, error) {
	e, err := t.steer(ctx, c, m, func(ctx context.Context, e *execution.Execution) error {
		return c.SignalWorkflow(ctx, e.ID, e.RunID, t.signal, m.argument())
	})
	if e != nil && err != nil {
		return nil, t.failure(ctx, e.ID, err)
	}
	return e, err
}

// sendWithStart signals the workflow, and starts it if it is not running.
func (t *signalTool) sendWithStart(ctx context.Context, c *execution.Client, m *messageInput) (*execution.Execution, error) {
	for range mostStarts {
		e, err := t.start.taker(ctx, c, m, "")
		switch {
		case err != nil:
			return nil, err
		case e == nil:
			return t.startWith(ctx, c, m)
		case e.Closed():
			return nil, t.ended(e)
		}
		request, cancel := context.WithTimeout(ctx, execution.RequestTimeout)
		err = execution.Send(request, func(ctx context.Context) error {
			return c.SignalWorkflow(ctx, e.ID, e.RunID, t.signal, m.argument())
		})
		cancel()
		if err == nil {
			return e, nil
		}
		if !execution.IsNotFound(err) { // else it has closed in between
			return nil, t.failure(ctx, e.ID, err)
		}
	}
	return nil, t.start.restless(m.key.ID)
}

// startWith starts the workflow with the signal. Temporal's request joins a workflow
// that another call has started by now, so that this is looked up afterwards.
func (t *signalTool) startWith(ctx context.Context, c *execution.Client, m *messageInput) (*execution.Execution, error) {
	ctx, cancel := context.WithTimeout(ctx, execution.RequestTimeout)
	defer cancel()
	options, rec := t.start.optionsFor(m.key.ID, m.startInput, m.caller)
	options.WorkflowIDConflictPolicy = 0 // signal-with-start knows no other way than to join
	options.EnableEagerStart = false
	var run client.WorkflowRun
	err := execution.Send(ctx, func(ctx context.Context) (err error) {
		run, err = c.SignalWithStartWorkflow(ctx, m.key.ID, t.signal, m.argument(), options, t.workflowType, m.startInput.from(m.caller)...)
		return err
	})
	if taken, ok := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); ok {
		return nil, t.ended(&execution.Execution{ID: m.key.ID, RunID: taken.RunId, Status: execution.ClosedStatus(ctx, c, m.key.ID, taken.RunId)})
	}
	if err != nil {
		return nil, t.failure(ctx, m.key.ID, err)
	}
	e := &execution.Execution{ID: m.key.ID, RunID: run.GetRunID(), Created: rec.Created}
	return e, t.checkStart(ctx, c, m, e, rec)
}

// checkStart finds out whether a signal has reached the workflow of another call.
func (t *signalTool) checkStart(ctx context.Context, c *execution.Client, m *messageInput, e *execution.Execution, rec memo.Record) error {
	seen, err := c.Describe(ctx, e.ID, e.RunID)
	if err != nil { // deleted, or Temporal is away: the signal was taken
		t.log(ctx, "describing a workflow failed", "workflow_id", e.ID, "error", err)
		return nil
	}
	if seen.Memo.Record.Salt == rec.Salt {
		return nil
	}
	if _, err := t.start.same(ctx, seen, m.startInput, m.caller); err != nil {
		return &toolError{
			Type: errConflict,
			Message: fmt.Sprintf("Another call started the workflow %q at the same moment, with other arguments or for another caller. "+
				"The signal has reached that workflow.", e.ID),
			advice: "Tell the user. The same call again would be refused as long as that workflow runs.",
		}
	}
	return nil
}

// failure says whether a signal may have been sent after all.
func (t *signalTool) failure(ctx context.Context, id string, err error) *toolError {
	t.log(ctx, "signalling a workflow failed", "workflow_id", id, "error", err)
	e := serviceFailure(err)
	if e.Type != errUnknownOutcome {
		e.Message += " Nothing was sent."
		return e
	}
	e.Retryable = false
	e.Message += " It is not known whether the signal was sent."
	e.advice = "Look at the workflow's state before you call again: the same call again could send it a second time."
	return e
}
