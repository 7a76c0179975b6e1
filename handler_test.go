package durablemcp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp/internal/advice"
	"github.com/durablemcp/durablemcp/internal/call"
	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/memo"
)

type parcel struct {
	ID     string         `json:"id" jsonschema:"minLength=1"`
	Weight int64          `json:"weight" jsonschema:"minimum=0"`
	Tags   []string       `json:"tags,omitempty"`
	Speed  string         `json:"speed" jsonschema:"enum=slow,enum=fast,default=slow"`
	Extra  map[string]any `json:"extra,omitempty"`
}

func ship(workflow.Context, parcel) (string, error) { return "", nil }

func shipTool() WorkflowTool {
	return WorkflowTool{Name: "ship", Description: "Ships.", Workflow: ship, TaskQueue: "q", WorkflowID: "parcel-{id}"}
}

// TestHostileArguments checks that what does not fit the schema starts nothing
// and is answered with the path of each violation.
func TestHostileArguments(t *testing.T) {
	t.Parallel()
	m := mount(t, Options{MaxArgumentBytes: 20 << 20}, shipTool(), "shipped")
	deep := strings.Repeat(`[`, 100_000) + strings.Repeat(`]`, 100_000)
	for name, test := range map[string]struct {
		arguments string
		want      []string
	}{
		"missing":         {`{}`, []string{`"id"`, `"weight"`}},
		"wrong types":     {`{"id":7,"weight":"x","tags":"a"}`, []string{"/id: got number, want string", "/weight: got string, want integer", "/tags: got string, want array"}},
		"unknown field":   {`{"id":"a","weight":1,"wieght":2}`, []string{`"wieght"`, "known"}},
		"null":            {`{"id":null,"weight":1}`, []string{"/id: got null, want string"}},
		"nested":          {`{"id":"a","weight":1,"tags":["x",7]}`, []string{"/tags/1: got number, want string"}},
		"enum":            {`{"id":"a","weight":1,"speed":"warp"}`, []string{"/speed: must be one of"}},
		"bounds":          {`{"id":"","weight":-1}`, []string{"/id", "/weight"}},
		"fraction":        {`{"id":"a","weight":1.5}`, []string{"/weight"}},
		"too large":       {`{"id":"a","weight":99999999999999999999}`, []string{"/weight"}},
		"huge exponent":   {`{"id":"a","weight":1e999999999}`, []string{"/weight"}},
		"array":           {`[]`, []string{"got array, want object"}},
		"string":          {`"x"`, []string{"got string, want object"}},
		"not JSON":        {`{"id":`, []string{"JSON"}},
		"two values":      {`{} {}`, []string{"JSON"}},
		"duplicate":       {`{"id":"a","id":"b","weight":1}`, []string{"id"}},
		"invalid UTF-8":   {"{\"id\":\"\xff\",\"weight\":1}", []string{"UTF-8"}},
		"deep":            {`{"id":"a","weight":1,"extra":{"a":` + deep + `}}`, []string{"depth"}},
		"newline in ID":   {`{"id":"a\nb","weight":1}`, []string{"/id: has the character U+000A at byte 1"}},
		"long ID":         {`{"id":"` + strings.Repeat("x", 100_000) + `","weight":1}`, []string{"/id: is too long: it makes a workflow ID of 100007 bytes, and the limit is 1000"}},
		"10 MB string":    {`{"id":"` + strings.Repeat("x", 10<<20) + `","weight":1}`, []string{"/id: text of 10485762 bytes"}},
		"10 MB elsewhere": {`{"id":"a","weight":1,"speed":"` + strings.Repeat("x", 10<<20) + `"}`, []string{"/speed: text of 10485762 bytes"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result := m.call(test.arguments)
			e := errorOf(t, result)
			if e == nil || e.Type != advice.TypeInvalidArguments || e.Retryable {
				t.Fatalf("got %+v", e)
			}
			for _, want := range append(test.want, "Nothing was done", "Correct them and call again") {
				if !strings.Contains(textOf(result), want) {
					t.Errorf("%q does not contain %q", textOf(result), want)
				}
			}
			if n := len(textOf(result)); n > 4000 {
				t.Errorf("the text has %d bytes", n)
			}
		})
	}
	t.Cleanup(func() {
		if n := m.temporal.starts.Load(); n != 0 {
			t.Errorf("%d workflows were started", n)
		}
	})
}

