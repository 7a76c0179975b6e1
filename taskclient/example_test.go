package taskclient_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/taskclient"
)

// A call that becomes a task, which asks before it pays. Only the task's ID is
// needed to go on: after a restart of the program, it is just Wait.
func Example() {
	server := httptest.NewServer(bank())
	ctx := context.Background()

	client := taskclient.NewHTTP(server.URL, &taskclient.Options{
		Implementation: &mcp.Implementation{Name: "example", Version: "1.0.0"},
		Elicit: func(_ context.Context, q *taskclient.Question) (*mcp.ElicitResult, error) {
			fmt.Println("question:", q.Params.Message)
			return &mcp.ElicitResult{Action: "accept", Content: map[string]any{"approved": true}}, nil
		},
		OnTask: func(task *taskclient.Task) {
			fmt.Println("task:", task.Status)
		},
	})
	outcome, err := client.CallTool(ctx, &mcp.CallToolParams{Name: "pay", Arguments: map[string]any{"amount": 900}})
	if err != nil {
		log.Fatal(err)
	}
	result := outcome.Result
	if outcome.Task != nil { // store its ID before anything else
		if result, err = client.Wait(ctx, outcome.Task.ID); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println("result:", result.Content[0].(*mcp.TextContent).Text)
	server.Close()
	// Output:
	// task: input_required
	// question: Pay $900?
	// task: completed
	// result: paid
}

// bank fakes a server whose tool becomes a task.
func bank() http.Handler {
	const task = `"taskId":"7f3a","createdAt":"2026-08-01T10:00:00Z","lastUpdatedAt":"2026-08-01T10:00:01Z","ttlMs":null,"pollIntervalMs":100,`
	approved := false
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		msg, err := jsonrpc.DecodeMessage(body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		var result string
		switch call := msg.(*jsonrpc.Request); {
		case call.Method == "tools/call":
			result = `{"resultType":"task",` + task + `"status":"working"}`
		case call.Method == "tasks/update":
			approved = true
			result = `{"resultType":"complete"}`
		case approved:
			result = `{"resultType":"complete",` + task + `"status":"completed","result":{"content":[{"type":"text","text":"paid"}]}}`
		default:
			result = `{"resultType":"complete",` + task + `"status":"input_required",
				"inputRequests":{"approval":{"method":"elicitation/create","params":{"mode":"form","message":"Pay $900?","requestedSchema":{"type":"object"}}}}}`
		}
		w.Header().Set("Content-Type", "application/json")
		response, err := jsonrpc.EncodeMessage(&jsonrpc.Response{ID: msg.(*jsonrpc.Request).ID, Result: []byte(result)})
		if err != nil {
			return
		}
		_, _ = w.Write(response)
	})
}
