package durablemcp

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/schema"
	"github.com/durablemcp/durablemcp/internal/workflowfunc"
)

// A DeclarationError is one mistake in what was given to [New].
type DeclarationError struct {
	// Index is the position of the tool among the tools given to New, from 0;
	// it is -1 for a mistake in [Options].
	Index int
	// Tool is the tool's name as declared; it may be empty or invalid.
	Tool string
	// Field is the field of the declaration that is wrong, such as "WorkflowID".
	Field string
	// Found is what stands there, Want what is expected instead.
	Found, Want string
}

// Error names the tool, the field, what was found and what is expected.
func (e *DeclarationError) Error() string {
	where := "Options"
	if e.Index >= 0 {
		where = fmt.Sprintf("tool %q (number %d)", e.Tool, e.Index+1)
	}
	return fmt.Sprintf("durablemcp: %s: %s: found %s; want %s", where, e.Field, e.Found, e.Want)
}

// declarations is the state of one call of New.
type declarations struct {
	opts     Options
	names    map[string]int              // tool name -> index of its first declaration
	runs     map[string]map[string]any   // see Registry.runs
	inputs   map[string][]*schema.Schema // workflow type -> arguments of the tools that start it
	results  map[string][]*resultTool    // workflow type -> the tools that wait for its result
	answers  map[string][]*updateTool    // workflow type -> the tools that answer its questions
	sharing  map[string]sharing          // workflow type -> whether callers share its workflow IDs
	tasks    map[string]*waiter          // see Registry.tasks
	rules    map[string]*answerRule      // by workflow type
	mistakes []*DeclarationError
}

func newDeclarations(o Options) *declarations {
	s := &declarations{
		opts:    o.withDefaults(),
		names:   make(map[string]int),
		runs:    make(map[string]map[string]any),
		inputs:  make(map[string][]*schema.Schema),
		results: make(map[string][]*resultTool),
		answers: make(map[string][]*updateTool),
		sharing: make(map[string]sharing),
		tasks:   make(map[string]*waiter),
		rules:   make(map[string]*answerRule),
	}
	s.checkOptions(o)
	return s
}

// err joins the mistakes, in the order of the declarations.
func (s *declarations) err() error {
	slices.SortStableFunc(s.mistakes, func(a, b *DeclarationError) int { return cmp.Compare(a.Index, b.Index) })
	errs := make([]error, len(s.mistakes))
	for i, mistake := range s.mistakes {
		errs[i] = mistake
	}
	return errors.Join(errs...)
}

// A declaration is one tool on its way through New.
type declaration struct {
	*declarations
	index int
	name  string
}

// A binding is a checked tool: what Mount adds to a server.
type binding struct {
	tool    mcp.Tool
	handler func(*execution.Client) mcp.ToolHandler
}

// bind makes the binding of a checked tool.
func (d *declaration) bind(b *base, call callFunc, tool mcp.Tool) *binding {
	tool.Name = b.name
	return &binding{tool: tool, handler: b.handler(call)}
}

func (s *declarations) declare(index int, tool Tool) *binding {
	d := &declaration{declarations: s, index: index}
	if isNil(reflect.ValueOf(tool)) {
		d.mistake("Tool", "nil", "a declaration such as WorkflowTool{...}")
		return nil
	}
	return tool.declare(d)
}

func (s *declarations) checkOptions(o Options) {
	d := &declaration{declarations: s, index: -1}
	d.checkDuration("Wait", o.Wait)
	d.checkDuration("InlineWait", o.InlineWait)
	d.checkLimit("MaxArgumentBytes", o.MaxArgumentBytes)
	if slices.Contains(o.IgnoreArguments, "") {
		d.mistake("IgnoreArguments", "an empty name", "names of arguments that clients add")
	}
	d.checkLimit("MaxResultBytes", o.MaxResultBytes)
	d.checkLimit("MaxWaiting", o.MaxWaiting)
	if o.UIURL != "" {
		if u, err := url.Parse(o.UIURL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			d.mistake("UIURL", fmt.Sprintf("%q", o.UIURL), `an address such as "http://localhost:8233"`)
		}
	}
}

