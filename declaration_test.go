package durablemcp

import (
	"errors"
	"strings"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp/internal/memo"
)

type order struct {
	ID       string   `json:"id"`
	Note     string   `json:"note,omitempty"`
	Lines    []string `json:"lines"`
	Customer struct {
		Number int `json:"number"`
	} `json:"customer"`
}

func processOrder(workflow.Context, order) (string, error)      { return "", nil }
func otherOrder(workflow.Context, order) error                  { return nil }
func twoArgs(workflow.Context, string, int) error               { return nil }
func oneScalar(workflow.Context, string) error                  { return nil }
func withChannel(workflow.Context, chan int) error              { return nil }
func badResult(workflow.Context) (map[string]func(), error)     { return nil, nil }
func genericOrder[T any](workflow.Context, T) (T, error)        { var zero T; return zero, nil }
func notAWorkflow(order) error                                  { return nil }
func numbers(workflow.Context, map[string]int) (float64, error) { return 0, nil }

// terminateIfRunning is a policy whose constant is deprecated.
const terminateIfRunning = enums.WorkflowIdReusePolicy(4)

// valid is a declaration without a mistake.
func valid() WorkflowTool {
	return WorkflowTool{Name: "process", Description: "Processes an order.", Workflow: processOrder, TaskQueue: "orders", WorkflowID: "process-{@uuid}"}
}

func with(change func(*WorkflowTool)) WorkflowTool {
	tool := valid()
	change(&tool)
	return tool
}

