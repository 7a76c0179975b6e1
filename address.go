package durablemcp

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/idtemplate"
	"github.com/durablemcp/durablemcp/internal/schema"
)

// idTemplate checks the field WorkflowID of a tool that starts workflows
// against its arguments; in is nil if those are not known for a mistake of
// theirs.
func (d *declaration) idTemplate(t WorkflowTool, in *inputBinding) *idtemplate.Template {
	if t.WorkflowID == "" && !t.readOnly() {
		d.mistake("WorkflowID", "none", `a template that says which calls are the same work: "invoice-{invoice_id}" (those with the same invoice_id), `+
			`"search-{@input}" (those with the same arguments) or "roll-{@uuid}" (none: each call counts, also one that a client repeats after a timeout)`)
		return nil
	}
	template := d.parseTemplate("WorkflowID", cmp.Or(t.WorkflowID, escapeTemplate(d.name)+"-{"+idtemplate.UUID+"}"))
	if template == nil || in == nil {
		return template
	}
	for _, name := range template.Arguments() {
		d.placeholder("WorkflowID", name, in.schema)
	}
	return template
}

// parseTemplate parses a template, and returns nil after a mistake.
func (d *declaration) parseTemplate(field, text string) *idtemplate.Template {
	template, err := idtemplate.Parse(text)
	if err != nil {
		d.mistake(field, err.Error(), `a template such as "invoice-{invoice_id}"`)
		return nil
	}
	return template
}

// escapeTemplate makes literal text of a tool's name, which may be invalid.
func escapeTemplate(name string) string {
	return strings.NewReplacer("{", "{{", "}", "}}").Replace(name)
}

// placeholder checks what a placeholder of a template stands for.
func (d *declaration) placeholder(field, name string, s *schema.Schema) {
	node, known := s.Lookup(idtemplate.Path(name))
	found := fmt.Sprintf("the placeholder {%s}, ", name)
	switch {
	case !known && len(s.Properties()) == 0:
		d.mistake(field, found+"and the tool has no arguments", "a template without it, or a workflow whose arguments are known: a function, or a name with Input")
	case !known:
		d.mistake(field, found+"which names no argument", "the JSON name of an argument, such as "+strings.Join(s.Properties(), ", "))
	case !node.Scalar():
		d.mistake(field, found+"whose argument is not a string, number or boolean", "a scalar argument")
	case !node.Always:
		d.mistake(field, found+"whose argument is optional", "an argument that is required or has a default: every call needs an ID")
	}
}

// sharing is whether callers share the workflow IDs that a tool makes.
type sharing struct {
	shared bool
	tool   string
}

// startsShared checks the field Shared of a tool that starts workflows, and
// keeps it for the others.
func (d *declaration) startsShared(ref *workflowRef, template *idtemplate.Template, shared bool, field string) {
	for _, name := range []string{idtemplate.Principal, idtemplate.UUID} {
		if !template.Uses(name) {
			continue
		}
		if shared {
			d.mistake(field, fmt.Sprintf("true, and {%s} in WorkflowID", name), "one of the two: such an ID is no other caller's")
		}
		return
	}
	first, known := d.sharing[ref.name]
	if known && first.shared != shared {
		d.mistake(field, fmt.Sprintf("%v, and %v in %s", shared, first.shared, first.tool),
			"the same in all tools that start the workflow "+ref.name)
	}
	if !known {
		d.sharing[ref.name] = sharing{shared, d.name}
	}
}

// completed returns the template as it is filled: with the principal behind it,
// if the workflow's IDs are each caller's own and it does not say so itself.
func (d *declaration) completed(ref *workflowRef, template *idtemplate.Template) *idtemplate.Template {
	how, known := d.sharing[ref.name]
	if !known || how.shared {
		return template
	}
	return perCaller(template)
}

func perCaller(template *idtemplate.Template) *idtemplate.Template {
	if template.Uses(idtemplate.Principal) || template.Uses(idtemplate.UUID) {
		return template
	}
	return template.PerPrincipal()
}

