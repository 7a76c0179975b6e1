package task

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/memo"
	"github.com/durablemcp/durablemcp/internal/peer"
	"github.com/durablemcp/durablemcp/internal/rpc"
	"github.com/durablemcp/durablemcp/internal/token"
)

// A taskOffer is what middleware leaves for the handlers of the extension's
// methods, which the SDK gives nothing but the parameters: they answer behind
// all middleware, whenever that was added.
type taskOffer struct {
	extra   *mcp.RequestExtra
	servers []*Server // of the registries that are mounted, the latest first
}

type taskOfferKey struct{}

// offer adds the server to those that can answer a request.
func (s *Server) offer(ctx context.Context, req *Request) context.Context {
	offer := taskOffer{extra: req.Extra}
	if earlier, ok := ctx.Value(taskOfferKey{}).(taskOffer); ok {
		offer.servers = earlier.servers
	}
	offer.servers = append(slices.Clip(offer.servers), s)
	return context.WithValue(ctx, taskOfferKey{}, offer)
}

// Method returns the handler of one of the extension's methods.
func Method(method string) func(context.Context, *mcp.ServerSession, *Params) (mcp.Result, error) {
	return func(ctx context.Context, session *mcp.ServerSession, params *Params) (mcp.Result, error) {
		offer, _ := ctx.Value(taskOfferKey{}).(taskOffer)
		req := &Request{Session: session, Params: params, Extra: offer.extra}
		for _, s := range offer.servers {
			if result, err := s.serve(ctx, method, req); result != nil || err != nil {
				return result, err
			}
		}
		return nil, Unknown()
	}
}

// intercept answers a request of one of the extension's methods that the SDK
// has itself, with parameters of its own type. Those about other tasks are the
// SDK's.
func (s *Server) intercept(ctx context.Context, method string, req mcp.Request, next mcp.MethodHandler) (mcp.Result, error) {
	params := new(Params)
	data, err := json.Marshal(req.GetParams())
	if err == nil {
		err = json.Unmarshal(data, params)
	}
	if err != nil {
		return next(ctx, method, req)
	}
	session, _ := req.GetSession().(*mcp.ServerSession)
	result, err := s.serve(ctx, method, &Request{Session: session, Params: params, Extra: req.GetExtra()})
	if result == nil && err == nil || isUnknownTask(err) {
		return next(ctx, method, req)
	}
	return result, err
}

// The methods of the extension.
const (
	MethodGet    = "tasks/get"
	MethodUpdate = "tasks/update"
	MethodCancel = "tasks/cancel"
)

// Params are the parameters of the extension's methods. What they hold is
// checked by hand: the SDK's errors for parameters of a wrong type have no code.
type Params struct {
	mcp.ParamsBase
	TaskID         json.RawMessage `json:"taskId"`
	InputResponses json.RawMessage `json:"inputResponses"`
}

// A Request is a request of one of the extension's methods.
type Request = mcp.ServerRequest[*Params]

// A taskAck is the empty result of tasks/update and tasks/cancel.
type taskAck struct {
	mcp.ResultBase
	ResultType string `json:"resultType"`
}

// A Server serves the tasks extension for the tools of one Mount.
type Server struct {
	Options
	c *execution.Client
}

// Options say what a server of tasks serves.
type Options struct {
	Tools  map[string]Tool
	Logger *slog.Logger
	// Reserve takes one of the places of what waits, for the caller of a request: it is not ok
	// if there is none. Its error is a JSON-RPC error: the caller is not known.
	Reserve func(ctx context.Context, c *execution.Client, req mcp.Request) (release func(), ok bool, err error)
}

// NewServer returns a server for the executions that c reaches.
func NewServer(c *execution.Client, o Options) *Server { return &Server{o, c} }

// A Support says whether the calls of a tool can become tasks, as durablemcp.TaskSupport does.
type Support int

// The values of durablemcp.TaskSupport.
const (
	Optional Support = iota
	Required
	Forbidden
)

// A Tool is what the extension needs of a tool whose calls can become tasks. Errors are
// JSON-RPC errors unless it says otherwise.
type Tool interface {
	// Find returns the execution that a token refers to. The error is that of [Unknown] if there is none
	// that the caller of a request may touch.
	Find(ctx context.Context, c *execution.Client, req mcp.Request, t token.Token) (*execution.Snapshot, error)
	// Questions returns those of the open questions that the caller may answer.
	Questions(ctx context.Context, req mcp.Request, seen *execution.Snapshot) []memo.Question
	// Reply gives the workflow what the caller responds to a question. Its error is an
	// [*execution.RefusedAnswerError] for what the workflow refuses, and one of the client's.
	Reply(ctx context.Context, c *execution.Client, req mcp.Request, seen *execution.Snapshot, q memo.Question, response json.RawMessage) error
	// Result returns how an execution has ended.
	Result(ctx context.Context, c *execution.Client, seen *execution.Snapshot) (*mcp.CallToolResult, error)
	// Owns reports whether the caller has started the execution.
	Owns(ctx context.Context, req mcp.Request, seen *execution.Snapshot) bool
	// AnswersWith says which tool answers what a workflow asks, "" if there is none.
	AnswersWith(workflowID string) string
	// Unreachable is what is said of a request that Temporal did not answer.
	Unreachable(ctx context.Context, workflowID string, err error) error
}

