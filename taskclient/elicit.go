package taskclient

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// A Question is an elicitation (elicitation/create) that a server needs
// answered, by [Options.Elicit]. It deserves no more trust than any other
// elicitation.
type Question struct {
	// TaskID is the ID of the task that asks. It is empty if the question
	// comes before the call's result or task.
	TaskID string

	// Key is the server's name for the question, unique in a task or a call.
	Key string

	// Params are what is asked: a message and a schema, or a URL.
	Params *mcp.ElicitParams

	// Refused says why the server refused the last answer. It is empty when
	// the question is asked for the first time. Answers to several questions
	// are sent together, so it may be about another one of them if the server
	// does not tell which it refused.
	Refused string
}

// canAnswer reports whether all requests are elicitations, and [Options.Elicit] answers them.
func (c *Client) canAnswer(requests mcp.InputRequestMap) bool {
	for _, request := range requests {
		if _, ok := request.(*mcp.ElicitParams); !ok {
			return false
		}
	}
	return c.opts.Elicit != nil
}

// answer asks for the answers to all requests, in the order of their keys.
// They must be ones that the client can answer.
func (c *Client) answer(ctx context.Context, taskID string, requests mcp.InputRequestMap, refused map[string]string) (mcp.InputResponseMap, error) {
	responses := make(mcp.InputResponseMap, len(requests))
	for _, key := range slices.Sorted(maps.Keys(requests)) {
		params, _ := requests[key].(*mcp.ElicitParams)
		result, err := c.opts.Elicit(ctx, &Question{TaskID: taskID, Key: key, Params: params, Refused: refused[key]})
		if err != nil {
			return nil, fmt.Errorf("answering %q: %w", key, err)
		}
		if result == nil {
			return nil, fmt.Errorf("answering %q: Options.Elicit returned neither a result nor an error", key)
		}
		responses[key] = result
	}
	return responses, nil
}
