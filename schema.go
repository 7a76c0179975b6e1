package durablemcp

import (
	"encoding/json"
	"reflect"

	"github.com/durablemcp/durablemcp/internal/schema"
)

// A ToolTexter is a result that has a text for models to read in place of its JSON. A workflow's
// result type, or a pointer to it, can implement it. If the method panics, the text is the JSON.
//
// Other methods of types that the schemas go by are JSONSchema() *jsonschema.Schema, with which a
// type describes itself (see [github.com/invopop/jsonschema]), and encoding/json's own.
type ToolTexter interface {
	ToolText() string
}

// InputSchema returns the JSON schema of a tool whose arguments are the fields of a T, as the tool
// publishes it: for tests and documentation. The package documentation says how Go types and tags
// become schemas. The error lists everything in T that has no schema, such as channels.
func InputSchema[T any]() (json.RawMessage, error) {
	s, err := schema.ForStruct(reflect.TypeFor[T]())
	if err != nil {
		return nil, err
	}
	return s.JSON(), nil
}

// OutputSchema returns the JSON schema of the results of type T, as a tool that has no other
// answers publishes it: a T whose JSON is not an object stands in {"result": …}. The error lists
// everything in T that has no schema.
func OutputSchema[T any]() (json.RawMessage, error) {
	s, err := schema.ForOutput(reflect.TypeFor[T]())
	if err != nil {
		return nil, err
	}
	return s.JSON(), nil
}