// checkLimit checks a field that says how much of something there may be.
func (d *declaration) checkLimit(field string, limit int) {
	if limit < 0 {
		d.mistake(field, strconv.Itoa(limit), "a positive number, or 0 for the default")
	}
}

// mistake records that field holds found where want is expected.
func (d *declaration) mistake(field, found, want string) {
	d.mistakes = append(d.mistakes, &DeclarationError{Index: d.index, Tool: d.name, Field: field, Found: found, Want: want})
}

// identity checks what every tool has: its name and description.
func (d *declaration) identity(name, description string) {
	d.name = name
	const want = "1 to 128 of the characters A-Z, a-z, 0-9, _, - and ."
	switch {
	case name == "":
		d.mistake("Name", "no name", want)
	case len(name) > 128:
		d.mistake("Name", fmt.Sprintf("%d characters", len(name)), want)
	case strings.ContainsFunc(name, notToolNameRune):
		d.mistake("Name", fmt.Sprintf("%q", name), want)
	}
	if first, taken := d.names[name]; taken && name != "" {
		d.mistake("Name", fmt.Sprintf("%q, which is the name of tool number %d too", name, first+1), "a name of its own")
	} else {
		d.names[name] = d.index
	}
	if strings.TrimSpace(description) == "" {
		d.mistake("Description", "none", "what the tool does, for the model that decides when to call it")
	}
}

// notToolNameRune reports whether r cannot be part of a tool name
// (MCP 2025-11-25, server/tools, Tool Names).
func notToolNameRune(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-' && r != '.'
}

// A workflowRef is a checked reference to a workflow: its name in Temporal,
// and what is known of its signature.
type workflowRef struct {
	name   string
	shape  workflowfunc.Shape
	isFunc bool
}

// workflow checks the fields Workflow and WorkflowType. It returns nil after a
// mistake that leaves the workflow's signature unknown.
func (d *declaration) workflow(wf any, typeName string) *workflowRef {
	if name, ok := wf.(string); ok {
		if name == "" {
			d.mistake("Workflow", `""`, "the name under which the workflow is registered, or its function")
		}
		if typeName != "" {
			d.mistake("WorkflowType", fmt.Sprintf("%q", typeName), "nothing: Workflow is the name already")
		}
		return &workflowRef{name: name}
	}
	if wf == nil {
		d.mistake("Workflow", "none", workflowfunc.Wanted+", or the name under which the workflow is registered")
		return nil
	}
	shape, err := workflowfunc.Inspect(wf)
	if err != nil {
		d.mistake("Workflow", err.Error(), workflowfunc.Wanted+", or the name under which the workflow is registered")
		return nil
	}
	ref := &workflowRef{name: typeName, shape: shape, isFunc: true}
	if typeName == "" {
		if ref.name, err = workflowfunc.Name(wf); err != nil {
			d.mistake("Workflow", err.Error()+", which has no lasting name", "a named function, or a name for it in WorkflowType")
		}
	}
	return ref
}

// runsOn records that the workflow runs on a task queue, for RegisterWorkflows.
func (d *declaration) runsOn(taskQueue string, ref *workflowRef, wf any) {
	if taskQueue == "" {
		d.mistake("TaskQueue", "none", "the task queue that the workflow's workers poll")
		return
	}
	queue := d.runs[taskQueue]
	if queue == nil {
		queue = make(map[string]any)
		d.runs[taskQueue] = queue
	}
	if !ref.isFunc {
		return
	}
	if other := queue[ref.name]; other != nil && !workflowfunc.Same(other, wf) {
		d.mistake("Workflow", fmt.Sprintf("a second function for the workflow type %q on task queue %q", ref.name, taskQueue),
			"one function a type, or another WorkflowType")
		return
	}
	queue[ref.name] = wf
}
