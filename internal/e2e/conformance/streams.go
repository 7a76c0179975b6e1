package main

// For the scenarios tools-call-with-logging, logging-set-level,
// tools-call-with-progress, server-sse-polling and server-sse-multiple-streams.

import (
	"context"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// step is how long a step of a tool takes that reports about itself.
const step = 50 * time.Millisecond

func addStreamTools(server *mcp.Server) {
	addTool(server, "test_tool_with_logging", "Logs three messages while it runs.", logWhileRunning)
	addTool(server, "test_tool_with_progress", "Reports its progress three times.", reportProgress)
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

func reportProgress(ctx context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	const total = 100
	for progress := 0.0; progress <= total; progress += total / 2 {
		if progress > 0 {
			if err := pause(ctx, step); err != nil {
				return nil, err
			}
		}
		if err := notifyProgress(ctx, req, progress, total); err != nil {
			return nil, err
		}
	}
	return text("All steps are done."), nil
}

// notifyProgress does nothing if the client has not asked for progress.
func notifyProgress(ctx context.Context, req *mcp.CallToolRequest, progress, total float64) error {
	token := req.Params.GetProgressToken()
	if token == nil {
		return nil
	}
	return req.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{
		ProgressToken: token, Progress: progress, Total: total,
	})
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
