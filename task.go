package durablemcp

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/handle"
)

// A task is a workflow execution as a client of the tasks extension refers to
// it.
type task struct {
	*waiter // of the tool that the task is a call of
	c       *execution.Client
	id      string
	handle  handle.Handle
	runID   string // the latest run when it was looked up for a stream
}

// parse reads a task ID. The task is nil if the ID is that of another
// registry's tool, or of none.
func (s *taskServer) parse(raw json.RawMessage) (*task, error) {
	var id string
	if err := json.Unmarshal(raw, &id); err != nil || len(raw) > 2*handle.MaxLength {
		return nil, rpcError(jsonrpc.CodeInvalidParams, "params.taskId: want a string, the ID that the server returned with the task.", nil)
	}
	h, err := handle.Parse(id)
	if err != nil {
		return nil, unknownTask()
	}
	// A handle of a round is the state of a call that is no task.
	if tool := s.tools[h.Tool]; tool != nil && tool.tasks != TaskForbidden && h.Round == "" {
		return &task{waiter: tool, c: s.c, id: id, handle: h}, nil
	}
	return nil, nil
}

// find looks the task's workflow up, if the caller may touch it. What is not
// there, expired or somebody else's is one error, after the same one request.
func (t *task) find(ctx context.Context, req mcp.Request) (*execution.Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, execution.RequestTimeout)
	defer cancel()
	caller, err := t.caller(ctx, req)
	if err != nil {
		return nil, unknownCaller(err)
	}
	seen, err := t.resolve(ctx, t.c, t.handle, caller)
	switch {
	case err != nil:
		return nil, t.unreachable(ctx, err)
	case seen == nil:
		return nil, unknownTask()
	}
	return seen, nil
}

// resolve returns the execution that a handle refers to, nil if there is none
// that the caller may touch through the tool.
func (w *waiter) resolve(ctx context.Context, c *execution.Client, h handle.Handle, caller Caller) (*execution.Snapshot, error) {
	return c.Chain(ctx, h.WorkflowID, h.FirstRunID, func(seen *execution.Snapshot) bool {
		record := seen.Memo.Record
		return h.Tool == w.name && h.By(record.Salt, w.opts.Secret) && seen.WorkflowType() == w.workflowType &&
			w.mayTouch(ctx, w.allow, caller, Owner{record.Owner})
	})
}

// unreachable is the error of a request that Temporal did not answer.
func (t *task) unreachable(ctx context.Context, err error) error {
	t.log(ctx, "a task request failed", "workflow_id", t.handle.WorkflowID, "error", err)
	e, advice := serviceFailure(err), "The task is not lost: ask again later."
	if execution.KindOf(err) == execution.TooOld {
		advice = e.advice
	}
	return rpcError(jsonrpc.CodeInternalError, e.Message+" "+advice, nil)
}

// cancel asks Temporal to cancel the task's workflow. That it has ended already
// is no error: the answer says no more than that the request has arrived.
func (t *task) cancel(ctx context.Context, req mcp.Request, seen *execution.Snapshot) error {
	ctx, cancel := context.WithTimeout(ctx, execution.RequestTimeout)
	defer cancel()
	if !t.owns(ctx, req, seen) {
		return rpcError(jsonrpc.CodeInvalidParams, "The task's work was started by somebody else, who alone can cancel it in this way.", nil)
	}
	if seen.Closed() {
		return nil
	}
	if err := t.c.Cancel(ctx, seen.Execution(), ""); err != nil && !execution.IsNotFound(err) {
		return t.unreachable(ctx, err)
	}
	return nil
}

// update passes answers on to the workflow. Those to questions that are not open
// are ignored. A wrong one is acknowledged, and the question asked anew: some clients
// take any error for the end of the task.
func (t *task) update(ctx context.Context, req *taskRequest, seen *execution.Snapshot) error {
	raw := req.Params.InputResponses
	var responses map[string]json.RawMessage
	if err := json.Unmarshal(raw, &responses); err != nil || responses == nil {
		return rpcError(jsonrpc.CodeInvalidParams, "params.inputResponses: want an object of answers by the keys of inputRequests.", nil)
	}
	if seen.Closed() {
		return nil // it asks nothing
	}
	refused := make(map[string]string)
	for _, q := range t.mayAnswer(ctx, req, seen) {
		response, answered := responses[q.TaskKey()]
		if !answered {
			continue
		}
		a, err := t.readAnswer(q.Key, response)
		if err == nil {
			a.By = t.answering(ctx, req)
			err = t.c.Answer(ctx, seen.Execution(), a)
		}
		var refusal *execution.RefusedAnswerError
		switch {
		case errors.As(err, &refusal):
			if err := t.c.Refuse(ctx, seen.Execution(), q, refusal.Where); err != nil {
				t.log(ctx, "a task's question is not asked again", "workflow_id", t.handle.WorkflowID, "error", err)
				refused[q.TaskKey()] = refusal.Reason
			}
		case err != nil:
			t.log(ctx, "passing an answer on failed", "workflow_id", t.handle.WorkflowID, "error", err)
			if execution.IsPermanent(err) {
				return rpcError(jsonrpc.CodeInternalError, "The workflow cannot take the answer, for a reason that the server's log explains.", nil)
			}
			return rpcError(jsonrpc.CodeInternalError, "The workflow has not taken the answer in time, and may take it still. Send it again.", nil)
		}
	}
	if len(refused) > 0 {
		var reasons []string
		for _, key := range sortedKeys(refused) {
			reasons = append(reasons, "inputResponses."+key+": "+refused[key])
		}
		return rpcError(jsonrpc.CodeInvalidParams, strings.Join(reasons, "\n"), map[string]any{"refused": refused})
	}
	return nil
}

