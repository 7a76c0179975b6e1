package execution

import (
	"context"
	"errors"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/durablemcp/durablemcp/internal/memo"
)

// Start starts a workflow that remembers a record. If its ID is taken, it returns by
// which run.
func (c *Client) Start(ctx context.Context, options client.StartWorkflowOptions, rec memo.Record, workflowType string, args []any) (e *Execution, taken string, err error) {
	var run client.WorkflowRun
	err = Send(ctx, func(ctx context.Context) error {
		run, err = c.ExecuteWorkflow(ctx, options, workflowType, args...)
		return err
	})
	if taken, ok := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); ok {
		return nil, taken.RunId, nil
	}
	if err != nil {
		c.away.Store(KindOf(err) == OutcomeUnknown)
		return nil, "", err
	}
	return &Execution{
		ID: options.ID, RunID: run.GetRunID(), FirstRunID: run.GetRunID(),
		Status: enums.WORKFLOW_EXECUTION_STATUS_RUNNING, Created: rec.Created, Record: rec,
	}, "", nil
}

// EnsureReachable makes sure that Temporal is back, if it was away, before something is
// started: what is not sent is surely not started, and can be repeated. Whatever
// Temporal answers, it is back: it need not know the request, nor allow it.
func (c *Client) EnsureReachable(ctx context.Context) error {
	if !c.away.Load() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, LookTimeout)
	defer cancel()
	_, err := c.WorkflowService().GetSystemInfo(ctx, &workflowservice.GetSystemInfoRequest{})
	if unanswered(err) {
		return err
	}
	c.away.Store(false)
	return nil
}
