package task

import (
	"encoding/json"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/enums/v1"

	"github.com/durablemcp/durablemcp/internal/execution"
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

// A State is a task as every message about it shows it (ext-tasks, Tasks).
type State struct {
	TaskID         string `json:"taskId"`
	Status         string `json:"status"`
	StatusMessage  string `json:"statusMessage,omitempty"`
	CreatedAt      string `json:"createdAt"`
	LastUpdatedAt  string `json:"lastUpdatedAt"`
	TTLMs          *int64 `json:"ttlMs"` // null: as long as the workflow runs
	PollIntervalMs int64  `json:"pollIntervalMs"`
}

// A Created is the result of a tool call that has become a task.
type Created struct {
	mcp.ResultBase
	ResultType string `json:"resultType"`
	State
}

// A Detailed is the result of tasks/get, and what notifications/tasks tell.
type Detailed struct {
	mcp.ResultBase
	ResultType string `json:"resultType,omitempty"`
	State
	InputRequests mcp.InputRequestMap `json:"inputRequests,omitempty"`
	Result        json.RawMessage     `json:"result,omitempty"`
	Error         *jsonrpc.Error      `json:"error,omitempty"`
}

// stateOf is the task that an execution is. Of one that has ended well or badly,
// the result has to decide whether it is completed or failed.
func stateOf(s *execution.Snapshot, id string) State {
	now := s.Now()
	state := State{
		TaskID: id, Status: taskWorking, CreatedAt: wireTime(s.Created()), LastUpdatedAt: wireTime(s.Updated()),
		PollIntervalMs: pollInterval(s.Age()),
	}
	switch status := s.Info().GetStatus(); {
	case status == enums.WORKFLOW_EXECUTION_STATUS_CANCELED:
		state.Status, state.StatusMessage = taskCancelled, "The workflow was cancelled."
	case execution.Closed(status):
		state.Status = taskCompleted
	case len(s.Memo.Questions) > 0:
		state.Status = taskInputRequired
		state.StatusMessage = redact.Cut(s.Doing(now), redact.MaxLength)
	default:
		state.StatusMessage = redact.Cut(s.Activity(now), redact.MaxLength)
	}
	return state
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
