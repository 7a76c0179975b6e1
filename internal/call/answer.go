package call

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/advice"
	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/memo"
	"github.com/durablemcp/durablemcp/internal/peer"
	"github.com/durablemcp/durablemcp/internal/schema"
)

// inputRequests are questions as they stand in the results of calls, under their keys.
func inputRequests(questions []memo.Question, reasons map[string]string) mcp.InputRequestMap {
	requests := make(mcp.InputRequestMap, len(questions))
	for _, q := range questions {
		requests[q.Key] = peer.ElicitParams(q, reasons[q.Key])
	}
	return requests
}

// readAnswer reads a client's response to a question, which can be as long as
// arguments. Its error is an [*execution.RefusedAnswerError].
func (w *Waiter) readAnswer(key string, response json.RawMessage) (memo.Answer, error) {
	a := memo.Answer{Key: key}
	if limit := w.Opts.MaxArgumentBytes; len(response) > limit {
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
func (w *Waiter) answerOfResult(key string, result *mcp.ElicitResult) (memo.Answer, error) {
	for _, name := range slices.Sorted(maps.Keys(result.Content)) {
		// The SDK has read numbers as float64: those of which it may have made
		// others are not taken.
		if n, ok := result.Content[name].(float64); ok && math.Abs(n) >= 1<<53 {
			return memo.Answer{}, execution.BadAnswer(fmt.Sprintf("/content/%s: numbers of 2^53 and more cannot be forwarded exactly", name))
		}
	}
	return w.readAnswer(key, advice.MustMarshal(result))
}
