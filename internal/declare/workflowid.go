package declare

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/durablemcp/durablemcp/internal/idtemplate"
	"github.com/durablemcp/durablemcp/internal/schema"
)

// IDTemplate checks the field WorkflowID of a tool that starts workflows
// against its arguments; in is nil if those are not known for a mistake of
// theirs.
func (d *Declaration) IDTemplate(text string, readOnly bool, in *Arguments) *idtemplate.Template {
	if text == "" && !readOnly {
		d.Mistake("WorkflowID", "none", `a template that says which calls are the same work: "invoice-{invoice_id}" (those with the same invoice_id), `+
			`"search-{@input}" (those with the same arguments) or "roll-{@uuid}" (none: each call counts, also one that a client repeats after a timeout)`)
		return nil
	}
	template := d.ParseTemplate("WorkflowID", cmp.Or(text, escapeTemplate(d.Name)+"-{"+idtemplate.UUID+"}"))
	if template == nil || in == nil {
		return template
	}
	for _, name := range template.Arguments() {
		d.Placeholder("WorkflowID", name, in.Schema)
	}
	return template
}

// ParseTemplate parses a template, and returns nil after a mistake.
func (d *Declaration) ParseTemplate(field, text string) *idtemplate.Template {
	template, err := idtemplate.Parse(text)
	if err != nil {
		d.Mistake(field, err.Error(), `a template such as "invoice-{invoice_id}"`)
		return nil
	}
	return template
}

// escapeTemplate makes literal text of a tool's name, which may be invalid.
func escapeTemplate(name string) string {
	return strings.NewReplacer("{", "{{", "}", "}}").Replace(name)
}

// Placeholder checks what a placeholder of a template stands for.
func (d *Declaration) Placeholder(field, name string, s *schema.Schema) {
	node, known := s.Lookup(idtemplate.Path(name))
	found := fmt.Sprintf("the placeholder {%s}, ", name)
	switch {
	case !known && len(s.Properties()) == 0:
		d.Mistake(field, found+"and the tool has no arguments", "a template without it, or a workflow whose arguments are known: a function, or a name with Input")
	case !known:
		d.Mistake(field, found+"which names no argument", "the JSON name of an argument, such as "+strings.Join(s.Properties(), ", "))
	case !node.Scalar():
		d.Mistake(field, found+"whose argument is not a string, number or boolean", "a scalar argument")
	case !node.Always:
		d.Mistake(field, found+"whose argument is optional", "an argument that is required or has a default: every call needs an ID")
	}
}

// sharing is whether callers share the workflow IDs that a tool makes.
type sharing struct {
	shared bool
	tool   string
}

// StartsShared checks the field SharedID of a tool that starts workflows, and
// keeps it for the others.
func (d *Declaration) StartsShared(ref *WorkflowRef, template *idtemplate.Template, shared bool, field string) {
	for _, name := range []string{idtemplate.Principal, idtemplate.UUID} {
		if !template.Uses(name) {
			continue
		}
		if shared {
			d.Mistake(field, fmt.Sprintf("true, and {%s} in WorkflowID", name), "one of the two: such an ID is not shared with other callers")
		}
		return
	}
	first, known := d.sharing[ref.Name]
	if known && first.shared != shared {
		d.Mistake(field, fmt.Sprintf("%v, and %v in %s", shared, first.shared, first.tool),
			"the same in all tools that start the workflow "+ref.Name)
	}
	if !known {
		d.sharing[ref.Name] = sharing{shared, d.Name}
	}
}

