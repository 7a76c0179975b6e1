package durablemcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/execution"
)

// TasksExtension is the identifier of MCP's tasks extension (SEP-2663), under
// which clients and servers declare that they support it.
const TasksExtension = "io.modelcontextprotocol/tasks"

// A TaskSupport says whether the calls of a tool can become tasks.
//
// A task is the workflow execution itself: its state, its questions and its
// result are read from Temporal, and nothing is kept in the server. Any server
// that has mounted the same tool on the same namespace can answer for it.
type TaskSupport int

const (
	// TaskOptional answers with a task if the client has declared the extension
	// on its request, and the workflow outlasts [Options.InlineWait]. Other
	// clients wait.
	TaskOptional TaskSupport = iota
	// TaskRequired refuses clients that have not declared the extension, with
	// the JSON-RPC error -32021.
	TaskRequired
	// TaskForbidden answers as if no client had declared the extension.
	TaskForbidden
)

// The methods of the extension.
const (
	getTask    = "tasks/get"
	updateTask = "tasks/update"
	cancelTask = "tasks/cancel"
)

// taskParams are the parameters of the extension's methods. What they hold is
// checked by hand: the SDK's errors for parameters of a wrong type have no code.
type taskParams struct {
	mcp.ParamsBase
	TaskID         json.RawMessage `json:"taskId"`
	InputResponses json.RawMessage `json:"inputResponses"`
}

type taskRequest = mcp.ServerRequest[*taskParams]

// A taskAck is the empty result of tasks/update and tasks/cancel.
type taskAck struct {
	mcp.ResultBase
	ResultType string `json:"resultType"`
}

// A taskServer serves the tasks extension for the tools of one Mount.
type taskServer struct {
	opts  Options
	tools map[string]*waiter
	c     *execution.Client
}

// middleware prepares requests for the extension. It serves none of them: that
// is for what comes behind all middleware, so that other middleware sees them.
func (s *taskServer) middleware(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (result mcp.Result, err error) {
		switch req := req.(type) {
		case *mcp.CallToolRequest:
			return withSlot(ctx, method, req, next)
		case *taskRequest:
			return next(s.offer(ctx, req), method, req)
		case *listenRequest:
			return s.listen(ctx, method, req, next)
		}
		switch method {
		case getTask, updateTask, cancelTask:
			return s.intercept(ctx, method, req, next)
		}
		result, err = next(ctx, method, req)
		if discovered, ok := result.(*mcp.DiscoverResult); ok && err == nil {
			advertise(discovered)
		}
		return result, err
	}
}

// contain answers a request that panicked, such as in a user's hook: the MCP SDK
// does not recover, so the whole server would go down. It must be deferred.
func (s *taskServer) contain(ctx context.Context, method string, result *mcp.Result, err *error) {
	if p := recover(); p != nil {
		s.opts.Logger.ErrorContext(ctx, "durablemcp: a request panicked", "method", method, "panic", p, "stack", string(debug.Stack()))
		*result, *err = nil, rpcError(jsonrpc.CodeInternalError, "The server has a fault, which its log explains.", nil)
	}
}

// advertise adds the extension to what a server says of itself to clients that
// may know it. The capabilities are a copy that the SDK made for this result.
func advertise(result *mcp.DiscoverResult) {
	if result.Capabilities == nil {
		result.Capabilities = &mcp.ServerCapabilities{}
	}
	result.Capabilities.AddExtension(TasksExtension, nil)
}

// A taskSlot is where a tool call leaves the task that it has become: a tool's
// handler can return nothing but a tool's result.
type taskSlot struct{ created *createdTask }

type taskSlotKey struct{}

// slotOf returns the slot of a call whose client takes tasks, nil of others.
func slotOf(ctx context.Context) *taskSlot {
	slot, _ := ctx.Value(taskSlotKey{}).(*taskSlot)
	return slot
}

