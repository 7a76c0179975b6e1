package main

// For the scenarios tools-call-with-logging, logging-set-level,
// server-sse-polling and server-sse-multiple-streams.

import (
	"context"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// step is how long a step of a tool takes that reports about itself.
const step = 50 * time.Millisecond

func addStreamTools(server *mcp.Server) {
	addTool(server, "test_tool_with_logging", "Logs three messages while it runs.", logWhileRunning)
	addTool(server, "test_reconnection", "Closes the stream before it answers: the client fetches the answer later.", reconnect)
}

func logWhileRunning(ctx context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	for i, message := range []string{"Tool execution started", "Tool processing data", "Tool execution completed"} {
		if i > 0 {
			if err := pause(ctx, step); err != nil {
				return nil, err
			}
		}
		if err := log(ctx, req.Session, message); err != nil {
			return nil, err
		}
	}
	return text("Logged three messages."), nil
}

// reconnect closes the stream only up to protocol version 2025-11-25: later
// ones cannot resume a stream.
func reconnect(ctx context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	if req.Extra != nil && req.Extra.CloseSSEStream != nil {
		req.Extra.CloseSSEStream(mcp.CloseSSEStreamArgs{RetryAfter: step})
	}
	if err := pause(ctx, 2*step); err != nil {
		return nil, err
	}
	return text("Reconnection test completed."), nil
}
