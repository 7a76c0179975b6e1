package main

// For the scenarios prompts-list, prompts-get-simple, prompts-get-with-args,
// prompts-get-embedded-resource, prompts-get-with-image and completion-complete.

import (
	"context"
	"fmt"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

func addPrompts(server *mcp.Server) {
	addPrompt(server, &mcp.Prompt{Name: "test_simple_prompt", Description: "A prompt without arguments."},
		&mcp.TextContent{Text: "This is a simple prompt for testing."})
	addPrompt(server, &mcp.Prompt{Name: "test_prompt_with_image", Description: "A prompt with an image."},
		&mcp.ImageContent{Data: redPixel, MIMEType: "image/png"},
		&mcp.TextContent{Text: "Please analyze the image above."})
	addPromptWithArguments(server, &mcp.Prompt{
		Name: "test_prompt_with_arguments", Description: "A prompt with two arguments.",
		Arguments: []*mcp.PromptArgument{
			{Name: "arg1", Description: "First test argument", Required: true},
			{Name: "arg2", Description: "Second test argument", Required: true},
		},
	}, func(arguments map[string]string) []mcp.Content {
		return []mcp.Content{&mcp.TextContent{
			Text: fmt.Sprintf("Prompt with arguments: arg1='%s', arg2='%s'", arguments["arg1"], arguments["arg2"]),
		}}
	})
	addPromptWithArguments(server, &mcp.Prompt{
		Name: "test_prompt_with_embedded_resource", Description: "A prompt with an embedded resource.",
		Arguments: []*mcp.PromptArgument{{Name: "resourceUri", Description: "URI of the resource to embed", Required: true}},
	}, func(arguments map[string]string) []mcp.Content {
		return []mcp.Content{
			embedded(arguments["resourceUri"], "text/plain", "Embedded resource content for testing."),
			&mcp.TextContent{Text: "Please process the embedded resource above."},
		}
	})
}

// addPrompt adds a prompt that is always the same.
func addPrompt(server *mcp.Server, prompt *mcp.Prompt, content ...mcp.Content) {
	server.AddPrompt(prompt, func(context.Context, *mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		return fromUser(content), nil
	})
}

// addPromptWithArguments adds a prompt whose content depends on its arguments.
func addPromptWithArguments(server *mcp.Server, prompt *mcp.Prompt, content func(arguments map[string]string) []mcp.Content) {
	server.AddPrompt(prompt, func(_ context.Context, req *mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		for _, argument := range prompt.Arguments {
			if argument.Required && req.Params.Arguments[argument.Name] == "" {
				return nil, &jsonrpc.Error{Code: jsonrpc.CodeInvalidParams, Message: fmt.Sprintf("the argument %q is required", argument.Name)}
			}
		}
		return fromUser(content(req.Params.Arguments)), nil
	})
}

// fromUser returns a prompt in which each content is a message of the user.
func fromUser(content []mcp.Content) *mcp.GetPromptResult {
	result := &mcp.GetPromptResult{Messages: []*mcp.PromptMessage{}}
	for _, c := range content {
		result.Messages = append(result.Messages, &mcp.PromptMessage{Role: "user", Content: c})
	}
	return result
}

// complete completes every argument with the same words.
func complete(_ context.Context, req *mcp.CompleteRequest) (*mcp.CompleteResult, error) {
	values := []string{}
	for _, word := range []string{"paris", "park", "party", "test", "testing"} {
		if strings.HasPrefix(word, req.Params.Argument.Value) {
			values = append(values, word)
		}
	}
	return &mcp.CompleteResult{Completion: mcp.CompletionResultDetails{Values: values, Total: len(values)}}, nil
}
