package call

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/advice"
	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/memo"
	"github.com/durablemcp/durablemcp/internal/rpc"
	"github.com/durablemcp/durablemcp/internal/task"
	"github.com/durablemcp/durablemcp/internal/token"
)

// WithTasks makes the calls of a tool tasks as its TaskSupport says.
func (w *Waiter) WithTasks(call Func) Func {
	return func(ctx context.Context, c *Call) (*mcp.CallToolResult, error) {
		switch w.Tasks {
		case task.Required:
			if task.SlotOf(ctx) == nil {
				return nil, task.MissingExtension()
			}
		case task.Forbidden:
			ctx = task.WithoutSlot(ctx)
		case task.Optional:
		}
		return call(ctx, c)
	}
}

// newTask makes a task of an execution that a call has started or joined. It returns nil if
// the execution has ended.
func (w *Waiter) newTask(ctx context.Context, c *Call, e *execution.Execution) (*task.Created, error) {
	id, err := token.Token{Tool: w.Name, WorkflowID: e.ID, FirstRunID: e.FirstRunID}.Text(e.Record.Salt, w.Opts.Secret)
	if err != nil {
		return nil, err
	}
	created, err := task.Create(ctx, c.Client, id, e, func(seen *execution.Snapshot) []memo.Question { return w.mayAnswer(ctx, c.Caller, seen) })
	if err != nil {
		w.log(ctx, "describing a workflow failed", "workflow_id", e.ID, "error", err)
	}
	return created, nil
}

// A tool that waits for workflows is one whose calls can be tasks.
var _ task.Tool = (*Waiter)(nil)

// Find is as in [task.Tool].
func (w *Waiter) Find(ctx context.Context, c *execution.Client, req mcp.Request, t token.Token) (*execution.Snapshot, error) {
	caller, err := w.caller(ctx, req)
	if err != nil {
		return nil, advice.UnknownCaller(err)
	}
	seen, err := w.resolve(ctx, c, t, caller)
	switch {
	case err != nil:
		return nil, w.Unreachable(ctx, t.WorkflowID, err)
	case seen == nil:
		return nil, task.Unknown()
	}
	return seen, nil
}

// resolve returns the execution that a token refers to, nil if there is none
// that the caller may touch through the tool.
func (w *Waiter) resolve(ctx context.Context, c *execution.Client, t token.Token, caller Caller) (*execution.Snapshot, error) {
	return c.Chain(ctx, t.WorkflowID, t.FirstRunID, func(seen *execution.Snapshot) bool {
		record := seen.Memo.Record
		return t.Tool == w.Name && t.By(record.Salt, w.Opts.Secret) && seen.WorkflowType() == w.WorkflowType &&
			w.mayTouch(ctx, w.Allow, w.access(caller, seen))
	})
}

// Questions is as in [task.Tool].
func (w *Waiter) Questions(ctx context.Context, req mcp.Request, seen *execution.Snapshot) []memo.Question {
	if len(seen.Memo.Questions) == 0 {
		return nil
	}
	caller, err := w.caller(ctx, req)
	if err != nil {
		return nil
	}
	return w.mayAnswer(ctx, caller, seen)
}

// Reply is as in [task.Tool].
func (w *Waiter) Reply(ctx context.Context, c *execution.Client, req mcp.Request, seen *execution.Snapshot, q memo.Question, response json.RawMessage) error {
	answer, err := w.readAnswer(q.Key, response)
	if err != nil {
		return err
	}
	if caller, err := w.caller(ctx, req); err == nil {
		answer.By = caller.sender()
	}
	return c.Answer(ctx, seen.Execution(), answer)
}

// Result is as in [task.Tool].
func (w *Waiter) Result(ctx context.Context, c *execution.Client, seen *execution.Snapshot) (*mcp.CallToolResult, error) {
	e := seen.Execution()
	result, err := w.await(ctx, c, e, time.Now().Add(execution.RequestTimeout))
	var (
		protocol *jsonrpc.Error
		unread   *advice.ToolError
	)
	switch {
	case errors.As(err, &unread):
		return nil, rpc.Error(jsonrpc.CodeInternalError, unread.Message, nil)
	case errors.As(err, &protocol):
		return nil, &task.FailedError{RPC: protocol}
	case err == nil && result == nil:
		err = cmp.Or(ctx.Err(), errors.New("the result was not read in time"))
	}
	if err != nil {
		return nil, w.Unreachable(ctx, e.ID, err)
	}
	return w.withMeta(result, e), nil
}

// Unreachable is as in [task.Tool].
func (w *Waiter) Unreachable(ctx context.Context, workflowID string, err error) error {
	w.log(ctx, "a task request failed", "workflow_id", workflowID, "error", err)
	e, advice := advice.ServiceFailure(err), "The task is not lost: ask again later."
	if execution.KindOf(err) == execution.TooOld {
		advice = e.Advice
	}
	return rpc.Error(jsonrpc.CodeInternalError, e.Message+" "+advice, nil)
}
