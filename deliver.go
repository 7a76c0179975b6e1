package durablemcp

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/memo"
	"github.com/durablemcp/durablemcp/internal/schema"
)

// elicitParams is the question as MCP asks it, with what was wrong with the answer
// before, if there was one.
func elicitParams(q memo.Question, reason string) *mcp.ElicitParams {
	params := &mcp.ElicitParams{Mode: q.Mode, Message: q.Message, URL: q.URL}
	if q.Mode == memo.ModeForm {
		params.RequestedSchema = q.Schema
	}
	if reason != "" {
		params.Message += "\n\nThe answer before was not accepted: " + reason
	}
	return params
}

// inputRequests are questions as they stand in the results of calls, under their keys.
func inputRequests(questions []memo.Question, reasons map[string]string) mcp.InputRequestMap {
	requests := make(mcp.InputRequestMap, len(questions))
	for _, q := range questions {
		requests[q.Key] = elicitParams(q, reasons[q.Key])
	}
	return requests
}

// taskRequests are questions as they stand in a task.
func taskRequests(questions []memo.Question) mcp.InputRequestMap {
	requests := make(mcp.InputRequestMap, len(questions))
	for _, q := range questions {
		requests[q.TaskKey()] = elicitParams(q, q.Reason)
	}
	return requests
}

// readAnswer reads a client's response to a question, which can be as long as
// arguments. Its error is an [*answerError].
func (w *waiter) readAnswer(key string, response json.RawMessage) (memo.Answer, error) {
	a := memo.Answer{Key: key}
	if limit := w.opts.MaxArgumentBytes; len(response) > limit {
		return a, execution.BadAnswer(fmt.Sprintf("the answer is %d bytes, more than the %d that this server takes", len(response), limit))
	}
	var result struct {
		Action  string          `json:"action"`
		Content json.RawMessage `json:"content"`
	}
	if err := json.Unmarshal(response, &result); err != nil || result.Action == "" {
		return a, execution.BadAnswer(`want {"action": "accept", "content": …}, or the action "decline" or "cancel"`)
	}
	a.Action = result.Action
	if a.Action == memo.Accept && len(result.Content) > 0 {
		if err := json.Unmarshal(schema.Unquoted(result.Content), &a.Content); err != nil {
			return a, execution.BadAnswer("/content: want an object")
		}
	}
	return a, nil
}

// answerOfResult is a client's response, which the SDK has read already, as an
// answer.
func (w *waiter) answerOfResult(key string, result *mcp.ElicitResult) (memo.Answer, error) {
	for _, name := range sortedKeys(result.Content) {
		// The SDK has read numbers as float64: those of which it may have made
		// others are not taken.
		if n, ok := result.Content[name].(float64); ok && math.Abs(n) >= 1<<53 {
			return memo.Answer{}, execution.BadAnswer(fmt.Sprintf("/content/%s: numbers of 2^53 and more cannot be passed on exactly", name))
		}
	}
	return w.readAnswer(key, mustMarshal(result))
}

// answersWith says which of the registry's tools answers what the workflow
// asks, "" if none finds it.
func (w *waiter) answersWith(workflowID string) string {
	for _, tool := range w.answers[w.workflowType] {
		if tool.address.finds(w.template) {
			return fmt.Sprintf("Ask the user, then call %s with %s, the question's key, the action and the content.", tool.name, tool.address.naming(workflowID))
		}
	}
	return ""
}

// askModel answers a call whose client cannot put the questions to a person:
// with what is asked, and who can answer.
func (w *waiter) askModel(seen running) *mcp.CallToolResult {
	lines := []string{w.name + " waits for a person's answer, and this client cannot ask for it."}
	for _, q := range seen.Questions {
		line := fmt.Sprintf("- %q (key %s)", cmp.Or(q.Message, q.Title), q.Key) // quoted: it can hold what others wrote
		if q.URL != "" {
			line += ": " + q.URL
		}
		if len(q.Schema) > 0 {
			line += ": an answer has the schema " + string(q.Schema)
		}
		lines = append(lines, line)
	}
	seen.Next = cmp.Or(w.answersWith(seen.WorkflowID),
		"Tell the user, who has to answer through another client, or through a tool that decides it.") + " The work goes on after that. " + w.next.goOn(seen)
	return structured(mustMarshal(map[string]running{"running": seen}), strings.Join(lines, "\n")+"\n"+seen.Next)
}
