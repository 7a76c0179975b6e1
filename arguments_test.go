package durablemcp

import (
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/advice"
	"github.com/durablemcp/durablemcp/internal/execution"
)

// TestUnknownArgumentsAreSaidToTheAuthor holds that the log names the option for arguments
// that a client may have added, and what a model reads does not: it cannot set options.
func TestUnknownArgumentsAreSaidToTheAuthor(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		arguments string
		ignored   []string
		refused   bool
		logged    string
	}{
		"added":             {`{"id":"a","weight":1,"toolCallId":"call_7"}`, nil, true, "toolCallId"},
		"one of two":        {`{"id":"a","weight":1,"toolCallId":"call_7","sessionId":"s"}`, []string{"toolCallId"}, true, "sessionId"},
		"ignored":           {`{"id":"a","weight":1,"toolCallId":"call_7"}`, []string{"toolCallId"}, false, ""},
		"of a wrong model":  {`{"id":"a","wait":1}`, nil, true, ""},
		"below":             {`{"id":{"toolCallId":1},"weight":1}`, []string{"toolCallId"}, true, ""},
		"the tool's own":    {`{"weight":1}`, []string{"id"}, true, ""},
		"the tool's own id": {`{"id":"a","weight":1}`, []string{"id"}, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log strings.Builder
			opts := &Options{Logger: slog.New(slog.NewTextHandler(&log, nil)), IgnoreArguments: test.ignored}
			registry, err := New(opts, shipTool())
			if err != nil {
				t.Fatal(err)
			}
			b := registry.bindings[0]
			result, err := b.handler(execution.New(&fakeTemporal{}, registry.opts.connection()))(t.Context(), &mcp.CallToolRequest{
				Params: &mcp.CallToolParamsRaw{Name: b.tool.Name, Arguments: json.RawMessage(test.arguments)},
			})
			if err != nil {
				t.Fatal(err)
			}
			e := errorOf(t, result)
			if refused := e != nil && e.Type == advice.TypeInvalidArguments; refused != test.refused {
				t.Errorf("got %+v, want it refused: %v", e, test.refused)
			}
			if strings.Contains(string(advice.MustMarshal(result)), "IgnoreArguments") {
				t.Errorf("the model is told of the option: %s", advice.MustMarshal(result))
			}
			if said := strings.Contains(log.String(), "IgnoreArguments"); said != (test.logged != "") || !strings.Contains(log.String(), test.logged) {
				t.Errorf("the log is %q, want %q in it", log.String(), test.logged)
			}
			if strings.Contains(log.String(), "call_7") {
				t.Errorf("the log shows a value: %q", log.String())
			}
		})
	}
}

func TestIgnoreArgumentsHasNames(t *testing.T) {
	t.Parallel()
	_, err := New(&Options{IgnoreArguments: []string{"a", ""}}, shipTool())
	var mistake *DeclarationError
	if !errors.As(err, &mistake) || mistake.Field != "IgnoreArguments" {
		t.Errorf("New says %v", err)
	}
}
