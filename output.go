package durablemcp

import (
	"encoding/json"
	"fmt"
	"reflect"

	"go.temporal.io/sdk/converter"

	"github.com/durablemcp/durablemcp/internal/schema"
)

// An outputBinding turns a workflow's result into a tool's.
type outputBinding struct {
	typ    reflect.Type   // nil if it is not known
	schema *schema.Output // nil if the workflow has no result
	handle bool           // the tool answers with the workflow's handle
}

// A texter is a result that has a text for people, shown to the model in place
// of its JSON.
type texter interface{ ToolText() string }

// output checks the fields that say what the tool's result is, and returns nil
// after a mistake.
func (d *declaration) output(t WorkflowTool, ref *workflowRef) *outputBinding {
	b := &outputBinding{typ: ref.shape.Result, handle: t.Mode == Start}
	field := "Workflow"
	switch {
	case !ref.isFunc:
		b.typ, field = reflect.TypeOf(t.Output), "Output"
	case t.Output != nil:
		d.mistake("Output", fmt.Sprintf("a %T", t.Output), "nothing: the function says what its result is")
		return nil
	case b.typ == nil:
		return b
	}
	var err error
	if b.schema, err = schema.ForOutput(b.typ, json.RawMessage(runningSchema), json.RawMessage(errorSchema)); err != nil {
		d.typeMistakes(field, err)
		return nil
	}
	return b
}

// published returns the output schema that clients see, nil if there is none.
func (b *outputBinding) published() any {
	switch {
	case b.handle:
		return json.RawMessage(handleOutputSchema)
	case b.schema == nil || b.schema.JSON() == nil:
		return nil
	}
	return b.schema.JSON()
}

// text returns what the model reads for a result: the type's own text, or "".
func (b *outputBinding) text(raw json.RawMessage) string {
	if b.typ == nil || string(raw) == "null" {
		return ""
	}
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