// Completed returns the template as it is filled: with the principal behind it,
// if the workflow's IDs are each caller's own and it does not say so itself.
func (d *Declaration) Completed(ref *WorkflowRef, template *idtemplate.Template) *idtemplate.Template {
	how, known := d.sharing[ref.Name]
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

// A Scope is a durablemcp.IDScope.
type Scope int

// The values of durablemcp.IDScope.
const (
	InferScope Scope = iota
	CallerScope
	SharedScope
)

func (s Scope) String() string {
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

// Scoped returns the template of a message tool as it is filled, nil for a tool that
// goes by workflow_id.
func (d *Declaration) Scoped(ref *WorkflowRef, template *idtemplate.Template, scope Scope, hasAllow bool) *idtemplate.Template {
	how, started := d.sharing[ref.Name]
	started = started || d.Inputs[ref.Name] != nil
	switch {
	case scope < InferScope || scope > SharedScope:
		d.Mistake("IDScope", scope.String(), "durablemcp.InferScope, durablemcp.CallerScope or durablemcp.SharedScope")
		return template
	case template == nil && scope != InferScope:
		d.Mistake("IDScope", scope.String()+", and no WorkflowID", "nothing: workflow_id says whose the workflow is")
		return nil
	case template == nil:
		return nil
	case started && scope != InferScope:
		d.Mistake("IDScope", scope.String(), fmt.Sprintf("nothing: the registry starts the workflow %s, and SharedID there says it", ref.Name))
		return template
	case started:
		return d.mine(d.Completed(ref, template), template, hasAllow, fmt.Sprintf("nothing, or SharedID in the tool %q, so that callers share the IDs", how.tool))
	case scope == InferScope && perCaller(template) != template:
		d.Logger.Warn("durablemcp: a tool has no IDScope, and no tool of the registry starts its workflow: whose its workflow IDs are is a guess",
			"tool", d.Name, "workflow_type", ref.Name, "guess", map[bool]string{true: SharedScope.String(), false: CallerScope.String()}[hasAllow])
		if hasAllow {
			return template
		}
	}
	if scope == SharedScope {
		return template
	}
	return d.mine(perCaller(template), template, hasAllow, "nothing, or durablemcp.SharedScope in IDScope, so that callers share the IDs")
}

// mine checks that a tool whose IDs are each caller's own is not meant for others.
func (d *Declaration) mine(completed, given *idtemplate.Template, hasAllow bool, want string) *idtemplate.Template {
	if completed != given && hasAllow {
		d.Mistake("Allow", "a function, although WorkflowID names the caller's own workflows only", want)
	}
	return completed
}

// Address adds the arguments that name the workflow to those of the payload,
// and returns both; nil after a mistake.
func (d *Declaration) Address(ref *WorkflowRef, text string, payload *Arguments) (*idtemplate.Template, *Arguments) {
	if text == "" {
		return nil, d.With(payload,
			schema.Property{Name: "workflow_id", Schema: json.RawMessage(`{"type":"string","minLength":1}`), Required: true,
				Description: "The workflow ID, as the tool that started the workflow returned it."},
			schema.Property{Name: "run_id", Schema: json.RawMessage(`{"type":"string"}`),
				Description: "The run ID. If left out, the latest run is meant."})
	}
	template := d.ParseTemplate("WorkflowID", text)
	if template == nil {
		return nil, nil
	}
	if template.Uses(idtemplate.UUID) || template.Uses(idtemplate.Input) {
		d.Mistake("WorkflowID", "{"+idtemplate.UUID+"} or {"+idtemplate.Input+"}", "placeholders that lead to a workflow that is there already")
		return nil, nil
	}
	tree := make(requiredObject)
	for _, name := range template.Arguments() {
		if payload != nil {
			if _, known := payload.Schema.Lookup(idtemplate.Path(name)); known {
				d.Placeholder("WorkflowID", name, payload.Schema)
				continue
			}
		}
		tree.add(idtemplate.Path(name), d.placeholderSchema(ref, name))
	}
	return template, d.With(payload, tree.properties()...)
}

// With adds properties to a binding, and returns nil after a mistake.
func (d *Declaration) With(in *Arguments, props ...schema.Property) *Arguments {
	if in == nil {
		return nil
	}
	s, err := in.Schema.With(props...)
	if err != nil {
		d.typeMistakes("Input", err)
		return nil
	}
	return &Arguments{Schema: s, Senders: in.Senders}
}

// placeholderSchema finds the schema of a placeholder in the arguments of the
// workflow: as a WorkflowTool of the same registry declares them, or as its
// function has them. Of a workflow of which neither is known, IDs are made of
// text.
func (d *Declaration) placeholderSchema(ref *WorkflowRef, name string) json.RawMessage {
	known := d.Inputs[ref.Name]
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
		d.Placeholder("WorkflowID", name, known[0])
	}
	return json.RawMessage(`{"type":"string","minLength":1}`)
}

// A requiredObject has required members by name: each has a schema, or members of its own.
type requiredObject map[string]requiredMember

type requiredMember struct {
	scalar  json.RawMessage
	members requiredObject
}

func (o requiredObject) add(path []string, scalar json.RawMessage) {
	if len(path) == 1 {
		o[path[0]] = requiredMember{scalar: scalar}
		return
	}
	if o[path[0]].members == nil {
		o[path[0]] = requiredMember{members: make(requiredObject)}
	}
	o[path[0]].members.add(path[1:], scalar)
}

// properties returns the members as required properties, nested ones as objects.
func (o requiredObject) properties() []schema.Property {
	var props []schema.Property
	for _, name := range slices.Sorted(maps.Keys(o)) {
		scalar := o[name].scalar
		if members := o[name].members; members != nil {
			scalar = members.object()
		}
		props = append(props, schema.Property{Name: name, Schema: scalar, Required: true})
	}
	return props
}

func (o requiredObject) object() json.RawMessage {
	properties := make(map[string]json.RawMessage)
	for _, p := range o.properties() {
		properties[p.Name] = p.Schema
	}
	return marshalSchema(map[string]any{
		"type": "object", "properties": properties, "required": slices.Sorted(maps.Keys(o)), "additionalProperties": false,
	})
}

// marshalSchema marshals a schema of the library's own, whose JSON cannot fail.
func marshalSchema(s map[string]any) json.RawMessage {
	data, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return data
}
