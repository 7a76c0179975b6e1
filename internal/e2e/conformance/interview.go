package main

// What the scenarios with input of the client have in common: questions in a
// result, and the answers in the next request (SEP-2322). For clients up to
// 2025-11-25, which are asked in requests of their own, the SDK translates.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// errUnanswered says that there is no answer, or none that fits the question.
var errUnanswered = errors.New("unanswered")

// A question is something that a client can be asked.
type question struct {
	needs   string                  // the capability
	request func() mcp.InputRequest // a new one each time: the SDK may write to it
	// read returns the answer, errUnanswered, or why there will be none.
	read func(mcp.InputResponse) (string, error)
}

type (
	questions map[string]question // by the ID of the input request
	answers   map[string]string   // by the same ID
)

// read returns the answers to all questions. If one of them lacks its answer,
// it returns errUnanswered: all have to be asked again.
func (qs questions) read(responses mcp.InputResponseMap) (answers, error) {
	all := answers{}
	for id, q := range qs {
		answer, err := q.read(responses[id])
		if err != nil {
			return nil, err
		}
		all[id] = answer
	}
	return all, nil
}

// requests returns the questions as the client gets them. It is an error if the
// client has not declared that it understands them all.
func (qs questions) requests(caps *mcp.ClientCapabilities) (mcp.InputRequestMap, error) {
	requests := mcp.InputRequestMap{}
	missing := map[string]struct{}{}
	for id, q := range qs {
		requests[id] = q.request()
		if !declares(caps, q.needs) {
			missing[q.needs] = struct{}{}
		}
	}
	if len(missing) > 0 {
		return nil, missingCapabilities(missing)
	}
	return requests, nil
}

// ask returns the result of a tool that asks the questions.
func (qs questions) ask(req *mcp.CallToolRequest, state string) (*mcp.CallToolResult, error) {
	requests, err := qs.requests(req.ClientCapabilities())
	if err != nil {
		return nil, err
	}
	return &mcp.CallToolResult{InputRequests: requests, RequestState: state}, nil
}

// understood returns the questions that the client understands.
func (qs questions) understood(caps *mcp.ClientCapabilities) questions {
	understood := questions{}
	for id, q := range qs {
		if declares(caps, q.needs) {
			understood[id] = q
		}
	}
	return understood
}

// missingCapabilities refuses a request for which the client lacks capabilities.
func missingCapabilities(missing map[string]struct{}) error {
	// Not mcp.MissingRequiredClientCapabilityData: that always names roots.
	data, err := json.Marshal(map[string]any{"requiredCapabilities": missing})
	if err != nil {
		return err
	}
	return &jsonrpc.Error{
		Code: mcp.CodeMissingRequiredClientCapabilities, Message: "the client lacks a capability that is required", Data: data,
	}
}

// An interview is a tool that asks the client before it answers.
type interview struct {
	questions questions
	reply     func(answers) string

	sealed  bool // refuses answers without the state that came with the questions
	lenient bool // leaves out questions that the client does not understand, if there are others
}

func (i interview) call(_ context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	state := ""
	if i.sealed {
		if err := i.checkState(req); err != nil {
			return nil, err
		}
		state = seal(req.Params.Name, "")
	}
	asked := i.questions
	if understood := asked.understood(req.ClientCapabilities()); i.lenient && len(understood) > 0 {
		asked = understood
	}
	given, err := asked.read(req.Params.InputResponses)
	switch {
	case errors.Is(err, errUnanswered):
		return asked.ask(req, state)
	case err != nil:
		return nil, err
	}
	return text(i.reply(given)), nil
}

// checkState refuses answers without the right state, and a wrong state in any
// case.
func (i interview) checkState(req *mcp.CallToolRequest) error {
	if req.Params.RequestState == "" && len(req.Params.InputResponses) == 0 {
		return nil
	}
	_, err := unseal(req.Params.Name, req.Params.RequestState)
	return err
}

func addInterview(server *mcp.Server, name, description string, i interview) {
	addTool(server, name, description, i.call)
}

// askString asks the user for a string.
func askString(message, property string) question {
	return askFor[string](message, property, "string")
}

// askFor asks the user for one value, which is a T in Go.
func askFor[T any](message, property, jsonType string) question {
	schema := map[string]any{
		"type":       "object",
		"properties": map[string]any{property: map[string]any{"type": jsonType}},
		"required":   []string{property},
	}
	return elicit(message, schema, func(result *mcp.ElicitResult) (string, error) {
		if result.Action != "accept" {
			return "", fmt.Errorf("the user has not answered %q: %s", message, result.Action)
		}
		value, ok := result.Content[property].(T)
		if !ok {
			return "", errUnanswered
		}
		return fmt.Sprint(value), nil
	})
}

// elicit asks the user to fill in a form.
func elicit(message string, schema any, read func(*mcp.ElicitResult) (string, error)) question {
	return question{
		needs: "elicitation",
		request: func() mcp.InputRequest {
			return &mcp.ElicitParams{Mode: "form", Message: message, RequestedSchema: schema}
		},
		read: func(response mcp.InputResponse) (string, error) {
			result, ok := response.(*mcp.ElicitResult)
			if !ok {
				return "", errUnanswered
			}
			return read(result)
		},
	}
}
