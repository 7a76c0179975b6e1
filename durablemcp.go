// Package durablemcp turns Temporal workflows into MCP tools.
//
// A team declares which of its workflows are tools, and mounts them on its own
// [mcp.Server]:
//
//	registry, err := durablemcp.New(nil, durablemcp.WorkflowTool{
//		Name:        "get_forecast",
//		Description: "The weather forecast for a place in the US.",
//		Workflow:    GetForecast, // func(workflow.Context, ForecastInput) (Forecast, error)
//		TaskQueue:   "weather",
//		WorkflowID:  "forecast-{latitude}-{longitude}",
//	})
//	...
//	err = registry.RegisterWorkflows(worker, "weather") // in the worker's process
//	err = registry.Mount(server, temporalClient)        // in the MCP server's process
//
// JSON schemas and handlers come from the workflow's Go types by reflection. A
// call of the tool starts the workflow and waits for its result for a bounded
// time. The work itself lives in Temporal: it goes on when the client
// disconnects, and when the MCP server or the worker dies.
//
// To clients that have declared MCP's tasks extension, a call that takes longer
// is a task, which is the workflow execution itself: see [TaskSupport]. Package
// taskclient is such a client.
//
// Workflows can ask a person with [Elicit], and tell how far they are with
// [ReportProgress], whatever the client's protocol version.
//
// [SignalTool], [QueryTool], [UpdateTool], [ResultTool], [StatusTool] and
// [CancelTool] make tools that steer and watch workflows which are running.
//
// # Which calls are the same work
//
// Clients give up on calls, and models make them again. [WorkflowTool.WorkflowID]
// says which calls are the same work. A second one joins the running workflow;
// shortly after that has completed ([WorkflowTool.RepeatWindow]), it is answered
// with its result; later, and after a failure, [WorkflowTool.WorkflowIDReusePolicy]
// decides whether the work is done again. A call with the ID of running work and
// other arguments is refused.
//
// # Schemas
//
// The schema of a tool's arguments is that of the workflow's argument, as
// encoding/json reads it: properties have the names of the json tags, and are
// required unless the field is a pointer or its tag has omitempty or omitzero.
// Bounds, enums and defaults come from jsonschema tags as
// [github.com/invopop/jsonschema] has them ("minimum=0,maximum=1",
// "enum=a,enum=b", "default=1"), descriptions from jsonschema_description tags.
// A type with a JSONSchema method describes itself. Durations are texts such as
// "90s". Arguments are held to exactly the schema that clients see, and unknown
// ones are refused. Before that, an object or a list in a JSON string, and null for
// an optional property, are read as what they stand for, where the schema leaves no
// other meaning: some clients send them so. See docs/arguments.md, and
// [Options.IgnoreArguments].
//
// Results have schemas in the same way, without bounds, which Go does not keep.
// One that is no object is wrapped as {"result": ...}. Its text is its JSON, or
// what a method ToolText() string of its type returns.
//
// # What the package does not do
//
// It runs no Temporal server and no worker, holds no state of its own, and
// does not authenticate anyone: those are the embedder's.
package durablemcp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp/internal/execution"
)

// DefaultWait is the default of [Options.Wait]. It stays below the 60 seconds
// after which most MCP clients give a request up.
const DefaultWait = 45 * time.Second

// DefaultInlineWait is the default of [Options.InlineWait].
const DefaultInlineWait = time.Second

// DefaultMaxBytes is the default of [Options.MaxArgumentBytes] and
// [Options.MaxResultBytes].
const DefaultMaxBytes = 1 << 20

// DefaultMaxWaiting is the default of [Options.MaxWaiting].
const DefaultMaxWaiting = 10_000

// DefaultNamespace is the default of [Options.Namespace].
const DefaultNamespace = client.DefaultNamespace