// TestMistakes makes each mistake that New reports, one at a time.
func TestMistakes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		opts  Options
		tools []Tool
		field string
		want  []string
	}{
		"nil tool":       {tools: []Tool{nil}, field: "Tool", want: []string{`found nil; want a declaration`}},
		"nil pointer":    {tools: []Tool{(*WorkflowTool)(nil)}, field: "Tool"},
		"no name":        {tools: []Tool{with(func(w *WorkflowTool) { w.Name = "" })}, field: "Name", want: []string{"found no name; want 1 to 128"}},
		"bad name":       {tools: []Tool{with(func(w *WorkflowTool) { w.Name = "get forecast" })}, field: "Name", want: []string{`found "get forecast"`}},
		"long name":      {tools: []Tool{with(func(w *WorkflowTool) { w.Name = strings.Repeat("a", 129) })}, field: "Name", want: []string{"found 129 characters"}},
		"same name":      {tools: []Tool{valid(), valid()}, field: "Name", want: []string{"the name of tool number 1 too", "(number 2)"}},
		"no description": {tools: []Tool{with(func(w *WorkflowTool) { w.Description = " " })}, field: "Description"},

		"no workflow":     {tools: []Tool{with(func(w *WorkflowTool) { w.Workflow = nil })}, field: "Workflow", want: []string{"found none"}},
		"empty workflow":  {tools: []Tool{with(func(w *WorkflowTool) { w.Workflow = "" })}, field: "Workflow"},
		"wrong shape":     {tools: []Tool{with(func(w *WorkflowTool) { w.Workflow = notAWorkflow })}, field: "Workflow", want: []string{"found func(durablemcp.order) error; want func(workflow.Context"}},
		"not a function":  {tools: []Tool{with(func(w *WorkflowTool) { w.Workflow = 7 })}, field: "Workflow", want: []string{"found a int"}},
		"closure":         {tools: []Tool{with(func(w *WorkflowTool) { w.Workflow = func(workflow.Context) error { return nil } })}, field: "Workflow", want: []string{"function literal", "WorkflowType"}},
		"generic":         {tools: []Tool{with(func(w *WorkflowTool) { w.Workflow = genericOrder[order] })}, field: "Workflow", want: []string{"generic function"}},
		"type and name":   {tools: []Tool{with(func(w *WorkflowTool) { w.Workflow, w.WorkflowType, w.Input = "A", "B", order{} })}, field: "WorkflowType"},
		"two functions":   {tools: []Tool{valid(), with(func(w *WorkflowTool) { w.Name, w.Workflow, w.WorkflowType = "b", otherOrder, "processOrder" })}, field: "Workflow", want: []string{`a second function for the workflow type "processOrder" on task queue "orders"`}},
		"no task queue":   {tools: []Tool{with(func(w *WorkflowTool) { w.TaskQueue = "" })}, field: "TaskQueue"},
		"wrong mode":      {tools: []Tool{with(func(w *WorkflowTool) { w.Mode = 7 })}, field: "Mode"},
		"negative wait":   {tools: []Tool{with(func(w *WorkflowTool) { w.Wait = -1 })}, field: "Wait"},
		"wait and start":  {tools: []Tool{with(func(w *WorkflowTool) { w.Mode, w.Wait = ModeStart, time.Second })}, field: "Wait"},
		"terminate":       {tools: []Tool{with(func(w *WorkflowTool) { w.WorkflowIDReusePolicy = terminateIfRunning })}, field: "WorkflowIDReusePolicy"},
		"ID in options":   {tools: []Tool{with(func(w *WorkflowTool) { w.StartOptions.ID = "x" })}, field: "StartOptions.ID"},
		"queue in opts":   {tools: []Tool{with(func(w *WorkflowTool) { w.StartOptions.TaskQueue = "x" })}, field: "StartOptions.TaskQueue"},
		"cron":            {tools: []Tool{with(func(w *WorkflowTool) { w.StartOptions.CronSchedule = "* * * * *" })}, field: "StartOptions.CronSchedule"},
		"reuse in opts":   {tools: []Tool{with(func(w *WorkflowTool) { w.StartOptions.WorkflowIDReusePolicy = 1 })}, field: "StartOptions.WorkflowIDReusePolicy"},
		"conflict policy": {tools: []Tool{with(func(w *WorkflowTool) { w.StartOptions.WorkflowIDConflictPolicy = 1 })}, field: "StartOptions.WorkflowIDConflictPolicy"},
		"memo": {tools: []Tool{with(func(w *WorkflowTool) {
			w.StartOptions = client.StartWorkflowOptions{Memo: map[string]any{memo.RecordField: 1}}
		})}, field: "StartOptions.Memo"},

		"no arg names":      {tools: []Tool{with(func(w *WorkflowTool) { w.Workflow = twoArgs })}, field: "ArgNames", want: []string{"found no names for 2 arguments"}},
		"scalar, no name":   {tools: []Tool{with(func(w *WorkflowTool) { w.Workflow = oneScalar })}, field: "ArgNames", want: []string{"string"}},
		"too few names":     {tools: []Tool{with(func(w *WorkflowTool) { w.Workflow, w.ArgNames = twoArgs, []string{"a"} })}, field: "ArgNames", want: []string{"1 name", "2 arguments"}},
		"double name":       {tools: []Tool{with(func(w *WorkflowTool) { w.Workflow, w.ArgNames = twoArgs, []string{"a", "a"} })}, field: "ArgNames", want: []string{`"a" twice`}},
		"empty arg name":    {tools: []Tool{with(func(w *WorkflowTool) { w.Workflow, w.ArgNames = twoArgs, []string{"a", ""} })}, field: "ArgNames", want: []string{"empty"}},
		"input of function": {tools: []Tool{with(func(w *WorkflowTool) { w.Input = order{} })}, field: "Input"},
		"output of func":    {tools: []Tool{with(func(w *WorkflowTool) { w.Output = "" })}, field: "Output"},
		"scalar input":      {tools: []Tool{with(func(w *WorkflowTool) { w.Workflow, w.Input = "W", "x" })}, field: "ArgNames"},
		"channel":           {tools: []Tool{with(func(w *WorkflowTool) { w.Workflow, w.ArgNames = withChannel, []string{"c"} })}, field: "Workflow", want: []string{"chan int"}},
		"func result":       {tools: []Tool{with(func(w *WorkflowTool) { w.Workflow = badResult })}, field: "Workflow", want: []string{"func()"}},

		"unknown placeholder":  {tools: []Tool{with(func(w *WorkflowTool) { w.WorkflowID = "o-{identifier}" })}, field: "WorkflowID", want: []string{"{identifier}", "id"}},
		"object placeholder":   {tools: []Tool{with(func(w *WorkflowTool) { w.WorkflowID = "o-{customer}" })}, field: "WorkflowID", want: []string{"{customer}"}},
		"list placeholder":     {tools: []Tool{with(func(w *WorkflowTool) { w.WorkflowID = "o-{lines}" })}, field: "WorkflowID"},
		"optional placeholder": {tools: []Tool{with(func(w *WorkflowTool) { w.WorkflowID = "o-{note}" })}, field: "WorkflowID", want: []string{"optional"}},
		"map placeholder":      {tools: []Tool{with(func(w *WorkflowTool) { w.Workflow, w.WorkflowID = numbers, "o-{a}" })}, field: "WorkflowID"},
		"unclosed placeholder": {tools: []Tool{with(func(w *WorkflowTool) { w.WorkflowID = "o-{id" })}, field: "WorkflowID", want: []string{"unclosed { at byte 2"}},
		"unknown builtin":      {tools: []Tool{with(func(w *WorkflowTool) { w.WorkflowID = "o-{@host}" })}, field: "WorkflowID"},

		"options wait": {opts: Options{Wait: -time.Second}, field: "Wait", want: []string{"Options: Wait: found -1s"}},
		"options url":  {opts: Options{WebUIURL: "localhost:8233"}, field: "WebUIURL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := New(&test.opts, test.tools...)
			if err == nil {
				t.Fatal("New found no mistake")
			}
			mistakes := mistakesOf(t, err)
			if len(mistakes) != 1 || mistakes[0].Field != test.field {
				t.Errorf("New found %v; want one mistake in %s", err, test.field)
			}
			for _, want := range append(test.want, "found ", "want ") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not contain %q", err, want)
				}
			}
		})
	}
}

