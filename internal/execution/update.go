package execution

import (
	"context"
	"errors"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/update/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
)

// An UpdateResult reads what a workflow has answered to an update.
type UpdateResult struct {
	Raw converter.RawValue
	Get func(into any) error
}

// AwaitUpdate waits for the answer until waiting is done.
func AwaitUpdate(ctx, waiting context.Context, handle client.WorkflowUpdateHandle) (a UpdateResult, err error) {
	a.Get = func(into any) error { return handle.Get(ctx, into) }
	err = handle.Get(waiting, &a.Raw)
	return a, err
}

// How many events from the end of a history are read at a time: an update that was
// just taken is among the last ones, and others are looked for in all of it.
const (
	firstEvents = 50
	moreEvents  = 1000
)

// AcceptedUpdate finds an update by its ID in the history of a run, nil if there is none.
func (c *Client) AcceptedUpdate(ctx context.Context, e *Execution, updateID string) (*update.Request, error) {
	request := &workflowservice.GetWorkflowExecutionHistoryReverseRequest{
		Namespace: c.Namespace, Execution: &common.WorkflowExecution{WorkflowId: e.ID, RunId: e.RunID}, MaximumPageSize: firstEvents,
	}
	for {
		resp, err := c.WorkflowService().GetWorkflowExecutionHistoryReverse(ctx, request)
		switch {
		case isElsewhere(err): // the namespace is not that of the client
			return c.acceptedFromStart(ctx, e, updateID)
		case err != nil:
			return nil, err
		}
		for _, event := range resp.GetHistory().GetEvents() {
			if r := requestOf(event); r.GetMeta().GetUpdateId() == updateID {
				return r, nil
			}
		}
		if len(resp.GetNextPageToken()) == 0 {
			return nil, nil //nolint:nilnil // there is none
		}
		request.NextPageToken, request.MaximumPageSize = resp.GetNextPageToken(), moreEvents
	}
}

// acceptedFromStart is [Client.AcceptedUpdate] by the requests of the client itself, which knows its
// namespace, but reads histories from their start only.
func (c *Client) acceptedFromStart(ctx context.Context, e *Execution, updateID string) (*update.Request, error) {
	events := c.GetWorkflowHistory(ctx, e.ID, e.RunID, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			return nil, err
		}
		if r := requestOf(event); r.GetMeta().GetUpdateId() == updateID {
			return r, nil
		}
	}
	return nil, nil //nolint:nilnil // there is none
}

// isElsewhere reports whether a request was refused for its namespace.
func isElsewhere(err error) bool {
	_, none := errors.AsType[*serviceerror.NamespaceNotFound](err)
	_, denied := errors.AsType[*serviceerror.PermissionDenied](err)
	return none || denied || IsNotFound(err)
}

// requestOf returns the request of an update that an event tells of, nil if it tells
// of none. After a reset, updates are admitted again by an event of their own.
func requestOf(event *history.HistoryEvent) *update.Request {
	if r := event.GetWorkflowExecutionUpdateAcceptedEventAttributes().GetAcceptedRequest(); r != nil {
		return r
	}
	return event.GetWorkflowExecutionUpdateAdmittedEventAttributes().GetRequest()
}