// An IDScope says whose the workflow IDs are that a template makes, for tools in a
// registry none of whose tools starts the workflow: a message tool in a process of its
// own. Where a tool of the registry starts the workflow, its field Shared says it.
type IDScope int

const (
	// InferScope is as the tools of the registry that start the workflow have it. If
	// none does, New has to guess, and logs a warning: each caller's own, or, for a
	// tool with an Allow, which reaches the workflows of others, shared.
	InferScope IDScope = iota
	// CallerScope is each caller's own, as [WorkflowTool] makes them unless it is
	// Shared: a colon and the principal come behind, for callers that have one.
	CallerScope
	// SharedScope is the same for all callers, as with Shared in [WorkflowTool].
	SharedScope
)

func (s IDScope) String() string {
	switch s {
	case InferScope:
		return "durablemcp.InferScope"
	case CallerScope:
		return "durablemcp.CallerScope"
	case SharedScope:
		return "durablemcp.SharedScope"
	}
	return fmt.Sprintf("durablemcp.IDScope(%d)", int(s))
}

// scoped returns the template of a message tool as it is filled, nil for a tool that
// goes by workflow_id.
func (d *declaration) scoped(ref *workflowRef, template *idtemplate.Template, f messageFields) *idtemplate.Template {
	how, started := d.sharing[ref.name]
	started = started || d.inputs[ref.name] != nil
	switch {
	case f.scope < InferScope || f.scope > SharedScope:
		d.mistake("IDScope", f.scope.String(), "durablemcp.InferScope, durablemcp.CallerScope or durablemcp.SharedScope")
		return template
	case template == nil && f.scope != InferScope:
		d.mistake("IDScope", f.scope.String()+", and no WorkflowID", "nothing: workflow_id says whose the workflow is")
		return nil
	case template == nil:
		return nil
	case started && f.scope != InferScope:
		d.mistake("IDScope", f.scope.String(), fmt.Sprintf("nothing: the registry starts the workflow %s, and Shared there says it", ref.name))
		return template
	case started:
		return d.mine(d.completed(ref, template), template, f, fmt.Sprintf("nothing, or Shared in the tool %q, so that callers share the IDs", how.tool))
	case f.scope == InferScope && perCaller(template) != template:
		d.opts.Logger.Warn("durablemcp: a tool has no IDScope, and no tool of the registry starts its workflow: whose its workflow IDs are is a guess",
			"tool", d.name, "workflow_type", ref.name, "guess", map[bool]string{true: SharedScope.String(), false: CallerScope.String()}[f.allow != nil])
		if f.allow != nil {
			return template
		}
	}
	if f.scope == SharedScope {
		return template
	}
	return d.mine(perCaller(template), template, f, "nothing, or durablemcp.SharedScope in IDScope, so that callers share the IDs")
}

// mine checks that a tool whose IDs are each caller's own is not meant for others.
func (d *declaration) mine(completed, given *idtemplate.Template, f messageFields, want string) *idtemplate.Template {
	if completed != given && f.allow != nil {
		d.mistake("Allow", "a function, although WorkflowID names the caller's own workflows only", want)
	}
	return completed
}

// An address is how the arguments of a tool name the workflow that it is
// about: by the placeholders of a template, or by workflow_id and run_id.
type address struct {
	template *idtemplate.Template // nil for workflow_id and run_id
}

func (b *base) key(a address, in *input, caller Caller) (execution.Key, error) {
	if a.template == nil {
		id, _ := in.Arguments["workflow_id"].(string)
		runID, _ := in.Arguments["run_id"].(string)
		return execution.Key{ID: id, RunID: runID}, nil
	}
	id, err := b.render(a.template, in, caller)
	return execution.Key{ID: id}, err
}

