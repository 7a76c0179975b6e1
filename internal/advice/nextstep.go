package advice

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"

	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/memo"
)

// A Repeatability is what the same call of a tool that starts workflows does again.
type Repeatability struct {
	Harmless        bool          // doing the work twice does no harm
	SameWork        bool          // the call maps to the same workflow ID
	AfterFailure    bool          // it starts what failed again
	AfterCompletion bool          // it starts what completed again, after Window
	Window          time.Duration // see durablemcp.WorkflowTool.RepeatWindow
}

// GoOn says how to get at the result of a workflow that is still running.
func (r Repeatability) GoOn(tool, workflowID string) string {
	if !r.SameWork {
		return fmt.Sprintf("Do not call %s again for it: that would start the work a second time. Tell the user that it goes on as workflow %q.", tool, workflowID)
	}
	return fmt.Sprintf("To wait for it, call %s again with the same arguments: that joins this work.", tool) + r.ifEnded()
}

// ifEnded says what the same call again does if the work has ended by then.
func (r Repeatability) ifEnded() string {
	switch {
	case !r.AfterFailure:
		return " If it has ended by then, the call returns how."
	case !r.AfterCompletion:
		return " If it has completed by then, the call returns its result; if it ended in another way, the call starts it again."
	case r.Window > 0:
		return fmt.Sprintf(" If it has completed by then, the call returns its result for %s; later, or if it ended in another way, the call starts it again.",
			execution.Round(r.Window))
	}
	return " If it has ended by then, the call starts it again."
}

// AfterUnknownOutcome says what a model is to do that does not know whether its
// call has started the work, and whether the same call can be made again.
func (r Repeatability) AfterUnknownOutcome() (retryable bool, advice string) {
	switch {
	case r.Harmless:
		return true, "It is safe to make the same call again: the tool changes nothing."
	case !r.SameWork:
		return false, "The same call again could do the work a second time. Tell the user, who can look the workflow up in Temporal."
	case !r.AfterFailure:
		return true, "It is safe to make the same call again: if the workflow was started, the call joins it, or returns how it ended."
	case !r.AfterCompletion:
		return true, "It is safe to make the same call again: if the workflow was started, the call joins it, or returns its result; it starts again only what did not complete."
	case r.Window > 0:
		return true, fmt.Sprintf("It is safe to make the same call again now: if the workflow was started, the call joins it, or returns its result for %s after it has completed. "+
			"Later, the same call could do the work a second time.", execution.Round(r.Window))
	}
	return false, "The same call again joins the workflow only while it is running: if it has completed, the work is done a second time. Tell the user, who can look the workflow up in Temporal."
}

// Advise says whether the same call again can help, and sets e.Retryable accordingly.
func (r Repeatability) Advise(e *ToolError) {
	switch {
	case e.OnPurpose && r.AfterFailure:
		e.Advice = "The work was ended on purpose. Repeating the call starts it again: do so only if the user wants that."
	case e.OnPurpose:
		e.Advice = "The work was ended on purpose, and the same call again returns this same answer. Tell the user."
	case e.Type == execution.TypeTerminated:
		e.Advice = "The same call again would probably end in the same way. Tell the user."
	case memo.IsUnanswered(e.Type) && r.AfterFailure:
		e.Advice = "Repeating the call starts the work again, and it asks again: do so only if the user wants that."
	case e.Retryable && r.AfterFailure:
		e.Advice = "This can be temporary: the same call may succeed later."
	case e.Retryable:
		e.Retryable = false
		e.Advice = "Repeating the call returns this same failure: it does not start the work again. Tell the user."
	default:
		e.Advice = "The same call again will fail in the same way: change the arguments if they are at fault, or tell the user."
	}
}

// AwaitAgain is how a tool that waits for workflows goes on.
func AwaitAgain(tool string) string {
	return fmt.Sprintf("Call %s again with the same arguments to go on waiting.", tool)
}

// AfterAwaitedFailure says of a failed workflow what a tool that has waited for it can do.
func AfterAwaitedFailure(e *ToolError) {
	// Asking again changes nothing: the work has ended.
	hint := "The work has ended: asking again gives the same answer."
	switch {
	case e.OnPurpose:
		hint += " It was ended on purpose: start it again only if the user wants that."
	case e.Retryable:
		hint += " Starting it again may help."
	}
	e.Retryable = false
	e.Advice = hint
}

// CallResultTool tells how to get the result of a workflow, which the arguments name.
func CallResultTool(tool, arguments string) string {
	return fmt.Sprintf("To wait for its result, call %s with %s.", tool, arguments)
}

// CallAnswerTool tells how to answer what a workflow asks, which the arguments name.
func CallAnswerTool(tool, arguments string) string {
	return fmt.Sprintf("Ask the user, then call %s with %s, the question's key, the action and the content.", tool, arguments)
}

