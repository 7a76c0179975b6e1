package main

// For the scenarios input-required-result-*.

import (
	"context"
	"errors"
	"fmt"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

func addInputTools(server *mcp.Server) {
	// Also for missing-input-response, result-type, ignore-extra-params and
	// validate-input.
	addInterview(server, "test_input_required_result_elicitation", "Asks the user for a name.", interview{
		questions: questions{"user_name": askString("What is your name?", "name")},
		reply:     func(a answers) string { return "Hello, " + a["user_name"] + "!" },
	})
	addInterview(server, "test_input_required_result_sampling", "Asks the client's model a question.", interview{
		questions: questions{"capital_question": sample("What is the capital of France?", 100)},
		reply:     func(a answers) string { return "The model says: " + a["capital_question"] },
	})
	addInterview(server, "test_input_required_result_list_roots", "Asks the client for its roots.", interview{
		questions: questions{"client_roots": listRoots()},
		reply:     func(a answers) string { return "The roots are: " + a["client_roots"] },
	})
	addInterview(server, "test_input_required_result_multiple_inputs", "Asks for a name, a greeting and the roots.", interview{
		sealed: true,
		questions: questions{
			"user_name":    askString("What is your name?", "name"),
			"greeting":     sample("Generate a greeting", 50),
			"client_roots": listRoots(),
		},
		reply: func(a answers) string {
			return fmt.Sprintf("%s, %s! The roots are: %s", a["greeting"], a["user_name"], a["client_roots"])
		},
	})
	addInterview(server, "test_input_required_result_capabilities", "Asks what the client understands, of a name and a greeting.", interview{
		lenient: true,
		questions: questions{
			"user_name": askString("What is your name?", "name"),
			"greeting":  sample("Generate a greeting", 50),
		},
		reply: func(a answers) string { return fmt.Sprintf("There are %d answers.", len(a)) },
	})
	server.AddPrompt(&mcp.Prompt{Name: "test_input_required_result_prompt", Description: "A prompt that asks the user for its context."}, askForContext)
}

// askForContext is a prompt that asks the user before it answers.
func askForContext(_ context.Context, req *mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
	asked := questions{"user_context": askString("What context should the prompt use?", "context")}
	given, err := asked.read(req.Params.InputResponses)
	if errors.Is(err, errUnanswered) {
		requests, err := asked.requests(req.ClientCapabilities())
		return &mcp.GetPromptResult{InputRequests: requests}, err
	}
	if err != nil {
		return nil, err
	}
	return fromUser([]mcp.Content{&mcp.TextContent{Text: "Use this context: " + given["user_context"]}}), nil
}
