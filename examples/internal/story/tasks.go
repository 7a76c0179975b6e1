package story

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/taskclient"
)

// A TaskClient is an MCP client that knows tasks, and whose calls are part of
// the story.
type TaskClient struct {
	story  *Story
	who    string
	news   func(text string)
	client *taskclient.Client
}

// ConnectTasks returns a client that knows tasks, of an MCP server over
// streamable HTTP, with a bearer token unless that is empty. There is no
// connection to be lost: each request stands by itself.
func (s *Story) ConnectTasks(url, who, token string, person Person) *TaskClient {
	c := &TaskClient{story: s, who: who, news: s.news(who)}
	opts := &taskclient.Options{
		HTTPClient: httpClient(token), Implementation: &mcp.Implementation{Name: "demo", Version: "1.0.0"}, OnTask: c.tell,
	}
	if person != nil {
		ask := s.asks(who, person)
		opts.Elicit = func(ctx context.Context, question *taskclient.Question) (*mcp.ElicitResult, error) {
			return ask(ctx, question.Params)
		}
	}
	c.client = taskclient.NewHTTP(url, opts)
	return c
}

func (c *TaskClient) tell(task *taskclient.Task) {
	text := "polls the task: " + string(task.Status)
	if task.StatusMessage != "" {
		text += ": " + task.StatusMessage
	}
	c.news(text)
}

// Call calls a tool with arguments in JSON, which has to become a task, and
// returns the task's ID.
func (c *TaskClient) Call(ctx context.Context, tool, arguments string) (taskID string, err error) {
	c.story.Say(c.who, "calls %s %s", tool, arguments)
	outcome, err := c.client.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: json.RawMessage(arguments)})
	if err != nil {
		return "", err
	}
	if outcome.Task == nil {
		return "", fmt.Errorf("the call of %s was answered, and not with a task: %s", tool, (&Result{outcome.Result}).Text())
	}
	c.story.Say(c.who, "has a task: %.16s…", outcome.Task.ID)
	return outcome.Task.ID, nil
}

// Poll asks for a task's state once.
func (c *TaskClient) Poll(ctx context.Context, taskID string) error {
	task, err := c.client.Get(ctx, taskID)
	if err == nil {
		c.tell(task)
	}
	return err
}

// Wait polls a task until it has a result, and answers what it asks.
func (c *TaskClient) Wait(ctx context.Context, taskID string) (*Result, error) {
	result, err := c.client.Wait(ctx, taskID)
	return &Result{result}, err
}

// StartWait is Wait in the background: it returns a function that waits for the
// result. Servers may come and go in the meantime.
func (c *TaskClient) StartWait(ctx context.Context, taskID string) (await func() (*Result, error)) {
	var result *Result
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		result, err = c.Wait(ctx, taskID)
	}()
	return func() (*Result, error) {
		<-done
		return result, err
	}
}
