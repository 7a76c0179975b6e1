package durablemcp

import (
	"encoding/json"
)

// AnswerUpdate is the update by which a workflow takes the answers to what it
// asks with [Elicit]. Its argument is an [Answer].
//
// The library sends it for clients that can ask a person. Declared as a tool,
// it lets a model pass an answer on:
//
//	durablemcp.UpdateTool{Name: "answer", Workflow: …, Update: durablemcp.AnswerUpdate, Input: durablemcp.Answer{}}
//
// A workflow that asks nothing does not have it.
const AnswerUpdate = "durablemcp.answer"

// An Answer is the argument of [AnswerUpdate].
type Answer struct {
	// Key is the key of the question, or [ElicitOptions.Key], if only one of
	// that is open. If empty, the one open question is meant.
	Key string `json:"key,omitempty" jsonschema:"description=The key of the question. If left out\\, the one open question is meant."`
	// Action is "accept", "decline" or "cancel" (MCP 2025-11-25,
	// client/elicitation, Response Actions).
	Action string `json:"action" jsonschema:"enum=accept,enum=decline,enum=cancel"`
	// Content is the filled-in form, for the action "accept".
	Content map[string]json.RawMessage `json:"content,omitempty" jsonschema:"description=The answer\\, by the schema of the question."`
	// By is who answers, as the library fills it in.
	By Sender `json:"by,omitzero" jsonschema:"-"`
}
