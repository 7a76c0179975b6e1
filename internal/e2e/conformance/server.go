package main

import (
	"context"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// newServer returns a server with every fixture that is not a workflow.
func newServer() *mcp.Server {
	server := mcp.NewServer(&mcp.Implementation{Name: "durablemcp-conformance", Version: "1.0.0"}, &mcp.ServerOptions{
		CompletionHandler:  complete,
		SubscribeHandler:   subscribe,
		UnsubscribeHandler: unsubscribe,
	})
	for _, add := range []func(*mcp.Server){
		addContentTools, addSchemaTools, addStreamTools, addStatelessTools,
		addSampling, addInputTools, addGreet, addResources, addPrompts,
	} {
		add(server)
	}
	return server
}

// addTool adds a tool without arguments. An error of the handler is the tool's,
// unless it is a *jsonrpc.Error.
func addTool(server *mcp.Server, name, description string, handler mcp.ToolHandler) {
	addToolFor(server, &mcp.Tool{Name: name, Description: description},
		func(ctx context.Context, req *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, error) {
			return handler(ctx, req)
		})
}

// addToolFor adds a tool with arguments. Its schema comes from the type In
// unless it has one.
func addToolFor[In any](server *mcp.Server, tool *mcp.Tool, handler func(context.Context, *mcp.CallToolRequest, In) (*mcp.CallToolResult, error)) {
	mcp.AddTool(server, tool, func(ctx context.Context, req *mcp.CallToolRequest, in In) (*mcp.CallToolResult, any, error) {
		result, err := handler(ctx, req, in)
		return result, nil, err
	})
}

// text returns a result that is one text.
func text(s string) *mcp.CallToolResult {
	return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: s}}}
}

// pause waits for d, or until the call is cancelled.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
