package durablemcp

import (
	"fmt"
	"math"
	"time"

	"go.temporal.io/api/enums/v1"

	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/idtemplate"
)

// callAgain is the [nextStep] of a tool that starts workflows.
type callAgain struct {
	*starter
	results map[string][]*resultTool // by workflow type
}

func (n *callAgain) goOn(seen running) string {
	if result := resultFor(n.results[n.workflowType], n.template); result != nil {
		return result.invitation(seen.WorkflowID)
	}
	if !n.repeatable() {
		return fmt.Sprintf("Do not call %s again for it: that would start the work a second time. Tell the user that it goes on as workflow %q.",
			n.name, seen.WorkflowID)
	}
	return fmt.Sprintf("To wait for it, call %s again with the same arguments: that joins this work.", n.name) + n.ifEnded()
}

// ifEnded says what the same call again does if the work has ended by then.
func (n *callAgain) ifEnded() string {
	switch {
	case !n.restarts(enums.WORKFLOW_EXECUTION_STATUS_FAILED, forEver):
		return " If it has ended by then, the call returns how."
	case !n.restarts(enums.WORKFLOW_EXECUTION_STATUS_COMPLETED, forEver):
		return " If it has completed by then, the call returns its result; if it ended in another way, the call starts it anew."
	case n.window > 0:
		return fmt.Sprintf(" If it has completed by then, the call returns its result for %s; later, or if it ended in another way, the call starts it anew.",
			execution.Round(n.window))
	}
	return " If it has ended by then, the call starts it anew."
}

// forEver is longer after its end than a repeat window can be.
const forEver = time.Duration(math.MaxInt64)

// afterUnknownOutcome says what a model is to do that does not know whether its
// call has started the work, and whether the same call can be made again.
func (s *starter) afterUnknownOutcome() (retryable bool, advice string) {
	switch {
	case s.readOnly:
		return true, "It is safe to make the same call again: the tool changes nothing."
	case !s.repeatable():
		return false, "The same call again could do the work a second time. Tell the user, who can look the workflow up in Temporal."
	case !s.restarts(enums.WORKFLOW_EXECUTION_STATUS_FAILED, forEver):
		return true, "It is safe to make the same call again: if the workflow was started, the call joins it, or returns how it ended."
	case !s.restarts(enums.WORKFLOW_EXECUTION_STATUS_COMPLETED, forEver):
		return true, "It is safe to make the same call again: if the workflow was started, the call joins it, or returns its result; it starts anew only what did not complete."
	case s.window > 0:
		return true, fmt.Sprintf("It is safe to make the same call again now: if the workflow was started, the call joins it, or returns its result for %s after it has completed. "+
			"Later, the same call could do the work a second time.", execution.Round(s.window))
	}
	return false, "The same call again joins the workflow only while it is running: if it has completed, the work is done a second time. Tell the user, who can look the workflow up in Temporal."
}

func (n *callAgain) afterFailure(e *toolError) {
	restarts := n.restarts(enums.WORKFLOW_EXECUTION_STATUS_FAILED, 0)
	switch {
	case e.onPurpose && restarts:
		e.advice = "The work was ended on purpose. The same call again starts it anew: make it only if the user wants that."
	case e.onPurpose:
		e.advice = "The work was ended on purpose, and the same call again returns this same answer. Tell the user."
	case e.Type == execution.TypeTerminated:
		e.advice = "The same call again would probably end in the same way. Tell the user."
	case unansweredBy(e.Type) && restarts:
		e.advice = "The same call again starts the work anew, which asks again: make it only if the user wants that."
	case e.Retryable && restarts:
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
	switch {
	case e.onPurpose:
		hint += " It was ended on purpose: start it anew only if the user wants that."
	case e.Retryable:
		hint += " Starting it anew may help."
	}
	e.Retryable = false
	e.advice = hint
}

// resultFor returns the first of the tools that finds the execution which a call
// found by the template, nil if none does.
func resultFor(tools []*resultTool, by *idtemplate.Template) *resultTool {
	for _, tool := range tools {
		if tool.address.finds(by) {
			return tool
		}
	}
	return nil
}

// invitation tells how to get the result of a workflow through the tool.
func (t *resultTool) invitation(workflowID string) string {
	return fmt.Sprintf("To wait for its result, call %s with %s.", t.name, t.address.naming(workflowID))
}
