package durablemcp

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/advice"
	"github.com/durablemcp/durablemcp/internal/execution"
)

// TestRefusedCallerBeforeArguments holds that who may not call is told so, and costs
// nothing more, whatever the arguments are.
func TestRefusedCallerBeforeArguments(t *testing.T) {
	t.Parallel()
	opts := &Options{Logger: slog.New(slog.DiscardHandler), Principal: func(context.Context, mcp.Request) (string, error) {
		return "", errors.New("not you")
	}}
	registry, err := New(opts, shipTool(),
		SignalTool{Name: "signal", Description: "S.", Workflow: ship, Signal: "s"},
		UpdateTool{Name: "update", Description: "U.", Workflow: ship, Update: "u"},
		QueryTool{Name: "query", Description: "Q.", Workflow: ship, Query: "q"},
		ResultTool{Name: "result", Description: "R.", Workflow: ship},
		StatusTool{Name: "status", Description: "S.", Workflow: ship},
		CancelTool{Name: "cancel", Description: "C.", Workflow: ship},
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range registry.bindings {
		for _, arguments := range []string{`{"none":1}`, `{"workflow_id":"a","id":"b","weight":1}`, `[`} {
			result, err := b.handler(execution.New(&fakeTemporal{}, opts.connection()))(t.Context(), &mcp.CallToolRequest{
				Params: &mcp.CallToolParamsRaw{Name: b.tool.Name, Arguments: json.RawMessage(arguments)},
			})
			if err != nil {
				t.Fatal(err)
			}
			if e := errorOf(t, result); e == nil || e.Type != advice.TypeUnauthorized {
				t.Errorf("%s(%s): got %+v; want %s", b.tool.Name, arguments, e, advice.TypeUnauthorized)
			}
		}
	}
}
