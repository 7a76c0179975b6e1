package taskclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// maxRounds bounds how often one call asks for input, and how often answers of
// one wait are refused: handlers may be programs, which do not get tired.
const maxRounds = 100

// An Outcome is what a server makes of a call: exactly one of its fields is
// set.
type Outcome struct {
	// Result is the tool's result. It may be one with IsError, or one that
	// needs input (NeedsInput) and that the client cannot answer.
	Result *mcp.CallToolResult

	// Task is set if the work goes on: its result comes from [Client.Wait].
	// It is the task's first state, and has no Result, Error or InputRequests
	// even if its status is one with them: only later states tell them.
	Task *Task
}

// CallTool calls a tool (tools/call). The params are not modified.
//
// If the server needs input first, [Options.Elicit] gives it and the call is
// repeated with it, for at most 100 rounds. Without Elicit, or if the server
// asks for more than elicitations, the result that needs input is the outcome:
// repeat the call with InputResponses and the result's RequestState.
//
// A call is never repeated because it failed: if the connection breaks, it is
// unknown whether the tool has run. Ending ctx cancels the call; a task that
// it has become goes on.
func (c *Client) CallTool(ctx context.Context, params *mcp.CallToolParams) (*Outcome, error) {
	const method = "tools/call"
	if params == nil || params.Name == "" {
		return nil, methodError(method, errors.New("found no name; want that of a tool"))
	}
	round := *params
	round.Meta = c.meta(params.Meta)
	for range maxRounds {
		outcome, err := c.callOnce(ctx, method, &round)
		if err != nil || !c.goesOn(outcome) {
			return outcome, err
		}
		round.RequestState = outcome.Result.RequestState
		round.InputResponses, err = c.answer(ctx, "", outcome.Result.InputRequests, nil)
		if err == nil && len(outcome.Result.InputRequests) == 0 {
			err = c.sleep(ctx, minBackoff) // the server has too much to do
		}
		if err != nil {
			return nil, methodError(method, err)
		}
	}
	return nil, methodError(method, fmt.Errorf("the server asked for input %d times", maxRounds))
}

// goesOn reports whether the call needs another round, and can have it.
func (c *Client) goesOn(outcome *Outcome) bool {
	result := outcome.Result
	return result != nil && result.NeedsInput() && c.canAnswer(result.InputRequests)
}

// callOnce makes one round of a call.
func (c *Client) callOnce(ctx context.Context, method string, params *mcp.CallToolParams) (*Outcome, error) {
	request := &call{name: params.Name, progressToken: params.GetProgressToken()}
	result, kind, err := c.call(ctx, request, method, params, c.progress)
	if err != nil {
		return nil, err
	}
	outcome := &Outcome{}
	switch kind {
	case complete, inputRequired:
		outcome.Result, err = decodeToolResult(result)
	case task:
		outcome.Task, err = decodeCreatedTask(result)
	default:
		err = fmt.Errorf("the server answered with the unknown result type %q", kind)
	}
	if err == nil && kind == inputRequired && outcome.Result.InputRequests == nil && outcome.Result.RequestState == "" {
		err = errors.New("the server requires input, but has neither inputRequests nor requestState")
	}
	if err != nil {
		return nil, methodError(method, err)
	}
	return outcome, nil
}

func (c *Client) progress(notification *jsonrpc.Request) {
	if notification.Method != notificationProgress || c.opts.OnProgress == nil {
		return
	}
	var progress mcp.ProgressNotificationParams
	if json.Unmarshal(notification.Params, &progress) == nil { // unreadable progress does not fail the call
		c.opts.OnProgress(&progress)
	}
}
