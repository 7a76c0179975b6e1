package durablemcp

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp/internal/call"
	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/task"
)

// A Tool declares one MCP tool. It is implemented by [WorkflowTool],
// [SignalTool], [QueryTool], [UpdateTool], [ResultTool], [StatusTool] and
// [CancelTool] only, and by structs that embed one of them.
type Tool interface {
	// declare checks the declaration and returns what Mount needs, reporting
	// every mistake to d.
	declare(d *declaration) *binding
	turn() turn
}

// A Registry is a set of tools whose declarations have been checked. It is
// immutable and safe for concurrent use; it can be mounted on any number of
// servers.
type Registry struct {
	bindings []*binding
	runs     map[string]map[string]any // task queue -> workflow type -> function, nil if it runs elsewhere
	tasks    map[string]*call.Waiter   // the tools whose calls can become tasks
	opts     Options
}

// New checks the declarations and returns them as a registry. A nil opts is
// the same as the zero [Options].
//
// All mistakes of all declarations are reported at once, joined by
// [errors.Join]: each is a [*DeclarationError].
func New(opts *Options, tools ...Tool) (*Registry, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	set := newDeclarations(o)
	bindings := make([]*binding, len(tools))
	// Tools that start workflows come first: the others take the types of
	// their arguments from them, and whose the workflow IDs are.
	for _, now := range []turn{startsWorkflows, startsByMessage, others} {
		for i, tool := range tools {
			if turnOf(tool) == now {
				bindings[i] = set.declare(i, tool)
			}
		}
	}
	set.completeAnswerRules()
	if err := set.err(); err != nil {
		return nil, err
	}
	return &Registry{bindings: bindings, runs: set.set.Runs, tasks: set.tasks, opts: set.opts}, nil
}

// A turn is when a tool is declared: what is known of a workflow from one tool serves
// the next ones.
type turn int

const (
	startsWorkflows turn = iota
	startsByMessage
	others
)

func (WorkflowTool) turn() turn { return startsWorkflows }

func (t SignalTool) turn() turn { return turnOfMessage(t.Start) }

func (t UpdateTool) turn() turn { return turnOfMessage(t.Start) }

func (QueryTool) turn() turn { return others }

func (ResultTool) turn() turn { return others }

func (StatusTool) turn() turn { return others }

func (CancelTool) turn() turn { return others }

func turnOfMessage(start *StartIfAbsent) turn {
	if start != nil {
		return startsByMessage
	}
	return others
}

// turnOf is the turn of a tool that may be nil.
func turnOf(tool Tool) turn {
	if isNil(reflect.ValueOf(tool)) {
		return others
	}
	return tool.turn()
}

// isNil reports whether a tool is nil, or a struct that embeds a nil one.
func isNil(tool reflect.Value) bool {
	switch tool.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Pointer, reflect.Interface:
		return isNil(tool.Elem())
	case reflect.Struct:
		for i := range tool.NumField() {
			if field := tool.Type().Field(i); field.Anonymous && field.Type.Implements(reflect.TypeFor[Tool]()) && isNil(tool.Field(i)) {
				return true
			}
		}
	}
	return false
}