// Options configures a [Registry].
type Options struct {
	// Wait is how long a call waits for its workflow before it answers that
	// the workflow is still running. If zero, defaults to [DefaultWait].
	// [WorkflowTool.Wait] overrides it for one tool.
	//
	// A waiting call costs Temporal a long poll every 20 seconds and a look at
	// the workflow every minute, which is 4 requests a minute while nothing
	// happens; another look for each change that clients can see, at most 10 a
	// second; and one every 2 seconds while activities are pending and the client
	// has asked for progress.
	Wait time.Duration

	// InlineWait is how long a call of a client that has declared the tasks
	// extension waits for its workflow, before it answers with a task. If zero,
	// defaults to [DefaultInlineWait].
	InlineWait time.Duration

	// MaxArgumentBytes is how long the JSON of a call's arguments can be; longer
	// ones are refused before anything is done. If zero, defaults to
	// [DefaultMaxBytes]. Temporal's own limit is 2 MiB unless it is configured.
	MaxArgumentBytes int

	// IgnoreArguments names arguments that clients add to those of the model, such as
	// n8n's "toolCallId". Every tool drops them, unless it has an argument of that
	// name. If empty, they are refused, as any argument is that a tool does not have;
	// the log says so if nothing else is wrong with a call.
	IgnoreArguments []string

	// MaxResultBytes is how long the JSON of a result can be. Of a longer one,
	// the call answers with the beginning, as an error that says that the work
	// is done. If zero, defaults to [DefaultMaxBytes].
	MaxResultBytes int

	// MaxWaiting is how many calls can wait for their workflows, and tasks be
	// subscribed to, at a time, on each server that the registry is mounted on:
	// each costs Temporal a long poll. Further calls are answered as if their wait
	// were over after the first 200 ms, and further subscriptions are not agreed
	// to. If zero, defaults to [DefaultMaxWaiting].
	//
	// One principal has at most as many of them as are left free, which is half
	// of all if there is no other: set MaxWaiting to twice what you need if all
	// callers have one name. Callers without a name have no such limit.
	//
	// A call waits no longer, and a subscription lasts no longer, than the access
	// token with which it was made.
	MaxWaiting int

	// Secret is mixed into task IDs and into the state of calls that wait for
	// an answer. If set, people who can read the Temporal namespace cannot make
	// them. All servers that serve the same tasks need the same Secret; another
	// one makes what was given out under the old one unknown.
	Secret []byte

	// UIURL is the address of the Temporal Web UI, such as
	// "http://localhost:8233". If set, every result links to its workflow
	// there; if empty, results have no link.
	UIURL string

	// Claims says what workflows learn of a caller beside the principal, such as the
	// display name that the access token has (see [Sender]). It stands in memos and
	// histories: nothing secret belongs there. All of it has at most 2000 bytes as JSON;
	// a call of somebody with more is an error. It is called with each request, must be
	// quick, and may be called concurrently. If nil, workflows learn the principal alone.
	Claims func(Caller) map[string]string

	// Namespace is the Temporal namespace of the client given to
	// [Registry.Mount], which does not tell. Links to the Web UI need it, and so do the
	// reasons for which workflow tasks fail and workflows ended, and how long tasks
	// are kept; with another one, those are missing, and an update that can be repeated
	// costs more requests. If empty, defaults to [DefaultNamespace].
	Namespace string

	// Principal names who makes a request: who owns what is started, and is part
	// of its workflow ID. An error refuses the call. If nil, it is the subject
	// of the verified bearer token ([auth.TokenInfo.UserID]) over HTTP and empty
	// elsewhere.
	//
	// Callers with the empty name are one anonymous owner. The empty name is
	// therefore refused on requests with a verified token: set Principal if the
	// tokens have no subject.
	//
	// A name has at most 1000 bytes; callers with longer ones are refused.
	//
	// Over HTTP, ctx has the values that HTTP middleware gave to this request, if
	// [NewHTTPHandler] serves it. With the MCP SDK's own handler, in a session of
	// an old client, they are those of the session's first request.
	//
	// [auth.TokenInfo.UserID]: https://pkg.go.dev/github.com/modelcontextprotocol/go-sdk/auth#TokenInfo
	Principal func(ctx context.Context, req mcp.Request) (string, error)

	// RedactError, if not nil, changes what clients see of errors: the messages and
	// causes of failed workflows and activities, and why somebody ended a workflow.
	// It is given one text at a time, without the credentials, internal hosts
	// and stack traces that the library recognizes, and returns what may be
	// shown: names of customers and of machines that only the embedder knows do not
	// belong there. It must be safe for concurrent use. A text for which it panics is
	// not shown.
	RedactError func(text string) string

	// EagerStart lets a workflow start in a worker of this process without a
	// round trip through the task queue (Temporal's eager workflow start), which
	// shortens a call by some 10 to 40 ms. It takes effect if the process has a
	// worker for the task queue on the client given to [Registry.Mount]. Leave it
	// unset where worker versioning decides which build a workflow runs on: an
	// eager start takes the worker of this process, whatever the current build is
	// (server v1.32.1).
	EagerStart bool

	// Logger receives what a person has to look into: failures whose details
	// must not reach a model. If nil, defaults to [slog.Default].
	Logger *slog.Logger
}

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
	tasks    map[string]*waiter        // the tools whose calls can become tasks
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
	return &Registry{bindings: bindings, runs: set.runs, tasks: set.tasks, opts: set.opts}, nil
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

func turnOfMessage(start *WithStart) turn {
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
	return execution.Options{Namespace: o.Namespace, Logger: o.Logger, Redact: o.redact}
}

// tokenSubject is the default of [Options.Principal].
func tokenSubject(_ context.Context, req mcp.Request) (string, error) {
	if extra := req.GetExtra(); extra != nil && extra.TokenInfo != nil {
		return extra.TokenInfo.UserID, nil
	}
	return "", nil
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

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
