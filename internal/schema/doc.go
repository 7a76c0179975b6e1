// Package schema makes the JSON Schemas of MCP tools from Go types, and validates
// arguments and results against exactly those schemas.
//
// Input schemas are written for language models: the root is an object without
// combinators, nothing is nullable, references are inlined except where a type is
// recursive, and structs are closed. Every value that encoding/json can write of a type
// validates against the type's output schema.
//
// The constraints of tags (enum, minimum, pattern, format, ...) are part of input schemas
// only. Go does not enforce them, so output schemas mention them only in descriptions.
//
// Both follow the field rules of encoding/json. The text, the constraints and the
// schema methods (JSONSchema, JSONSchemaExtend, JSONSchemaAlias) are those of
// github.com/invopop/jsonschema.
//
// A time.Duration is an integer of nanoseconds in Go's JSON and a string such as
// "1m30s" in MCP's. This package translates at the border, so that a workflow's
// payloads stay what encoding/json writes.
//
// # Not goals
//
// A type with its own MarshalJSON gets a schema that allows anything, unless it has a
// JSONSchema method. Remote references
// are never followed.
package schema
