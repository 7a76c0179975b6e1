package durablemcp

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/durablemcp/durablemcp/internal/doing"
	"github.com/durablemcp/durablemcp/internal/memo"
	"github.com/durablemcp/durablemcp/internal/redact"
)

// stuckMark begins what is said of a workflow that goes on only if somebody mends
// something.
const stuckMark = "stuck: "

// running is the answer for a workflow that outlasts the call's wait.
type running struct {
	WorkflowID string  `json:"workflow_id"`
	RunID      string  `json:"run_id"`
	Elapsed    string  `json:"elapsed"`
	Doing      string  `json:"doing,omitempty"`
	Questions  []asked `json:"questions,omitempty"`
	Next       string  `json:"next"`

	closed bool // after all: it ended while this answer was made
}

// asked is a question that nobody can be asked through this client, as the
// model sees it.
type asked struct {
	Key     string          `json:"key"`
	Title   string          `json:"title,omitempty"`
	Message string          `json:"message"`
	Schema  json.RawMessage `json:"schema,omitempty"`
	URL     string          `json:"url,omitempty"`
}

const runningSchema = `{
	"type": "object",
	"properties": {"running": {
		"type": "object",
		"description": "The work goes on: it outlasted the time that a call waits.",
		"properties": {
			"workflow_id": {"type": "string"},
			"run_id": {"type": "string"},
			"elapsed": {"type": "string", "description": "How long it has been running, such as 45s."},
			"doing": {"type": "string", "description": "What it is doing now."},
			"questions": ` + questionsSchema + `,
			"next": {"type": "string", "description": "What to do to get at the result."}
		},
		"required": ["workflow_id", "run_id", "elapsed", "next"]
	}},
	"required": ["running"]
}`

// questionsSchema is the schema of the questions that a workflow asks.
const questionsSchema = `{
	"type": "array",
	"description": "What it asks a person, and waits for.",
	"items": {
		"type": "object",
		"properties": {
			"key": {"type": "string"}, "title": {"type": "string"}, "message": {"type": "string"},
			"schema": {"type": "object", "description": "The schema of the answer's content."}, "url": {"type": "string"}
		},
		"required": ["key", "message"]
	}
}`

// lookTimeout bounds the requests that say what a running workflow does: the
// answer that it is running must not wait for them for long.
const lookTimeout = 3 * time.Second

// look asks Temporal what a running workflow is doing.
func (w *waiter) look(ctx context.Context, c *connection, req *mcp.CallToolRequest, e *execution) running {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	seen, err := c.describe(ctx, e.id, e.runID)
	if err != nil {
		w.log(ctx, "describing a workflow failed", "workflow_id", e.id, "error", err)
		return running{
			WorkflowID: e.id, RunID: e.runID, Elapsed: doing.Round(time.Since(e.created)).String(),
			Doing: "unknown: Temporal does not answer at the moment",
		}
	}
	return w.running(ctx, c, seen.asking(w.mayAnswer(ctx, req, seen)))
}

// running says what the workflow of a snapshot is doing.
func (b *base) running(ctx context.Context, c *connection, seen *snapshot) running {
	now := seen.now()
	e := seen.execution()
	answer := running{
		WorkflowID: e.id, RunID: e.runID, Elapsed: doing.Round(seen.age()).String(), closed: e.closed(), Questions: askedOf(seen.memo.Questions),
	}
	if answer.Doing = b.stuck(ctx, c, seen.DescribeWorkflowExecutionResponse, now); answer.Doing == "" {
		answer.Doing = seen.doing(now)
	}
	return answer
}

func askedOf(questions []memo.Question) []asked {
	var list []asked
	for _, q := range questions {
		list = append(list, asked{Key: q.Key, Title: q.Title, Message: q.Message, Schema: q.Schema, URL: q.URL})
	}
	return list
}

// doing says what a workflow that is not stuck is doing: what it asks, what it
// says of itself, and what Temporal knows.
func (s *snapshot) doing(now time.Time) string {
	var parts []string
	for _, q := range s.memo.Questions {
		parts = append(parts, "waiting for a person's answer to: "+q.Message)
	}
	if text := s.memo.Progress.String(); text != "" {
		parts = append(parts, redact.Text(text))
	}
	if text := doing.Describe(s.DescribeWorkflowExecutionResponse, now); text != "" {
		parts = append(parts, text)
	}
	return cmp.Or(strings.Join(parts, "; "), idle)
}

