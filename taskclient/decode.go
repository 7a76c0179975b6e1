package taskclient

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// The types of results that the client knows (section "Polymorphic Results").
const (
	complete      = "complete"
	inputRequired = "input_required"
	task          = "task"
)

const (
	notificationProgress     = "notifications/progress"
	notificationCancelled    = "notifications/cancelled"
	notificationTask         = "notifications/tasks"
	notificationAcknowledged = "notifications/subscriptions/acknowledged"
	methodListen             = "subscriptions/listen"
)

// present reports whether an optional value is there: null is not.
func present(data json.RawMessage) bool { return len(data) > 0 && string(data) != "null" }

// decodeResponse returns the result and its type.
func decodeResponse(response *jsonrpc.Response) (result json.RawMessage, kind string, err error) {
	if response.Error != nil {
		return nil, "", response.Error
	}
	if !present(response.Result) {
		return nil, "", errors.New("malformed response: found neither result nor error")
	}
	var typed struct {
		ResultType string `json:"resultType"`
	}
	if err := json.Unmarshal(response.Result, &typed); err != nil {
		return nil, "", fmt.Errorf("malformed result: %w", err)
	}
	if typed.ResultType == "" {
		typed.ResultType = complete // basic/index: servers of earlier versions have none
	}
	return response.Result, typed.ResultType, nil
}

// decodeToolResult reads a tool's result. The input requests are read apart:
// see [decodeInputRequests].
func decodeToolResult(data json.RawMessage) (*mcp.CallToolResult, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, fmt.Errorf("malformed result: %w", err)
	}
	requests, apart := fields["inputRequests"]
	if apart {
		delete(fields, "inputRequests")
		var err error
		if data, err = json.Marshal(fields); err != nil {
			return nil, err
		}
	}
	result := &mcp.CallToolResult{}
	if err := json.Unmarshal(data, result); err != nil {
		return nil, fmt.Errorf("malformed result: %w", err)
	}
	if !present(requests) {
		return result, nil
	}
	var err error
	result.InputRequests, err = decodeInputRequests(requests)
	return result, err
}

// decodeInputRequests reads input requests by way of the SDK, which panics if
// one of them is null, and fails if one has no params, as roots/list may: they
// become null.
func decodeInputRequests(data json.RawMessage) (mcp.InputRequestMap, error) {
	type request struct {
		Method string          `json:"method"`
		Params json.RawMessage `json:"params"`
	}
	var raw map[string]*request
	if err := json.Unmarshal(data, &raw); err != nil {
		return nil, fmt.Errorf("malformed inputRequests: %w", err)
	}
	for key, r := range raw {
		if r == nil {
			return nil, fmt.Errorf("malformed inputRequests: %q is null", key)
		}
	}
	data, err := json.Marshal(raw)
	if err != nil {
		return nil, err
	}
	var requests mcp.InputRequestMap
	if err := json.Unmarshal(data, &requests); err != nil {
		return nil, fmt.Errorf("malformed inputRequests: %w", err)
	}
	return requests, nil
}
