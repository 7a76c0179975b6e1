package durablemcp

import (
	"fmt"

	"go.temporal.io/api/enums/v1"
)

// callAgain is the [nextStep] of a tool that starts workflows.
type callAgain struct {
	*starter
	results map[string]*resultTool // by workflow type
}

func (n *callAgain) goOn(seen running) string {
	if result := n.results[n.workflowType]; result != nil {
		return result.invitation(seen.WorkflowID)
	}
	if !n.repeatable() {
		return fmt.Sprintf("Do not call %s again for it: that would start the work a second time. Tell the user that it goes on as workflow %q.",
			n.name, seen.WorkflowID)
	}
	text := fmt.Sprintf("To wait for it, call %s again with the same arguments: that joins this work.", n.name)
	if n.restarts(enums.WORKFLOW_EXECUTION_STATUS_COMPLETED) {
		text += " If it has ended by then, it starts anew."
	}
	return text
}

func (n *callAgain) afterFailure(e *toolError) {
	switch {
	case unansweredBy(e.Type) && n.restarts(enums.WORKFLOW_EXECUTION_STATUS_FAILED):
		e.advice = "The same call again starts the work anew, which asks again: make it only if the user wants that."
	case e.Retryable && n.restarts(enums.WORKFLOW_EXECUTION_STATUS_FAILED):
		e.advice = "This can be temporary: the same call may succeed later."
	case e.Retryable:
		e.Retryable = false
		e.advice = "The same call again returns this same failure: it does not start the work anew. Tell the user."
	default:
		e.advice = "The same call again will fail in the same way: change the arguments if they are at fault, or tell the user."
	}
}

// askAgain is the [nextStep] of a [ResultTool].
type askAgain struct{ *base }

func (n askAgain) goOn(running) string {
	return fmt.Sprintf("Call %s again with the same arguments to go on waiting.", n.name)
}

func (n askAgain) afterFailure(e *toolError) {
	// Asking again changes nothing: the work has ended.
	hint := "The work has ended: asking again gives the same answer."
	if e.Retryable {
		hint += " Starting it anew may help."
	}
	e.Retryable = false
	e.advice = hint
}

// invitation tells how to get the result of a workflow through the tool.
func (t *resultTool) invitation(workflowID string) string {
	return fmt.Sprintf("To wait for its result, call %s with %s.", t.name, t.address.naming(workflowID))
}