// newTask makes a task of an execution, as the call that has started it or
// joined it returns it.
func (w *waiter) newTask(ctx context.Context, c *execution.Client, req *mcp.CallToolRequest, e *execution.Execution) (*createdTask, error) {
	id, err := handle.Handle{Tool: w.name, WorkflowID: e.ID, FirstRunID: e.FirstRunID}.Text(e.Record.Salt, w.opts.Secret)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, execution.LookTimeout)
	defer cancel()
	created := &createdTask{ResultType: "task", taskState: taskState{
		TaskID: id, Status: taskWorking, CreatedAt: wireTime(e.Created), LastUpdatedAt: wireTime(e.Created), PollIntervalMs: pollInterval(time.Since(e.Created)),
	}}
	seen, err := c.Describe(ctx, e.ID, "")
	if err != nil || seen.Info().GetFirstRunId() != e.FirstRunID {
		// It is there all the same: Temporal has said so.
		w.log(ctx, "describing a workflow failed", "workflow_id", e.ID, "error", err)
		return created, nil
	}
	created.taskState = stateOf(seen.WithQuestions(w.mayAnswer(ctx, req, seen)), id)
	if created.Status == taskInputRequired {
		created.Status = taskWorking // tasks/get says what is asked of whom
	}
	if seen.Closed() {
		return nil, nil
	}
	return created, nil
}

// get answers with the state of the task.
func (t *task) get(ctx context.Context, req mcp.Request, seen *execution.Snapshot, client peer) (*detailedTask, error) {
	theirs := t.mayAnswer(ctx, req, seen)
	seen = seen.WithQuestions(theirs)
	detailed := &detailedTask{ResultType: "complete", taskState: stateOf(seen, t.id)}
	if seen.Closed() {
		return detailed, t.end(ctx, seen, detailed)
	}
	if open := client.askable(theirs); len(open) > 0 {
		detailed.InputRequests = taskRequests(open)
		return detailed, nil
	}
	detailed.Status = taskWorking // nothing that this client could answer
	if len(theirs) > 0 {
		detailed.StatusMessage += fmt.Sprintf(" (key %s). ", theirs[0].Key) +
			cmp.Or(t.answersWith(t.handle.WorkflowID), "This client cannot ask: the answer has to come through another one.")
	}
	return detailed, nil
}

// end adds how the task's workflow has ended.
func (t *task) end(ctx context.Context, seen *execution.Snapshot, detailed *detailedTask) error {
	retention, err := t.c.Retention(ctx)
	if err == nil {
		detailed.TTLMs = new((seen.Info().GetCloseTime().AsTime().Add(-seen.Ahead).Sub(seen.Created()) + retention).Milliseconds())
	}
	if detailed.Status == taskCancelled {
		return nil
	}
	result, err := t.await(ctx, t.c, seen.Execution(), time.Now().Add(execution.RequestTimeout))
	var (
		protocol *jsonrpc.Error
		unread   *toolError
	)
	switch {
	case errors.As(err, &unread):
		return rpcError(jsonrpc.CodeInternalError, unread.Message, nil)
	case errors.As(err, &protocol):
		detailed.Status, detailed.StatusMessage, detailed.Error = taskFailed, protocol.Message, protocol
		return nil
	case err != nil:
		return t.unreachable(ctx, err)
	case result == nil:
		return t.unreachable(ctx, cmp.Or(ctx.Err(), errors.New("the result was not read in time")))
	}
	detailed.Status = taskCompleted
	detailed.Result, err = completeResult(t.withMeta(result, seen.Execution()))
	return err
}

// completeResult is a tool's result in the form that the call itself would have
// had, of which the SDK keeps a part to itself.
func completeResult(result *mcp.CallToolResult) (json.RawMessage, error) {
	data, err := json.Marshal(result)
	if err != nil {
		return nil, err
	}
	return append([]byte(`{"resultType":"complete",`), data[1:]...), nil
}
