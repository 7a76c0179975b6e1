package durablemcp

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	"go.temporal.io/sdk/converter"

	"github.com/durablemcp/durablemcp/internal/schema"
)

// An outputBinding turns a workflow's result into a tool's.
type outputBinding struct {
	typ    reflect.Type   // nil if it is not known
	schema *schema.Output // nil if there is no result
}

// A texter is a result that has a text for people, shown to the model in place
// of its JSON.
type texter interface{ ToolText() string }

// workflowResult checks the fields that say what the workflow's result is,
// beside other answers of the tool. It returns nil after a mistake.
func (d *declaration) workflowResult(ref *workflowRef, output any, others ...json.RawMessage) *outputBinding {
	if !ref.isFunc {
		return d.result(reflect.TypeOf(output), "Output", others...)
	}
	if output != nil {
		d.mistake("Output", fmt.Sprintf("a %T", output), "nothing: the function says what its result is")
		return nil
	}
	if ref.shape.Result == nil {
		return &outputBinding{}
	}
	return d.result(ref.shape.Result, "Workflow", others...)
}

// result makes the binding of results of a type, nil if it is not known, beside
// other answers. It returns nil after a mistake.
func (d *declaration) result(t reflect.Type, field string, others ...json.RawMessage) *outputBinding {
	s, err := schema.ForOutput(t, others...)
	if err != nil {
		d.typeMistakes(field, err)
		return nil
	}
	return &outputBinding{typ: t, schema: s}
}

// published returns the output schema that clients see, nil if there is none.
func (b *outputBinding) published() any {
	if b.schema == nil || b.schema.JSON() == nil {
		return nil // and not a nil json.RawMessage, which would be published as null
	}
	return b.schema.JSON()
}

// text returns what the model reads for a result: the type's own text, or "". The
// methods of the type are the embedder's: if they panic, the work is done all the same,
// and its JSON serves as the text.
func (b *outputBinding) text(ctx context.Context, tool *base, raw json.RawMessage) (text string) {
	if b.typ == nil || string(raw) == "null" {
		return ""
	}
	defer tool.contain(ctx, "the text of a result")
	v := reflect.New(b.typ) // its methods are those of the type and of a pointer to it
	t, ok := reflect.TypeAssert[texter](v)
	if !ok && b.typ.Kind() == reflect.Pointer {
		v.Elem().Set(reflect.New(b.typ.Elem()))
		t, ok = reflect.TypeAssert[texter](v.Elem())
	}
	if !ok || json.Unmarshal(raw, v.Interface()) != nil {
		return ""
	}
	return t.ToolText()
}

// asJSON returns the JSON of a payload as the workflow wrote it, or false if
// the payload is of another encoding, which only the client's data converter
// can read.
func asJSON(raw converter.RawValue) (json.RawMessage, bool) {
	payload := raw.Payload()
	if payload == nil {
		return json.RawMessage("null"), true
	}
	switch string(payload.GetMetadata()[converter.MetadataEncoding]) {
	case converter.MetadataEncodingJSON, converter.MetadataEncodingProtoJSON:
		return payload.GetData(), true
	case converter.MetadataEncodingNil:
		return json.RawMessage("null"), true
	}
	return nil, false
}
