package call

import (
	"context"
	"errors"
	"fmt"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/durablemcp/durablemcp/internal/advice"
	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/memo"
)

// A Signal is a checked durablemcp.SignalTool.
type Signal struct {
	Message
	SignalName string
}

// Call signals the workflow.
func (t *Signal) Call(ctx context.Context, c *Call) (*mcp.CallToolResult, error) {
	m, err := t.read(c)
	if err != nil {
		return nil, err
	}
	send := t.send
	if t.Start != nil {
		send = t.sendWithStart
	}
	e, err := send(ctx, c, m)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	return t.withMeta(acceptedResult(e, fmt.Sprintf("Temporal has accepted the signal %s for workflow %q.", t.SignalName, e.ID),
		"Whether the workflow acts on it shows in its state."), e), nil
}

// send signals the execution that a call names.
func (t *Signal) send(ctx context.Context, c *Call, m *messageInput) (*execution.Execution, error) {
	e, err := t.actOnRunning(ctx, c, m, func(ctx context.Context, e *execution.Execution) error {
		return c.SignalWorkflow(ctx, e.ID, e.RunID, t.SignalName, m.argument())
	})
	if e != nil && err != nil {
		return nil, t.failed(ctx, e.ID, err)
	}
	return e, err
}

// sendWithStart signals the workflow, and starts it if it is not running.
func (t *Signal) sendWithStart(ctx context.Context, c *Call, m *messageInput) (*execution.Execution, error) {
	for range maxStarts {
		e, err := t.Start.holder(ctx, c, m, "")
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
			return c.SignalWorkflow(ctx, e.ID, e.RunID, t.SignalName, m.argument())
		})
		cancel()
		if err == nil {
			return e, nil
		}
		if !execution.IsNotFound(err) { // else it has closed in between
			return nil, t.failed(ctx, e.ID, err)
		}
	}
	return nil, advice.KeepsChanging(m.key.ID, t.Start.Template.Arguments())
}

// startWith starts the workflow with the signal. Temporal's request joins a workflow
// that another call has started by now, so that this is looked up afterwards.
func (t *Signal) startWith(ctx context.Context, c *Call, m *messageInput) (*execution.Execution, error) {
	ctx, cancel := context.WithTimeout(ctx, execution.RequestTimeout)
	defer cancel()
	options, rec := t.Start.optionsFor(m.key.ID, m.startInput, m.caller)
	options.WorkflowIDConflictPolicy = 0 // signal-with-start knows no other way than to join
	options.EnableEagerStart = false
	var run client.WorkflowRun
	err := execution.Send(ctx, func(ctx context.Context) (err error) {
		run, err = c.SignalWithStartWorkflow(ctx, m.key.ID, t.SignalName, m.argument(), options, t.WorkflowType, m.startInput.from(m.caller)...)
		return err
	})
	if taken, ok := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); ok {
		return nil, t.ended(&execution.Execution{ID: m.key.ID, RunID: taken.RunId, Status: execution.ClosedStatus(ctx, c.Client, m.key.ID, taken.RunId)})
	}
	if err != nil {
		return nil, t.failed(ctx, m.key.ID, err)
	}
	e := &execution.Execution{ID: m.key.ID, RunID: run.GetRunID(), Created: rec.Created}
	return e, t.checkStart(ctx, c, m, e, rec)
}

// checkStart finds out whether a signal has reached the workflow of another call.
func (t *Signal) checkStart(ctx context.Context, c *Call, m *messageInput, e *execution.Execution, rec memo.Record) error {
	seen, err := c.Describe(ctx, e.ID, e.RunID)
	if err != nil { // deleted, or Temporal is away: the signal was taken
		t.log(ctx, "describing a workflow failed", "workflow_id", e.ID, "error", err)
		return nil
	}
	if seen.Memo.Record.Salt == rec.Salt {
		return nil
	}
	if _, err := t.Start.checkSameWork(ctx, seen, m.startInput, m.caller); err != nil {
		return &advice.ToolError{
			Type: advice.TypeConflict,
			Message: fmt.Sprintf("Another call started the workflow %q at the same moment, with other arguments or for another caller. "+
				"The signal has reached that workflow.", e.ID),
			Advice: "Tell the user. The same call again would be refused as long as that workflow runs.",
		}
	}
	return nil
}

func (t *Signal) failed(ctx context.Context, id string, err error) *advice.ToolError {
	t.log(ctx, "signalling a workflow failed", "workflow_id", id, "error", err)
	return advice.SignalFailure(err)
}
