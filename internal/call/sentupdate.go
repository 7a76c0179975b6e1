package call

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/update/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/durablemcp/durablemcp/internal/advice"
	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/idtemplate"
	"github.com/durablemcp/durablemcp/internal/memo"
	"github.com/durablemcp/durablemcp/internal/redact"
)

// A sentUpdate is the update of one call of a durablemcp.UpdateTool.
type sentUpdate struct {
	*Update
	*messageInput
	c        *Call
	updateID string
	e        *execution.Execution // that it was sent to; nil as long as nothing was sent
	began    time.Time            // when the wait for its answer began
}

// A waitFunc makes the context in which a call waits for the workflow's answer.
type waitFunc func(ctx context.Context) (context.Context, context.CancelFunc)

// options are those of the update. It waits for its acceptance first: what fails
// after that is not a refusal.
func (u *sentUpdate) options(runID string) client.UpdateWorkflowOptions {
	return client.UpdateWorkflowOptions{
		WorkflowID: u.key.ID, RunID: runID, UpdateID: u.updateID, UpdateName: u.UpdateName, Args: u.from(u.caller),
		WaitForStage: client.WorkflowUpdateStageAccepted,
	}
}

// deliver updates the execution that the call names.
func (u *sentUpdate) deliver(ctx context.Context, wait waitFunc) (answer execution.UpdateResult, err error) {
	u.e, err = u.act(ctx, u.c, u.messageInput, func(request context.Context, e *execution.Execution) error {
		if u.UpdateName == memo.AnswerUpdate && !e.Closed() {
			if err := u.checkAnswer(request, u.c, e, u.messageInput); err != nil {
				return err
			}
		}
		answer, err = u.deliverTo(ctx, wait, e)
		return err
	})
	return answer, err
}

// deliverTo updates a run. Of a closed run, it returns the answer that an update of
// the same ID got.
func (u *sentUpdate) deliverTo(ctx context.Context, wait waitFunc, e *execution.Execution) (answer execution.UpdateResult, err error) {
	if e.Closed() && !u.repeatable() {
		return answer, u.ended(e)
	}
	waiting, stop := wait(ctx)
	defer stop()
	if e.Closed() {
		handle := u.c.GetWorkflowUpdateHandle(client.GetWorkflowUpdateHandleOptions{WorkflowID: e.ID, RunID: e.RunID, UpdateID: u.updateID})
		if answer, err = execution.AwaitUpdate(ctx, waiting, handle); execution.IsNotFound(err) {
			return answer, u.ended(e)
		}
		return answer, err
	}
	var handle client.WorkflowUpdateHandle
	if err = execution.Send(waiting, func(ctx context.Context) error {
		handle, err = u.c.UpdateWorkflow(ctx, u.options(e.RunID))
		return err
	}); err != nil {
		return answer, err
	}
	return execution.AwaitUpdate(ctx, waiting, handle)
}

// startAndDeliver starts the workflow with the update, or updates the run that has
// its ID.
//
// Temporal decides which: the request fails if a workflow of the ID runs, so that of
// two concurrent first calls one is the start, and the other one is compared with it.
func (u *sentUpdate) startAndDeliver(ctx context.Context, wait waitFunc) (answer execution.UpdateResult, err error) {
	start, rec := u.Start.optionsFor(u.key.ID, u.startInput, u.caller)
	start.WorkflowIDConflictPolicy = enums.WORKFLOW_ID_CONFLICT_POLICY_FAIL
	start.EnableEagerStart = false // not taken together with an update
	for range maxStarts {
		u.e = &execution.Execution{ID: u.key.ID, Queue: start.TaskQueue, Created: rec.Created}
		answer, err = u.startWith(ctx, wait, start)
		taken, isTaken := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err)
		if !isTaken {
			if u.repeatable() && (err == nil || execution.IsWorkflowError(err)) {
				if other := u.checkStart(ctx); other != nil {
					return answer, other
				}
			}
			return answer, err
		}
		u.e = nil
		e, err := u.Start.holder(ctx, u.c, u.messageInput, taken.RunId)
		if err != nil {
			return answer, err
		}
		if e == nil {
			continue
		}
		if answer, err = u.deliverTo(ctx, wait, e); !execution.IsNotFound(err) {
			u.e = e
			return answer, err
		}
	}
	return answer, advice.KeepsChanging(u.key.ID, u.Start.Template.Arguments())
}

// startWith makes the request that starts the workflow and updates it.
func (u *sentUpdate) startWith(ctx context.Context, wait waitFunc, start client.StartWorkflowOptions) (answer execution.UpdateResult, err error) {
	waiting, stop := wait(ctx)
	defer stop()
	var handle client.WorkflowUpdateHandle
	if err = execution.Send(waiting, func(ctx context.Context) error {
		handle, err = u.c.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
			StartWorkflowOperation: u.c.NewWithStartWorkflowOperation(start, u.WorkflowType, u.startInput.from(u.caller)...),
			UpdateOptions:          u.options(""),
		})
		return err
	}); err != nil {
		return answer, err
	}
	u.e.RunID = handle.RunID()
	return execution.AwaitUpdate(ctx, waiting, handle)
}

