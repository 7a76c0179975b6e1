package durablemcp

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/task"
)

// connectTo connects a client to a server, and returns the names of its tools.
func connectTo(t *testing.T, server *mcp.Server) (session *mcp.ClientSession, tools []string) {
	t.Helper()
	ours, theirs := mcp.NewInMemoryTransports()
	if _, err := server.Connect(t.Context(), ours, nil); err != nil {
		t.Fatal(err)
	}
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(), theirs, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	for tool, err := range session.Tools(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		tools = append(tools, tool.Name)
	}
	return session, tools
}

// mountRegistry declares tools whose log goes to a buffer.
func mountRegistry(t *testing.T, tools ...Tool) (*Registry, *bytes.Buffer) {
	t.Helper()
	log := new(bytes.Buffer)
	registry, err := New(&Options{Logger: slog.New(slog.NewTextHandler(log, nil))}, tools...)
	if err != nil {
		t.Fatal(err)
	}
	return registry, log
}

// foreignParams and foreignResult are those of a method tasks/get that the MCP
// SDK has itself.
type foreignParams struct {
	mcp.ParamsBase
	TaskID string `json:"taskId"`
}

type foreignResult struct {
	mcp.ResultBase
	Status string `json:"status"`
}

// TestMountWithMethodsOfTheSDK mounts on a server whose SDK has the methods of
// the tasks extension itself, all or one of them. That stops nothing.
func TestMountWithMethodsOfTheSDK(t *testing.T) {
	t.Parallel()
	for _, taken := range [][]string{{task.MethodGet}, {task.MethodGet, task.MethodUpdate, task.MethodCancel}} {
		registry, log := mountRegistry(t, shipTool())
		server := mcp.NewServer(&mcp.Implementation{Name: "test", Version: "1"}, nil)
		conn := execution.New(new(fakeTemporal), registry.opts.connection())
		err := registry.mount(server, conn, registry.taskServer(conn), func(method string) error {
			if slices.Contains(taken, method) {
				return fmt.Errorf("mcp: %q shadows a standard MCP method", method)
			}
			return mcp.AddReceivingCustomMethod(server, method, task.Method(method))
		})
		if err != nil {
			t.Fatalf("%v are the SDK's: %v", taken, err)
		}
		if _, tools := connectTo(t, server); !slices.Equal(tools, []string{"ship"}) {
			t.Errorf("the tools are %q", tools)
		}
		for _, method := range taken {
			if !strings.Contains(log.String(), "method="+method) {
				t.Errorf("the log does not name %s: %s", method, log)
			}
		}
	}
}

// TestTaskMethodsOfTheSDK checks that the library answers for its own tasks, and
// the SDK for all others, if the SDK has the methods itself.
func TestTaskMethodsOfTheSDK(t *testing.T) {
	t.Parallel()
	i := newInterview(t)
	handler := i.server.Middleware(func(_ context.Context, _ string, req mcp.Request) (mcp.Result, error) {
		return &foreignResult{Status: req.GetParams().(*foreignParams).TaskID}, nil
	})
	ask := func(id string) mcp.Result {
		t.Helper()
		params := &foreignParams{TaskID: id}
		params.Meta = asTaskClient()
		result, err := handler(t.Context(), task.MethodGet, &mcp.ServerRequest[*foreignParams]{Params: params})
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
	if own, ok := ask(i.task).(*task.Detailed); !ok || own.TaskID != i.task || own.Status != "input_required" {
		t.Errorf("its own task is %+v", own)
	}
	for _, id := range []string{"another", i.task + "x", i.state, ""} {
		if other, ok := ask(id).(*foreignResult); !ok || other.Status != id {
			t.Errorf("the task %q is %+v; want what the SDK says", id, other)
		}
	}
}

// TestMountAllOrNothing checks that a Mount which fails has changed nothing.
func TestMountAllOrNothing(t *testing.T) {
	t.Parallel()
	other := shipTool()
	other.Name = "other"
	registry, _ := mountRegistry(t, shipTool(), other)
	registry.bindings[1].tool.InputSchema = map[string]any{"type": "array"} // which the SDK refuses
	server := mcp.NewServer(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	server.AddTool(&mcp.Tool{Name: "mine", InputSchema: map[string]any{"type": "object"}}, nil)
	if err := registry.Mount(server, new(fakeTemporal)); err == nil || !strings.Contains(err.Error(), `"other"`) {
		t.Errorf("the error is %v; want one that names the tool", err)
	}
	if _, tools := connectTo(t, server); !slices.Equal(tools, []string{"mine"}) {
		t.Errorf("the tools are %q", tools)
	}
}

// TestMountTwice mounts one registry twice on one server.
func TestMountTwice(t *testing.T) {
	t.Parallel()
	registry, log := mountRegistry(t, shipTool())
	server := mcp.NewServer(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	first, second := &fakeTemporal{result: "first"}, &fakeTemporal{result: "second"}
	for _, c := range []*fakeTemporal{first, second} {
		if err := registry.Mount(server, c); err != nil {
			t.Fatal(err)
		}
	}
	session, tools := connectTo(t, server)
	if !slices.Equal(tools, []string{"ship"}) {
		t.Errorf("the tools are %q", tools)
	}
	result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "ship", Arguments: map[string]any{"id": "a", "weight": 1}})
	if err != nil || result.IsError || first.starts.Load() != 0 || second.starts.Load() != 1 {
		t.Errorf("got %+v, %v, after %d and %d starts", result, err, first.starts.Load(), second.starts.Load())
	}
	if log.Len() > 0 {
		t.Errorf("the log is %s", log)
	}
}

// TestTools checks that a registry tells of its tools what clients see of them, in
// the order of their declarations.
func TestTools(t *testing.T) {
	t.Parallel()
	withdraw := CancelTool{Name: "a_withdraw", Description: "Withdraws an order.", Workflow: ship, WorkflowID: "parcel-{id}"}
	registry, _ := mountRegistry(t, shipTool(), withdraw)
	server := mcp.NewServer(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	conn := execution.New(new(fakeTemporal), registry.opts.connection())
	if err := registry.mount(server, conn, registry.taskServer(conn), func(string) error { return nil }); err != nil {
		t.Fatal(err)
	}
	session, _ := connectTo(t, server)
	seen := make(map[string]any)
	for tool, err := range session.Tools(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		seen[tool.Name] = readBack(t, tool)
	}
	tools := registry.Tools()
	if len(tools) != 2 || tools[0].Name != "ship" || tools[1].Name != "a_withdraw" {
		t.Fatalf("the tools are %+v", tools)
	}
	for _, tool := range tools {
		if got := readBack(t, tool); !reflect.DeepEqual(got, seen[tool.Name]) {
			t.Errorf("clients see  %v\nTools returns %v", seen[tool.Name], got)
		}
	}
}

// readBack is a value as JSON shows it.
func readBack(t *testing.T, value any) (read any) {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	return read
}
