package durablemcp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/converter"

	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/redact"
)

// DefaultQueryTimeout is the default of [QueryTool.Timeout].
const DefaultQueryTimeout = 5 * time.Second

// A QueryTool is a tool that asks a workflow for something by a query. It
// changes nothing, and works on workflows that have ended, too, for as long as
// Temporal keeps them.
//
// A worker of the workflow must be alive to answer. If none polls the
// workflow's task queue, the tool says so at once.
type QueryTool struct {
	// Name, Title, Description, Annotations, Icons and Meta are as in
	// [WorkflowTool]. Without Annotations, the tool is said to be read-only.
	Name, Title, Description string
	Annotations              *mcp.ToolAnnotations
	Icons                    []mcp.Icon
	Meta                     mcp.Meta

	// Workflow and WorkflowType name the workflow, as in [WorkflowTool]. Only
	// executions of this workflow type are queried. Required.
	Workflow     any
	WorkflowType string

	// Query is the name of the query. Required.
	Query string
	// Input is a value of the type of the query's argument, or with ArgNames an
	// []any with a value for each argument; only the types count. If nil, the
	// query has none.
	Input any
	// ArgNames names the arguments, as in [WorkflowTool].
	ArgNames []string
	// Output is a value of the type of the query's result; only its type
	// counts. If nil, the tool publishes no output schema.
	Output any

	// WorkflowID and IDScope are as in [SignalTool].
	WorkflowID string
	IDScope    IDScope

	// Timeout bounds how long the tool waits for a worker's answer. If zero,
	// defaults to [DefaultQueryTimeout].
	Timeout time.Duration

	// Allow decides who may query the workflow of another caller. If nil, only
	// the principal that started it may.
	Allow AllowFunc
}

type queryTool struct {
	message
	query   string
	timeout time.Duration
	output  *outputBinding
}

func (t QueryTool) declare(d *declaration) *binding {
	d.identity(t.Name, t.Description)
	d.required("Query", t.Query, "the query's name")
	d.checkDuration("Timeout", t.Timeout)
	out := d.result(reflect.TypeOf(t.Output), "Output")
	m := d.message(messageFields{
		workflow: t.Workflow, workflowType: t.WorkflowType, workflowID: t.WorkflowID, scope: t.IDScope,
		input: t.Input, argNames: t.ArgNames, allow: t.Allow,
	})
	if m == nil || out == nil {
		return nil
	}
	tool := &queryTool{message: *m, query: t.Query, timeout: cmp.Or(t.Timeout, DefaultQueryTimeout), output: out}
	return d.bind(m.base, tool.call, mcp.Tool{
		Title: t.Title, Description: t.Description, Icons: t.Icons, Meta: t.Meta,
		Annotations: cmp.Or(t.Annotations, &mcp.ToolAnnotations{ReadOnlyHint: true}),
		InputSchema: m.input.schema.JSON(), OutputSchema: out.published(),
	})
}

func (t *queryTool) call(ctx context.Context, c *execution.Client, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	m, err := t.read(ctx, req)
	if err != nil {
		return nil, err
	}
	e, err := t.find(ctx, c, m.key, m.caller)
	if err != nil {
		return nil, err
	}
	value, err := t.ask(ctx, c, e, m.from(m.caller))
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	var raw converter.RawValue
	if value.HasValue() {
		if err := value.Get(&raw); err != nil {
			t.log(ctx, "decoding a query's result failed", "workflow_id", e.ID, "error", err)
			return nil, invalidResult(t.name, "it cannot be decoded")
		}
	}
	return t.withMeta(t.output.answer(ctx, t.base, raw, value.Get), e), nil
}

// ask queries the workflow, and gives up early if there is nobody to answer.
func (t *queryTool) ask(ctx context.Context, c *execution.Client, e *execution.Execution, args []any) (converter.EncodedValue, error) {
	asking, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	unattended := make(chan string, 1)
	go func() {
		defer t.contain(asking, "looking for a worker")
		if problem := c.WithoutWorker(asking, e); problem != "" {
			unattended <- problem
			cancel()
		}
	}()
	value, err := c.QueryWorkflow(asking, e.ID, e.RunID, t.query, args...)
	if err == nil || ctx.Err() != nil {
		return value, err
	}
	select {
	case problem := <-unattended:
		return nil, t.noAnswer(e, problem)
	default:
	}
	if asking.Err() != nil || execution.TimedOut(err) {
		return nil, t.noAnswer(e, fmt.Sprintf("no worker has answered within %s", t.timeout))
	}
	if failed, ok := errors.AsType[*serviceerror.QueryFailed](err); ok {
		return nil, &toolError{
			Type:    errQuery,
			Message: "The workflow could not answer: " + redact.Text(failed.Error()),
			advice:  "Check the arguments; if they are right, tell the user.",
		}
	}
	t.log(ctx, "querying a workflow failed", "workflow_id", e.ID, "error", err)
	return nil, nothingDone(serviceFailure(err))
}

func (t *queryTool) noAnswer(e *execution.Execution, problem string) *toolError {
	return &toolError{
		Type:      errNoWorker,
		Message:   fmt.Sprintf("The workflow %q is there (%s), but cannot be asked: %s.", e.ID, execution.StatusName(e.Status), problem),
		Retryable: true,
		advice:    "Nothing is lost. Call again later; tell the user if it lasts.",
	}
}
