package durablemcp

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp/internal/advice"
	"github.com/durablemcp/durablemcp/internal/call"
	"github.com/durablemcp/durablemcp/internal/idtemplate"
)

type invoice struct {
	ID    string `json:"id" jsonschema:"minLength=1"`
	Buyer struct {
		Number int `json:"number"`
	} `json:"buyer"`
}

func bill(workflow.Context, invoice) error { return nil }

func region(workflow.Context, float64, string) error { return nil }

// inputOf declares tools and returns the input schema of the named one.
func inputOf(t *testing.T, name string, tools ...Tool) string {
	t.Helper()
	registry, err := New(nil, tools...)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range registry.bindings {
		if b.tool.Name == name {
			return string(b.tool.InputSchema.(json.RawMessage))
		}
	}
	t.Fatalf("no tool %s", name)
	return ""
}

// TestAddressArguments checks which arguments name the workflow of a message.
func TestAddressArguments(t *testing.T) {
	t.Parallel()
	byRegion := WorkflowTool{Name: "region", Description: "A region.", Workflow: region, TaskQueue: "q", WorkflowID: "region-{@uuid}", ArgNames: []string{"latitude", "name"}}
	for name, test := range map[string]struct {
		tool   SignalTool
		others []Tool
		want   []string
	}{
		"by ID":      {SignalTool{Workflow: bill}, nil, []string{`"workflow_id":{"type":"string"`, `"run_id"`, `"required":["workflow_id"]`}},
		"of its own": {SignalTool{Workflow: bill, WorkflowID: "i-{id}"}, nil, []string{`"id":{"type":"string","minLength":1}`, `"required":["id"]`}},
		"nested": {SignalTool{Workflow: bill, WorkflowID: "i-{buyer.number}"}, nil,
			[]string{`"buyer":{`, `"number":{"type":"integer"}`, `"required":["buyer"]`}},
		"of a workflow tool": {SignalTool{Workflow: region, WorkflowID: "r-{latitude}"}, []Tool{byRegion}, []string{`"latitude":{"type":"number"}`}},
		"by name":            {SignalTool{Workflow: "region", WorkflowID: "r-{latitude}"}, []Tool{byRegion}, []string{`"latitude":{"type":"number"}`}},
		"unknown":            {SignalTool{Workflow: "elsewhere", WorkflowID: "r-{latitude}"}, nil, []string{`"latitude":{"type":"string","minLength":1}`}},
		"in the payload":     {SignalTool{Workflow: bill, WorkflowID: "i-{id}", Input: order{}}, nil, []string{`"id":{"type":"string"}`, `"lines"`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.tool.Name, test.tool.Description, test.tool.Signal = "signal", "Signals.", "s"
			got := inputOf(t, "signal", append([]Tool{test.tool}, test.others...)...)
			for _, want := range test.want {
				if !strings.Contains(got, want) {
					t.Errorf("%s does not contain %s", got, want)
				}
			}
		})
	}
}

// TestSharingMistakes makes each mistake about whose the workflow IDs are.
func TestSharingMistakes(t *testing.T) {
	t.Parallel()
	starts := func(name, id string, shared bool) Tool {
		return WorkflowTool{Name: name, Description: "Bills.", Workflow: bill, TaskQueue: "q", WorkflowID: id, SharedID: shared}
	}
	allow := func(context.Context, AccessRequest) error { return nil }
	audit := StatusTool{Name: "audit", Description: "Looks.", Workflow: bill, WorkflowID: "i-{id}", Allow: allow}
	withStart := SignalTool{Name: "signal", Description: "Signals.", Workflow: bill, Signal: "s", WorkflowID: "i-{id}",
		Start: &StartIfAbsent{TaskQueue: "q", SharedID: true}}
	for name, test := range map[string]struct {
		tools []Tool
		field string
	}{
		"shared":                  {[]Tool{audit, starts("a", "i-{id}", true), &withStart}, ""},
		"of each":                 {[]Tool{starts("a", "i-{id}", false), starts("b", "j-{@principal}-{id}", false)}, ""},
		"started elsewhere":       {[]Tool{audit}, ""},
		"allowed, though of each": {[]Tool{audit, starts("a", "i-{id}", false)}, "Allow"},
		"shared, of each":         {[]Tool{starts("a", "i-{@principal}", true)}, "SharedID"},
		"shared, of each call":    {[]Tool{starts("a", "a-{@uuid}", true)}, "SharedID"},
		"different":               {[]Tool{starts("a", "i-{id}", true), starts("b", "j-{id}", false)}, "SharedID"},
		"different, of a message": {[]Tool{&withStart, starts("b", "j-{id}", false)}, "Start.SharedID"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := New(nil, test.tools...)
			switch {
			case test.field == "" && err != nil:
				t.Error(err)
			case test.field != "" && err == nil:
				t.Error("New found no mistake")
			case test.field != "" && mistakesOf(t, err)[0].Field != test.field:
				t.Errorf("found %v; want a mistake in %s", err, test.field)
			}
		})
	}
}

