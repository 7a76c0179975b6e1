package durablemcp

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync/atomic"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/durablemcp/durablemcp/internal/advice"
	"github.com/durablemcp/durablemcp/internal/execution"
)

// fakeTemporal is a client whose workflows complete at once with result. The
// real one is tested in internal/e2e.
type fakeTemporal struct {
	client.Client
	result any

	starts atomic.Int64
	last   atomic.Pointer[fakeStart]
}

type fakeStart struct {
	options client.StartWorkflowOptions
	args    []any
}

func (f *fakeTemporal) ExecuteWorkflow(_ context.Context, options client.StartWorkflowOptions, _ any, args ...any) (client.WorkflowRun, error) {
	f.starts.Add(1)
	f.last.Store(&fakeStart{options, args})
	return fakeRun{id: options.ID, result: f.result}, nil
}

func (f *fakeTemporal) GetWorkflow(_ context.Context, id, _ string) client.WorkflowRun {
	return fakeRun{id: id, result: f.result}
}

type fakeRun struct {
	client.WorkflowRun
	id     string
	result any
}

func (r fakeRun) GetID() string    { return r.id }
func (r fakeRun) GetRunID() string { return "run" }

func (r fakeRun) Get(_ context.Context, into any) error {
	payload, err := converter.GetDefaultDataConverter().ToPayload(r.result)
	if err != nil {
		return err
	}
	return converter.GetDefaultDataConverter().FromPayload(payload, into)
}

// mounted is a tool as its MCP server calls it.
type mounted struct {
	t        testing.TB
	temporal *fakeTemporal
	handler  mcp.ToolHandler
}

// mount declares one tool on a fake Temporal.
func mount(t testing.TB, opts Options, tool WorkflowTool, result any) *mounted {
	t.Helper()
	fake := &fakeTemporal{result: result}
	m := mountOn(t, opts, tool, fake)
	m.temporal = fake
	return m
}

// mountOn declares one tool on a client.
func mountOn(t testing.TB, opts Options, tool WorkflowTool, c client.Client) *mounted {
	t.Helper()
	opts.Logger = slog.New(slog.DiscardHandler)
	registry, err := New(&opts, tool)
	if err != nil {
		t.Fatal(err)
	}
	return &mounted{t: t, handler: registry.bindings[0].handler(execution.New(c, opts.connection()))}
}

// call calls the tool with raw arguments.
func (m *mounted) call(arguments string) *mcp.CallToolResult {
	m.t.Helper()
	result, err := m.handler(context.Background(), &mcp.CallToolRequest{
		Params: &mcp.CallToolParamsRaw{Name: "tool", Arguments: json.RawMessage(arguments)},
	})
	if err != nil {
		m.t.Fatalf("call(%.100q): %v", arguments, err)
	}
	return result
}

// errorOf returns the error of a result, nil if it is none.
func errorOf(t testing.TB, result *mcp.CallToolResult) *advice.ToolError {
	t.Helper()
	if !result.IsError {
		return nil
	}
	e, ok := result.Meta[MetaKeyError].(*advice.ToolError)
	if !ok || result.StructuredContent != nil {
		t.Fatalf("the error has the _meta %v and the structured content %v", result.Meta, result.StructuredContent)
	}
	return e
}

func textOf(result *mcp.CallToolResult) string {
	return result.Content[0].(*mcp.TextContent).Text
}
