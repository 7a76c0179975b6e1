package call

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/idtemplate"
	"github.com/durablemcp/durablemcp/internal/memo"
)

// Repeat is the [NextStep] of a tool that starts workflows.
type Repeat struct {
	*Starter
	*Siblings
}

// GoOn is as in [NextStep].
func (n *Repeat) GoOn(seen Running) string {
	if result := n.ResultFor(n.WorkflowType, n.Template); result != nil {
		return result.invitation(seen.WorkflowID)
	}
	if !n.Repeatable() {
		return fmt.Sprintf("Do not call %s again for it: that would start the work a second time. Tell the user that it goes on as workflow %q.",
			n.Name, seen.WorkflowID)
	}
	return fmt.Sprintf("To wait for it, call %s again with the same arguments: that joins this work.", n.Name) + n.ifEnded()
}

// ifEnded says what the same call again does if the work has ended by then.
func (n *Repeat) ifEnded() string {
	switch {
	case !n.Restarts(enums.WORKFLOW_EXECUTION_STATUS_FAILED, ForEver):
		return " If it has ended by then, the call returns how."
	case !n.Restarts(enums.WORKFLOW_EXECUTION_STATUS_COMPLETED, ForEver):
		return " If it has completed by then, the call returns its result; if it ended in another way, the call starts it anew."
	case n.Window > 0:
		return fmt.Sprintf(" If it has completed by then, the call returns its result for %s; later, or if it ended in another way, the call starts it anew.",
			execution.Round(n.Window))
	}
	return " If it has ended by then, the call starts it anew."
}

// ForEver is longer after its end than a repeat window can be.
const ForEver = time.Duration(math.MaxInt64)

// AfterUnknownOutcome says what a model is to do that does not know whether its
// call has started the work, and whether the same call can be made again.
func (s *Starter) AfterUnknownOutcome() (retryable bool, advice string) {
	switch {
	case s.ReadOnly:
		return true, "It is safe to make the same call again: the tool changes nothing."
	case !s.Repeatable():
		return false, "The same call again could do the work a second time. Tell the user, who can look the workflow up in Temporal."
	case !s.Restarts(enums.WORKFLOW_EXECUTION_STATUS_FAILED, ForEver):
		return true, "It is safe to make the same call again: if the workflow was started, the call joins it, or returns how it ended."
	case !s.Restarts(enums.WORKFLOW_EXECUTION_STATUS_COMPLETED, ForEver):
		return true, "It is safe to make the same call again: if the workflow was started, the call joins it, or returns its result; it starts anew only what did not complete."
	case s.Window > 0:
		return true, fmt.Sprintf("It is safe to make the same call again now: if the workflow was started, the call joins it, or returns its result for %s after it has completed. "+
			"Later, the same call could do the work a second time.", execution.Round(s.Window))
	}
	return false, "The same call again joins the workflow only while it is running: if it has completed, the work is done a second time. Tell the user, who can look the workflow up in Temporal."
}

// AfterFailure is as in [NextStep].
func (n *Repeat) AfterFailure(e *ToolError) {
	restarts := n.Restarts(enums.WORKFLOW_EXECUTION_STATUS_FAILED, 0)
	switch {
	case e.onPurpose && restarts:
		e.Advice = "The work was ended on purpose. The same call again starts it anew: make it only if the user wants that."
	case e.onPurpose:
		e.Advice = "The work was ended on purpose, and the same call again returns this same answer. Tell the user."
	case e.Type == execution.TypeTerminated:
		e.Advice = "The same call again would probably end in the same way. Tell the user."
	case memo.IsUnanswered(e.Type) && restarts:
		e.Advice = "The same call again starts the work anew, which asks again: make it only if the user wants that."
	case e.Retryable && restarts:
		e.Advice = "This can be temporary: the same call may succeed later."
	case e.Retryable:
		e.Retryable = false
		e.Advice = "The same call again returns this same failure: it does not start the work anew. Tell the user."
	default:
		e.Advice = "The same call again will fail in the same way: change the arguments if they are at fault, or tell the user."
	}
}

// AwaitAgain is the [NextStep] of a durablemcp.ResultTool.
type AwaitAgain struct{ *Tool }

// GoOn is as in [NextStep].
func (n AwaitAgain) GoOn(Running) string {
	return fmt.Sprintf("Call %s again with the same arguments to go on waiting.", n.Name)
}

// AfterFailure is as in [NextStep].
func (n AwaitAgain) AfterFailure(e *ToolError) {
	// Asking again changes nothing: the work has ended.
	hint := "The work has ended: asking again gives the same answer."
	switch {
	case e.onPurpose:
		hint += " It was ended on purpose: start it anew only if the user wants that."
	case e.Retryable:
		hint += " Starting it anew may help."
	}
	e.Retryable = false
	e.Advice = hint
}

// Siblings are the tools of a registry that answers of its other tools name, by workflow type.
// They are complete once all tools are declared.
type Siblings struct {
	Results map[string][]*Result // wait for the workflow's result
	Answers map[string][]*Update // answer what the workflow asks
}

// ResultFor returns the first of the tools that finds the execution of a workflow type which a
// call found by the template, nil if none does.
func (s *Siblings) ResultFor(workflowType string, by *idtemplate.Template) *Result {
	for _, tool := range s.Results[workflowType] {
		if tool.Address.finds(by) {
			return tool
		}
	}
	return nil
}

// invitation tells how to get the result of a workflow through the tool.
func (t *Result) invitation(workflowID string) string {
	return fmt.Sprintf("To wait for its result, call %s with %s.", t.Name, t.Address.naming(workflowID))
}

