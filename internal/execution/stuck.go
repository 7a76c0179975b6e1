package execution

import (
	"context"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/sdk/v1"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/durablemcp/durablemcp/internal/redact"
)

// StuckPrefix begins what is said of a workflow that goes on only if a person fixes
// something.
const StuckPrefix = "stuck: "

// patience is how long a workflow task may stay unfinished before that is
// worth telling: workers take them up within milliseconds.
const patience = 2 * time.Second

// pollerMemory is how long after its last poll a worker can be alive: polls
// last a minute, and Temporal remembers them for five.
const pollerMemory = 90 * time.Second

func lastPoll(resp *workflowservice.DescribeTaskQueueResponse) (last time.Time) {
	for _, poller := range resp.GetPollers() {
		if seen := poller.GetLastAccessTime().AsTime(); seen.After(last) {
			last = seen
		}
	}
	return last
}

// idle is what a workflow does that has nothing pending which Temporal tells.
const idle = "waiting for a timer, a signal or an update"

// metadataQuery is a query that Temporal's SDKs answer for every workflow.
const metadataQuery = "__temporal_workflow_metadata"

// detailsTimeout bounds the query for a workflow's current details, which are
// shown only if a worker has them at hand.
const detailsTimeout = time.Second

// Stuck says why the workflow's code does not get on: no worker takes it up,
// or its workflow task fails again and again. It is empty if nothing is wrong.
func (c *Client) Stuck(ctx context.Context, resp *workflowservice.DescribeWorkflowExecutionResponse, now time.Time) string {
	task := resp.GetPendingWorkflowTask()
	if task == nil {
		return ""
	}
	if task.GetAttempt() > 1 {
		if why := c.taskFailure(ctx, resp.GetWorkflowExecutionInfo().GetExecution()); why != "" {
			return fmt.Sprintf(StuckPrefix+"its workflow task fails (attempt %d): %s", task.GetAttempt(), why)
		}
	}
	waited := now.Sub(task.GetScheduledTime().AsTime())
	if task.GetState() != enums.PENDING_WORKFLOW_TASK_STATE_SCHEDULED || waited < patience {
		return ""
	}
	return c.noWorker(ctx, resp.GetWorkflowExecutionInfo(), waited, now)
}

// taskFailure returns the message of the last failed workflow task: an
// unregistered workflow type, a panic, or code that does not match its history.
// Temporal records the first failure of a row in the history, so it stands
// near the end.
func (c *Client) taskFailure(ctx context.Context, e *common.WorkflowExecution) string {
	history, err := c.WorkflowService().GetWorkflowExecutionHistoryReverse(ctx, &workflowservice.GetWorkflowExecutionHistoryReverseRequest{
		Namespace: c.Namespace, Execution: e, MaximumPageSize: 5,
	})
	if err != nil {
		c.Log(ctx, "reading a workflow's history failed", "workflow_id", e.GetWorkflowId(), "error", err)
		return ""
	}
	for _, event := range history.GetHistory().GetEvents() {
		if failed := event.GetWorkflowTaskFailedEventAttributes(); failed != nil {
			return c.Redact(failureText(failed.GetFailure()))
		}
	}
	return ""
}

// noWorker says who polls the task queue on which the workflow waits.
func (c *Client) noWorker(ctx context.Context, info *workflow.WorkflowExecutionInfo, waited time.Duration, now time.Time) string {
	queue := info.GetTaskQueue()
	resp, err := c.DescribeTaskQueue(ctx, queue, enums.TASK_QUEUE_TYPE_WORKFLOW)
	if err != nil {
		c.Log(ctx, "describing a task queue failed", "task_queue", queue, "error", err)
		return fmt.Sprintf("waiting for a worker of task queue %q for %s", queue, Round(waited))
	}
	last := lastPoll(resp)
	if c.noPoller(last) {
		return fmt.Sprintf(StuckPrefix+"no worker polls task queue %q; the work goes on as soon as one does", queue)
	}
	return fmt.Sprintf("waiting for a worker of task queue %q for %s; the last one was seen %s ago",
		queue, Round(waited), Round(now.Sub(last)))
}

// noPoller reports whether no worker can be alive if the last poll was at a time, zero for
// never. As long as nothing is known of Temporal's clock, all that it remembers can be.
func (c *Client) noPoller(last time.Time) bool {
	ahead, known := c.clock.difference()
	return last.IsZero() || known && time.Now().Add(ahead).Sub(last) > pollerMemory
}

// WithoutWorker says that no worker polls the workflow's task queue, and is empty
// if one does or Temporal does not tell.
func (c *Client) WithoutWorker(ctx context.Context, e *Execution) string {
	resp, err := c.DescribeTaskQueue(ctx, e.Queue, enums.TASK_QUEUE_TYPE_WORKFLOW)
	if err != nil || !c.noPoller(lastPoll(resp)) {
		return ""
	}
	return fmt.Sprintf("no worker polls its task queue %q", e.Queue)
}

// CurrentDetails returns what the workflow says of its own state, "" if it says
// nothing or no worker answers.
func (c *Client) CurrentDetails(ctx context.Context, e *Execution) string {
	ctx, cancel := context.WithTimeout(ctx, detailsTimeout)
	defer cancel()
	value, err := c.QueryWorkflow(ctx, e.ID, e.RunID, metadataQuery)
	if err != nil {
		return ""
	}
	var metadata sdk.WorkflowMetadata
	if err := value.Get(&metadata); err != nil {
		return ""
	}
	return c.Redact(redact.Text(strings.TrimSpace(metadata.GetCurrentDetails())))
}
