package main

// For the scenarios json-schema-2020-12 and http-custom-header-server-validation.

import (
	"context"
	"encoding/json"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// contactSchema uses what JSON Schema 2020-12 has and its predecessors lack,
// and what a library that rebuilds schemas may lose.
const contactSchema = `{
	"$schema": "https://json-schema.org/draft/2020-12/schema",
	"type": "object",
	"$defs": {
		"address": {
			"$anchor": "addressDef",
			"type": "object",
			"properties": {"street": {"type": "string"}, "city": {"type": "string"}}
		}
	},
	"properties": {
		"name": {"type": "string"},
		"address": {"$ref": "#/$defs/address"},
		"contactMethod": {"type": "string", "enum": ["phone", "email"]},
		"phone": {"type": "string"},
		"email": {"type": "string"}
	},
	"allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
	"if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
	"then": {"required": ["phone"]},
	"else": {"required": ["email"]},
	"additionalProperties": false
}`

// regionSchema has an argument that clients repeat in the header
// Mcp-Param-Region.
const regionSchema = `{
	"type": "object",
	"properties": {"region": {"type": "string", "x-mcp-header": "Region"}},
	"required": ["region"]
}`

func addSchemaTools(server *mcp.Server) {
	addToolFor(server, &mcp.Tool{
		Name:        "json_schema_2020_12_tool",
		Description: "Tool with JSON Schema 2020-12 features",
		InputSchema: json.RawMessage(contactSchema),
	}, func(_ context.Context, _ *mcp.CallToolRequest, in map[string]any) (*mcp.CallToolResult, error) {
		data, err := json.Marshal(in)
		return text("The contact " + string(data) + " is valid."), err
	})
	addToolFor(server, &mcp.Tool{
		Name:        "test_custom_header",
		Description: "Takes an argument that is repeated in an HTTP header.",
		InputSchema: json.RawMessage(regionSchema),
	}, func(_ context.Context, _ *mcp.CallToolRequest, in struct{ Region string }) (*mcp.CallToolResult, error) {
		return text("The region is " + in.Region + "."), nil
	})
}
