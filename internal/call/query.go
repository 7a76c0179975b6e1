package call

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/converter"

	"github.com/durablemcp/durablemcp/internal/advice"
	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/redact"
)

// A Query is a checked durablemcp.QueryTool.
type Query struct {
	Message
	QueryName string
	Timeout   time.Duration
	Output    *Output
}

// Call queries the workflow.
func (t *Query) Call(ctx context.Context, c *Call) (*mcp.CallToolResult, error) {
	m, e, err := t.readAndFind(ctx, c)
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
			return nil, advice.InvalidResult(t.Name, "it cannot be decoded")
		}
	}
	return t.withMeta(t.Output.answer(ctx, t.Tool, raw, value.Get), e), nil
}

// ask queries the workflow, and gives up early if no worker can answer.
func (t *Query) ask(ctx context.Context, c *Call, e *execution.Execution, args []any) (converter.EncodedValue, error) {
	asking, cancel := context.WithTimeout(ctx, t.Timeout)
	defer cancel()
	unattended := make(chan string, 1)
	go func() {
		defer t.recoverPanic(asking, "looking for a worker")
		if problem := c.WithoutWorker(asking, e); problem != "" {
			unattended <- problem
			cancel()
		}
	}()
	value, err := c.QueryWorkflow(asking, e.ID, e.RunID, t.QueryName, args...)
	if err == nil || ctx.Err() != nil {
		return value, err
	}
	select {
	case problem := <-unattended:
		return nil, advice.NoQueryAnswer(e, problem)
	default:
	}
	if asking.Err() != nil || execution.TimedOut(err) {
		return nil, advice.NoQueryAnswer(e, fmt.Sprintf("no worker has answered within %s", t.Timeout))
	}
	if failed, ok := errors.AsType[*serviceerror.QueryFailed](err); ok {
		return nil, &advice.ToolError{
			Type:    advice.TypeQuery,
			Message: "The workflow could not answer: " + redact.Text(failed.Error()),
			Advice:  "Check the arguments; if they are right, tell the user.",
		}
	}
	t.log(ctx, "querying a workflow failed", "workflow_id", e.ID, "error", err)
	return nil, advice.NothingDone(advice.ServiceFailure(err))
}
