package durablemcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/durablemcp/durablemcp/internal/redact"
	"github.com/durablemcp/durablemcp/internal/schema"
)

// completed answers with the result of a completed workflow.
func (t *workflowTool) completed(ctx context.Context, c client.Client, e *execution, raw converter.RawValue) *mcp.CallToolResult {
	data, ok := asJSON(raw)
	if t.output.schema == nil || t.output.typ == nil && string(data) == "null" {
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: t.name + " is done."}}}
	}
	if !ok {
		var err error
		if data, err = t.converted(ctx, c, e); err != nil {
			t.log(ctx, "decoding a workflow's result failed", "workflow_id", e.id, "error", err)
			return t.errorResult(invalidResult(t.name, "it cannot be decoded"))
		}
	}
	content, err := t.output.schema.Structured(data)
	if misfit, ok := errors.AsType[*schema.ResultError](err); ok {
		result := t.errorResult(invalidResult(t.name, misfit.Error()))
		result.Content = append(result.Content, &mcp.TextContent{Text: redact.Cut(string(data), redact.MaxLength)})
		return result
	}
	text := t.output.text(data)
	if text == "" {
		text = string(content)
	}
	return structured(content, text)
}

// converted reads a result that is not JSON through the client's data
// converter, which needs the Go type, and returns its JSON.
func (t *workflowTool) converted(ctx context.Context, c client.Client, e *execution) (json.RawMessage, error) {
	if t.output.typ == nil {
		return nil, errors.New("the result is not JSON, and its type is not declared")
	}
	v := reflect.New(t.output.typ)
	if err := c.GetWorkflow(ctx, e.id, e.runID).Get(ctx, v.Interface()); err != nil {
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
