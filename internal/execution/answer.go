package execution

import (
	"context"
	"errors"
	"strings"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/durablemcp/durablemcp/internal/memo"
	"github.com/durablemcp/durablemcp/internal/redact"
)

// A RefusedAnswerError says why a workflow refuses an answer: the person has to
// answer again.
type RefusedAnswerError struct {
	Reason string
	Where  string // what the workflow may keep of the reason: nothing of the answer
}

func (e *RefusedAnswerError) Error() string { return e.Reason }

// BadAnswer is the error of a malformed answer.
func BadAnswer(reason string) *RefusedAnswerError { return &RefusedAnswerError{reason, reason} }

// misfits says where an answer does not fit its question, without a word of the answer.
func misfits(refusal *temporal.ApplicationError) string {
	var violations []string
	if refusal.Details(&violations) != nil {
		return "it does not fit the question"
	}
	for i, violation := range violations {
		path, problem, _ := strings.Cut(violation, ": ")
		if !strings.HasPrefix(problem, "missing") {
			problem = "does not fit"
		}
		violations[i] = path + ": " + problem
	}
	return strings.Join(violations, "; ")
}

// Answer passes an answer on to a workflow, and waits until the workflow has
// taken it. It is safe to repeat. The error is an [*RefusedAnswerError], nil if the
// question is not open any more, and anything else if it is not known whether
// the workflow has taken it, or will.
func (c *Client) Answer(ctx context.Context, e *Execution, a memo.Answer) error {
	ctx, cancel := context.WithTimeout(ctx, RequestTimeout)
	defer cancel()
	update, err := c.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: e.ID, FirstExecutionRunID: e.FirstRunID, UpdateName: memo.AnswerUpdate, UpdateID: a.Digest(), Args: []any{a},
		WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err == nil {
		err = update.Get(ctx, nil)
	}
	if _, ended := errors.AsType[*serviceerror.NotFound](err); ended {
		return nil
	}
	if refusal, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		switch {
		case refusal.Type() == memo.TypeInvalidAnswer:
			return &RefusedAnswerError{redact.Text(refusal.Message()), misfits(refusal)}
		case refusal.Type() == memo.TypeStaysOpen:
			return nil
		case refusal.Type() == memo.TypeNotAsked: // answered by another caller, withdrawn, or about to be asked again after a replay
			return nil
		case strings.Contains(refusal.Message(), "unknown update "+memo.AnswerUpdate): // in a run that asks nothing yet
			return nil
		}
	}
	return err
}

// Refuse lets a workflow ask a task's question again, if that one is still open. It is
// an error if too many answers were refused, or if the workflow runs an older version
// of the library.
func (c *Client) Refuse(ctx context.Context, e *Execution, q memo.Question, reason string) error {
	ctx, cancel := context.WithTimeout(ctx, RequestTimeout)
	defer cancel()
	update, err := c.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: e.ID, FirstExecutionRunID: e.FirstRunID, UpdateName: memo.RefusalUpdate, UpdateID: "refusal-" + q.TaskKey(),
		Args: []any{memo.WrongAnswer{Key: q.Key, Refused: q.Refused, Reason: reason}}, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err == nil {
		err = update.Get(ctx, nil)
	}
	if refusal, ok := errors.AsType[*temporal.ApplicationError](err); IsNotFound(err) || ok && refusal.Type() == memo.TypeNotAsked {
		return nil // the workflow has ended, or another answer came first
	}
	return err
}

// IsPermanent reports whether an answer that was not taken will not be taken by
// sending it again.
func IsPermanent(err error) bool {
	if IsWorkflowError(err) || isTooLarge(err) {
		return true
	}
	_, invalid := errors.AsType[*serviceerror.InvalidArgument](err)
	_, denied := errors.AsType[*serviceerror.PermissionDenied](err)
	_, precondition := errors.AsType[*serviceerror.FailedPrecondition](err)
	return invalid || denied || precondition
}
