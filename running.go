package durablemcp

import (
	"context"
	"encoding/json"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/memo"
)

// running is the answer for a workflow that outlasts the call's wait.
type running struct {
	WorkflowID string  `json:"workflow_id"`
	RunID      string  `json:"run_id"`
	Elapsed    string  `json:"elapsed"`
	Doing      string  `json:"doing,omitempty"`
	Questions  []asked `json:"questions,omitempty"`
	Next       string  `json:"next"`

	closed bool // after all: it ended while this answer was made
}

// asked is a question that nobody can be asked through this client, as the
// model sees it.
type asked struct {
	Key     string          `json:"key"`
	Title   string          `json:"title,omitempty"`
	Message string          `json:"message"`
	Schema  json.RawMessage `json:"schema,omitempty"`
	URL     string          `json:"url,omitempty"`
}

const runningSchema = `{
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

// look asks Temporal what a running workflow is doing.
func (w *waiter) look(ctx context.Context, c *execution.Client, req *mcp.CallToolRequest, e *execution.Execution) running {
	ctx, cancel := context.WithTimeout(ctx, execution.LookTimeout)
	defer cancel()
	seen, err := c.Describe(ctx, e.ID, e.RunID)
	if err != nil {
		w.log(ctx, "describing a workflow failed", "workflow_id", e.ID, "error", err)
		return running{
			WorkflowID: e.ID, RunID: e.RunID, Elapsed: execution.Round(time.Since(e.Created)).String(),
			Doing: "unknown: Temporal does not answer at the moment",
		}
	}
	return w.running(ctx, c, seen.WithQuestions(w.mayAnswer(ctx, req, seen)))
}

// running says what the workflow of a snapshot is doing.
func (b *base) running(ctx context.Context, c *execution.Client, seen *execution.Snapshot) running {
	now := seen.Now()
	e := seen.Execution()
	answer := running{
		WorkflowID: e.ID, RunID: e.RunID, Elapsed: execution.Round(seen.Age()).String(), closed: e.Closed(), Questions: askedOf(seen.Memo.Questions),
	}
	if answer.Doing = c.Stuck(ctx, seen.DescribeWorkflowExecutionResponse, now); answer.Doing == "" {
		answer.Doing = seen.Doing(now)
	}
	return answer
}

func askedOf(questions []memo.Question) []asked {
	var list []asked
	for _, q := range questions {
		list = append(list, asked{Key: q.Key, Title: q.Title, Message: q.Message, Schema: q.Schema, URL: q.URL})
	}
	return list
}
