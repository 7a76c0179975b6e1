package durablemcp

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/durablemcp/durablemcp/internal/doing"
	"github.com/durablemcp/durablemcp/internal/redact"
)

// The states of a task.
const (
	taskWorking       = "working"
	taskInputRequired = "input_required"
	taskCompleted     = "completed"
	taskFailed        = "failed"
	taskCancelled     = "cancelled"
)

// A taskState is a task as every message about it shows it (ext-tasks, Tasks).
type taskState struct {
	TaskID         string `json:"taskId"`
	Status         string `json:"status"`
	StatusMessage  string `json:"statusMessage,omitempty"`
	CreatedAt      string `json:"createdAt"`
	LastUpdatedAt  string `json:"lastUpdatedAt"`
	TTLMs          *int64 `json:"ttlMs"` // null: as long as the workflow runs
	PollIntervalMs int64  `json:"pollIntervalMs"`
}

// A createdTask is the result of a tool call that has become a task.
type createdTask struct {
	mcp.ResultBase
	ResultType string `json:"resultType"`
	taskState
}

// A detailedTask is the result of tasks/get, and what notifications/tasks tell.
type detailedTask struct {
	mcp.ResultBase
	ResultType string `json:"resultType,omitempty"`
	taskState
	InputRequests mcp.InputRequestMap `json:"inputRequests,omitempty"`
	Result        json.RawMessage     `json:"result,omitempty"`
	Error         *jsonrpc.Error      `json:"error,omitempty"`
}

// state is the task that an execution is. Of one that has ended well or badly,
// the result has to decide whether it is completed or failed.
func (s *snapshot) state(id string) taskState {
	now := s.now()
	state := taskState{
		TaskID: id, Status: taskWorking, CreatedAt: wireTime(s.created()), LastUpdatedAt: wireTime(s.updated()),
		PollIntervalMs: pollInterval(s.age()),
	}
	switch status := s.info().GetStatus(); {
	case status == enums.WORKFLOW_EXECUTION_STATUS_CANCELED:
		state.Status, state.StatusMessage = taskCancelled, "The workflow was cancelled."
	case closed(status):
		state.Status = taskCompleted
	case len(s.memo.Questions) > 0:
		state.Status = taskInputRequired
		state.StatusMessage = redact.Cut(s.doing(now), redact.MaxLength)
	default:
		state.StatusMessage = redact.Cut(s.activity(now), redact.MaxLength)
	}
	return state
}

// activity says what a running workflow is doing, from the snapshot alone.
func (s *snapshot) activity(now time.Time) string {
	task := s.GetPendingWorkflowTask()
	waited := now.Sub(task.GetScheduledTime().AsTime())
	switch {
	case task == nil:
	case task.GetAttempt() > 1:
		return stuckMark + "its workflow task fails, and is tried again"
	case task.GetState() == enums.PENDING_WORKFLOW_TASK_STATE_SCHEDULED && waited >= patience:
		return "waiting for a worker for " + doing.Round(waited).String()
	}
	return s.doing(now)
}

// updated is when the workflow last did something that is recorded for clients.
// Activities are not: what is known of them is gone when they have ended, and
// the time must not go back.
func (s *snapshot) updated() time.Time {
	latest := s.created()
	see := func(t time.Time) {
		if t.After(latest) {
			latest = t
		}
	}
	see(s.info().GetStartTime().AsTime()) // of a later run, which may have the memo of an earlier one
	see(s.memo.Updated)
	see(s.memo.Progress.At)
	for _, q := range s.memo.Questions {
		see(q.Asked)
	}
	if s.info().GetCloseTime() != nil {
		see(s.info().GetCloseTime().AsTime())
	}
	return latest
}

// wireTime is a time as the extension writes it.
func wireTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }

// The bounds of the poll interval, which is a tenth of the task's age between
// them: who waits for something that takes a minute asks every few seconds, who
// waits for days asks every half minute.
const (
	minPoll = 500 * time.Millisecond
	maxPoll = 30 * time.Second
)

func pollInterval(age time.Duration) int64 {
	return min(max(age/10, minPoll), maxPoll).Milliseconds()
}

// A retention is how long a namespace keeps closed workflows.
type retention struct {
	mu    sync.Mutex
	known time.Duration
	err   error
	asked time.Time
}

// retentionAge is how long a retention that was read is taken to hold, and
// retryRetention when it is asked for again if it could not be read.
const (
	retentionAge   = time.Hour
	retryRetention = time.Minute
)

// retention returns how long the namespace keeps workflows that have closed.
func (c *connection) retention(ctx context.Context, namespace string) (time.Duration, error) {
	r := &c.kept
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.asked) < retentionAge {
		return r.known, r.err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTimeout) // it is for others, too
	defer cancel()
	resp, err := c.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: namespace})
	switch {
	case err == nil:
		r.known, r.err, r.asked = resp.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration(), nil, time.Now()
	case r.known > 0: // what was read before holds longer
		r.asked = time.Now().Add(retryRetention - retentionAge)
	default:
		r.err, r.asked = err, time.Now().Add(retryRetention-retentionAge)
	}
	return r.known, r.err
}