// TestMessageMistakes makes each mistake of a message tool, one at a time.
func TestMessageMistakes(t *testing.T) {
	t.Parallel()
	signal := func(change func(*SignalTool)) Tool {
		tool := SignalTool{Name: "signal", Description: "Signals.", Workflow: bill, Signal: "s", WorkflowID: "i-{id}"}
		change(&tool)
		return tool
	}
	for name, test := range map[string]struct {
		tool  Tool
		field string
	}{
		"no signal":           {signal(func(s *SignalTool) { s.Signal = "" }), "Signal"},
		"no query":            {QueryTool{Name: "q", Description: "Q.", Workflow: bill}, "Query"},
		"no update":           {UpdateTool{Name: "u", Description: "U.", Workflow: bill}, "Update"},
		"no workflow":         {StatusTool{Name: "s", Description: "S."}, "Workflow"},
		"no description":      {CancelTool{Name: "c", Workflow: bill}, "Description"},
		"result of function":  {ResultTool{Name: "r", Description: "R.", Workflow: bill, Output: 1}, "Output"},
		"negative wait":       {ResultTool{Name: "r", Description: "R.", Workflow: bill, Wait: -1}, "Wait"},
		"negative timeout":    {QueryTool{Name: "q", Description: "Q.", Workflow: bill, Query: "q", Wait: -1}, "Wait"},
		"two signal args":     {signal(func(s *SignalTool) { s.Input, s.ArgNames = []any{1, 2}, []string{"a", "b"} }), "ArgNames"},
		"scalar, no name":     {signal(func(s *SignalTool) { s.Input = 1 }), "ArgNames"},
		"unknown placeholder": {signal(func(s *SignalTool) { s.WorkflowID = "i-{nr}" }), "WorkflowID"},
		"random ID":           {signal(func(s *SignalTool) { s.WorkflowID = "i-{@uuid}" }), "WorkflowID"},
		"bad template":        {signal(func(s *SignalTool) { s.WorkflowID = "i-{id" }), "WorkflowID"},
		"update ID":           {UpdateTool{Name: "u", Description: "U.", Workflow: bill, Update: "u", UpdateID: "{x}"}, "UpdateID"},
		"channel payload":     {signal(func(s *SignalTool) { s.Input, s.ArgNames = make(chan int), []string{"c"} }), "Input"},
		"channel result":      {QueryTool{Name: "q", Description: "Q.", Workflow: bill, Query: "q", Output: make(chan int)}, "Output"},
		"scope, no ID":        {signal(func(s *SignalTool) { s.WorkflowID, s.IDScope = "", CallerScope }), "IDScope"},
		"unknown scope":       {signal(func(s *SignalTool) { s.IDScope = 3 }), "IDScope"},
		"scope and start": {signal(func(s *SignalTool) {
			s.IDScope, s.Start = SharedScope, &StartIfAbsent{TaskQueue: "q"}
		}), "IDScope"},
		"own IDs, Allow":  {signal(func(s *SignalTool) { s.IDScope, s.Allow = CallerScope, allowAll }), "Allow"},
		"start, no queue": {signal(func(s *SignalTool) { s.Start = &StartIfAbsent{} }), "TaskQueue"},
		"start, no ID":    {signal(func(s *SignalTool) { s.WorkflowID, s.Start = "", &StartIfAbsent{TaskQueue: "q"} }), "WorkflowID"},
		"start, same names": {signal(func(s *SignalTool) {
			s.Input, s.Start = invoice{}, &StartIfAbsent{TaskQueue: "q"}
		}), "Input"},
		"start, wrong options": {signal(func(s *SignalTool) {
			s.Start = &StartIfAbsent{TaskQueue: "q"}
			s.Start.StartOptions.ID = "x"
		}), "Start.StartOptions.ID"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := New(nil, test.tool)
			if err == nil {
				t.Fatal("New found no mistake")
			}
			for _, mistake := range mistakesOf(t, err) {
				if mistake.Field != test.field {
					t.Errorf("found %v; want a mistake in %s", mistake, test.field)
				}
			}
		})
	}
}

func allowAll(context.Context, AccessRequest) error { return nil }

