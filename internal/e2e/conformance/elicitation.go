package main

// For the scenarios tools-call-elicitation, elicitation-sep1034-defaults,
// elicitation-sep1330-enums and tools-call-sampling.

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// userSchema is what test_elicitation asks for.
const userSchema = `{
	"type": "object",
	"properties": {
		"username": {"type": "string", "description": "User's response"},
		"email": {"type": "string", "description": "User's email address"}
	},
	"required": ["username", "email"]
}`

// defaultsSchema has a default for every primitive type.
const defaultsSchema = `{
	"type": "object",
	"properties": {
		"name": {"type": "string", "default": "John Doe"},
		"age": {"type": "integer", "default": 30},
		"score": {"type": "number", "default": 95.5},
		"status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
		"verified": {"type": "boolean", "default": true}
	},
	"required": []
}`

// enumsSchema has every way to choose from a list.
const enumsSchema = `{
	"type": "object",
	"properties": {
		"untitledSingle": {"type": "string", "enum": ["option1", "option2", "option3"]},
		"titledSingle": {"type": "string", "oneOf": [
			{"const": "value1", "title": "First Option"},
			{"const": "value2", "title": "Second Option"},
			{"const": "value3", "title": "Third Option"}
		]},
		"legacyEnum": {"type": "string", "enum": ["opt1", "opt2", "opt3"], "enumNames": ["Option One", "Option Two", "Option Three"]},
		"untitledMulti": {"type": "array", "items": {"type": "string", "enum": ["option1", "option2", "option3"]}},
		"titledMulti": {"type": "array", "items": {"anyOf": [
			{"const": "value1", "title": "First Choice"},
			{"const": "value2", "title": "Second Choice"},
			{"const": "value3", "title": "Third Choice"}
		]}}
	},
	"required": []
}`

func addElicitationTools(server *mcp.Server) {
	addToolFor(server, &mcp.Tool{Name: "test_elicitation", Description: "Shows a message to the user and asks for a name and an address."},
		func(ctx context.Context, req *mcp.CallToolRequest, in struct {
			Message string `json:"message" jsonschema:"The message to show the user"`
		}) (*mcp.CallToolResult, error) {
			return fillIn(in.Message, userSchema, "User response: ").call(ctx, req)
		})
	addToolFor(server, &mcp.Tool{Name: "test_sampling", Description: "Sends a prompt to the client's model."},
		func(ctx context.Context, req *mcp.CallToolRequest, in struct {
			Prompt string `json:"prompt" jsonschema:"The prompt to send to the LLM"`
		}) (*mcp.CallToolResult, error) {
			return interview{
				questions: questions{"response": sample(in.Prompt, 100)},
				reply:     func(a answers) string { return "LLM response: " + a["response"] },
			}.call(ctx, req)
		})
	addInterview(server, "test_elicitation_sep1034_defaults", "Asks the user to fill in a form that has defaults.",
		fillIn("Please review the defaults", defaultsSchema, "Elicitation completed: "))
	addInterview(server, "test_elicitation_sep1330_enums", "Asks the user to choose from lists.",
		fillIn("Please choose", enumsSchema, "Elicitation completed: "))
}

// fillIn is a tool that answers with what the user has done with a form.
func fillIn(message, schema, intro string) interview {
	return interview{
		questions: questions{"form": elicit(message, json.RawMessage(schema), func(result *mcp.ElicitResult) (string, error) {
			content, err := json.Marshal(result.Content)
			return fmt.Sprintf("action=%s, content=%s", result.Action, content), err
		})},
		reply: func(a answers) string { return intro + a["form"] },
	}
}
