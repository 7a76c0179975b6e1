package call

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/sdk/converter"

	"github.com/durablemcp/durablemcp/internal/advice"
	"github.com/durablemcp/durablemcp/internal/redact"
	"github.com/durablemcp/durablemcp/internal/schema"
)

// An Output turns a workflow's result into a tool's.
type Output struct {
	Typ    reflect.Type   // nil if it is not known
	Schema *schema.Output // nil if there is no result
}

// A textResult is a result that has a text for people, shown to the model in place
// of its JSON.
type textResult interface{ ToolText() string }

// text returns what the model reads for a result: the type's own text, or "". The
// methods of the type are the embedder's: if they panic, the work is done all the same,
// and its JSON serves as the text.
func (o *Output) text(ctx context.Context, tool *Tool, raw json.RawMessage) (text string) {
	if o.Typ == nil || string(raw) == "null" {
		return ""
	}
	defer tool.recoverPanic(ctx, "the text of a result")
	v := reflect.New(o.Typ) // its methods are those of the type and of a pointer to it
	t, ok := reflect.TypeAssert[textResult](v)
	if !ok && o.Typ.Kind() == reflect.Pointer {
		v.Elem().Set(reflect.New(o.Typ.Elem()))
		t, ok = reflect.TypeAssert[textResult](v.Elem())
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

// answer answers with a value that a workflow returned: raw, or read by get into
// a Go value if raw is not JSON.
func (o *Output) answer(ctx context.Context, b *Tool, raw converter.RawValue, get func(into any) error) *mcp.CallToolResult {
	data, ok := asJSON(raw)
	if o.Schema == nil || o.Typ == nil && string(data) == "null" {
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: b.Name + " is done."}}}
	}
	if !ok {
		var err error
		if data, err = o.Converted(get); err != nil {
			b.log(ctx, "decoding a result failed", "error", err)
			return b.ErrorResult(advice.InvalidResult(b.Name, "it cannot be decoded"))
		}
	}
	content, err := o.Schema.Structured(data)
	if misfit, ok := errors.AsType[*schema.ResultError](err); ok {
		result := b.ErrorResult(advice.InvalidResult(b.Name, misfit.Error()))
		result.Content = append(result.Content, &mcp.TextContent{Text: redact.Cut(string(data), redact.MaxLength)})
		return result
	}
	if len(content) > b.Opts.MaxResultBytes {
		return b.tooLong(content)
	}
	text := o.text(ctx, b, data)
	if text == "" {
		text = string(content)
	}
	return structured(content, text)
}

// tooLong answers with the beginning of a result that is longer than a model
// can use. It is an error, because what is left does not fit the tool's output
// schema, and says that the work itself is done.
func (t *Tool) tooLong(content json.RawMessage) *mcp.CallToolResult {
	result := t.ErrorResult(&advice.ToolError{
		Type: advice.TypeResultTooLong,
		Message: fmt.Sprintf("%s is done, but its result is %d bytes of JSON, more than the %d that this server returns. Its beginning follows.",
			t.Name, len(content), t.Opts.MaxResultBytes),
		Advice: "Calling again will not help, unless other arguments make the result smaller. All of it is in Temporal.",
	})
	result.Content = append(result.Content, &mcp.TextContent{Text: redact.Cut(string(content), redact.MaxLength)})
	return result
}

// Converted reads a value that is not JSON through the client's data converter,
// which needs the Go type, and returns its JSON.
func (o *Output) Converted(get func(into any) error) (data json.RawMessage, err error) {
	defer func() {
		if p := recover(); p != nil { // the methods of the type are the embedder's
			data, err = nil, fmt.Errorf("the methods of the result's type panicked: %v", p)
		}
	}()
	if o.Typ == nil {
		return nil, errors.New("the result is not JSON, and its type is not declared")
	}
	v := reflect.New(o.Typ)
	if err := get(v.Interface()); err != nil {
		return nil, err
	}
	return json.Marshal(v.Elem().Interface())
}
