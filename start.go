package durablemcp

import (
	"encoding/json"
	"slices"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/durablemcp/durablemcp/internal/call"
	"github.com/durablemcp/durablemcp/internal/declare"
	"github.com/durablemcp/durablemcp/internal/schema"
)

// StartIfAbsent makes a [SignalTool] or an [UpdateTool] start the workflow if it is
// not running: "create the entity if it is not there, then act" in one call.
//
// Starting and acting are one request: either both happen, or neither. A
// workflow that runs already must have been started with the same arguments, by a
// caller whose execution this one may touch; otherwise the call is a conflict and changes
// nothing.
//
// Of two concurrent first calls with other arguments, an [UpdateTool] carries one
// out, and the other one is the conflict. Signals cannot keep that: Temporal's
// signal-with-start joins whatever runs by then. The second signal reaches the
// workflow of the first, and its call is told so. What must not belongs in an update.
type StartIfAbsent struct {
	// TaskQueue is the task queue that the workflow's workers poll. Required.
	TaskQueue string
	// Input and ArgNames say what the workflow's arguments are, as in
	// [WorkflowTool].
	Input    any
	ArgNames []string
	// SharedID is as in [WorkflowTool].
	SharedID bool
	// WorkflowIDReusePolicy and StartOptions are as in [WorkflowTool], except
	// that the options StartDelay and EnableEagerStart have no effect.
	WorkflowIDReusePolicy enums.WorkflowIdReusePolicy
	StartOptions          client.StartWorkflowOptions
}

// withStart checks the field Start, and adds the workflow's arguments to those
// of the payload. It returns nil if there is no Start, or after a mistake.
func (d *declaration) withStart(f messageFields, ref *declare.WorkflowRef, b *call.Tool, payload *declare.Arguments) (*call.WithStart, *declare.Arguments) {
	if f.start == nil {
		return nil, payload
	}
	s := f.start
	d.RunsOn(s.TaskQueue, ref, f.workflow)
	d.CheckReuse(s.WorkflowIDReusePolicy)
	d.CheckStartOptions("Start.StartOptions.", s.StartOptions)
	if f.workflowID == "" {
		d.Mistake("WorkflowID", "none", "a template: a workflow that is started by a message needs an ID that finds it again")
		return nil, nil
	}
	in := d.WorkflowArgs(ref, s.Input, s.ArgNames)
	if in == nil || payload == nil {
		return nil, nil
	}
	var published struct {
		Required []string `json:"required"`
	}
	if err := json.Unmarshal(in.Schema.JSON(), &published); err != nil {
		panic(err) // the library's own JSON
	}
	var props []schema.Property
	for _, name := range in.Schema.Properties() {
		node, _ := in.Schema.Lookup([]string{name})
		props = append(props, schema.Property{Name: name, Schema: node.JSON, Required: slices.Contains(published.Required, name)})
	}
	d.Inputs[ref.Name] = append(d.Inputs[ref.Name], in.Schema)
	start := &call.WithStart{
		Starter: &call.Starter{Tool: b, Allow: f.allow.internal(), Options: d.StartOptions(s.StartOptions, s.TaskQueue, s.WorkflowIDReusePolicy)},
		Input:   d.arguments(in),
	}
	return start, d.With(payload, props...)
}
