package main

// For the scenario server-stateless.

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

func addStatelessTools(server *mcp.Server) {
	addInterview(server, "test_missing_capability", "Needs a client that has declared sampling.", interview{
		questions: questions{"greeting": sample("Say hello", 20)},
		reply:     func(a answers) string { return "The model says: " + a["greeting"] },
	})
	addTool(server, "test_streaming_elicitation", "Reports progress, and then asks the user something in its result.", streamElicitation)
	addTool(server, "test_logging_tool", "Logs a message if the request allows that.",
		func(ctx context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			if err := log(ctx, req.Session, "The tool runs"); err != nil {
				return nil, err
			}
			return text("Logged a message if that was allowed."), nil
		})
	addListChanges(server)
}

// streamElicitation asks in its result: a stream carries no requests.
func streamElicitation(ctx context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	if err := notifyProgress(ctx, req, 0, 1); err != nil {
		return nil, err
	}
	return interview{
		questions: questions{"user_name": askString("What is your name?", "name")},
		reply:     func(a answers) string { return "Hello, " + a["user_name"] + "!" },
	}.call(ctx, req)
}

// addListChanges adds a tool and a prompt that change, and the tools that change
// them: subscribers hear of it. They never disappear, so that lists of other
// scenarios are stable.
func addListChanges(server *mcp.Server) {
	var version atomic.Int64
	description := func() string { return fmt.Sprintf("Version %d of what changes.", version.Add(1)) }
	changeTool := func() {
		description := description()
		addContentTool(server, "test_changing_tool", description, &mcp.TextContent{Text: description})
	}
	changePrompt := func() {
		description := description()
		addPrompt(server, &mcp.Prompt{Name: "test_changing_prompt", Description: description}, &mcp.TextContent{Text: description})
	}
	changeTool()
	changePrompt()
	addTrigger(server, "test_trigger_tool_change", "Changes the tool test_changing_tool.", changeTool)
	addTrigger(server, "test_trigger_prompt_change", "Changes the prompt test_changing_prompt.", changePrompt)
}

func addTrigger(server *mcp.Server, name, description string, change func()) {
	addTool(server, name, description, func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		change()
		return text("It has changed."), nil
	})
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
