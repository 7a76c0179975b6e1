package durablemcp

import (
	"fmt"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/enums/v1"

	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/idtemplate"
)

// DefaultRepeatWindow is the default of [WorkflowTool.RepeatWindow] for tools
// that are not annotated as read-only. It outlasts the retries of clients that
// gave up on a call, and of models that were told to call again.
const DefaultRepeatWindow = 2 * time.Minute

// NoRepeatWindow as [WorkflowTool.RepeatWindow] means that the window is empty:
// a call that repeats a completed one does the work again at once.
const NoRepeatWindow time.Duration = -1

// repeatWindow checks the field RepeatWindow, and returns how long a completed
// run answers for calls that repeat it although the reuse policy allows a new
// one.
func (d *declaration) repeatWindow(t WorkflowTool, template *idtemplate.Template) time.Duration {
	switch window := t.RepeatWindow; {
	case window > 0 && template.Uses(idtemplate.UUID):
		d.mistake("RepeatWindow", window.String()+", and {"+idtemplate.UUID+"} in WorkflowID", "one of the two: under {"+idtemplate.UUID+"} each call counts")
	case window > 0 && keepsCompleted(t.WorkflowIDReusePolicy):
		d.mistake("RepeatWindow", fmt.Sprintf("%s, and %s in WorkflowIDReusePolicy", window, t.WorkflowIDReusePolicy),
			"0: under this policy completed work is never done again")
	case window > 0:
		return window
	case window == 0 && !t.readOnly() && !template.Uses(idtemplate.UUID) && !keepsCompleted(t.WorkflowIDReusePolicy):
		return DefaultRepeatWindow
	}
	return 0
}

// keepsCompleted reports whether a workflow that has completed keeps its ID.
func keepsCompleted(policy enums.WorkflowIdReusePolicy) bool {
	return policy == enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE || policy == enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY
}

// readOnly reports whether the tool is said to change nothing, so that doing its
// work twice does no harm.
func (t WorkflowTool) readOnly() bool { return t.Annotations != nil && t.Annotations.ReadOnlyHint }

// repeatable reports whether the same call again maps to the same workflow.
func (s *starter) repeatable() bool { return !s.template.Uses(idtemplate.UUID) }

// restarts reports whether the same call again starts the work anew, some time
// after it has closed in the given way.
func (s *starter) restarts(status enums.WorkflowExecutionStatus, after time.Duration) bool {
	completed := status == enums.WORKFLOW_EXECUTION_STATUS_COMPLETED
	switch s.options.WorkflowIDReusePolicy {
	case enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE:
		return !s.repeatable()
	case enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY:
		return !s.repeatable() || !completed
	}
	return !s.repeatable() || !completed || after >= s.window
}

// repetitionNote tells a model that its call was not carried out.
func repetitionNote(r *execution.Repetition) string {
	how := map[enums.WorkflowExecutionStatus]string{
		enums.WORKFLOW_EXECUTION_STATUS_COMPLETED:  "was completed",
		enums.WORKFLOW_EXECUTION_STATUS_CANCELED:   "was cancelled",
		enums.WORKFLOW_EXECUTION_STATUS_TERMINATED: "was terminated",
		enums.WORKFLOW_EXECUTION_STATUS_TIMED_OUT:  "timed out",
	}[r.Status]
	if how == "" {
		how = "failed"
	}
	return fmt.Sprintf("The same call %s %s ago; it was not done again.", how, execution.Round(max(r.Age, 0)))
}

// addRepetition says in a result that it is that of an earlier call: in a text of its own,
// so that the first one is still the result's.
func addRepetition(r *execution.Repetition, result *mcp.CallToolResult, meta map[string]any) {
	if r == nil {
		return
	}
	result.Content = append(result.Content, &mcp.TextContent{Text: repetitionNote(r)})
	meta["repeats_call_closed_at"] = r.Closed.UTC()
}