// TestIDScopeIsGuessed holds that New warns where it has to guess whose the IDs of a
// message tool are, and nowhere else.
func TestIDScopeIsGuessed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*QueryTool)
		others []Tool
		guess  string
	}{
		"nothing said":  {func(*QueryTool) {}, nil, "CallerScope"},
		"for others":    {func(q *QueryTool) { q.Allow = allowAll }, nil, "SharedScope"},
		"said":          {func(q *QueryTool) { q.IDScope = CallerScope }, nil, ""},
		"in the ID":     {func(q *QueryTool) { q.WorkflowID = "i-{id}-{@principal}" }, nil, ""},
		"by ID":         {func(q *QueryTool) { q.WorkflowID = "" }, nil, ""},
		"started here":  {func(*QueryTool) {}, []Tool{WorkflowTool{Name: "bill", Description: "Bills.", Workflow: bill, TaskQueue: "q", WorkflowID: "i-{id}"}}, ""},
		"started apart": {func(*QueryTool) {}, []Tool{WorkflowTool{Name: "bill", Description: "Bills.", Workflow: bill, TaskQueue: "q", WorkflowID: "i-{@uuid}"}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			tool := QueryTool{Name: "look", Description: "Looks.", Workflow: bill, Query: "q", WorkflowID: "i-{id}"}
			test.change(&tool)
			if _, err := New(&Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}, append(test.others, tool)...); err != nil {
				t.Fatal(err)
			}
			if got := log.String(); (got == "") != (test.guess == "") || !strings.Contains(got, test.guess) {
				t.Errorf("New logs %q; want the guess %q", got, test.guess)
			}
		})
	}
}

// TestWhatAModelIsToldOfAnswers looks at how tools and errors lead a model to the
// tool that answers questions.
func TestWhatAModelIsToldOfAnswers(t *testing.T) {
	t.Parallel()
	answers := func(id string) UpdateTool {
		return UpdateTool{Name: "answer", Description: "Answers.", Workflow: bill, Update: AnswerUpdate, WorkflowID: id}
	}
	schema := inputOf(t, "answer", answers("i-{id}"))
	for _, want := range []string{`"action":{`, `"content":{`, `"key":{`} { // though its Input is not said
		if !strings.Contains(schema, want) {
			t.Errorf("the schema %s lacks %s", schema, want)
		}
	}
	for id, want := range map[string]string{
		"": `then call answer with the workflow_id "i-7", the question's key`, "i-{id}": "then call answer with the same id, the question's key",
	} {
		d, tool := newDeclarations(Options{}), answers(id)
		if id != "" {
			tool.IDScope = SharedScope
		}
		d.declare(0, tool)
		if err := d.err(); err != nil {
			t.Fatal(err)
		}
		w := &call.Waiter{Tool: &call.Tool{WorkflowType: "bill"}, Siblings: d.siblings, Template: mustTemplate(t, "i-{id}")}
		if got := w.AnswersWith("i-7"); !strings.Contains(got, want) {
			t.Errorf("with the template %q: %s", id, got)
		}
	}
	again := &call.Repeat{Siblings: &call.Siblings{}, Starter: &call.Starter{Template: mustTemplate(t, "i-{id}")}}
	for errorType, want := range map[string]string{
		"ElicitationDeclined": "asks again", "ElicitationCancelled": "asks again", "ElicitationTimedOut": "asks again", "Fire": "will fail in the same way",
	} {
		e := &advice.ToolError{Type: errorType}
		again.AfterFailure(e)
		if !strings.Contains(e.Advice, want) || e.Retryable {
			t.Errorf("%s: %q", errorType, e.Advice)
		}
	}
}

func mustTemplate(t *testing.T, text string) *idtemplate.Template {
	t.Helper()
	template, err := idtemplate.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return template
}

// TestRegisterNothing registers workflows with no worker.
func TestRegisterNothing(t *testing.T) {
	t.Parallel()
	registry, err := New(nil, WorkflowTool{Name: "bill", Description: "Bills.", Workflow: bill, TaskQueue: "q", WorkflowID: "bill-{@uuid}"})
	if err != nil {
		t.Fatal(err)
	}
	if err := registry.RegisterWorkflows(nil, "q"); err == nil || !strings.Contains(err.Error(), "must not be nil") {
		t.Errorf("got %v", err)
	}
}

// TestPlaceholderWithoutArguments looks at a mistake whose cause is that the
// arguments are not known.
func TestPlaceholderWithoutArguments(t *testing.T) {
	t.Parallel()
	_, err := New(nil, WorkflowTool{Name: "bill", Description: "Bills.", Workflow: "elsewhere", TaskQueue: "q", WorkflowID: "i-{id}"})
	if m := mistakesOf(t, err); len(m) != 1 || !strings.Contains(m[0].Want, "Input") {
		t.Errorf("found %v", err)
	}
}
