package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp"
)

const manyTools = 1000

// BenchmarkMount makes a server with 1,000 tools, each with types of its own.
func BenchmarkMount(b *testing.B) {
	declared := declareMany()
	published := publishMany(b, declared)
	scores := race(b, 3, 1, 1,
		contender{"tool", func(int) error {
			_, err := mountMany(declared)
			return err
		}},
		contender{"hand", func(int) error {
			addMany(published)
			return nil
		}},
		contender{"unchecked", func(int) error {
			addManyUnchecked(published)
			return nil
		}},
	)
	for name, s := range scores {
		b.ReportMetric(s.p50()/1000, name+"-p50-ms")
	}
	b.ReportMetric(scores["tool"].p50()/scores["hand"].p50(), "p50-tool/hand")
	b.ReportMetric(scores["tool"].p50()/scores["unchecked"].p50(), "p50-tool/unchecked")
}

// BenchmarkToolsList lists 1,000 tools.
func BenchmarkToolsList(b *testing.B) {
	declared := declareMany()
	published := publishMany(b, declared)
	mounted, err := mountMany(declared)
	if err != nil {
		b.Fatal(err)
	}
	list := func(server *mcp.Server) func(int) error {
		_, session := inMemory(b, server)
		return func(int) error {
			result, err := session.ListTools(b.Context(), nil)
			if err == nil && len(result.Tools) != manyTools {
				err = fmt.Errorf("%d tools", len(result.Tools))
			}
			return err
		}
	}
	scores := race(b, 40, 1, 1, contender{"tool", list(mounted)}, contender{"hand", list(addManyUnchecked(published))})
	for name, s := range scores {
		b.ReportMetric(s.p50()/1000, name+"-p50-ms")
	}
	b.ReportMetric(scores["tool"].p50()/scores["hand"].p50(), "p50-tool/hand")
}

// declareMany declares tools whose arguments and results are a number of fields,
// named differently in each.
func declareMany() []durablemcp.Tool {
	var list []durablemcp.Tool
	for i := range manyTools {
		name := fmt.Sprintf("tool_%03d", i)
		list = append(list, durablemcp.WorkflowTool{
			Name: name, Description: "Does number " + name + " of many things.", Workflow: name, TaskQueue: queue, WorkflowID: "test-{@uuid}",
			Input: structOf(i, "argument", 6), Output: structOf(i, "result", 4),
		})
	}
	return list
}

func structOf(i int, what string, fields int) any {
	types := []reflect.Type{reflect.TypeFor[string](), reflect.TypeFor[int](), reflect.TypeFor[[]string](), reflect.TypeFor[*float64]()}
	var list []reflect.StructField
	for k := range fields {
		list = append(list, reflect.StructField{
			Name: fmt.Sprintf("F%d", k), Type: types[k%len(types)],
			Tag: reflect.StructTag(fmt.Sprintf(`json:"%s_%d_%d,omitempty" jsonschema:"description=Field %d of the %s."`, what, i, k, k, what)),
		})
	}
	return reflect.Zero(reflect.StructOf(list)).Interface()
}

func mountMany(declared []durablemcp.Tool) (*mcp.Server, error) {
	registry, err := durablemcp.New(&durablemcp.Options{Logger: slog.New(slog.DiscardHandler)}, declared...)
	if err != nil {
		return nil, err
	}
	server := mcp.NewServer(implementation, nil)
	return server, registry.Mount(server, new(fakeTemporal))
}

// publishMany returns the tools as a user would have written them down.
func publishMany(b *testing.B, declared []durablemcp.Tool) []*mcp.Tool {
	b.Helper()
	server, err := mountMany(declared)
	if err != nil {
		b.Fatal(err)
	}
	_, session := inMemory(b, server)
	list, err := session.ListTools(b.Context(), nil)
	if err != nil {
		b.Fatal(err)
	}
	for _, tool := range list.Tools {
		for _, schema := range []*any{&tool.InputSchema, &tool.OutputSchema} {
			data, err := json.Marshal(*schema)
			if err != nil {
				b.Fatal(err)
			}
			*schema = json.RawMessage(data)
		}
	}
	return list.Tools
}

// addMany adds tools by hand, with the handlers of [mcp.AddTool], which hold
// arguments and results to the schemas.
func addMany(published []*mcp.Tool) {
	server := mcp.NewServer(implementation, nil)
	for _, tool := range published {
		mcp.AddTool(server, tool, func(context.Context, *mcp.CallToolRequest, map[string]any) (*mcp.CallToolResult, any, error) {
			return nil, nil, nil
		})
	}
}

// addManyUnchecked adds tools by hand whose handlers check nothing.
func addManyUnchecked(published []*mcp.Tool) *mcp.Server {
	server := mcp.NewServer(implementation, nil)
	for _, tool := range published {
		server.AddTool(tool, nil)
	}
	return server
}
