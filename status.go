package durablemcp

import (
	"cmp"
	"context"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/execution"
)

// A StatusTool is a tool that says what a workflow is doing, from what Temporal
// knows of it: its status and since when, pending activities with their
// attempts and last failures, and pending child workflows. If a worker is
// there, it also has the workflow's own current details
// ([workflow.SetCurrentDetails]). It changes nothing.
//
// [workflow.SetCurrentDetails]: https://pkg.go.dev/go.temporal.io/sdk/workflow#SetCurrentDetails
type StatusTool struct {
	// Name, Title, Description, Annotations, Icons and Meta are as in
	// [WorkflowTool]. Without Annotations, the tool is said to be read-only.
	Name, Title, Description string
	Annotations              *mcp.ToolAnnotations
	Icons                    []mcp.Icon
	Meta                     mcp.Meta

	// Workflow and WorkflowType name the workflow, as in [WorkflowTool]. Only
	// executions of this workflow type are shown. Required.
	Workflow     any
	WorkflowType string

	// WorkflowID and IDScope are as in [SignalTool].
	WorkflowID string
	IDScope    IDScope

	// Allow decides who may see the workflow of another caller. If nil, only
	// the principal that started it may.
	Allow AllowFunc
}

// status is the answer of a [StatusTool].
type status struct {
	WorkflowID string               `json:"workflow_id"`
	RunID      string               `json:"run_id"`
	Status     string               `json:"status"`
	Started    time.Time            `json:"started"`
	Closed     *time.Time           `json:"closed,omitempty"`
	Doing      string               `json:"doing,omitempty"`
	Details    string               `json:"details,omitempty"`
	Questions  []asked              `json:"questions,omitempty"`
	Activities []execution.Activity `json:"pending_activities,omitempty"`
	Children   []childStatus        `json:"pending_children,omitempty"`
}

type childStatus struct {
	WorkflowID   string `json:"workflow_id"`
	WorkflowType string `json:"workflow_type"`
}

const statusOutputSchema = `{
	"type": "object",
	"properties": {
		"workflow_id": {"type": "string"},
		"run_id": {"type": "string"},
		"status": {"type": "string", "description": "running, completed, failed, canceled, terminated, timed_out, paused or continued_as_new."},
		"started": {"type": "string", "format": "date-time"},
		"closed": {"type": "string", "format": "date-time"},
		"doing": {"type": "string", "description": "What it is doing now, in words."},
		"details": {"type": "string", "description": "What the workflow itself says of its state."},
		"questions": ` + questionsSchema + `,
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

type statusTool struct{ message }

func (t StatusTool) declare(d *declaration) *binding {
	d.identity(t.Name, t.Description)
	m := d.message(messageFields{workflow: t.Workflow, workflowType: t.WorkflowType, workflowID: t.WorkflowID, scope: t.IDScope, allow: t.Allow})
	if m == nil {
		return nil
	}
	tool := &statusTool{*m}
	return d.bind(m.base, tool.call, mcp.Tool{
		Title: t.Title, Description: t.Description, Icons: t.Icons, Meta: t.Meta,
		Annotations: cmp.Or(t.Annotations, &mcp.ToolAnnotations{ReadOnlyHint: true}),
		InputSchema: m.input.schema.JSON(), OutputSchema: rawSchema(statusOutputSchema),
	})
}

func (t *statusTool) call(ctx context.Context, c *execution.Client, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	m, err := t.read(ctx, req)
	if err != nil {
		return nil, err
	}
	e, err := t.find(ctx, c, m.key, m.caller)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	s, err := t.status(ctx, c, e)
	if err != nil {
		return nil, err
	}
	content := mustMarshal(s)
	return t.withMeta(structured(content, string(content)), e), nil
}

func (t *statusTool) status(ctx context.Context, c *execution.Client, e *execution.Execution) (*status, error) {
	ctx, cancel := context.WithTimeout(ctx, execution.RequestTimeout)
	defer cancel()
	seen, err := c.Describe(ctx, e.ID, e.RunID)
	if err != nil {
		t.log(ctx, "describing a workflow failed", "workflow_id", e.ID, "error", err)
		return nil, nothingDone(serviceFailure(err))
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
	s.Questions = askedOf(seen.Memo.Questions)
	if s.Doing = c.Stuck(ctx, seen.DescribeWorkflowExecutionResponse, now); s.Doing == "" {
		s.Doing = seen.Doing(now)
		s.Details = c.CurrentDetails(ctx, e)
	}
	return s, nil
}
