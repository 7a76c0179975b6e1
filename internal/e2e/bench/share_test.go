package bench

import (
	"context"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp"
)

// An order has what arguments usually have.
type order struct {
	ID       string            `json:"id" jsonschema:"minLength=1,maxLength=40"`
	Customer customer          `json:"customer"`
	Lines    []line            `json:"lines" jsonschema:"minItems=1"`
	Express  bool              `json:"express,omitempty"`
	Due      time.Time         `json:"due"`
	Labels   map[string]string `json:"labels,omitempty"`
}

type customer struct {
	Name  string `json:"name" jsonschema:"minLength=1"`
	Email string `json:"email" jsonschema:"maxLength=200"`
	Tier  string `json:"tier" jsonschema:"enum=basic,enum=gold"`
}

type line struct {
	SKU      string  `json:"sku" jsonschema:"minLength=3"`
	Quantity int     `json:"quantity" jsonschema:"minimum=1"`
	Price    float64 `json:"price" jsonschema:"minimum=0"`
}

type receipt struct {
	OrderID string  `json:"order_id"`
	Total   float64 `json:"total"`
	Lines   []line  `json:"lines"`
	Note    string  `json:"note,omitempty"`
}

func buy(workflow.Context, order) (receipt, error) { return receipt{}, nil }

var (
	anOrder = order{
		ID: "A-1001", Customer: customer{"Ann", "ann@example.com", "gold"}, Lines: someLines, Due: time.Unix(1_800_000_000, 0).UTC(),
		Labels: map[string]string{"channel": "web", "region": "eu"},
	}
	aReceipt  = receipt{OrderID: "A-1001", Total: 118.4, Lines: someLines}
	someLines = []line{{"SKU-1", 3, 9.5}, {"SKU-2", 1, 20.9}, {"SKU-3", 12, 4.75}, {"SKU-4", 2, 6}}
)

// BenchmarkShare calls tools on a Temporal that takes no time, without a
// transport: what is left is the library, or what stands in its place: a tool
// written by hand with the schemas that the library publishes, or with the
// narrow output schema that knows the workflow's result alone.
func BenchmarkShare(b *testing.B) {
	b.Run("small", func(b *testing.B) { shareOf(b, greet, input{"Ann"}, output{"hello Ann"}) })
	b.Run("order", func(b *testing.B) { shareOf(b, buy, anOrder, aReceipt) })
}

func shareOf[In, Out any](b *testing.B, fn func(workflow.Context, In) (Out, error), in In, out Out) {
	fake, err := newFake(out)
	if err != nil {
		b.Fatal(err)
	}
	arguments, err := json.Marshal(in)
	if err != nil {
		b.Fatal(err)
	}
	registry, err := durablemcp.New(&durablemcp.Options{EagerStart: true, Logger: slog.New(slog.DiscardHandler)}, durablemcp.WorkflowTool{
		Name: "tool", Description: "Does it.", Workflow: fn, TaskQueue: queue, WorkflowID: "tool-{@uuid}",
	})
	if err != nil {
		b.Fatal(err)
	}
	call := func(mount func(*mcp.Server) error) func(int) error { return direct(b, mount, arguments) }
	tool := call(func(server *mcp.Server) error { return registry.Mount(server, fake) })
	published, narrow := publishedTool(b, registry, fake), publishedTool(b, registry, fake)
	narrow.OutputSchema = narrow.OutputSchema.(map[string]any)["anyOf"].([]any)[0]
	byHand := func(tool *mcp.Tool) func(int) error {
		return call(func(server *mcp.Server) error {
			addByHand[In, Out](server, tool, fake, "tool")
			return nil
		})
	}
	scores := race(b, 100, 1, 50, contender{"tool", tool}, contender{"hand", byHand(published)}, contender{"narrow", byHand(narrow)})
	for name, s := range scores {
		b.ReportMetric(s.p50(), name+"-p50-µs")
		b.ReportMetric(s.allocs(), name+"-allocs")
	}
	b.ReportMetric(scores["tool"].p50()/scores["hand"].p50(), "p50-tool/hand")
	b.ReportMetric(scores["tool"].allocs()/scores["hand"].allocs(), "allocs-tool/hand")
	b.ReportMetric(scores["tool"].p50()/scores["narrow"].p50(), "p50-tool/narrow")
	b.ReportMetric(scores["tool"].allocs()/scores["narrow"].allocs(), "allocs-tool/narrow")
}

// direct returns a function that calls the tool of a server without a transport.
func direct(b *testing.B, mount func(*mcp.Server) error, arguments json.RawMessage) func(int) error {
	b.Helper()
	server := mcp.NewServer(implementation, nil)
	if err := mount(server); err != nil {
		b.Fatal(err)
	}
	var handle mcp.MethodHandler
	server.AddReceivingMiddleware(func(next mcp.MethodHandler) mcp.MethodHandler {
		handle = next
		return next
	})
	session, _ := inMemory(b, server)
	return func(int) error {
		result, err := handle(context.Background(), "tools/call", &mcp.CallToolRequest{
			Session: session, Params: &mcp.CallToolParamsRaw{Name: "tool", Arguments: arguments},
		})
		if err == nil && result.(*mcp.CallToolResult).IsError {
			b.Errorf("the call failed: %v", result.(*mcp.CallToolResult).StructuredContent)
		}
		return err
	}
}

// inMemory connects a client with a server.
func inMemory(b *testing.B, server *mcp.Server) (*mcp.ServerSession, *mcp.ClientSession) {
	b.Helper()
	here, there := mcp.NewInMemoryTransports()
	serverSession, err := server.Connect(b.Context(), there, nil)
	if err != nil {
		b.Fatal(err)
	}
	clientSession, err := mcp.NewClient(implementation, nil).Connect(b.Context(), here, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = clientSession.Close() })
	return serverSession, clientSession
}

// publishedTool returns the tool of a registry with the schemas that it
// publishes.
func publishedTool(b *testing.B, registry *durablemcp.Registry, c client.Client) *mcp.Tool {
	b.Helper()
	server := mcp.NewServer(implementation, nil)
	if err := registry.Mount(server, c); err != nil {
		b.Fatal(err)
	}
	_, session := inMemory(b, server)
	list, err := session.ListTools(b.Context(), nil)
	if err != nil {
		b.Fatal(err)
	}
	return list.Tools[0]
}
