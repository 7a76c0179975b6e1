package task

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/memo"
	"github.com/durablemcp/durablemcp/internal/peer"
	"github.com/durablemcp/durablemcp/internal/rpc"
	"github.com/durablemcp/durablemcp/internal/token"
)

// taskRequests are questions as they stand in a task.
func taskRequests(questions []memo.Question) mcp.InputRequestMap {
	requests := make(mcp.InputRequestMap, len(questions))
	for _, q := range questions {
		requests[q.TaskKey()] = peer.ElicitParams(q, q.Reason)
	}
	return requests
}

// A task is a workflow execution as a client of the tasks extension refers to
// it.
type task struct {
	Tool // that the task is a call of
	*Server
	id    string
	token token.Token
	runID string // the latest run when it was looked up for a stream
}

// parse reads a task ID. The task is nil if the ID is that of another
// registry's tool, or of none.
func (s *Server) parse(raw json.RawMessage) (*task, error) {
	var id string
	if err := json.Unmarshal(raw, &id); err != nil || len(raw) > 2*token.MaxLength {
		return nil, rpc.Error(jsonrpc.CodeInvalidParams, "params.taskId: want a string, the ID that the server returned with the task.", nil)
	}
	h, err := token.Parse(id)
	if err != nil {
		return nil, Unknown()
	}
	// A token with a round is the state of a call, not a task.
	if tool := s.Tools[h.Tool]; tool != nil && h.Round == "" {
		return &task{Tool: tool, Server: s, id: id, token: h}, nil
	}
	return nil, nil //nolint:nilnil // see above
}

// find looks the task's workflow up, if the caller may touch it. What is not
// there, expired or another caller's is one error, after the same one request.
func (t *task) find(ctx context.Context, req mcp.Request) (*execution.Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, execution.RequestTimeout)
	defer cancel()
	return t.Find(ctx, t.c, req, t.token)
}

// unreachable is the error of a request that Temporal did not answer.
func (t *task) unreachable(ctx context.Context, err error) error {
	return t.Unreachable(ctx, t.token.WorkflowID, err)
}