// Middleware prepares requests for the extension. It serves none of them: that
// is for what comes behind all middleware, so that other middleware sees them.
func (s *Server) Middleware(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (result mcp.Result, err error) {
		switch req := req.(type) {
		case *mcp.CallToolRequest:
			return withSlot(ctx, method, req, next)
		case *Request:
			return next(s.offer(ctx, req), method, req)
		case *listenRequest:
			return s.listen(ctx, method, req, next)
		}
		switch method {
		case MethodGet, MethodUpdate, MethodCancel:
			return s.intercept(ctx, method, req, next)
		}
		result, err = next(ctx, method, req)
		if discovered, ok := result.(*mcp.DiscoverResult); ok && err == nil {
			advertise(discovered)
		}
		return result, err
	}
}

// recoverPanic answers a request that panicked, such as in a user's hook: the MCP SDK
// does not recover, so the whole server would go down. It must be deferred.
func (s *Server) recoverPanic(ctx context.Context, method string, result *mcp.Result, err *error) {
	if p := recover(); p != nil {
		s.Logger.ErrorContext(ctx, "durablemcp: a request panicked", "method", method, "panic", p, "stack", string(debug.Stack()))
		*result, *err = nil, rpc.Error(jsonrpc.CodeInternalError, "The server has a fault, which its log explains.", nil)
	}
}

// advertise adds the extension to what a server says of itself to clients that
// may know it. The capabilities are a copy that the SDK made for this result.
func advertise(result *mcp.DiscoverResult) {
	if result.Capabilities == nil {
		result.Capabilities = &mcp.ServerCapabilities{}
	}
	result.Capabilities.AddExtension(peer.TasksExtension, nil)
}

// A Slot is where a tool call leaves the task that it has become: a tool's
// handler can return nothing but a tool's result.
type Slot struct{ Created *Created }

type taskSlotKey struct{}

// SlotOf returns the slot of a call whose client takes tasks, nil of others.
func SlotOf(ctx context.Context) *Slot {
	slot, _ := ctx.Value(taskSlotKey{}).(*Slot)
	return slot
}

// WithoutSlot is the context of a call that becomes no task.
func WithoutSlot(ctx context.Context) context.Context {
	return context.WithValue(ctx, taskSlotKey{}, (*Slot)(nil))
}

// withSlot makes a tool call that can become a task if its client takes tasks.
func withSlot(ctx context.Context, method string, req *mcp.CallToolRequest, next mcp.MethodHandler) (mcp.Result, error) {
	if SlotOf(ctx) != nil || !peer.Of(req).Tasks() { // another registry has made one
		return next(ctx, method, req)
	}
	slot := new(Slot)
	result, err := next(context.WithValue(ctx, taskSlotKey{}, slot), method, req)
	if err == nil && slot.Created != nil {
		return slot.Created, nil
	}
	return result, err
}

// serve answers one of the extension's methods. Result and error are nil if the
// task is not one of the registry's.
func (s *Server) serve(ctx context.Context, method string, req *Request) (result mcp.Result, err error) {
	defer s.recoverPanic(ctx, method, &result, &err)
	if req.Params == nil { // the SDK lets them be missing, and its methods panic on them
		req.Params = new(Params)
	}
	client := peer.Of(req)
	switch {
	case !client.Modern():
		return nil, rpc.Error(jsonrpc.CodeMethodNotFound, fmt.Sprintf("%q unsupported", method), nil)
	case !client.Tasks():
		return nil, MissingExtension()
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
	case MethodUpdate:
		err = t.update(ctx, req, seen)
	case MethodCancel:
		err = t.cancel(ctx, req, seen)
	default:
		var state *Detailed
		if state, err = t.get(ctx, req, seen, client); err == nil {
			return state, nil
		}
	}
	if err != nil {
		return nil, err
	}
	return &taskAck{ResultType: "complete"}, nil
}

// Unknown is one error for all that is not a task of the caller: what never
// existed, what has expired, and what belongs to another caller.
func Unknown() error {
	return rpc.Error(jsonrpc.CodeInvalidParams, "Unknown task: there is no such task, it has expired, or it belongs to another caller.", nil)
}

func isUnknownCaller(err error) bool {
	e, ok := errors.AsType[*jsonrpc.Error](err)
	return ok && e.Code == jsonrpc.CodeInvalidRequest
}

func isUnknownTask(err error) bool {
	e, ok := errors.AsType[*jsonrpc.Error](err)
	return ok && e.Code == jsonrpc.CodeInvalidParams
}

// MissingExtension is the error of a request whose client has not declared the extension.
func MissingExtension() error {
	return rpc.Error(mcp.CodeMissingRequiredClientCapabilities, "This needs a client that declares the extension "+peer.TasksExtension+" on its request.",
		map[string]any{"requiredCapabilities": map[string]any{"extensions": map[string]any{peer.TasksExtension: struct{}{}}}})
}
