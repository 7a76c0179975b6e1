package bench

import (
	"context"

	"github.com/google/uuid"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
)

// execute runs a workflow through the client alone.
func execute[In, Out any](ctx context.Context, c client.Client, workflow string, in In, eager bool) (out Out, err error) {
	run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                       workflow + "-" + uuid.NewString(),
		TaskQueue:                queue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		EnableEagerStart:         eager,
	}, workflow, in)
	if err == nil {
		err = run.Get(ctx, &out)
	}
	return out, err
}

// addByHand adds the tool that tutorials write: it starts the workflow and waits
// for it.
func addByHand[In, Out any](server *mcp.Server, tool *mcp.Tool, c client.Client, workflow string) {
	mcp.AddTool(server, tool, func(ctx context.Context, _ *mcp.CallToolRequest, in In) (*mcp.CallToolResult, Out, error) {
		out, err := execute[In, Out](ctx, c, workflow, in, false)
		return nil, out, err
	})
}

// addEmptyTool adds the tool whose calls cost what MCP costs.
func addEmptyTool(server *mcp.Server) {
	result := &mcp.CallToolResult{Content: []mcp.Content{}}
	server.AddTool(&mcp.Tool{Name: "empty", Description: "Does nothing.", InputSchema: map[string]any{"type": "object"}},
		func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) { return result, nil })
}
