package call

import (
	"context"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/advice"
	"github.com/durablemcp/durablemcp/internal/execution"
)

// status is the answer of a durablemcp.StatusTool.
type status struct {
	WorkflowID string                `json:"workflow_id"`
	RunID      string                `json:"run_id"`
	Status     string                `json:"status"`
	Started    time.Time             `json:"started"`
	Closed     *time.Time            `json:"closed,omitempty"`
	Doing      string                `json:"doing,omitempty"`
	Details    string                `json:"details,omitempty"`
	Questions  []advice.OpenQuestion `json:"questions,omitempty"`
	Activities []execution.Activity  `json:"pending_activities,omitempty"`
	Children   []childStatus         `json:"pending_children,omitempty"`
}

type childStatus struct {
	WorkflowID   string `json:"workflow_id"`
	WorkflowType string `json:"workflow_type"`
}

// StatusOutputSchema is the output schema of a tool that says what a workflow is doing.
const StatusOutputSchema = `{
	"type": "object",
	"properties": {
		"workflow_id": {"type": "string"},
		"run_id": {"type": "string"},
		"status": {"type": "string", "description": "running, completed, failed, canceled, terminated, timed_out, paused or continued_as_new."},
		"started": {"type": "string", "format": "date-time"},
		"closed": {"type": "string", "format": "date-time"},
		"doing": {"type": "string", "description": "What it is doing now, in words."},
		"details": {"type": "string", "description": "What the workflow itself says of its state."},
		"questions": ` + advice.QuestionsSchema + `,
		"pending_activities": {"type": "array", "items": {
			"type": "object",
			"properties": {
				"name": {"type": "string"}, "state": {"type": "string"}, "attempt": {"type": "integer"},
				"maximum_attempts": {"type": "integer"}, "last_failure": {"type": "string"},
				"running_for": {"type": "string"}, "next_try_in": {"type": "string"}
			},
			"required": ["name", "state", "attempt"]
		}},
		"pending_children": {"type": "array", "items": {
			"type": "object",
			"properties": {"workflow_id": {"type": "string"}, "workflow_type": {"type": "string"}},
			"required": ["workflow_id", "workflow_type"]
		}}
	},
	"required": ["workflow_id", "run_id", "status", "started"]
}`

// A Status is a checked durablemcp.StatusTool.
type Status struct{ Message }

// Call says what the workflow is doing.
func (t *Status) Call(ctx context.Context, c *Call) (*mcp.CallToolResult, error) {
	_, e, err := t.readAndFind(ctx, c)
	if err != nil {
		return nil, err
	}
	s, err := t.status(ctx, c, e)
	if err != nil {
		return nil, err
	}
	content := advice.MustMarshal(s)
	return t.withMeta(structured(content, string(content)), e), nil
}

func (t *Status) status(ctx context.Context, c *Call, e *execution.Execution) (*status, error) {
	ctx, cancel := context.WithTimeout(ctx, execution.RequestTimeout)
	defer cancel()
	seen, err := c.Describe(ctx, e.ID, e.RunID)
	if err != nil {
		t.log(ctx, "describing a workflow failed", "workflow_id", e.ID, "error", err)
		return nil, advice.NothingDone(advice.ServiceFailure(err))
	}
	now := seen.Now()
	info := seen.Info()
	s := &status{WorkflowID: e.ID, RunID: e.RunID, Status: execution.StatusName(info.GetStatus()), Started: e.Created.UTC()}
	if info.GetCloseTime() != nil {
		s.Closed = new(info.GetCloseTime().AsTime())
		return s, nil
	}
	s.Activities = execution.PendingActivities(seen.GetPendingActivities(), now)
	for _, child := range seen.GetPendingChildren() {
		s.Children = append(s.Children, childStatus{child.GetWorkflowId(), child.GetWorkflowTypeName()})
	}
	s.Questions = advice.OpenQuestions(seen.Memo.Questions)
	if s.Doing = c.Stuck(ctx, seen.DescribeWorkflowExecutionResponse, now); s.Doing == "" {
		s.Doing = seen.Doing(now)
		s.Details = c.CurrentDetails(ctx, e)
	}
	return s, nil
}
