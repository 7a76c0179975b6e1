package execution

import (
	"context"
	"sync"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
)

// A Watch tells when something changes in a workflow that clients can see. It
// follows the workflow through continue-as-new, retries and resets.
//
// It reads the history by long polls, which Temporal answers when there is a new
// event, and else every 20 seconds: a workflow in which nothing happens costs 3
// requests a minute.
type Watch struct {
	Changed chan struct{} // has a value if something may have changed
	Ended   chan struct{} // closed when the workflow has ended

	mu    sync.Mutex
	runID string // the run that it is at
}

// RetryPause is how long a watch waits before it goes on after a failed request,
// which the Temporal client itself has repeated by then.
const RetryPause = time.Second

// Watch begins to watch a workflow, until ctx is done.
func (c *Client) Watch(ctx context.Context, id, runID string) *Watch {
	w := &Watch{Changed: make(chan struct{}, 1), Ended: make(chan struct{}), runID: runID}
	go func() {
		defer c.Contain(ctx, "watching a workflow")
		w.follow(ctx, c, id)
	}()
	return w
}

// Over reports whether the workflow has ended, as far as the watch has seen.
func (w *Watch) Over() bool {
	select {
	case <-w.Ended:
		return true
	default:
		return false
	}
}

// At returns the run that the workflow was at when the watch last saw it.
func (w *Watch) At() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.runID
}

// coalescing is how long changes may be apart that are looked at together.
const coalescing = 100 * time.Millisecond

// Coalesce waits a moment, so that changes that come together are one.
func (w *Watch) Coalesce(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-w.Ended:
	case <-time.After(coalescing):
	}
}

func (w *Watch) follow(ctx context.Context, c *Client, id string) {
	for ctx.Err() == nil {
		next, ended := w.read(ctx, c, id)
		if ended {
			close(w.Ended)
			return
		}
		if next != "" {
			w.mu.Lock()
			w.runID = next
			w.mu.Unlock()
			w.notify()
			continue
		}
		select {
		case <-ctx.Done():
		case <-time.After(RetryPause):
		}
		w.notify()
	}
}

func (w *Watch) notify() {
	select {
	case w.Changed <- struct{}{}:
	default:
	}
}

// read follows one run to its end, and returns the run that goes on with the
// work, if there is one. The run has not ended if reading failed.
func (w *Watch) read(ctx context.Context, c *Client, id string) (next string, ended bool) {
	runID, stuck := w.At(), false
	events := c.GetWorkflowHistory(ctx, id, runID, true, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			return "", IsNotFound(err) // it is deleted
		}
		if visibleEvents[event.GetEventType()] || continued(event) || stuck && event.GetEventType() == enums.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			w.notify()
		}
		stuck = event.GetEventType() == enums.EVENT_TYPE_WORKFLOW_TASK_FAILED ||
			stuck && event.GetEventType() != enums.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
		if next, ended = successor(event); next != "" {
			return next, false
		}
		if ended {
			latest, err := LatestRun(ctx, c, id, runID)
			switch {
			case err != nil:
				return "", false
			case latest != runID:
				return latest, false // a reset
			}
			return "", true
		}
	}
	return "", false
}

// visibleEvents are the events after which a description of the workflow says
// something else.
var visibleEvents = map[enums.EventType]bool{
	enums.EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED:        true, // the memo
	enums.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:             true,
	enums.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:             true,
	enums.EVENT_TYPE_ACTIVITY_TASK_FAILED:                true,
	enums.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT:             true,
	enums.EVENT_TYPE_ACTIVITY_TASK_CANCELED:              true,
	enums.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED:    true,
	enums.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED:  true,
	enums.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED:     true,
	enums.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TIMED_OUT:  true,
	enums.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED:   true,
	enums.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TERMINATED: true,
	enums.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED:  true,
	enums.EVENT_TYPE_WORKFLOW_TASK_FAILED:                true,
	enums.EVENT_TYPE_NEXUS_OPERATION_SCHEDULED:           true,
	enums.EVENT_TYPE_NEXUS_OPERATION_COMPLETED:           true,
	enums.EVENT_TYPE_NEXUS_OPERATION_FAILED:              true,
	enums.EVENT_TYPE_NEXUS_OPERATION_CANCELED:            true,
	enums.EVENT_TYPE_NEXUS_OPERATION_TIMED_OUT:           true,
}

// continued reports whether an event begins a run with the memo of another.
func continued(event *history.HistoryEvent) bool {
	return event.GetWorkflowExecutionStartedEventAttributes().GetContinuedExecutionRunId() != ""
}

// successor returns the run that goes on with the work after an event that ends
// a run, and whether the event ends one.
func successor(event *history.HistoryEvent) (runID string, ends bool) {
	switch event.GetEventType() {
	case enums.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW:
		return event.GetWorkflowExecutionContinuedAsNewEventAttributes().GetNewExecutionRunId(), true
	case enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
		return event.GetWorkflowExecutionCompletedEventAttributes().GetNewExecutionRunId(), true
	case enums.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
		return event.GetWorkflowExecutionFailedEventAttributes().GetNewExecutionRunId(), true
	case enums.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT:
		return event.GetWorkflowExecutionTimedOutEventAttributes().GetNewExecutionRunId(), true
	case enums.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED, enums.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
		return "", true
	}
	return "", false
}
