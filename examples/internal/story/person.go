package story

import (
	"context"
	"encoding/json"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// A Person sits in front of a client, and answers what the client asks. If it
// is nil, there is nobody, and the client says that it cannot ask.
type Person func(question string) *mcp.ElicitResult

// asks returns what a client does with a question: it is part of the story.
func (s *Story) asks(who string, person Person) func(context.Context, *mcp.ElicitParams) (*mcp.ElicitResult, error) {
	return func(_ context.Context, question *mcp.ElicitParams) (*mcp.ElicitResult, error) {
		s.Say(who, "is asked: %s", question.Message)
		answer := person(question.Message)
		content, err := json.Marshal(answer.Content)
		s.Say(who, "answers: %s %s", answer.Action, content)
		return answer, err
	}
}
