package call

import (
	"context"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/advice"
	"github.com/durablemcp/durablemcp/internal/token"
)

// A Result is a checked durablemcp.ResultTool.
type Result struct {
	Message
	Waiter *Waiter
}

// Call waits for the workflow.
func (t *Result) Call(ctx context.Context, c *Call) (*mcp.CallToolResult, error) {
	m, e, err := t.readAndFind(ctx, c)
	if err != nil {
		return nil, err
	}
	if state := c.Req.Params.RequestState; state != "" {
		h, err := token.Parse(state)
		h.Holder = m.caller.Principal
		if err != nil || h.Round == "" || h.WorkflowID != e.ID || h.FirstRunID != e.FirstRunID || h.Tool != t.Name || !h.By(e.Record.Salt, t.Opts.Secret) {
			return nil, advice.BadRequestState()
		}
	}
	return t.Waiter.result(ctx, c, e)
}