// address adds the arguments that name the workflow to those of the payload,
// and returns both; nil after a mistake.
func (d *declaration) address(ref *workflowRef, text string, payload *inputBinding) (address, *inputBinding) {
	if text == "" {
		return address{}, d.with(payload,
			schema.Property{Name: "workflow_id", Schema: json.RawMessage(`{"type":"string","minLength":1}`), Required: true,
				Description: "The workflow ID, as the tool that started the workflow returned it."},
			schema.Property{Name: "run_id", Schema: json.RawMessage(`{"type":"string"}`),
				Description: "The run ID. If left out, the latest run is meant."})
	}
	template := d.parseTemplate("WorkflowID", text)
	if template == nil {
		return address{}, nil
	}
	if template.Uses(idtemplate.UUID) || template.Uses(idtemplate.Input) {
		d.mistake("WorkflowID", "{"+idtemplate.UUID+"} or {"+idtemplate.Input+"}", "placeholders that lead to a workflow that is there already")
		return address{}, nil
	}
	tree := make(branch)
	for _, name := range template.Arguments() {
		if payload != nil {
			if _, known := payload.schema.Lookup(idtemplate.Path(name)); known {
				d.placeholder("WorkflowID", name, payload.schema)
				continue
			}
		}
		tree.add(idtemplate.Path(name), d.placeholderSchema(ref, name))
	}
	return address{template}, d.with(payload, tree.properties()...)
}

// with adds properties to a binding, and returns nil after a mistake.
func (d *declaration) with(in *inputBinding, props ...schema.Property) *inputBinding {
	if in == nil {
		return nil
	}
	s, err := in.schema.With(props...)
	if err != nil {
		d.typeMistakes("Input", err)
		return nil
	}
	return &inputBinding{tool: in.tool, schema: s, limit: in.limit, senders: in.senders}
}

// placeholderSchema finds the schema of a placeholder in the arguments of the
// workflow: as a WorkflowTool of the same registry declares them, or as its
// function has them. Of a workflow of which neither is known, IDs are made of
// text.
func (d *declaration) placeholderSchema(ref *workflowRef, name string) json.RawMessage {
	known := d.inputs[ref.name]
	if known == nil && ref.isFunc && len(ref.shape.Args) == 1 && hasFields(ref.shape.Args[0]) {
		if s, err := schema.ForStruct(ref.shape.Args[0]); err == nil {
			known = []*schema.Schema{s}
		}
	}
	for _, s := range known {
		if node, ok := s.Lookup(idtemplate.Path(name)); ok && node.Scalar() {
			return node.JSON
		}
	}
	if len(known) > 0 {
		d.placeholder("WorkflowID", name, known[0])
	}
	return json.RawMessage(`{"type":"string","minLength":1}`)
}

// A branch is properties by name: each has a schema, or properties below it.
type branch map[string]twig

type twig struct {
	leaf  json.RawMessage
	below branch
}

func (b branch) add(path []string, leaf json.RawMessage) {
	if len(path) == 1 {
		b[path[0]] = twig{leaf: leaf}
		return
	}
	if b[path[0]].below == nil {
		b[path[0]] = twig{below: make(branch)}
	}
	b[path[0]].below.add(path[1:], leaf)
}

// properties returns the branch as required properties, nested ones as objects.
func (b branch) properties() []schema.Property {
	var props []schema.Property
	for _, name := range sortedKeys(b) {
		leaf := b[name].leaf
		if below := b[name].below; below != nil {
			leaf = below.object()
		}
		props = append(props, schema.Property{Name: name, Schema: leaf, Required: true})
	}
	return props
}

func (b branch) object() json.RawMessage {
	properties := make(map[string]json.RawMessage)
	for _, p := range b.properties() {
		properties[p.Name] = p.Schema
	}
	return mustMarshal(map[string]any{
		"type": "object", "properties": properties, "required": sortedKeys(b), "additionalProperties": false,
	})
}

// finds reports whether a tool with this address finds the execution that a call
// found by the given template, nil for none, if it is given the same arguments, or
// the workflow ID. Two tools that start one workflow type under different
// templates make different executions of the same arguments.
func (a address) finds(by *idtemplate.Template) bool {
	return a.template == nil || by != nil && a.template.Equal(by)
}

// naming says which arguments name a workflow.
func (a address) naming(workflowID string) string {
	if a.template == nil {
		return fmt.Sprintf("the workflow_id %q", workflowID)
	}
	if names := a.template.Arguments(); len(names) > 0 {
		return "the same " + strings.Join(names, ", ")
	}
	return "no arguments"
}
