package durablemcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/sdk/converter"

	"github.com/durablemcp/durablemcp/internal/redact"
	"github.com/durablemcp/durablemcp/internal/schema"
)

// answer answers with a value that a workflow returned: raw, or read by get into
// a Go value if raw is not JSON.
func (o *outputBinding) answer(ctx context.Context, b *base, raw converter.RawValue, get func(into any) error) *mcp.CallToolResult {
	data, ok := asJSON(raw)
	if o.schema == nil || o.typ == nil && string(data) == "null" {
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: b.name + " is done."}}}
	}
	if !ok {
		var err error
		if data, err = o.converted(get); err != nil {
			b.log(ctx, "decoding a result failed", "error", err)
			return b.errorResult(invalidResult(b.name, "it cannot be decoded"))
		}
	}
	content, err := o.schema.Structured(data)
	if misfit, ok := errors.AsType[*schema.ResultError](err); ok {
		result := b.errorResult(invalidResult(b.name, misfit.Error()))
		result.Content = append(result.Content, &mcp.TextContent{Text: redact.Cut(string(data), redact.MaxLength)})
		return result
	}
	if len(content) > b.opts.MaxResultBytes {
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
func (b *base) tooLong(content json.RawMessage) *mcp.CallToolResult {
	result := b.errorResult(&toolError{
		Type: errResultTooLong,
		Message: fmt.Sprintf("%s is done, but its result is %d bytes of JSON, more than the %d that this server hands over. Its beginning follows.",
			b.name, len(content), b.opts.MaxResultBytes),
		advice: "Calling again will not help, unless other arguments make the result smaller. All of it is in Temporal.",
	})
	result.Content = append(result.Content, &mcp.TextContent{Text: redact.Cut(string(content), redact.MaxLength)})
	return result
}

// converted reads a value that is not JSON through the client's data converter,
// which needs the Go type, and returns its JSON.
func (o *outputBinding) converted(get func(into any) error) (data json.RawMessage, err error) {
	defer func() {
		if p := recover(); p != nil { // the methods of the type are the embedder's
			data, err = nil, fmt.Errorf("the methods of the result's type panicked: %v", p)
		}
	}()
	if o.typ == nil {
		return nil, errors.New("the result is not JSON, and its type is not declared")
	}
	v := reflect.New(o.typ)
	if err := get(v.Interface()); err != nil {
		return nil, err
	}
	return json.Marshal(v.Elem().Interface())
}

func invalidResult(tool, why string) *toolError {
	return &toolError{
		Type:    errInvalidResult,
		Message: fmt.Sprintf("%s is done, but its result is not what the tool declares: %s", tool, why),
		advice:  "The work itself has succeeded: do not call again. Tell the user that the tool's declaration does not fit its workflow.",
	}
}
