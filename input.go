package durablemcp

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/durablemcp/durablemcp/internal/idtemplate"
	"github.com/durablemcp/durablemcp/internal/schema"
)

// An inputBinding turns a tool's arguments into its workflow's.
type inputBinding struct {
	tool   string
	schema *schema.Schema
}

// An input is the checked arguments of one call.
type input struct {
	properties map[string]any  // decoded, numbers as json.Number
	canonical  json.RawMessage // in the one spelling that the digest is made of
	digest     string
	args       []any // the workflow's, of its Go types
}

// decode checks a call's arguments. Its error is a [*toolError].
func (b *inputBinding) decode(raw json.RawMessage) (*input, error) {
	properties, canonical, violations := b.schema.Decode(raw)
	if len(violations) > 0 {
		return nil, b.invalid(texts(violations))
	}
	values, violations := b.schema.Values(canonical)
	if len(violations) > 0 {
		return nil, b.invalid(texts(violations))
	}
	in := &input{properties: properties, canonical: canonical, digest: schema.Digest(canonical)}
	for _, value := range values {
		in.args = append(in.args, value.Interface())
	}
	return in, nil
}

func (b *inputBinding) invalid(violations []string) *toolError {
	return &toolError{
		Type:       errInvalidArguments,
		Message:    fmt.Sprintf("The arguments of %s are not valid. Nothing was started.", b.tool),
		Violations: violations,
		advice:     "Correct them and call again.",
	}
}

func texts(violations []schema.Violation) []string {
	list := make([]string, len(violations))
	for i, v := range violations {
		list[i] = v.String()
	}
	return list
}

// pointer is the JSON path of an argument in error texts.
func pointer(placeholder string) string {
	return "/" + strings.Join(idtemplate.Path(placeholder), "/")
}

// input checks the fields that say what the workflow's arguments are, and
// returns nil after a mistake.
func (d *declaration) input(t WorkflowTool, ref *workflowRef) *inputBinding {
	types, field, ok := d.argTypes(t, ref)
	if !ok {
		return nil
	}
	s, err := schemaOf(t.ArgNames, types)
	if err != nil {
		d.typeMistakes(field, err)
		return nil
	}
	return &inputBinding{tool: t.Name, schema: s}
}

func schemaOf(names []string, types []reflect.Type) (*schema.Schema, error) {
	switch {
	case len(names) > 0:
		return schema.ForArguments(names, types)
	case len(types) == 0:
		return schema.Empty(), nil
	}
	return schema.ForStruct(types[0])
}

// argTypes returns the types of the workflow's arguments and the field of the
// declaration that they come from, after checking that ArgNames fits them.
func (d *declaration) argTypes(t WorkflowTool, ref *workflowRef) (types []reflect.Type, field string, ok bool) {
	types, field = ref.shape.Args, "Workflow"
	if !ref.isFunc {
		types, field = prototypes(t.Input, len(t.ArgNames) > 0), "Input"
	} else if t.Input != nil {
		d.mistake("Input", fmt.Sprintf("a %T", t.Input), "nothing: the function says what its arguments are")
		return nil, "", false
	}
	return types, field, d.argNames(t.ArgNames, types)
}

// prototypes returns the types of the values by which a workflow declared by
// name says what its arguments are.
func prototypes(input any, named bool) []reflect.Type {
	if input == nil {
		return nil
	}
	values, positional := input.([]any)
	if !positional || !named {
		return []reflect.Type{reflect.TypeOf(input)}
	}
	types := make([]reflect.Type, len(values))
	for i, value := range values {
		types[i] = reflect.TypeOf(value)
	}
	return types
}

func (d *declaration) argNames(names []string, types []reflect.Type) bool {
	if len(names) == 0 {
		switch {
		case len(types) > 1:
			d.mistake("ArgNames", fmt.Sprintf("no names for %d arguments", len(types)), "a name for each argument after the context")
			return false
		case len(types) == 1 && !hasFields(types[0]):
			d.mistake("ArgNames", fmt.Sprintf("no name for the argument of type %v, which has no fields", types[0]), "one name")
			return false
		}
		return true
	}
	if len(names) != len(types) {
		d.mistake("ArgNames", fmt.Sprintf("%s for %s", count(len(names), "name"), count(len(types), "argument")), "a name for each argument after the context")
		return false
	}
	seen := make(map[string]bool)
	for _, name := range names {
		if name == "" || seen[name] {
			d.mistake("ArgNames", map[bool]string{true: "an empty name", false: fmt.Sprintf("%q twice", name)}[name == ""], "different names")
			return false
		}
		seen[name] = true
	}
	return true
}

// hasFields reports whether the JSON of a type can be an object, so that it
// can be all of a tool's arguments.
func hasFields(t reflect.Type) bool {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.Struct || t.Kind() == reflect.Map || t.Kind() == reflect.Interface ||
		t == reflect.TypeFor[json.RawMessage]()
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// typeMistakes records each of the joined errors of package schema.
func (d *declaration) typeMistakes(field string, err error) {
	errs := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		errs = joined.Unwrap()
	}
	for _, err := range errs {
		var e *schema.TypeError
		if !errors.As(err, &e) {
			d.mistake(field, err.Error(), "a type that has a JSON schema")
			continue
		}
		found := e.Found
		if e.Type != nil {
			found += fmt.Sprintf(" in type %v", e.Type)
		}
		if e.Path != "" {
			found += " at " + e.Path
		}
		d.mistake(field, found, e.Expected)
	}
}

// template checks the field WorkflowID against the arguments; in is nil if
// those are not known for a mistake of theirs.
func (d *declaration) template(t WorkflowTool, in *inputBinding) *idtemplate.Template {
	text := t.WorkflowID
	if text == "" {
		text = t.Name + "-{" + idtemplate.UUID + "}"
	}
	template, err := idtemplate.Parse(text)
	if err != nil {
		if t.WorkflowID != "" { // else the name is at fault, and reported
			d.mistake("WorkflowID", err.Error(), `a template such as "invoice-{invoice_id}"`)
		}
		return nil
	}
	if in == nil {
		return template
	}
	for _, name := range template.Arguments() {
		d.placeholder(name, in.schema)
	}
	return template
}

func (d *declaration) placeholder(name string, s *schema.Schema) {
	node, known := s.Lookup(idtemplate.Path(name))
	found := fmt.Sprintf("the placeholder {%s}, ", name)
	switch {
	case !known:
		d.mistake("WorkflowID", found+"which names no argument", "the JSON name of an argument, such as "+strings.Join(s.Properties(), ", "))
	case !node.Scalar():
		d.mistake("WorkflowID", found+"whose argument is not a string, number or boolean", "a scalar argument")
	case !node.Always:
		d.mistake("WorkflowID", found+"whose argument is optional", "an argument that is required or has a default: every call needs an ID")
	}
}
