package call

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/advice"
	"github.com/durablemcp/durablemcp/internal/execution"
)

// MetaKeyWorkflow and MetaKeyError of package durablemcp.
const (
	MetaKeyWorkflow = "io.github.durablemcp/workflow"
	MetaKeyError    = "io.github.durablemcp/error"
)

// A startAnswer is the answer of a tool that starts a workflow without waiting:
// the workflow's handle.
type startAnswer struct {
	WorkflowID string `json:"workflow_id"`
	RunID      string `json:"run_id"`
	Status     string `json:"status"`
}

// HandleSchema is the schema of a workflow's handle.
const HandleSchema = `{
	"type": "object",
	"properties": {
		"workflow_id": {"type": "string"},
		"run_id": {"type": "string"},
		"status": {"type": "string", "description": "running, completed, failed, canceled, terminated, timed_out, paused or continued_as_new."}
	},
	"required": ["workflow_id", "run_id", "status"]
}`

// HandleOutputSchema is the output schema of a tool in mode Start.
const HandleOutputSchema = HandleSchema

// structured returns a result whose text is the JSON of its structured content.
func structured(content json.RawMessage, text string) *mcp.CallToolResult {
	return &mcp.CallToolResult{
		StructuredContent: content,
		Content:           []mcp.Content{&mcp.TextContent{Text: text}},
	}
}

// handleResult answers with the workflow's handle.
func handleResult(e *execution.Execution) *mcp.CallToolResult {
	content := advice.MustMarshal(startAnswer{WorkflowID: e.ID, RunID: e.RunID, Status: execution.StatusName(e.Status)})
	return structured(content, string(content))
}

// runningResult answers that the workflow is still running, and how the model
// gets at its result.
func runningResult(tool string, seen advice.Running, goOn string) *mcp.CallToolResult {
	seen.Next = "Nothing is lost: the work goes on. " + goOn
	if strings.HasPrefix(seen.Doing, execution.StuckPrefix) {
		seen.Next = "Nothing is lost: the work goes on when that is fixed. Tell the user. " + goOn
	}
	text := fmt.Sprintf("%s is still running after %s. Current activity: %s. %s",
		tool, seen.Elapsed, strings.TrimSuffix(seen.Doing, "."), seen.Next)
	return structured(advice.MustMarshal(map[string]advice.Running{"running": seen}), text)
}

// ErrorResult answers with a tool error.
func (t *Tool) ErrorResult(e *advice.ToolError) *mcp.CallToolResult {
	e.Message, e.Cause = t.Opts.Redact(e.Message), t.Opts.Redact(e.Cause)
	text := e.Message
	if e.Cause != "" {
		text += ": " + e.Cause
	}
	if len(e.Violations) > 0 {
		text += "\n- " + strings.Join(e.Violations, "\n- ")
	}
	if e.Advice != "" {
		text += "\n" + e.Advice
	}
	return &mcp.CallToolResult{
		IsError: true,
		Content: []mcp.Content{&mcp.TextContent{Text: text}},
		Meta:    mcp.Meta{MetaKeyError: e},
	}
}

// withMeta adds what every result says about its workflow.
func (t *Tool) withMeta(result *mcp.CallToolResult, e *execution.Execution) *mcp.CallToolResult {
	meta := map[string]any{"workflow_id": e.ID, "run_id": e.RunID, "workflow_type": t.WorkflowType}
	if t.Opts.WebUIURL != "" {
		meta["url"] = fmt.Sprintf("%s/namespaces/%s/workflows/%s/%s/history", strings.TrimSuffix(t.Opts.WebUIURL, "/"),
			url.PathEscape(t.Opts.Namespace), url.PathEscape(e.ID), url.PathEscape(e.RunID))
	}
	addRepetition(e.Repeats, result, meta)
	if result.Meta == nil {
		result.Meta = make(mcp.Meta)
	}
	result.Meta[MetaKeyWorkflow] = meta
	return result
}

// addRepetition says in a result that it is that of an earlier call: in a text of its own,
// so that the first one is still the result's.
func addRepetition(r *execution.Repetition, result *mcp.CallToolResult, meta map[string]any) {
	if r == nil {
		return
	}
	result.Content = append(result.Content, &mcp.TextContent{Text: advice.RepetitionNote(r)})
	meta["repeats_call_closed_at"] = r.Closed.UTC()
}

// accepted is the answer of a durablemcp.SignalTool.
type accepted struct {
	Accepted   bool   `json:"accepted"`
	WorkflowID string `json:"workflow_id"`
	RunID      string `json:"run_id"`
	Next       string `json:"next"`
}

// AcceptedSchema is the output schema of a tool that has no more to say than what it means
// that something is accepted.
func AcceptedSchema(meaning string) json.RawMessage {
	return json.RawMessage(`{
	"type": "object",
	"properties": {
		"accepted": {"type": "boolean", "description": "` + meaning + `"},
		"workflow_id": {"type": "string"},
		"run_id": {"type": "string"},
		"next": {"type": "string", "description": "What that means, and where to look."}
	},
	"required": ["accepted", "workflow_id", "run_id", "next"]
}`)
}

// acceptedResult answers that Temporal has accepted something for a workflow, and
// what that means.
func acceptedResult(e *execution.Execution, what, next string) *mcp.CallToolResult {
	return structured(advice.MustMarshal(accepted{Accepted: true, WorkflowID: e.ID, RunID: e.RunID, Next: what + " " + next}), what+" "+next)
}

// askThroughModel answers a call whose client cannot put the questions to a person:
// with what is asked, and who can answer.
func askThroughModel(tool string, seen advice.Running, answersWith, goOn string) *mcp.CallToolResult {
	seen.Next = advice.AnswerThrough(answersWith) + goOn
	return structured(advice.MustMarshal(map[string]advice.Running{"running": seen}), advice.QuestionsText(tool, seen.Questions)+"\n"+seen.Next)
}
