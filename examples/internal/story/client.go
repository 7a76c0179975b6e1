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
	return s.ConnectAs(ctx, url, "client", "")
}

// ConnectAs is Connect for somebody with a name, and with a bearer token unless
// that is empty.
func (s *Story) ConnectAs(ctx context.Context, url, who, token string) (*Client, error) {
	transport := &mcp.StreamableClientTransport{Endpoint: url}
	if token != "" {
		transport.HTTPClient = &http.Client{Transport: bearer(token)}
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "demo", Version: "1.0.0"}, nil)
	session, err := client.Connect(ctx, transport, nil)
	if err != nil {
		return nil, fmt.Errorf("connect to the MCP server: %w", err)
	}
	return &Client{story: s, who: who, session: session}, nil
}

// bearer is a token that goes with every request.
type bearer string

func (b bearer) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context()) // RoundTrip must not change the caller's
	request.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(request)
}

// Close ends the session.
func (c *Client) Close() { _ = c.session.Close() }

// Call calls a tool with arguments in JSON, and again for as long as the
// answer is that the work goes on, as a model would.
func (c *Client) Call(ctx context.Context, tool, arguments string) (*Result, error) {
	for {
		c.story.Say(c.who, "calls %s %s", tool, arguments)
		result, err := c.Quietly(ctx, tool, arguments)
		if err != nil || !result.running() {
			return result, err
		}
		c.story.Say(c.who, "is told: %s", result.Text())
	}
}

// Quietly calls a tool once, and does not tell.
func (c *Client) Quietly(ctx context.Context, tool, arguments string) (*Result, error) {
	answer, err := c.session.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: json.RawMessage(arguments)})
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
	_ = convert(r.Meta[durablemcp.MetaKey], &workflow) // no link is no mistake
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