func (o Options) withDefaults() Options {
	o.Wait = cmp.Or(o.Wait, DefaultWait)
	o.InlineWait = cmp.Or(o.InlineWait, DefaultInlineWait)
	o.MaxArgumentBytes = cmp.Or(o.MaxArgumentBytes, DefaultMaxBytes)
	o.MaxResultBytes = cmp.Or(o.MaxResultBytes, DefaultMaxBytes)
	o.MaxWaiting = cmp.Or(o.MaxWaiting, DefaultMaxWaiting)
	o.IgnoreArguments = slices.Clone(o.IgnoreArguments)
	o.Secret = slices.Clone(o.Secret)
	o.Namespace = cmp.Or(o.Namespace, DefaultNamespace)
	if o.Principal == nil {
		o.Principal = tokenSubject
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// connection is what matters of the options for what goes on in Temporal.
func (o Options) connection() execution.Options {
	return execution.Options{Namespace: o.Namespace, Logger: o.Logger, Redact: o.call().Redact}
}

// call is what matters of the options for calls.
func (o Options) call() call.Options {
	options := call.Options{
		MaxArgumentBytes: o.MaxArgumentBytes, MaxResultBytes: o.MaxResultBytes, MaxWaiting: o.MaxWaiting, Secret: o.Secret,
		WebUIURL: o.WebUIURL, Namespace: o.Namespace, Principal: o.Principal, RedactError: o.RedactError, Logger: o.Logger,
	}
	if o.Claims != nil {
		options.Claims = func(c call.Caller) map[string]string { return o.Claims(Caller{c.Principal, c.TokenInfo}) }
	}
	return options
}

// RegisterWorkflows registers the workflow functions of the tools that run on
// taskQueue with a worker, or with anything else that takes workflows, such as
// a [worker.WorkflowReplayer]. Workflows declared by name are left out: they
// run elsewhere. Activities are the caller's to register.
//
// It is an error if no tool runs on taskQueue. Like the SDK's own
// registration, it panics if the worker already has a workflow of one of the
// names.
func (r *Registry) RegisterWorkflows(w worker.WorkflowRegistry, taskQueue string) error {
	if w == nil {
		return errors.New("durablemcp: RegisterWorkflows: the worker must not be nil")
	}
	run, ok := r.runs[taskQueue]
	if !ok {
		return fmt.Errorf("durablemcp: RegisterWorkflows: no tool runs on task queue %q; the declared ones are %q",
			taskQueue, sortedKeys(r.runs))
	}
	for _, name := range sortedKeys(run) {
		if fn := run[name]; fn != nil {
			w.RegisterWorkflowWithOptions(fn, workflow.RegisterOptions{Name: name})
		}
	}
	return nil
}

// Tools returns the tools as clients see them, in the order of their declarations:
// for tests and documentation. The schemas and annotations in them are the
// registry's own, and must not be changed.
func (r *Registry) Tools() []*mcp.Tool {
	tools := make([]*mcp.Tool, len(r.bindings))
	for i, b := range r.bindings {
		tool := b.tool
		tools[i] = &tool
	}
	return tools
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

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
	return r.mount(server, conn, r.taskServer(conn), func(method string) error {
		return mcp.AddReceivingCustomMethod(server, method, task.Method(method))
	})
}

// taskServer returns what serves the tasks extension.
func (r *Registry) taskServer(c *execution.Client) *task.Server {
	tools := make(map[string]task.Tool)
	for name, tool := range r.tasks {
		if tool.Tasks != task.Forbidden {
			tools[name] = tool
		}
	}
	all := &call.Tool{Opts: r.opts.call()}
	return task.NewServer(c, task.Options{Tools: tools, Logger: r.opts.Logger, Reserve: all.ReserveWait})
}

// mount is Mount with a function that adds a method of the extension, whose error
// says that the SDK has the method already.
func (r *Registry) mount(server *mcp.Server, c *execution.Client, s *task.Server, addMethod func(method string) error) error {
	// What the SDK refuses of a tool, it refuses here, where nothing is changed.
	if err := r.addTools(mcp.NewServer(&mcp.Implementation{}, nil), c); err != nil {
		return err
	}
	for _, method := range []string{task.MethodGet, task.MethodUpdate, task.MethodCancel} {
		if err := addMethod(method); err != nil {
			s.Logger.Warn("durablemcp: the MCP SDK has this method itself: receiving middleware that was added "+
				"before Mount does not see requests about the library's own tasks", "method", method, "error", err)
		}
	}
	server.AddReceivingMiddleware(s.Middleware)
	server.AddSendingMiddleware(s.Sending, call.ReadAnswers)
	return r.addTools(server, c)
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
