package durablemcp

import (
	"context"
	"encoding/json"
	"slices"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/schema"
)

// WithStart makes a [SignalTool] or an [UpdateTool] start the workflow if it is
// not running: "create the entity if it is not there, then act" in one call.
//
// Starting and acting are one request: either both happen, or neither. A
// workflow that runs already must have been started with the same arguments, by a
// caller whose work this one may touch; else the call is a conflict and changes
// nothing.
//
// Of two concurrent first calls with other arguments, an [UpdateTool] carries one
// out, and the other one is the conflict. Signals cannot keep that: Temporal's
// signal-with-start joins whatever runs by then. The second signal reaches the
// workflow of the first, and its call is told so. What must not belongs in an update.
type WithStart struct {
	// TaskQueue is the task queue that the workflow's workers poll. Required.
	TaskQueue string
	// Input and ArgNames say what the workflow's arguments are, as in
	// [WorkflowTool].
	Input    any
	ArgNames []string
	// Shared is as in [WorkflowTool].
	Shared bool
	// WorkflowIDReusePolicy and StartOptions are as in [WorkflowTool], except
	// that the options StartDelay and EnableEagerStart have no effect.
	WorkflowIDReusePolicy enums.WorkflowIdReusePolicy
	StartOptions          client.StartWorkflowOptions
}

// A withStart is a checked [WithStart].
type withStart struct {
	*starter
	input *inputBinding
}

// withStart checks the field Start, and adds the workflow's arguments to those
// of the payload. It returns nil if there is no Start, or after a mistake.
func (d *declaration) withStart(f messageFields, ref *workflowRef, b *base, payload *inputBinding) (*withStart, *inputBinding) {
	if f.start == nil {
		return nil, payload
	}
	s := f.start
	d.runsOn(s.TaskQueue, ref, f.workflow)
	d.checkReuse(s.WorkflowIDReusePolicy)
	d.checkStartOptions("Start.StartOptions.", s.StartOptions)
	if f.workflowID == "" {
		d.mistake("WorkflowID", "none", "a template: a workflow that is started by a message needs an ID that finds it again")
		return nil, nil
	}
	in := d.workflowArgs(ref, s.Input, s.ArgNames)
	if in == nil || payload == nil {
		return nil, nil
	}
	var published struct {
		Required []string `json:"required"`
	}
	if err := json.Unmarshal(in.schema.JSON(), &published); err != nil {
		panic(err) // the library's own JSON
	}
	var props []schema.Property
	for _, name := range in.schema.Properties() {
		node, _ := in.schema.Lookup([]string{name})
		props = append(props, schema.Property{Name: name, Schema: node.JSON, Required: slices.Contains(published.Required, name)})
	}
	d.inputs[ref.name] = append(d.inputs[ref.name], in.schema)
	start := &withStart{
		starter: &starter{base: b, allow: f.allow, options: d.startOptions(s.StartOptions, s.TaskQueue, s.WorkflowIDReusePolicy)},
		input:   in,
	}
	return start, d.with(payload, props...)
}

// read takes the workflow's arguments out of those of the tool.
func (s *withStart) read(in *input) (*input, error) {
	var given map[string]json.RawMessage // without defaults: these are the start's own
	if err := json.Unmarshal(in.Spelled, &given); err != nil {
		return nil, err
	}
	arguments := make(map[string]json.RawMessage)
	for _, name := range s.input.schema.Properties() {
		if value, ok := given[name]; ok {
			arguments[name] = value
		}
	}
	raw, err := json.Marshal(arguments)
	if err != nil {
		return nil, err
	}
	return s.input.decode(raw)
}

// taker returns the run that has the ID of the workflow, if it is the one that the call
// means: with-start requests act on whatever has the ID. It returns nil if the run
// has closed or gone in between, so that the workflow can be started.
func (s *withStart) taker(ctx context.Context, c *execution.Client, m *messageInput, runID string) (*execution.Execution, error) {
	ctx, cancel := context.WithTimeout(ctx, execution.RequestTimeout)
	defer cancel()
	seen, err := c.Describe(ctx, m.key.ID, runID)
	switch {
	case execution.IsAbsent(err, m.key):
		return nil, nil //nolint:nilnil // there is none
	case err != nil:
		s.log(ctx, "describing a workflow failed", "workflow_id", m.key.ID, "error", err)
		return nil, nothingDone(serviceFailure(err))
	case seen.Closed() && s.restarts(seen.Info().GetStatus(), forEver):
		return nil, nil //nolint:nilnil // Temporal lets it start anew
	}
	return s.same(ctx, seen, m.startInput, m.caller)
}