// checkStart checks that the run which has answered is the one that the call means:
// Temporal hands out the answer of an update whose ID is known already, whatever the
// start says.
func (u *sentUpdate) checkStart(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, execution.RequestTimeout)
	defer cancel()
	seen, err := u.c.Describe(ctx, u.e.ID, u.e.RunID)
	if err != nil {
		u.log(ctx, "describing a workflow failed", "workflow_id", u.e.ID, "error", err)
		return advice.UpdateUnchecked(err)
	}
	_, err = u.Start.checkSameWork(ctx, seen, u.startInput, u.caller)
	return err
}

// rejected reports whether an update that has failed was rejected by the workflow's
// validator. Of those, Temporal keeps nothing; the failure itself does not tell.
func (u *sentUpdate) rejected(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), execution.LookTimeout)
	defer cancel()
	handle := u.c.GetWorkflowUpdateHandle(client.GetWorkflowUpdateHandleOptions{WorkflowID: u.e.ID, RunID: u.e.RunID, UpdateID: u.updateID})
	err := handle.Get(ctx, nil)
	if err != nil && !execution.IsNotFound(err) && !execution.IsWorkflowError(err) {
		u.log(ctx, "looking for an update failed", "workflow_id", u.e.ID, "error", err)
	}
	return execution.IsNotFound(err)
}

// reason says what keeps a workflow from answering, if Temporal knows.
func (u *sentUpdate) reason(ctx context.Context) string {
	if problem := u.c.WithoutWorker(ctx, u.e); problem != "" {
		return " The reason: " + problem + "."
	}
	return ""
}

// checkArguments checks that the update which has an answer, or an error of the
// workflow's, was sent with the arguments of this call: Temporal goes by the ID alone.
func (u *sentUpdate) checkArguments(ctx context.Context) *advice.ToolError {
	if !u.repeatable() || u.UpdateIDs.Uses(idtemplate.Input) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, execution.RequestTimeout)
	defer cancel()
	accepted, err := u.c.AcceptedUpdate(ctx, u.e, u.updateID)
	if err != nil {
		u.log(ctx, "reading a workflow's history failed", "workflow_id", u.e.ID, "error", err)
		return advice.UpdateUnchecked(err)
	}
	if accepted == nil { // rejected, which leaves no trace
		return nil
	}
	switch same, err := u.sameArguments(ctx, accepted); {
	case err != nil:
		u.log(ctx, "reading an update's arguments failed", "workflow_id", u.e.ID, "error", err)
		return advice.UpdateUnchecked(err)
	case same:
		return nil
	}
	return &advice.ToolError{
		Type: advice.TypeConflict,
		Message: fmt.Sprintf("The workflow %q has taken an update of this ID (%s) before, with other arguments or from another caller. Nothing was done.",
			u.e.ID, redact.Cut(u.updateID, maxSummary)),
		Advice: "Call again with the arguments of then to get its answer. If those of now are meant, look at the workflow's state, and tell the user.",
	}
}

// sameArguments reports whether an update was sent with the arguments of this call,
// as their Go types have them.
func (u *sentUpdate) sameArguments(ctx context.Context, sent *update.Request) (bool, error) {
	payloads := sent.GetInput().GetArgs().GetPayloads()
	if len(payloads) != len(u.args) {
		return false, nil
	}
	now := u.senders.change(u.from(u.caller), withoutClaims)
	then := make([]any, len(payloads))
	for i, payload := range payloads {
		value := reflect.New(reflect.TypeOf(now[i]))
		if err := u.c.Decode(ctx, u.e, payload, value.Interface()); err != nil {
			return false, err
		}
		then[i] = value.Elem().Interface()
	}
	then = u.senders.change(then, withoutClaims)
	for i := range then {
		a, err := json.Marshal(then[i])
		if err != nil {
			return false, err
		}
		b, err := json.Marshal(now[i])
		if err != nil || !bytes.Equal(a, b) {
			return false, err
		}
	}
	return true, nil
}

// failure says why an update that was sent has no result.
func (u *sentUpdate) failure(ctx context.Context, err error) *advice.ToolError {
	if failure, ok := errors.AsType[*advice.ToolError](err); ok {
		return failure
	}
	var timeout *client.WorkflowUpdateServiceTimeoutOrCanceledError
	switch {
	case execution.IsWorkflowError(err):
		return u.failureOfWorkflow(ctx, err)
	case errors.As(err, &timeout), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return advice.UpdateUnanswered(u.e.ID, time.Since(u.began).Round(100*time.Millisecond), u.reason(ctx), u.repeatable())
	}
	u.log(ctx, "updating a workflow failed", "workflow_id", u.e.ID, "error", err)
	return advice.UpdateFailure(err, u.repeatable())
}

// typeCutOff is the type of the failure of an update that the workflow had accepted, but
// not answered, when its run ended (Temporal server v1.32.1, package
// service/history/workflow/update).
const typeCutOff = "AcceptedUpdateCompletedWorkflow"

// failureOfWorkflow says why the workflow's code, or its end, has failed an update. Only what
// its validator has rejected is a refusal.
func (u *sentUpdate) failureOfWorkflow(ctx context.Context, err error) *advice.ToolError {
	if cut, ok := errors.AsType[*temporal.ApplicationError](err); ok && cut.Type() == typeCutOff {
		return advice.UpdateCutOff(u.e.ID)
	}
	if u.rejected(ctx) {
		return advice.UpdateRejected(u.Name, err)
	}
	return advice.UpdateFailed(u.Name, err, u.repeatable())
}