// TestStrangeIDs checks that values which look like templates or paths stay
// what they are.
func TestStrangeIDs(t *testing.T) {
	t.Parallel()
	m := mount(t, Options{}, shipTool(), "shipped")
	for _, id := range []string{"{id}", "a/../b", "{{", "%2f?#", `\`} {
		arguments, _ := json.Marshal(map[string]any{"id": id, "weight": 1})
		if result := m.call(string(arguments)); result.IsError {
			t.Errorf("%q: %s", id, textOf(result))
		} else if got := m.temporal.last.Load().options.ID; got != "parcel-"+id {
			t.Errorf("%q made the workflow ID %q", id, got)
		}
	}
}

// TestDefaultsAreApplied checks that a default reaches the workflow, and that
// leaving it out is the same call as saying it.
func TestDefaultsAreApplied(t *testing.T) {
	t.Parallel()
	m := mount(t, Options{}, shipTool(), "shipped")
	m.call(`{"id":"a","weight":1}`)
	first := m.temporal.last.Load()
	if got := first.args[0].(parcel).Speed; got != "slow" {
		t.Errorf("the speed is %q", got)
	}
	m.call(`{"speed":"slow","weight":1e0,"id":"a"}`)
	second := m.temporal.last.Load()
	if a, b := digestOf(first), digestOf(second); a != b {
		t.Errorf("the same call has the digests %s and %s", a, b)
	}
	m.call(`{"speed":"fast","weight":1,"id":"a"}`)
	if a, b := digestOf(first), digestOf(m.temporal.last.Load()); a == b {
		t.Error("another call has the same digest")
	}
}

func digestOf(start *fakeStart) string {
	return start.options.Memo[memo.RecordField].(memo.Record).Input
}

// TestPrincipal checks {@principal}: it names the caller, and a call without
// one is refused.
func TestPrincipal(t *testing.T) {
	t.Parallel()
	tool := shipTool()
	tool.WorkflowID = "{@principal}-{id}"
	for name, test := range map[string]struct {
		principal func(context.Context, mcp.Request) (string, error)
		want      string
	}{
		"named":   {func(context.Context, mcp.Request) (string, error) { return "ann", nil }, "ann-a"},
		"unknown": {func(context.Context, mcp.Request) (string, error) { return "", nil }, ""},
		"refused": {func(context.Context, mcp.Request) (string, error) { return "", errors.New("secret reason") }, ""},
		"default": {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := mount(t, Options{Principal: test.principal}, tool, "shipped")
			result := m.call(`{"id":"a","weight":1}`)
			if test.want == "" {
				if e := errorOf(t, result); e == nil || e.Type != advice.TypeUnauthorized || strings.Contains(textOf(result), "secret") {
					t.Errorf("got %+v", e)
				}
				return
			}
			if got := m.temporal.last.Load().options.ID; got != test.want {
				t.Errorf("the workflow ID is %q; want %q", got, test.want)
			}
		})
	}
}

// grumpy panics whenever it is asked for its text.
type grumpy struct{}

func (grumpy) ToolText() string { panic("secret password") }

func grump(workflow.Context) (grumpy, error) { return grumpy{}, nil }

// TestPanicsAreContained checks that a panic in a user's code is an error of
// the call, and does not show.
func TestPanicsAreContained(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]*mounted{
		"hook": mount(t, Options{Principal: func(context.Context, mcp.Request) (string, error) { panic("secret password") }},
			WorkflowTool{Name: "grump", Description: "Panics.", Workflow: grump, TaskQueue: "q", WorkflowID: "{@principal}"}, grumpy{}),
	} {
		result := m.call(`{}`)
		if e := errorOf(t, result); e == nil || e.Type != advice.TypeInternal || strings.Contains(textOf(result), "secret") {
			t.Errorf("%s: got %+v, text %q", name, e, textOf(result))
		}
	}
}

// TestPanicOfAResultType checks that a finished result is not lost because a method of
// its type panics: its JSON serves.
func TestPanicOfAResultType(t *testing.T) {
	t.Parallel()
	m := mount(t, Options{}, WorkflowTool{Name: "grump", Description: "Panics.", Workflow: grump, TaskQueue: "q", WorkflowID: "grump-{@uuid}"}, grumpy{})
	if result := m.call(`{}`); result.IsError || textOf(result) != `{}` || string(result.StructuredContent.(json.RawMessage)) != `{}` {
		t.Errorf("got %v, text %q", result.StructuredContent, textOf(result))
	}
	for name, get := range map[string]func(any) error{
		"reading":    func(any) error { panic("secret password") },
		"marshaling": func(into any) error { *into.(*sullen) = sullen{1}; return nil },
	} {
		out := &call.Output{Typ: reflect.TypeFor[sullen]()}
		if data, err := out.Converted(get); err == nil {
			t.Errorf("%s: got %s", name, data)
		}
	}
}

// sullen panics whenever it is marshaled.
type sullen struct{ n int }

func (sullen) MarshalJSON() ([]byte, error) { panic("secret password") }

// TestMisfittingResult checks that a result which does not fit the declared
// output is no success, and is not lost.
func TestMisfittingResult(t *testing.T) {
	t.Parallel()
	m := mount(t, Options{}, WorkflowTool{Name: "ship", Description: "Ships.", Workflow: "ship", TaskQueue: "q", WorkflowID: "ship-{@uuid}", Output: parcel{}},
		map[string]any{"id": 7, "tracking": "T-1"})
	result := m.call(`{}`)
	if e := errorOf(t, result); e == nil || e.Type != advice.TypeInvalidResult {
		t.Fatalf("got %+v", e)
	}
	for _, want := range []string{"ship is done", "/id", "do not call again"} {
		if !strings.Contains(textOf(result), want) {
			t.Errorf("%q does not contain %q", textOf(result), want)
		}
	}
	if last := result.Content[len(result.Content)-1].(*mcp.TextContent).Text; !strings.Contains(last, "T-1") {
		t.Errorf("the result is lost: %q", last)
	}
}

// TestTooLong checks that arguments and results beyond the limits are refused,
// or cut off, in words.
func TestTooLong(t *testing.T) {
	t.Parallel()
	m := mount(t, Options{MaxArgumentBytes: 100}, shipTool(), "shipped")
	result := m.call(`{"id":"` + strings.Repeat("x", 100) + `","weight":1}`)
	if e := errorOf(t, result); e == nil || e.Type != advice.TypeInvalidArguments || m.temporal.starts.Load() != 0 ||
		!strings.Contains(textOf(result), "120 bytes, more than the 100") {
		t.Errorf("got %+v, %s", e, textOf(result))
	}

	m = mount(t, Options{MaxResultBytes: 10_000}, shipTool(), "T-1"+strings.Repeat("x", 20_000))
	result = m.call(`{"id":"a","weight":1}`)
	last := result.Content[len(result.Content)-1].(*mcp.TextContent).Text
	if e := errorOf(t, result); e == nil || e.Type != advice.TypeResultTooLong || e.Retryable || !strings.Contains(last, "T-1") || len(last) > 5000 ||
		!strings.Contains(textOf(result), "ship is done, but its result is 20016 bytes") {
		t.Errorf("got %+v, %.300s", e, textOf(result))
	}
}

// FuzzArguments looks for arguments that crash a call, that start a workflow
// although they are not valid, or whose answer is not fit to be sent.
func FuzzArguments(f *testing.F) {
	for _, seed := range []string{
		`{"id":"a","weight":1}`, `{"id":"a","weight":1.0,"tags":["x"],"speed":"fast","extra":{"k":[1,null]}}`,
		`{"id":"\u0000","weight":-0}`, `{"id":"a","weight":1e400}`, `[[[[`, "\xff", `{"id":"{id}","weight":1}`, `null`, ``,
	} {
		f.Add(seed)
	}
	m := mount(f, Options{}, shipTool(), "shipped")
	f.Fuzz(func(t *testing.T, arguments string) {
		before := m.temporal.starts.Load()
		m := &mounted{t, m.temporal, m.handler}
		result := m.call(arguments)
		started := m.temporal.starts.Load() - before
		if want := map[bool]int64{true: 0, false: 1}[result.IsError]; started != want {
			t.Errorf("error %v, and %d workflows were started: %s", result.IsError, started, textOf(result))
		}
		if e := errorOf(t, result); e != nil && e.Type != advice.TypeInvalidArguments {
			t.Errorf("got %+v", e)
		}
		if data, err := json.Marshal(result); err != nil || !utf8.Valid(data) {
			t.Errorf("the result cannot be sent: %v", err)
		}
	})
}

// TestLogsHaveNoValues checks that no log has what a model sends and a workflow returns,
// whatever is wrong with it.
func TestLogsHaveNoValues(t *testing.T) {
	t.Parallel()
	const secret = "geheim"
	long := strings.Repeat(secret, 1000)
	log := new(bytes.Buffer)
	for _, principal := range []func(context.Context, mcp.Request) (string, error){
		func(context.Context, mcp.Request) (string, error) { return "ann", nil },
		func(context.Context, mcp.Request) (string, error) { return "", errors.New("no caller") },
	} {
		registry, err := New(&Options{
			Logger: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})), Principal: principal,
			MaxArgumentBytes: 1000, MaxResultBytes: 200,
		}, WorkflowTool{Name: "ship", Description: "Ships.", Workflow: "ship", TaskQueue: "q", WorkflowID: "ship-{@uuid}", Input: parcel{}, Output: parcel{}})
		if err != nil {
			t.Fatal(err)
		}
		for _, result := range []any{parcel{ID: secret}, map[string]any{"id": 7, "tracking": secret}, parcel{ID: long}, secret, []byte(secret), nil} {
			handler := registry.bindings[0].handler(execution.New(&fakeTemporal{result: result}, registry.opts.connection()))
			for _, arguments := range []string{
				`{"id":"geheim","weight":1}`, `{"id":"geheim","weight":"geheim"}`, `{"id":"` + long + `","weight":1}`, `geheim`, `"geheim"`,
				`{"id":"7","weight":1,"unknown":"geheim"}`, `{"id":"geheim`, "{\"id\":\"geheim\xff\"}",
			} {
				if _, err := handler(t.Context(), &mcp.CallToolRequest{Params: &mcp.CallToolParamsRaw{Name: "ship", Arguments: json.RawMessage(arguments)}}); err != nil {
					t.Errorf("%.60s: %v", arguments, err)
				}
			}
		}
	}
	for _, want := range []string{"refused a call", "unknown"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q", want)
		}
	}
	if strings.Contains(log.String(), secret) {
		t.Errorf("the log has what was sent or returned: %s", log)
	}
}
