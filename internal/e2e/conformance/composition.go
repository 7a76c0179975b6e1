package main

// For the scenario tasks-mrtr-composition: a tool that asks for its arguments in
// the call, before there is a workflow, and then becomes a task.

import (
	"context"
	"encoding/json"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// nameQuestion is the tool that asks: only a tool's handler can.
const nameQuestion = "ask_for_name"

// addNameQuestion puts the question before the tool taskAfterQuestion.
func addNameQuestion(server *mcp.Server) {
	asked := questions{"user_name": askString("What is your name?", "name")}
	addTool(server, nameQuestion, "Asks the user for a name.", func(_ context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return asked.ask(req, "")
	})
	server.AddReceivingMiddleware(func(next mcp.MethodHandler) mcp.MethodHandler {
		return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
			call, ok := req.(*mcp.CallToolRequest)
			if !ok || call.Params.Name != taskAfterQuestion {
				return next(ctx, method, req)
			}
			copied, params := *call, *call.Params
			copied.Params = &params
			given, err := asked.read(call.Params.InputResponses)
			if err != nil {
				params.Name = nameQuestion
				return next(ctx, method, &copied)
			}
			params.InputResponses = nil
			if params.Arguments, err = json.Marshal(person{Name: given["user_name"]}); err != nil {
				return nil, err
			}
			return next(ctx, method, &copied)
		}
	})
}
