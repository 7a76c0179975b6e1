package story

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp"
)

// A Client is an MCP client whose calls are part of the story.
type Client struct {
	story   *Story
	who     string
	session *mcp.ClientSession
}

// Connect connects a client to an MCP server over streamable HTTP.
func (s *Story) Connect(ctx context.Context, url string) (*Client, error) {
	return s.ConnectAs(ctx, url, "client", "", nil)
}

// ConnectAs is Connect for somebody with a name, and with a bearer token unless
// that is empty.
func (s *Story) ConnectAs(ctx context.Context, url, who, token string, person Person) (*Client, error) {
	news := s.news(who)
	opts := &mcp.ClientOptions{
		ProgressNotificationHandler: func(_ context.Context, req *mcp.ProgressNotificationClientRequest) {
			news("sees: " + req.Params.Message)
		},
	}
	if person != nil {
		ask := s.asks(who, person)
		opts.ElicitationHandler = func(ctx context.Context, req *mcp.ElicitRequest) (*mcp.ElicitResult, error) {
			return ask(ctx, req.Params)
		}
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "demo", Version: "1.0.0"}, opts)
	session, err := client.Connect(ctx, &mcp.StreamableClientTransport{Endpoint: url, HTTPClient: httpClient(token)}, nil)
	if err != nil {
		return nil, fmt.Errorf("connect to the MCP server: %w", err)
	}
	return &Client{story: s, who: who, session: session}, nil
}

// httpClient sends a bearer token with every request, unless that is empty.
func httpClient(token string) *http.Client {
	if token == "" {
		return http.DefaultClient
	}
	return &http.Client{Transport: Bearer(token)}
}

// Bearer is a token that goes with every request.
type Bearer string

// RoundTrip sends the request.
func (b Bearer) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context()) // RoundTrip must not change the caller's
	request.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(request)
}

// Close ends the session.
func (c *Client) Close() { _ = c.session.Close() }

// Call calls a tool with arguments in JSON, and again for as long as the
// answer is that the work goes on, as a model would.
func (c *Client) Call(ctx context.Context, tool, arguments string) (*Result, error) {
	return c.callAndTell(ctx, tool, arguments, nil)
}

// Follow is Call for a client that wants to know how far the work is, and
// tells that.
func (c *Client) Follow(ctx context.Context, tool, arguments string) (*Result, error) {
	return c.callAndTell(ctx, tool, arguments, tool)
}

func (c *Client) callAndTell(ctx context.Context, tool, arguments string, progressToken any) (*Result, error) {
	for {
		c.story.Say(c.who, "calls %s %s", tool, arguments)
		result, err := c.call(ctx, tool, arguments, progressToken)
		if err != nil || !result.running() {
			return result, err
		}
		c.story.Say(c.who, "is told: %s", result.Text())
	}
}

// Quietly calls a tool once, and does not tell.
func (c *Client) Quietly(ctx context.Context, tool, arguments string) (*Result, error) {
	return c.call(ctx, tool, arguments, nil)
}

func (c *Client) call(ctx context.Context, tool, arguments string, progressToken any) (*Result, error) {
	params := &mcp.CallToolParams{Name: tool, Arguments: json.RawMessage(arguments)}
	if progressToken != nil {
		params.SetProgressToken(progressToken)
	}
	answer, err := c.session.CallTool(ctx, params)
	if err != nil {
		return nil, fmt.Errorf("call %s: %w", tool, err)
	}
	return &Result{answer}, nil
}

// A Result is what a tool answered.
type Result struct{ *mcp.CallToolResult }

// Text is the answer's text: what a model reads.
func (r *Result) Text() string {
	var texts []string
	for _, content := range r.Content {
		if text, ok := content.(*mcp.TextContent); ok {
			texts = append(texts, text.Text)
		}
	}
	return strings.Join(texts, "\n")
}

// Decode decodes the structured content of an answer that is no error.
func (r *Result) Decode(into any) error {
	if r.IsError {
		return fmt.Errorf("the tool failed: %s", r.Text())
	}
	return convert(r.StructuredContent, into)
}

// Link is the address of the workflow in Temporal's Web UI, or "".
func (r *Result) Link() string {
	var workflow struct {
		URL string `json:"url"`
	}
	_ = convert(r.Meta[durablemcp.MetaKeyWorkflow], &workflow) // no link is no mistake
	return workflow.URL
}

func (r *Result) running() bool {
	var answer struct {
		Running *struct{} `json:"running"`
	}
	return !r.IsError && convert(r.StructuredContent, &answer) == nil && answer.Running != nil
}

// convert turns decoded JSON into a Go type.
func convert(from, into any) error {
	data, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}