// withSlot makes a tool call that can become a task if its client takes tasks.
func withSlot(ctx context.Context, method string, req *mcp.CallToolRequest, next mcp.MethodHandler) (mcp.Result, error) {
	if slotOf(ctx) != nil || !clientOf(req).tasks() { // another registry has made one
		return next(ctx, method, req)
	}
	slot := new(taskSlot)
	result, err := next(context.WithValue(ctx, taskSlotKey{}, slot), method, req)
	if err == nil && slot.created != nil {
		return slot.created, nil
	}
	return result, err
}

// withTasks makes the calls of a tool tasks as its TaskSupport says.
func (w *waiter) withTasks(call callFunc) callFunc {
	return func(ctx context.Context, c *execution.Client, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		switch w.tasks {
		case TaskRequired:
			if slotOf(ctx) == nil {
				return nil, missingTasks()
			}
		case TaskForbidden:
			ctx = context.WithValue(ctx, taskSlotKey{}, (*taskSlot)(nil))
		case TaskOptional:
		}
		return call(ctx, c, req)
	}
}

// serve answers one of the extension's methods. Result and error are nil if the
// task is not one of the registry's.
func (s *taskServer) serve(ctx context.Context, method string, req *taskRequest) (result mcp.Result, err error) {
	defer s.contain(ctx, method, &result, &err)
	if req.Params == nil { // the SDK lets them be missing, and its methods panic on them
		req.Params = new(taskParams)
	}
	client := clientOf(req)
	switch {
	case !client.modern():
		return nil, rpcError(jsonrpc.CodeMethodNotFound, fmt.Sprintf("%q unsupported", method), nil)
	case !client.tasks():
		return nil, missingTasks()
	}
	t, err := s.parse(req.Params.TaskID)
	if t == nil || err != nil {
		return nil, err
	}
	seen, err := t.find(ctx, req)
	if err != nil {
		return nil, err
	}
	switch method {
	case updateTask:
		err = t.update(ctx, req, seen)
	case cancelTask:
		err = t.cancel(ctx, req, seen)
	default:
		var state *detailedTask
		if state, err = t.get(ctx, req, seen, client); err == nil {
			return state, nil
		}
	}
	if err != nil {
		return nil, err
	}
	return &taskAck{ResultType: "complete"}, nil
}

// rpcError is a JSON-RPC error. The SDK passes on its code and data only if it
// is not wrapped.
func rpcError(code int64, message string, data any) *jsonrpc.Error {
	e := &jsonrpc.Error{Code: code, Message: message}
	if data != nil {
		e.Data = mustMarshal(data)
	}
	return e
}

// unknownTask is one error for all that is no task of the caller: what never
// was, what has expired, and what is somebody else's.
func unknownTask() error {
	return rpcError(jsonrpc.CodeInvalidParams, "Unknown task: there is no such task, it has expired, or it belongs to somebody else.", nil)
}

// unknownCaller is the error of a request whose caller is not known, for the
// reason that [base.caller] gives. It says nothing of the task.
func unknownCaller(reason error) error {
	message := unauthorized().Message
	if refusal, ok := errors.AsType[*toolError](reason); ok {
		message = refusal.Message + " " + refusal.advice
	}
	return rpcError(jsonrpc.CodeInvalidRequest, message, nil)
}

func isUnknownCaller(err error) bool {
	e, ok := errors.AsType[*jsonrpc.Error](err)
	return ok && e.Code == jsonrpc.CodeInvalidRequest
}

func isUnknownTask(err error) bool {
	e, ok := errors.AsType[*jsonrpc.Error](err)
	return ok && e.Code == jsonrpc.CodeInvalidParams
}

func missingTasks() error {
	return rpcError(mcp.CodeMissingRequiredClientCapabilities, "This needs a client that declares the extension "+TasksExtension+" on its request.",
		map[string]any{"requiredCapabilities": map[string]any{"extensions": map[string]any{TasksExtension: struct{}{}}}})
}
