package durablemcp

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/execution"
)

// MetaKey is the key in a result's _meta under which a call reports its
// workflow: an object with workflow_id, run_id, workflow_type and, if
// [Options.UIURL] is set, url, the execution's page in the Temporal Web UI. If the
// call repeats one that had closed before, and was not carried out, it has
// repeats_call_closed_at, the time of that.
const MetaKey = "io.github.durablemcp/workflow"

// MetaKeyError is the key in the _meta of a tool error under which programs find
// what the text says: an object with
//
//	type        what failed; of a workflow's failure, the type that it has in Temporal
//	message     what failed, in words
//	retryable   whether the same call can succeed later
//	cause       why, if that is known
//	details     the first detail of the workflow's failure, if that is JSON
//	violations  of the input schema, each with its JSON path
//
// Type, message and retryable are always there. Tool errors have no structured
// content.
const MetaKeyError = "io.github.durablemcp/error"

// A startAnswer is the answer of a tool that starts a workflow without waiting:
// the workflow's handle.
type startAnswer struct {
	WorkflowID string `json:"workflow_id"`
	RunID      string `json:"run_id"`
	Status     string `json:"status"`
}

const handleSchema = `{
	"type": "object",
	"properties": {
		"workflow_id": {"type": "string"},
		"run_id": {"type": "string"},
		"status": {"type": "string", "description": "running, completed, failed, canceled, terminated, timed_out, paused or continued_as_new."}
	},
	"required": ["workflow_id", "run_id", "status"]
}`

// handleOutputSchema is the output schema of a tool in mode Start.
const handleOutputSchema = handleSchema

// structured returns a result whose text is the JSON of its structured content.
func structured(content json.RawMessage, text string) *mcp.CallToolResult {
	return &mcp.CallToolResult{
		StructuredContent: content,
		Content:           []mcp.Content{&mcp.TextContent{Text: text}},
	}
}

// handleResult answers with the workflow's handle.
func handleResult(e *execution.Execution) *mcp.CallToolResult {
	content := mustMarshal(startAnswer{WorkflowID: e.ID, RunID: e.RunID, Status: execution.StatusName(e.Status)})
	return structured(content, string(content))
}

// runningResult answers that the workflow is still running, and how the model
// gets at its result.
func runningResult(tool string, seen running, goOn string) *mcp.CallToolResult {
	seen.Next = "Nothing is lost: the work goes on. " + goOn
	if strings.HasPrefix(seen.Doing, execution.StuckPrefix) {
		seen.Next = "Nothing is lost: the work goes on when that is fixed. Tell the user. " + goOn
	}
	text := fmt.Sprintf("%s is still running after %s. Current activity: %s. %s",
		tool, seen.Elapsed, strings.TrimSuffix(seen.Doing, "."), seen.Next)
	return structured(mustMarshal(map[string]running{"running": seen}), text)
}

// errorResult answers with a tool error.
func (b *base) errorResult(e *toolError) *mcp.CallToolResult {
	e.Message, e.Cause = b.opts.redact(e.Message), b.opts.redact(e.Cause)
	text := e.Message
	if e.Cause != "" {
		text += ": " + e.Cause
	}
	if len(e.Violations) > 0 {
		text += "\n- " + strings.Join(e.Violations, "\n- ")
	}
	if e.advice != "" {
		text += "\n" + e.advice
	}
	return &mcp.CallToolResult{
		IsError: true,
		Content: []mcp.Content{&mcp.TextContent{Text: text}},
		Meta:    mcp.Meta{MetaKeyError: e},
	}
}

// withMeta adds what every result says about its workflow.
func (b *base) withMeta(result *mcp.CallToolResult, e *execution.Execution) *mcp.CallToolResult {
	meta := map[string]any{"workflow_id": e.ID, "run_id": e.RunID, "workflow_type": b.workflowType}
	if b.opts.UIURL != "" {
		meta["url"] = fmt.Sprintf("%s/namespaces/%s/workflows/%s/%s/history", strings.TrimSuffix(b.opts.UIURL, "/"),
			url.PathEscape(b.opts.Namespace), url.PathEscape(e.ID), url.PathEscape(e.RunID))
	}
	addRepetition(e.Repeats, result, meta)
	if result.Meta == nil {
		result.Meta = make(mcp.Meta)
	}
	result.Meta[MetaKey] = meta
	return result
}

// mustMarshal marshals the library's own types, whose JSON cannot fail.
func mustMarshal(v any) json.RawMessage {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}
