package taskclient

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// sdkServer is a server of the official SDK, which knows no tasks.
func sdkServer() *mcp.Server {
	server := mcp.NewServer(&mcp.Implementation{Name: "greeter", Version: "1"}, nil)
	server.AddTool(&mcp.Tool{Name: "greet", InputSchema: map[string]any{"type": "object"}}, func(ctx context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		name, ok := req.Params.InputResponses["name"].(*mcp.ElicitResult)
		if !ok {
			ask := &mcp.ElicitParams{Message: "Name?", RequestedSchema: map[string]any{"type": "object"}}
			return &mcp.CallToolResult{InputRequests: mcp.InputRequestMap{"name": ask}, RequestState: "state"}, nil
		}
		if token := req.Params.GetProgressToken(); token != nil {
			_ = req.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{ProgressToken: token, Progress: 1})
		}
		greeting := &mcp.TextContent{Text: req.Params.RequestState + ": Hello, " + name.Content["name"].(string)}
		return &mcp.CallToolResult{Content: []mcp.Content{greeting}}, nil
	})
	return server
}

// What the client sends is what the official SDK takes, on both transports.
func TestSDKServer(t *testing.T) {
	t.Parallel()
	progress := 0
	opts := &Options{
		Implementation: &mcp.Implementation{Name: "me", Version: "1"},
		OnProgress:     func(*mcp.ProgressNotificationParams) { progress++ },
		Elicit: func(context.Context, *Question) (*mcp.ElicitResult, error) {
			return &mcp.ElicitResult{Action: "accept", Content: map[string]any{"name": "Ann"}}, nil
		},
	}
	server, conn := mcp.NewInMemoryTransports()
	session, err := sdkServer().Connect(t.Context(), server, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	end, err := conn.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	overPipe := New(end, opts)
	t.Cleanup(func() { _ = overPipe.Close() })
	get := func(*http.Request) *mcp.Server { return sdkServer() }
	for name, c := range map[string]*Client{
		"connection": overPipe,
		"events":     overHTTP(t, opts, mcp.NewStreamableHTTPHandler(get, &mcp.StreamableHTTPOptions{Stateless: true})),
		"JSON":       overHTTP(t, opts, mcp.NewStreamableHTTPHandler(get, &mcp.StreamableHTTPOptions{Stateless: true, JSONResponse: true})),
	} {
		progress = 0
		params := &mcp.CallToolParams{Name: "greet", Arguments: map[string]any{}}
		params.SetProgressToken("p")
		outcome, err := c.CallTool(t.Context(), params)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := text(t, outcome.Result); got != "state: Hello, Ann" {
			t.Errorf("%s: found %q", name, got)
		}
		if progress != 1 && name != "JSON" {
			t.Errorf("%s: found %d notifications of progress; want 1", name, progress)
		}
		_, err = c.Get(t.Context(), "t1")
		if rpc, ok := errors.AsType[*jsonrpc.Error](err); !ok || rpc.Code != jsonrpc.CodeMethodNotFound {
			t.Errorf("%s: found the error %v; want that the method is unknown", name, err)
		}
		for task, err := range c.Listen(t.Context(), "t1") {
			if _, ok := errors.AsType[*SubscriptionError](err); !ok {
				t.Errorf("%s: found %+v, %v; want a SubscriptionError", name, task, err)
			}
		}
	}
}