// mistakesOf takes apart what New joined.
func mistakesOf(t *testing.T, err error) (mistakes []*DeclarationError) {
	t.Helper()
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("%T is not joined", err)
	}
	for _, err := range joined.Unwrap() {
		var mistake *DeclarationError
		if !errors.As(err, &mistake) {
			t.Fatalf("%T is no DeclarationError", err)
		}
		mistakes = append(mistakes, mistake)
	}
	return mistakes
}

// TestAllMistakesAtOnce checks that one mistake does not hide another.
func TestAllMistakesAtOnce(t *testing.T) {
	t.Parallel()
	_, err := New(&Options{Wait: -1},
		with(func(w *WorkflowTool) { w.Name, w.Description, w.TaskQueue, w.WorkflowID = "", "", "", "{x}" }),
		with(func(w *WorkflowTool) { w.Name, w.Workflow = "second", nil }),
		with(func(w *WorkflowTool) { w.Name, w.Workflow, w.Wait = "third", twoArgs, -1 }),
	)
	var fields []string
	for _, mistake := range mistakesOf(t, err) {
		fields = append(fields, mistake.Field)
	}
	got, want := strings.Join(fields, " "), "Wait Name Description TaskQueue WorkflowID Workflow Wait ArgNames"
	if got != want {
		t.Errorf("mistakes in %s; want %s", got, want)
	}
}

func TestValidDeclarations(t *testing.T) {
	t.Parallel()
	named := func(workflow.Context) error { return nil }
	_, err := New(nil,
		valid(),
		with(func(w *WorkflowTool) {
			w.Name, w.WorkflowID = "b", "o-{@principal}-{@uuid}-{@input}-{id}-{customer.number}"
		}),
		with(func(w *WorkflowTool) { w.Name, w.Workflow, w.WorkflowType = "c", named, "Named" }),
		with(func(w *WorkflowTool) { w.Name, w.Workflow, w.WorkflowType = "d", genericOrder[order], "GenericOrder" }),
		with(func(w *WorkflowTool) {
			w.Name, w.Workflow, w.TaskQueue, w.WorkflowType = "e", otherOrder, "other", "processOrder"
		}),
		with(func(w *WorkflowTool) { w.Name, w.ArgNames, w.WorkflowID = "f", []string{"order"}, "o-{order.id}" }),
		with(func(w *WorkflowTool) { w.Name, w.Workflow = "g", numbers }),
		&WorkflowTool{Name: "h", Description: "A pointer.", Workflow: "ByName", TaskQueue: "q", WorkflowID: "h-{@uuid}"},
	)
	if err != nil {
		t.Error(err)
	}
}