// AnswerThrough says how an answer can come that the client of a call cannot ask for.
func AnswerThrough(tool string) string {
	return cmp.Or(tool, "Tell the user, who has to answer through another client, or through a tool that decides it.") + " The work goes on after that. "
}

// QuestionsText says what a workflow asks, for a client that cannot put it to a person.
func QuestionsText(tool string, questions []OpenQuestion) string {
	lines := []string{tool + " waits for a person's answer, and this client cannot ask for it."}
	for _, q := range questions {
		line := fmt.Sprintf("- %q (key %s)", cmp.Or(q.Message, q.Title), q.Key) // quoted: it can hold what others wrote
		if q.URL != "" {
			line += ": " + q.URL
		}
		if len(q.Schema) > 0 {
			line += ": an answer has the schema " + string(q.Schema)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// RepetitionNote tells a model that its call was not carried out.
func RepetitionNote(r *execution.Repetition) string {
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

// CancelFailure says whether a cancellation may have arrived after all.
func CancelFailure(err error) *ToolError {
	failure := ServiceFailure(err)
	if failure.Type == TypeUnknownOutcome {
		failure.Advice = "It is safe to make the same call again."
	}
	return failure
}

// SignalFailure says whether a signal may have been sent after all.
func SignalFailure(err error) *ToolError {
	e := ServiceFailure(err)
	if e.Type != TypeUnknownOutcome {
		e.Message += " Nothing was sent."
		return e
	}
	e.Retryable = false
	e.Message += " It is not known whether the signal was sent."
	e.Advice = "Look at the workflow's state before you call again: the same call again could send it a second time."
	return e
}

const lookFirst = "Look at the workflow's state before you call again: "

// updatedAgain says what the same call of a tool that sends updates does again.
func updatedAgain(repeatable bool) string {
	if repeatable {
		return "the same call again acts once only, as long as the workflow does not continue as new in between."
	}
	return "the same call again could act a second time."
}

// UpdateUnchecked is the error of an update that has its answer, if whose it is could not be
// looked up.
func UpdateUnchecked(err error) *ToolError {
	e := ServiceFailure(err)
	e.Message += " The workflow has taken the update of this ID, but whether it was sent with these arguments could not be looked up."
	e.Advice = waitAndRepeat
	return e
}

// UpdateUnanswered is the error of an update that was sent, and has no answer in time.
func UpdateUnanswered(id string, waited time.Duration, reason string, repeatable bool) *ToolError {
	return &ToolError{
		Type:    TypeUnknownOutcome,
		Message: fmt.Sprintf("The workflow %q has not answered within %s. It may still act on this.", id, waited) + reason,
		Advice:  lookFirst + updatedAgain(repeatable),
	}
}

// UpdateFailure says whether an update may have been sent after all.
func UpdateFailure(err error, repeatable bool) *ToolError {
	failure := ServiceFailure(err)
	if failure.Type != TypeUnknownOutcome {
		return NothingDone(failure)
	}
	failure.Retryable = false
	failure.Message += " It is not known whether the workflow acts on this."
	failure.Advice = lookFirst + updatedAgain(repeatable)
	return failure
}

// UpdateCutOff is the error of an update that the workflow had accepted, but not answered, when
// its run ended.
func UpdateCutOff(id string) *ToolError {
	return &ToolError{
		Type:    TypeUnknownOutcome,
		Message: fmt.Sprintf("The workflow %q had taken this, and ended or continued as new before it answered. It may have acted on it.", id),
		Advice:  lookFirst + "the same call again could act a second time.",
	}
}

// UpdateRejected is the error of an update that the workflow's validator has rejected.
func UpdateRejected(tool string, err error) *ToolError {
	failure := WorkflowFailure(err)
	failure.Message = fmt.Sprintf("%s was refused: %s", tool, failure.Message)
	failure.Advice = "The workflow did not take it in its present state. Look at that state before you call again."
	switch failure.Type {
	case memo.TypeInvalidAnswer:
		failure.Advice = "Correct the answer and call again, or ask the user again."
	case memo.TypeStaysOpen:
		failure.Advice = "Nothing was recorded. Tell the user that a person has to accept, here or through another client."
	}
	return failure
}

// UpdateFailed is the error of an update that the workflow has accepted, and whose handler has
// failed.
func UpdateFailed(tool string, err error, repeatable bool) *ToolError {
	failure := WorkflowFailure(err)
	failure.Retryable = false
	failure.Message = fmt.Sprintf("%s failed after the workflow had taken it: %s", tool, failure.Message)
	failure.Advice = "The workflow may have acted on it before it failed. Look at its state before you call again: "
	if repeatable {
		failure.Advice += "the same call again gets the same answer, and does nothing."
	} else {
		failure.Advice += updatedAgain(repeatable)
	}
	return failure
}
