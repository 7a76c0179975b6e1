package durablemcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/sdk/client"

	"github.com/durablemcp/durablemcp/internal/execution"
)

// Mount adds the registry's tools to server; their calls go to Temporal
// through c. It makes no request: Temporal may be down. Other tools of the
// server stay as they are, except that a tool of the same name is replaced, as
// [mcp.Server.AddTool] does. Several registries can be mounted on one server; one
// that is mounted again replaces its own tools. An error changes nothing.
//
// For the tasks extension, Mount also adds the methods tasks/get, tasks/update
// and tasks/cancel, and middleware. Receiving middleware of the server sees
// requests about tasks, and subscriptions to them, as it sees calls, whether it
// was added before Mount or after; in place of a task that a call has become,
// middleware that was added before sees an empty result. If the MCP SDK itself has learned one of the
// methods, Mount logs that, and the library answers requests about its own tasks
// before middleware that was added earlier sees them.
//
// Payload converters and codecs of c are applied to arguments and results.
// Mount does not close c. It is an error if server or c is nil.
func (r *Registry) Mount(server *mcp.Server, c client.Client) error {
	if server == nil || c == nil {
		return errors.New("durablemcp: Mount: server and client must not be nil")
	}
	conn := execution.New(c, r.opts.connection())
	s := &taskServer{opts: r.opts, tools: r.tasks, c: conn}
	return r.mount(server, s, func(method string) error {
		return mcp.AddReceivingCustomMethod(server, method, taskMethod(method))
	})
}

// mount is Mount with a function that adds a method of the extension, whose error
// says that the SDK has the method already.
func (r *Registry) mount(server *mcp.Server, s *taskServer, addMethod func(method string) error) error {
	// What the SDK refuses of a tool, it refuses here, where nothing is changed.
	if err := r.addTools(mcp.NewServer(&mcp.Implementation{}, nil), s.c); err != nil {
		return err
	}
	for _, method := range []string{getTask, updateTask, cancelTask} {
		if err := addMethod(method); err != nil {
			s.opts.Logger.Warn("durablemcp: the MCP SDK has this method itself: receiving middleware that was added "+
				"before Mount does not see requests about the library's own tasks", "method", method, "error", err)
		}
	}
	server.AddReceivingMiddleware(s.middleware)
	server.AddSendingMiddleware(s.sending, readAnswers)
	return r.addTools(server, s.c)
}

// addTools adds the tools to a server, which panics if it refuses one.
func (r *Registry) addTools(server *mcp.Server, c *execution.Client) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("durablemcp: Mount: the MCP SDK refuses a tool: %v", p)
		}
	}()
	for _, b := range r.bindings {
		tool := b.tool // AddTool keeps the pointer: registries stay immutable
		server.AddTool(&tool, b.handler(c))
	}
	return nil
}

// A taskOffer is what middleware leaves for the handlers of the extension's
// methods, which the SDK gives nothing but the parameters: they answer behind
// all middleware, whenever that was added.
type taskOffer struct {
	extra   *mcp.RequestExtra
	servers []*taskServer // of the registries that are mounted, the latest first
}

type taskOfferKey struct{}

// offer adds the server to those that can answer a request.
func (s *taskServer) offer(ctx context.Context, req *taskRequest) context.Context {
	offer := taskOffer{extra: req.Extra}
	if earlier, ok := ctx.Value(taskOfferKey{}).(taskOffer); ok {
		offer.servers = earlier.servers
	}
	offer.servers = append(slices.Clip(offer.servers), s)
	return context.WithValue(ctx, taskOfferKey{}, offer)
}

// taskMethod returns the handler of one of the extension's methods.
func taskMethod(method string) func(context.Context, *mcp.ServerSession, *taskParams) (mcp.Result, error) {
	return func(ctx context.Context, session *mcp.ServerSession, params *taskParams) (mcp.Result, error) {
		offer, _ := ctx.Value(taskOfferKey{}).(taskOffer)
		req := &taskRequest{Session: session, Params: params, Extra: offer.extra}
		for _, s := range offer.servers {
			if result, err := s.serve(ctx, method, req); result != nil || err != nil {
				return result, err
			}
		}
		return nil, unknownTask()
	}
}

// intercept answers a request of one of the extension's methods that the SDK
// has itself, with parameters of its own type. Those about other tasks are the
// SDK's.
func (s *taskServer) intercept(ctx context.Context, method string, req mcp.Request, next mcp.MethodHandler) (mcp.Result, error) {
	params := new(taskParams)
	data, err := json.Marshal(req.GetParams())
	if err == nil {
		err = json.Unmarshal(data, params)
	}
	if err != nil {
		return next(ctx, method, req)
	}
	session, _ := req.GetSession().(*mcp.ServerSession)
	result, err := s.serve(ctx, method, &taskRequest{Session: session, Params: params, Extra: req.GetExtra()})
	if result == nil && err == nil || isUnknownTask(err) {
		return next(ctx, method, req)
	}
	return result, err
}