// patience is how long a workflow task may stay unfinished before that is
// worth telling: workers take them up within milliseconds.
const patience = 2 * time.Second

// stuck says why the workflow's code does not get on: no worker takes it up,
// or its workflow task fails again and again. It is empty if nothing is wrong.
func (b *base) stuck(ctx context.Context, c *connection, resp *workflowservice.DescribeWorkflowExecutionResponse, now time.Time) string {
	task := resp.GetPendingWorkflowTask()
	if task == nil {
		return ""
	}
	if task.GetAttempt() > 1 {
		if why := b.taskFailure(ctx, c, resp.GetWorkflowExecutionInfo().GetExecution()); why != "" {
			return fmt.Sprintf(stuckMark+"its workflow task fails (attempt %d): %s", task.GetAttempt(), why)
		}
	}
	waited := now.Sub(task.GetScheduledTime().AsTime())
	if task.GetState() != enums.PENDING_WORKFLOW_TASK_STATE_SCHEDULED || waited < patience {
		return ""
	}
	return b.noWorker(ctx, c, resp.GetWorkflowExecutionInfo(), waited, now)
}

// taskFailure returns the message of the last failed workflow task: an
// unregistered workflow type, a panic, or code that does not match its history.
// Temporal records the first failure of a row in the history, so it stands
// near the end.
func (b *base) taskFailure(ctx context.Context, c *connection, e *common.WorkflowExecution) string {
	history, err := c.WorkflowService().GetWorkflowExecutionHistoryReverse(ctx, &workflowservice.GetWorkflowExecutionHistoryReverseRequest{
		Namespace: b.opts.Namespace, Execution: e, MaximumPageSize: 5,
	})
	if err != nil {
		b.log(ctx, "reading a workflow's history failed", "workflow_id", e.GetWorkflowId(), "error", err)
		return ""
	}
	for _, event := range history.GetHistory().GetEvents() {
		if failed := event.GetWorkflowTaskFailedEventAttributes(); failed != nil {
			return b.opts.redact(doing.FailureText(failed.GetFailure()))
		}
	}
	return ""
}

// noWorker says who polls the task queue on which the workflow waits.
func (b *base) noWorker(ctx context.Context, c *connection, info *workflow.WorkflowExecutionInfo, waited time.Duration, now time.Time) string {
	queue := info.GetTaskQueue()
	resp, err := c.DescribeTaskQueue(ctx, queue, enums.TASK_QUEUE_TYPE_WORKFLOW)
	if err != nil {
		b.log(ctx, "describing a task queue failed", "task_queue", queue, "error", err)
		return fmt.Sprintf("waiting for a worker of task queue %q for %s", queue, doing.Round(waited))
	}
	last := lastPoll(resp)
	if c.noPoller(last) {
		return fmt.Sprintf(stuckMark+"no worker polls task queue %q; the work goes on as soon as one does", queue)
	}
	return fmt.Sprintf("waiting for a worker of task queue %q for %s; the last one was seen %s ago",
		queue, doing.Round(waited), doing.Round(now.Sub(last)))
}

// pollerMemory is how long after its last poll a worker can be alive: polls
// last a minute, and Temporal remembers them for five.
const pollerMemory = 90 * time.Second

// noPoller reports whether no worker can be alive if the last poll was at a time, zero for
// never. As long as nothing is known of Temporal's clock, all that it remembers can be.
func (c *connection) noPoller(last time.Time) bool {
	ahead, known := c.clock.difference()
	return last.IsZero() || known && time.Now().Add(ahead).Sub(last) > pollerMemory
}

func lastPoll(resp *workflowservice.DescribeTaskQueueResponse) (last time.Time) {
	for _, poller := range resp.GetPollers() {
		if seen := poller.GetLastAccessTime().AsTime(); seen.After(last) {
			last = seen
		}
	}
	return last
}

// unattended says that no worker polls the workflow's task queue, and is empty
// if one does or Temporal does not tell.
func (b *base) unattended(ctx context.Context, c *connection, e *execution) string {
	resp, err := c.DescribeTaskQueue(ctx, e.queue, enums.TASK_QUEUE_TYPE_WORKFLOW)
	if err != nil || !c.noPoller(lastPoll(resp)) {
		return ""
	}
	return fmt.Sprintf("no worker polls its task queue %q", e.queue)
}

// idle is what a workflow does that has nothing pending which Temporal tells.
const idle = "waiting for a timer, a signal or an update"
