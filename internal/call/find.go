package call

import (
	"context"
	"errors"

	"go.temporal.io/api/serviceerror"

	"github.com/durablemcp/durablemcp/internal/advice"
	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/idtemplate"
)

// A Target is how a tool finds the workflow that a call is about.
type Target struct {
	*Tool
	Address  Address
	Allow    AllowFunc
	Siblings *Siblings
}

// find returns the execution that a call names, if it is of the tool's workflow
// type and the caller may touch it. What is not there, of another type, or
// another caller's is the same error, after the same one request.
func (t *Target) find(ctx context.Context, c *Call, key execution.Key) (*execution.Execution, error) {
	if !idtemplate.Printable(key.ID + key.RunID) {
		return nil, advice.NotFound(t.Name, key.ID) // nothing can have it
	}
	ctx, cancel := context.WithTimeout(ctx, execution.RequestTimeout)
	defer cancel()
	seen, err := c.Describe(ctx, key.ID, key.RunID)
	if execution.IsAbsent(err, key) {
		return nil, advice.NotFound(t.Name, key.ID)
	}
	if err != nil {
		t.log(ctx, "describing a workflow failed", "workflow_id", key.ID, "error", err)
		return nil, advice.NothingDone(advice.ServiceFailure(err))
	}
	e := seen.Execution()
	if seen.WorkflowType() != t.WorkflowType || !t.mayTouch(ctx, t.Allow, t.access(c.Caller, seen)) {
		return nil, advice.NotFound(t.Name, key.ID)
	}
	if key.RunID == "" || !e.Closed() {
		return e, nil
	}
	return t.latest(ctx, c, e)
}

// act finds the workflow and does something to it, which has to look whether it is
// closed. A workflow that has moved on to another run in between is looked up again.
// Without an execution, nothing was tried.
func (t *Target) act(ctx context.Context, c *Call, m *messageInput, do func(context.Context, *execution.Execution) error) (*execution.Execution, error) {
	for range 3 {
		e, err := t.find(ctx, c, m.key)
		if err != nil {
			return nil, err
		}
		request, cancel := context.WithTimeout(ctx, execution.RequestTimeout)
		err = do(request, e)
		cancel()
		if _, gone := errors.AsType[*serviceerror.NotFound](err); !gone {
			return e, err
		}
	}
	return nil, advice.NotFound(t.Name, m.key.ID)
}

// actOnRunning is act for what only a running workflow takes.
func (t *Target) actOnRunning(ctx context.Context, c *Call, m *messageInput, do func(context.Context, *execution.Execution) error) (*execution.Execution, error) {
	e, err := t.act(ctx, c, m, func(ctx context.Context, e *execution.Execution) error {
		if e.Closed() {
			return t.ended(e)
		}
		return execution.Send(ctx, func(ctx context.Context) error { return do(ctx, e) })
	})
	if ended, ok := errors.AsType[*advice.ToolError](err); ok {
		return nil, ended
	}
	return e, err
}

// latest follows a closed run to the current one of its chain.
func (t *Target) latest(ctx context.Context, c *Call, e *execution.Execution) (*execution.Execution, error) {
	runID, err := execution.LatestRun(ctx, c.Client, e.ID, e.RunID)
	switch {
	case execution.IsNotFound(err): // deleted meanwhile: what was seen of it holds
	case err != nil: // whether the work goes on in another run is not known
		t.log(ctx, "describing a workflow failed", "workflow_id", e.ID, "error", err)
		return nil, advice.NothingDone(advice.ServiceFailure(err))
	case runID != e.RunID:
		return t.find(ctx, c, execution.Key{ID: e.ID})
	}
	return e, nil
}

// ended is the error of a call that can no longer act on a workflow.
func (t *Target) ended(e *execution.Execution) *advice.ToolError {
	if tool := t.Siblings.resultTool(t.WorkflowType, t.Address.Template); tool != nil {
		return advice.Ended(e, tool.Name)
	}
	return advice.Ended(e, "")
}
