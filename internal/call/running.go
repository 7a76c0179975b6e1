package call

import (
	"context"
	"encoding/json"

	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/memo"
)

// Running is the answer for a workflow that outlasts the call's wait.
type Running struct {
	WorkflowID string         `json:"workflow_id"`
	RunID      string         `json:"run_id"`
	Elapsed    string         `json:"elapsed"`
	Doing      string         `json:"doing,omitempty"`
	Questions  []openQuestion `json:"questions,omitempty"`
	Next       string         `json:"next"`

	closed bool // after all: it ended while this answer was made
}

// openQuestion is a question that nobody can be asked through this client, as the
// model sees it.
type openQuestion struct {
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
			"questions": ` + questionsSchema + `,
			"next": {"type": "string", "description": "What to do to get at the result."}
		},
		"required": ["workflow_id", "run_id", "elapsed", "next"]
	}},
	"required": ["running"]
}`

// questionsSchema is the schema of the questions that a workflow asks.
const questionsSchema = `{
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

// running says what the workflow of a snapshot is doing.
func (b *Tool) running(ctx context.Context, c *Call, seen *execution.Snapshot) Running {
	now := seen.Now()
	e := seen.Execution()
	answer := Running{
		WorkflowID: e.ID, RunID: e.RunID, Elapsed: execution.Round(seen.Age()).String(), closed: e.Closed(), Questions: openQuestions(seen.Memo.Questions),
	}
	if answer.Doing = c.Stuck(ctx, seen.DescribeWorkflowExecutionResponse, now); answer.Doing == "" {
		answer.Doing = seen.Doing(now)
	}
	return answer
}

func openQuestions(questions []memo.Question) []openQuestion {
	var list []openQuestion
	for _, q := range questions {
		list = append(list, openQuestion{Key: q.Key, Title: q.Title, Message: q.Message, Schema: q.Schema, URL: q.URL})
	}
	return list
}
