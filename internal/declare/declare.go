// Package declare checks the declarations of tools: names, workflows, the schemas of arguments
// and results, workflow ID templates and start options. All mistakes are collected, so that New
// reports them at once. It knows neither calls nor executions.
package declare

import (
	"fmt"
	"log/slog"
	"reflect"
	"strconv"
	"strings"

	"github.com/durablemcp/durablemcp/internal/schema"
)

// A Set is what is known of the tools that are declared together.
type Set struct {
	Options
	Names    map[string]int              // tool name -> index of its first declaration
	Runs     map[string]map[string]any   // task queue -> workflow type -> function, nil if it runs elsewhere
	Inputs   map[string][]*schema.Schema // workflow type -> arguments of the tools that start it
	sharing  map[string]sharing          // workflow type -> whether callers share its workflow IDs
	Mistakes []*Mistake
}

// Options are those of durablemcp.Options that matter here.
type Options struct {
	IgnoreArguments []string
	EagerStart      bool
	Logger          *slog.Logger
	Sender          reflect.Type // durablemcp.Sender
}

// NewSet returns a set without tools.
func NewSet(o Options) *Set {
	return &Set{
		Options: o,
		Names:   make(map[string]int),
		Runs:    make(map[string]map[string]any),
		Inputs:  make(map[string][]*schema.Schema),
		sharing: make(map[string]sharing),
	}
}

// A Mistake is a durablemcp.DeclarationError.
type Mistake struct {
	Index       int
	Tool        string
	Field       string
	Found, Want string
}

// A Declaration is one tool on its way through New, or the options, with the index -1.
type Declaration struct {
	*Set
	Index int
	Name  string
}

// CheckLimit checks a field that says how much of something there may be.
func (d *Declaration) CheckLimit(field string, limit int) {
	if limit < 0 {
		d.Mistake(field, strconv.Itoa(limit), "a positive number, or 0 for the default")
	}
}

// Mistake records that field holds found where want is expected.
func (d *Declaration) Mistake(field, found, want string) {
	d.Mistakes = append(d.Mistakes, &Mistake{Index: d.Index, Tool: d.Name, Field: field, Found: found, Want: want})
}

// Identity checks what every tool has: its name and description.
func (d *Declaration) Identity(name, description string) {
	d.Name = name
	const want = "1 to 128 of the characters A-Z, a-z, 0-9, _, - and ."
	switch {
	case name == "":
		d.Mistake("Name", "no name", want)
	case len(name) > 128:
		d.Mistake("Name", fmt.Sprintf("%d characters", len(name)), want)
	case strings.ContainsFunc(name, notNameRune):
		d.Mistake("Name", fmt.Sprintf("%q", name), want)
	}
	if first, taken := d.Names[name]; taken && name != "" {
		d.Mistake("Name", fmt.Sprintf("%q, which is the name of tool number %d too", name, first+1), "a name of its own")
	} else {
		d.Names[name] = d.Index
	}
	if strings.TrimSpace(description) == "" {
		d.Mistake("Description", "none", "what the tool does, for the model that decides when to call it")
	}
}

// notNameRune reports whether r cannot be part of a tool name
// (MCP 2025-11-25, server/tools, Tool Names).
func notNameRune(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-' && r != '.'
}

// A WorkflowRef is a checked reference to a workflow: its name in Temporal,
// and what is known of its signature.
type WorkflowRef struct {
	Name   string
	shape  funcShape
	isFunc bool
}

// Workflow checks the fields Workflow and WorkflowType. It returns nil after a
// mistake that leaves the workflow's signature unknown.
func (d *Declaration) Workflow(wf any, typeName string) *WorkflowRef {
	if name, ok := wf.(string); ok {
		if name == "" {
			d.Mistake("Workflow", `""`, "the name under which the workflow is registered, or its function")
		}
		if typeName != "" {
			d.Mistake("WorkflowType", fmt.Sprintf("%q", typeName), "nothing: Workflow is the name already")
		}
		return &WorkflowRef{Name: name}
	}
	if wf == nil {
		d.Mistake("Workflow", "none", wantedFunc+", or the name under which the workflow is registered")
		return nil
	}
	shape, err := inspect(wf)
	if err != nil {
		d.Mistake("Workflow", err.Error(), wantedFunc+", or the name under which the workflow is registered")
		return nil
	}
	ref := &WorkflowRef{Name: typeName, shape: shape, isFunc: true}
	if typeName == "" {
		if ref.Name, err = nameOf(wf); err != nil {
			d.Mistake("Workflow", err.Error()+", which has no lasting name", "a named function, or a name for it in WorkflowType")
		}
	}
	return ref
}

// RunsOn records that the workflow runs on a task queue, for RegisterWorkflows.
func (d *Declaration) RunsOn(taskQueue string, ref *WorkflowRef, wf any) {
	if taskQueue == "" {
		d.Mistake("TaskQueue", "none", "the task queue that the workflow's workers poll")
		return
	}
	queue := d.Runs[taskQueue]
	if queue == nil {
		queue = make(map[string]any)
		d.Runs[taskQueue] = queue
	}
	if !ref.isFunc {
		return
	}
	if other := queue[ref.Name]; other != nil && !sameFunc(other, wf) {
		d.Mistake("Workflow", fmt.Sprintf("a second function for the workflow type %q on task queue %q", ref.Name, taskQueue),
			"one function a type, or another WorkflowType")
		return
	}
	queue[ref.Name] = wf
}

// Required checks a field that must not be empty.
func (d *Declaration) Required(field, value, want string) {
	if value == "" {
		d.Mistake(field, "none", want)
	}
}
