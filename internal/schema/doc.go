// Package schema makes the JSON Schemas of MCP tools from Go types and holds
// arguments and results to exactly those schemas.
//
// Input schemas are written for language models: the root is an object without
// combinators, nothing is nullable, references are inlined except where a type is
// recursive, and structs are closed. Output schemas are written for truth: whatever
// encoding/json writes for a value of the type validates against the schema of the type.
//
// The constraints of tags (enum, minimum, pattern, format, ...) are part of input schemas
// only. Go does not enforce them, so that a zero value would break them: output schemas
// have their text, with the values of an enum named in the description.
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
// Schemas of types whose JSON is written by hand are not guessed: a type with its own
// MarshalJSON may be anything unless it has a JSONSchema method. Remote references
// are never followed.
package schema
