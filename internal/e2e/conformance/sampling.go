package main

// For the scenario tools-call-sampling.

import (
	"context"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

func addSampling(server *mcp.Server) {
	addToolFor(server, &mcp.Tool{Name: "test_sampling", Description: "Sends a prompt to the client's model."},
		func(ctx context.Context, req *mcp.CallToolRequest, in struct {
			Prompt string `json:"prompt" jsonschema:"The prompt to send to the LLM"`
		}) (*mcp.CallToolResult, error) {
			return interview{
				questions: questions{"response": sample(in.Prompt, 100)},
				reply:     func(a answers) string { return "LLM response: " + a["response"] },
			}.call(ctx, req)
		})
}