func (t *Cancel) failure(ctx context.Context, e *execution.Execution, err error) *ToolError {
	t.log(ctx, "ending a workflow failed", "workflow_id", e.ID, "error", err)
	failure := ServiceFailure(err)
	if failure.Type == TypeUnknownOutcome {
		failure.Advice = "It is safe to make the same call again."
	}
	return failure
}

// AnswersWith says which of the registry's tools answers what the workflow
// asks, "" if none finds it.
func (w *Waiter) AnswersWith(workflowID string) string {
	for _, tool := range w.Siblings.Answers[w.WorkflowType] {
		if tool.Address.finds(w.Template) {
			return fmt.Sprintf("Ask the user, then call %s with %s, the question's key, the action and the content.", tool.Name, tool.Address.naming(workflowID))
		}
	}
	return ""
}

// askThroughModel answers a call whose client cannot put the questions to a person:
// with what is asked, and who can answer.
func (w *Waiter) askThroughModel(seen Running) *mcp.CallToolResult {
	lines := []string{w.Name + " waits for a person's answer, and this client cannot ask for it."}
	for _, q := range seen.Questions {
		line := fmt.Sprintf("- %q (key %s)", cmp.Or(q.Message, q.Title), q.Key) // quoted: it can hold what others wrote
		if q.URL != "" {
			line += ": " + q.URL
		}
		if len(q.Schema) > 0 {
			line += ": an answer has the schema " + string(q.Schema)
		}
		lines = append(lines, line)
	}
	seen.Next = cmp.Or(w.AnswersWith(seen.WorkflowID),
		"Tell the user, who has to answer through another client, or through a tool that decides it.") + " The work goes on after that. " + w.Next.GoOn(seen)
	return structured(MustMarshal(map[string]Running{"running": seen}), strings.Join(lines, "\n")+"\n"+seen.Next)
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

// unchecked completes the text of a failed request after an update that has its answer.
func (u *sentUpdate) unchecked(e *ToolError) *ToolError {
	e.Message += " The workflow has taken the update of this ID, but whether it was sent with these arguments could not be looked up."
	e.Advice = waitAndRepeat
	return e
}

// failure says why an update that was sent has no result.
func (u *sentUpdate) failure(ctx context.Context, err error) *ToolError {
	if failure, ok := errors.AsType[*ToolError](err); ok {
		return failure
	}
	var timeout *client.WorkflowUpdateServiceTimeoutOrCanceledError
	switch {
	case execution.IsWorkflowError(err):
		return u.failureOfWorkflow(ctx, err)
	case errors.As(err, &timeout), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &ToolError{
			Type: TypeUnknownOutcome,
			Message: fmt.Sprintf("The workflow %q has not answered within %s. It may still act on this.", u.e.ID, time.Since(u.began).Round(100*time.Millisecond)) +
				u.reason(ctx),
			Advice: "Look at the workflow's state before you call again: " + u.repetition(),
		}
	}
	u.log(ctx, "updating a workflow failed", "workflow_id", u.e.ID, "error", err)
	failure := ServiceFailure(err)
	if failure.Type != TypeUnknownOutcome {
		return NothingDone(failure)
	}
	failure.Retryable = false
	failure.Message += " It is not known whether the workflow acts on this."
	failure.Advice = "Look at the workflow's state before you call again: " + u.repetition()
	return failure
}

// typeCutOff is the type of the failure of an update that the workflow had accepted, but
// not answered, when its run ended (Temporal server v1.32.1, package
// service/history/workflow/update).
const typeCutOff = "AcceptedUpdateCompletedWorkflow"

// failureOfWorkflow says why the workflow's code, or its end, has failed an update. Only what
// its validator has rejected is a refusal.
func (u *sentUpdate) failureOfWorkflow(ctx context.Context, err error) *ToolError {
	if cut, ok := errors.AsType[*temporal.ApplicationError](err); ok && cut.Type() == typeCutOff {
		return &ToolError{
			Type:    TypeUnknownOutcome,
			Message: fmt.Sprintf("The workflow %q had taken this, and ended or continued as new before it answered. It may have acted on it.", u.e.ID),
			Advice:  "Look at the workflow's state before you call again: the same call again could act a second time.",
		}
	}
	failure := WorkflowFailure(err)
	if u.rejected(ctx) {
		failure.Message = fmt.Sprintf("%s was refused: %s", u.Name, failure.Message)
		failure.Advice = "The workflow did not take it in its present state. Look at that state before you call again."
		switch failure.Type {
		case memo.TypeInvalidAnswer:
			failure.Advice = "Correct the answer and call again, or ask the user again."
		case memo.TypeStaysOpen:
			failure.Advice = "Nothing was recorded. Tell the user that somebody has to accept, here or through another client."
		}
		return failure
	}
	failure.Retryable = false
	failure.Message = fmt.Sprintf("%s failed after the workflow had taken it: %s", u.Name, failure.Message)
	failure.Advice = "The workflow may have acted on it before it failed. Look at its state before you call again: "
	if u.repeatable() {
		failure.Advice += "the same call again gets the same answer, and does nothing."
	} else {
		failure.Advice += u.repetition()
	}
	return failure
}

// failure says whether a signal may have been sent after all.
func (t *Signal) failure(ctx context.Context, id string, err error) *ToolError {
	t.log(ctx, "signalling a workflow failed", "workflow_id", id, "error", err)
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

func (t *Update) repetition() string {
	if t.repeatable() {
		return "the same call again acts once only, as long as the workflow does not continue as new in between."
	}
	return "the same call again could act a second time."
}
