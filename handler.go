package durablemcp

import (
	"context"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/sdk/client"
)

// A workflowTool is a checked [WorkflowTool].
type workflowTool struct {
	*base
	input   *inputBinding
	starter *starter
	waiter  *waiter // nil in mode Start
}

func (t *workflowTool) call(ctx context.Context, c client.Client, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	called := time.Now()
	in, err := t.input.decode(req.Params.Arguments)
	if err != nil {
		return nil, err
	}
	caller, err := t.caller(ctx, req)
	if err != nil {
		return nil, err
	}
	id, err := t.render(t.starter.template, in, caller)
	if err != nil {
		return nil, err
	}
	e, err := t.starter.start(ctx, c, id, in, caller)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, err
	case t.waiter == nil:
		return t.withMeta(handleResult(e), e), nil
	}
	return t.waiter.result(ctx, c, e, called)
}
