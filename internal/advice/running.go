package advice

import (
	"encoding/json"

	"github.com/durablemcp/durablemcp/internal/memo"
)

// Running is the answer for a workflow that outlasts the call's wait.
type Running struct {
	WorkflowID string         `json:"workflow_id"`
	RunID      string         `json:"run_id"`
	Elapsed    string         `json:"elapsed"`
	Doing      string         `json:"doing,omitempty"`
	Questions  []OpenQuestion `json:"questions,omitempty"`
	Next       string         `json:"next"`

	Closed bool `json:"-"` // after all: it ended while this answer was made
}

// OpenQuestion is a question that this client cannot put to a person, as the
// model sees it.
type OpenQuestion struct {
	Key     string          `json:"key"`
	Title   string          `json:"title,omitempty"`
	Message string          `json:"message"`
	Schema  json.RawMessage `json:"schema,omitempty"`
	URL     string          `json:"url,omitempty"`
}

// RunningSchema is the schema of the answer that a workflow is still running.
const RunningSchema = `{
	"type": "object",
	"properties": {"running": {
		"type": "object",
		"description": "The work goes on: it outlasted the time that a call waits.",
		"properties": {
			"workflow_id": {"type": "string"},
			"run_id": {"type": "string"},
			"elapsed": {"type": "string", "description": "How long it has been running, such as 45s."},
			"doing": {"type": "string", "description": "What it is doing now."},
			"questions": ` + QuestionsSchema + `,
			"next": {"type": "string", "description": "What to do to get at the result."}
		},
		"required": ["workflow_id", "run_id", "elapsed", "next"]
	}},
	"required": ["running"]
}`

// QuestionsSchema is the schema of the questions that a workflow asks.
const QuestionsSchema = `{
	"type": "array",
	"description": "What it asks a person, and waits for.",
	"items": {
		"type": "object",
		"properties": {
			"key": {"type": "string"}, "title": {"type": "string"}, "message": {"type": "string"},
			"schema": {"type": "object", "description": "The schema of the answer's content."}, "url": {"type": "string"}
		},
		"required": ["key", "message"]
	}
}`

// OpenQuestions is what models see of questions.
func OpenQuestions(questions []memo.Question) []OpenQuestion {
	var list []OpenQuestion
	for _, q := range questions {
		list = append(list, OpenQuestion{Key: q.Key, Title: q.Title, Message: q.Message, Schema: q.Schema, URL: q.URL})
	}
	return list
}
