package durablemcp

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/durablemcp/durablemcp/internal/memo"
	"github.com/durablemcp/durablemcp/internal/redact"
	"github.com/durablemcp/durablemcp/internal/schema"
)

// elicitParams is the question as MCP asks it, with what was wrong with the answer
// before, if there was one.
func elicitParams(q memo.Question, reason string) *mcp.ElicitParams {
	params := &mcp.ElicitParams{Mode: q.Mode, Message: q.Message, URL: q.URL}
	if q.Mode == memo.ModeForm {
		params.RequestedSchema = q.Schema
	}
	if reason != "" {
		params.Message += "\n\nThe answer before was not accepted: " + reason
	}
	return params
}

// inputRequests are questions as they stand in the results of calls, under their keys.
func inputRequests(questions []memo.Question, reasons map[string]string) mcp.InputRequestMap {
	requests := make(mcp.InputRequestMap, len(questions))
	for _, q := range questions {
		requests[q.Key] = elicitParams(q, reasons[q.Key])
	}
	return requests
}

// taskRequests are questions as they stand in a task.
func taskRequests(questions []memo.Question) mcp.InputRequestMap {
	requests := make(mcp.InputRequestMap, len(questions))
	for _, q := range questions {
		requests[q.TaskKey()] = elicitParams(q, q.Reason)
	}
	return requests
}

// readAnswer reads a client's response to a question, which can be as long as
// arguments. Its error is an [*answerError].
func (w *waiter) readAnswer(key string, response json.RawMessage) (memo.Answer, error) {
	a := memo.Answer{Key: key}
	if limit := w.opts.MaxArgumentBytes; len(response) > limit {
		return a, badAnswer(fmt.Sprintf("the answer is %d bytes, more than the %d that this server takes", len(response), limit))
	}
	var result struct {
		Action  string          `json:"action"`
		Content json.RawMessage `json:"content"`
	}
	if err := json.Unmarshal(response, &result); err != nil || result.Action == "" {
		return a, badAnswer(`want {"action": "accept", "content": …}, or the action "decline" or "cancel"`)
	}
	a.Action = result.Action
	if a.Action == memo.Accept && len(result.Content) > 0 {
		if err := json.Unmarshal(schema.Unquoted(result.Content), &a.Content); err != nil {
			return a, badAnswer("/content: want an object")
		}
	}
	return a, nil
}

// answerOfResult is a client's response, which the SDK has read already, as an
// answer.
func (w *waiter) answerOfResult(key string, result *mcp.ElicitResult) (memo.Answer, error) {
	for _, name := range sortedKeys(result.Content) {
		// The SDK has read numbers as float64: those of which it may have made
		// others are not taken.
		if n, ok := result.Content[name].(float64); ok && math.Abs(n) >= 1<<53 {
			return memo.Answer{}, badAnswer(fmt.Sprintf("/content/%s: numbers of 2^53 and more cannot be passed on exactly", name))
		}
	}
	return w.readAnswer(key, mustMarshal(result))
}

// An answerError says why a workflow refuses an answer: the person has to
// answer anew.
type answerError struct {
	reason string
	where  string // what the workflow may keep of the reason: nothing of the answer
}

func (e *answerError) Error() string { return e.reason }

// badAnswer is the error of what is no answer at all.
func badAnswer(reason string) *answerError { return &answerError{reason, reason} }

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

// answer passes an answer on to a workflow, and waits until the workflow has
// taken it. It is safe to repeat. The error is an [*answerError], nil if the
// question is not open any more, and anything else if it is not known whether
// the workflow has taken it, or will.
func (c *connection) answer(ctx context.Context, e *execution, a memo.Answer) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	update, err := c.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: e.id, FirstExecutionRunID: e.firstRunID, UpdateName: AnswerUpdate, UpdateID: a.Digest(), Args: []any{a},
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
			return &answerError{redact.Text(refusal.Message()), misfits(refusal)}
		case refusal.Type() == memo.TypeStaysOpen:
			return nil
		case refusal.Type() == memo.TypeNotAsked: // answered by somebody else, withdrawn, or about to be asked again after a replay
			return nil
		case strings.Contains(refusal.Message(), "unknown update "+AnswerUpdate): // in a run that asks nothing yet
			return nil
		}
	}
	return err
}

// refuse lets a workflow ask a task's question anew, if that one is still open. It is
// an error if too many answers were refused, or if the workflow runs an older version
// of the library.
func (c *connection) refuse(ctx context.Context, e *execution, q memo.Question, reason string) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	update, err := c.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: e.id, FirstExecutionRunID: e.firstRunID, UpdateName: memo.RefusalUpdate, UpdateID: "refusal-" + q.TaskKey(),
		Args: []any{memo.WrongAnswer{Key: q.Key, Refused: q.Refused, Reason: reason}}, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err == nil {
		err = update.Get(ctx, nil)
	}
	if refusal, ok := errors.AsType[*temporal.ApplicationError](err); isNotFound(err) || ok && refusal.Type() == memo.TypeNotAsked {
		return nil // the workflow has ended, or somebody else's answer came first
	}
	return err
}

// hopeless reports whether an answer that was not taken will not be taken by
// sending it again.
func hopeless(err error) bool {
	if isWorkflowError(err) || tooLarge(err) {
		return true
	}
	_, invalid := errors.AsType[*serviceerror.InvalidArgument](err)
	_, denied := errors.AsType[*serviceerror.PermissionDenied](err)
	_, precondition := errors.AsType[*serviceerror.FailedPrecondition](err)
	return invalid || denied || precondition
}

// answersWith says which of the registry's tools answers what the workflow
// asks, "" if none finds it.
func (w *waiter) answersWith(workflowID string) string {
	for _, tool := range w.answers[w.workflowType] {
		if tool.address.finds(w.template) {
			return fmt.Sprintf("Ask the user, then call %s with %s, the question's key, the action and the content.", tool.name, tool.address.naming(workflowID))
		}
	}
	return ""
}

// askModel answers a call whose client cannot put the questions to a person:
// with what is asked, and who can answer.
func (w *waiter) askModel(seen running) *mcp.CallToolResult {
	lines := []string{w.name + " waits for a person's answer, and this client cannot ask for it."}
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
	seen.Next = cmp.Or(w.answersWith(seen.WorkflowID),
		"Tell the user, who has to answer through another client, or through a tool that decides it.") + " The work goes on after that. " + w.next.goOn(seen)
	return structured(mustMarshal(map[string]running{"running": seen}), strings.Join(lines, "\n")+"\n"+seen.Next)
}
