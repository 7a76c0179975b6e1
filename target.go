package durablemcp

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/api/serviceerror"

	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/idtemplate"
	"github.com/durablemcp/durablemcp/internal/redact"
)

// A target is how a tool finds the workflow that a call is about.
type target struct {
	*base
	address address
	allow   AllowFunc
	results map[string][]*resultTool // by workflow type
}

// find returns the execution that a call names, if it is of the tool's workflow
// type and the caller may touch it. What is not there, of another type, or
// somebody else's is the same error, after the same one request.
func (t *target) find(ctx context.Context, c *execution.Client, key execution.Key, caller Caller) (*execution.Execution, error) {
	if !idtemplate.Printable(key.ID + key.RunID) {
		return nil, t.notFound(key) // nothing can have it
	}
	ctx, cancel := context.WithTimeout(ctx, execution.RequestTimeout)
	defer cancel()
	seen, err := c.Describe(ctx, key.ID, key.RunID)
	if execution.IsAbsent(err, key) {
		return nil, t.notFound(key)
	}
	if err != nil {
		t.log(ctx, "describing a workflow failed", "workflow_id", key.ID, "error", err)
		return nil, nothingDone(serviceFailure(err))
	}
	e := seen.Execution()
	if seen.WorkflowType() != t.workflowType || !t.mayTouch(ctx, t.allow, caller, Owner{e.Record.Owner}) {
		return nil, t.notFound(key)
	}
	if key.RunID == "" || !e.Closed() {
		return e, nil
	}
	return t.latest(ctx, c, e, caller)
}

// act finds the workflow and does something to it, which has to look whether it is
// closed. A workflow that has moved on to another run in between is looked up again.
// Without an execution, nothing was tried.
func (t *target) act(ctx context.Context, c *execution.Client, m *messageInput, do func(context.Context, *execution.Execution) error) (*execution.Execution, error) {
	for range 3 {
		e, err := t.find(ctx, c, m.key, m.caller)
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
	return nil, t.notFound(m.key)
}

// steer is act for what only a running workflow takes.
func (t *target) steer(ctx context.Context, c *execution.Client, m *messageInput, do func(context.Context, *execution.Execution) error) (*execution.Execution, error) {
	e, err := t.act(ctx, c, m, func(ctx context.Context, e *execution.Execution) error {
		if e.Closed() {
			return t.ended(e)
		}
		return execution.Send(ctx, func(ctx context.Context) error { return do(ctx, e) })
	})
	if ended, ok := errors.AsType[*toolError](err); ok {
		return nil, ended
	}
	return e, err
}

// latest follows a closed run to the current one of its chain.
func (t *target) latest(ctx context.Context, c *execution.Client, e *execution.Execution, caller Caller) (*execution.Execution, error) {
	runID, err := execution.LatestRun(ctx, c, e.ID, e.RunID)
	switch {
	case execution.IsNotFound(err): // deleted meanwhile: what was seen of it holds
	case err != nil: // whether the work goes on in another run is not known
		t.log(ctx, "describing a workflow failed", "workflow_id", e.ID, "error", err)
		return nil, nothingDone(serviceFailure(err))
	case runID != e.RunID:
		return t.find(ctx, c, execution.Key{ID: e.ID}, caller)
	}
	return e, nil
}

func (t *target) notFound(key execution.Key) *toolError {
	return &toolError{
		Type:    errNotFound,
		Message: fmt.Sprintf("There is no workflow %q that %s can act on. Nothing was done.", redact.Cut(key.ID, 200), t.name),
		advice:  "Check the arguments against what the tool that started the workflow returned, or tell the user.",
	}
}

// ended says how a workflow ended that can no longer take what it is sent.
func (t *target) ended(e *execution.Execution) *toolError {
	status := execution.StatusName(e.Status)
	advice := "Calling again will not help: what has ended cannot be changed."
	if result := resultFor(t.results[t.workflowType], t.address.template); result != nil {
		advice += fmt.Sprintf(" %s says how it ended.", result.name)
	}
	return &toolError{
		Type:    errClosed,
		Message: fmt.Sprintf("The workflow %q has ended already: it is %s. Nothing was done.", e.ID, status),
		Details: mustMarshal(map[string]string{"status": status}),
		advice:  advice,
	}
}

// nothingDone completes the text of a failed request that changes nothing.
func nothingDone(e *toolError) *toolError {
	e.Message += " Nothing was done."
	if e.Type == errUnknownOutcome {
		e.Type = errUnavailable
		e.advice = waitAndRepeat
	}
	return e
}