// cancel asks Temporal to cancel the task's workflow. That it has ended already
// is no error: the answer says no more than that the request has arrived.
func (t *task) cancel(ctx context.Context, req mcp.Request, seen *execution.Snapshot) error {
	ctx, cancel := context.WithTimeout(ctx, execution.RequestTimeout)
	defer cancel()
	if !t.Owns(ctx, req, seen) {
		return rpc.Error(jsonrpc.CodeInvalidParams, "The task belongs to another caller, who alone can cancel it.", nil)
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
// are ignored. A wrong one is acknowledged, and the question asked again: some clients
// take any error for the end of the task.
func (t *task) update(ctx context.Context, req *Request, seen *execution.Snapshot) error {
	raw := req.Params.InputResponses
	var responses map[string]json.RawMessage
	if err := json.Unmarshal(raw, &responses); err != nil || responses == nil {
		return rpc.Error(jsonrpc.CodeInvalidParams, "params.inputResponses: want an object of answers by the keys of inputRequests.", nil)
	}
	if seen.Closed() {
		return nil // it asks nothing
	}
	refused := make(map[string]string)
	for _, q := range t.Questions(ctx, req, seen) {
		response, answered := responses[q.TaskKey()]
		if !answered {
			continue
		}
		err := t.Reply(ctx, t.c, req, seen, q, response)
		var refusal *execution.RefusedAnswerError
		switch {
		case errors.As(err, &refusal):
			if err := t.c.Refuse(ctx, seen.Execution(), q, refusal.Where); err != nil {
				t.c.Log(ctx, "a task's question is not asked again", "workflow_id", t.token.WorkflowID, "error", err)
				refused[q.TaskKey()] = refusal.Reason
			}
		case err != nil:
			t.c.Log(ctx, "passing an answer on failed", "workflow_id", t.token.WorkflowID, "error", err)
			if execution.IsPermanent(err) {
				return rpc.Error(jsonrpc.CodeInternalError, "The workflow cannot take the answer, for a reason that the server's log explains.", nil)
			}
			return rpc.Error(jsonrpc.CodeInternalError, "The workflow has not taken the answer in time, and may take it still. Send it again.", nil)
		}
	}
	if len(refused) > 0 {
		var reasons []string
		for _, key := range slices.Sorted(maps.Keys(refused)) {
			reasons = append(reasons, "inputResponses."+key+": "+refused[key])
		}
		return rpc.Error(jsonrpc.CodeInvalidParams, strings.Join(reasons, "\n"), map[string]any{"refused": refused})
	}
	return nil
}

// Create makes a task of an execution that a call has started or joined. Its caller may
// answer those of the workflow's questions that the function returns. It returns nil if the
// execution has ended.
func Create(ctx context.Context, c *execution.Client, id string, e *execution.Execution, questions func(*execution.Snapshot) []memo.Question) (*Created, error) {
	ctx, cancel := context.WithTimeout(ctx, execution.LookTimeout)
	defer cancel()
	created := &Created{ResultType: "task", State: State{
		TaskID: id, Status: taskWorking, CreatedAt: wireTime(e.Created), LastUpdatedAt: wireTime(e.Created), PollIntervalMs: pollInterval(time.Since(e.Created)),
	}}
	seen, err := c.Describe(ctx, e.ID, "")
	if err != nil || seen.Info().GetFirstRunId() != e.FirstRunID {
		return created, err // it is there all the same: Temporal has said so
	}
	created.State = stateOf(seen.WithQuestions(questions(seen)), id)
	if created.Status == taskInputRequired {
		created.Status = taskWorking // tasks/get says what is asked of whom
	}
	if seen.Closed() {
		return nil, nil //nolint:nilnil // see above
	}
	return created, nil
}

// get answers with the state of the task.
func (t *task) get(ctx context.Context, req mcp.Request, seen *execution.Snapshot, client peer.Peer) (*Detailed, error) {
	theirs := t.Questions(ctx, req, seen)
	seen = seen.WithQuestions(theirs)
	detailed := &Detailed{ResultType: "complete", State: stateOf(seen, t.id)}
	if seen.Closed() {
		return detailed, t.end(ctx, seen, detailed)
	}
	if open := client.Askable(theirs); len(open) > 0 {
		detailed.InputRequests = taskRequests(open)
		return detailed, nil
	}
	detailed.Status = taskWorking // nothing that this client could answer
	if len(theirs) > 0 {
		detailed.StatusMessage += fmt.Sprintf(" (key %s). ", theirs[0].Key) +
			cmp.Or(t.AnswersWith(t.token.WorkflowID), "This client cannot ask: the answer has to come through another one.")
	}
	return detailed, nil
}

// end adds how the task's workflow has ended.
func (t *task) end(ctx context.Context, seen *execution.Snapshot, detailed *Detailed) error {
	retention, err := t.c.Retention(ctx)
	if err == nil {
		detailed.TTLMs = new((seen.Info().GetCloseTime().AsTime().Add(-seen.Ahead).Sub(seen.Created()) + retention).Milliseconds())
	}
	if detailed.Status == taskCancelled {
		return nil
	}
	result, err := t.Result(ctx, t.c, seen)
	var failed *FailedError
	switch {
	case errors.As(err, &failed):
		detailed.Status, detailed.StatusMessage, detailed.Error = taskFailed, failed.RPC.Message, failed.RPC
		return nil
	case err != nil:
		return err
	}
	detailed.Status = taskCompleted
	detailed.Result, err = completeResult(result)
	return err
}

// A FailedError says that a task has failed with a JSON-RPC error, which is the task's own.
type FailedError struct{ RPC *jsonrpc.Error }

func (e *FailedError) Error() string { return e.RPC.Error() }

// completeResult is a tool's result in the form that the call itself would have
// had, of which the SDK keeps a part to itself.
func completeResult(result *mcp.CallToolResult) (json.RawMessage, error) {
	data, err := json.Marshal(result)
	if err != nil {
		return nil, err
	}
	return append([]byte(`{"resultType":"complete",`), data[1:]...), nil
}
