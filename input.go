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
	limit  int // Options.MaxArgumentBytes

	senders senders
}

// An input is the checked arguments of one call.
type input struct {
	schema.Identity
	canonical json.RawMessage // in one spelling, defaults applied
	args      []any           // the workflow's, of its Go types; see from
	senders   senders
}

// decode checks a call's arguments. Its error is a [*toolError].
func (b *inputBinding) decode(raw json.RawMessage) (*input, error) {
	if len(raw) > b.limit {
		return nil, &toolError{
			Type:    errInvalidArguments,
			Message: fmt.Sprintf("The arguments of %s are %d bytes, more than the %d that this server takes. Nothing was done.", b.tool, len(raw), b.limit),
			advice:  "Call again with less.",
		}
	}
	properties, canonical, violations := b.schema.Decode(raw)
	if len(violations) > 0 {
		e := invalidArguments(b.tool, texts(violations))
		e.unknown = onlyUnknown(violations)
		return nil, e
	}
	values, violations := b.schema.Values(canonical)
	if len(violations) > 0 {
		return nil, invalidArguments(b.tool, texts(violations))
	}
	in := &input{Identity: b.schema.Identify(raw, properties, values), canonical: canonical, senders: b.senders}
	for _, value := range values {
		in.args = append(in.args, value.Interface())
	}
	return in, nil
}

func invalidArguments(tool string, violations []string) *toolError {
	return &toolError{
		Type:       errInvalidArguments,
		Message:    fmt.Sprintf("The arguments of %s are not valid. Nothing was done.", tool),
		Violations: violations,
		advice:     "Correct them and call again.",
	}
}

// onlyUnknown returns the names of arguments that a tool does not have, if nothing else is
// wrong with a call: its client may have added them, and not the model.
func onlyUnknown(violations []schema.Violation) []string {
	var names []string
	for _, v := range violations {
		if v.Path != "" || v.Unknown == "" {
			return nil
		}
		names = append(names, v.Unknown)
	}
	return names
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

// A signature is the arguments of a workflow, or of a message to one, as a
// declaration gives them.
type signature struct {
	names []string       // ArgNames
	types []reflect.Type // of the arguments
	field string         // of the declaration that the types come from
}

// workflowArgs checks the fields that say what the workflow's arguments are.
func (d *declaration) workflowArgs(ref *workflowRef, input any, names []string) *inputBinding {
	if ref.isFunc && input != nil {
		d.mistake("Input", fmt.Sprintf("a %T", input), "nothing: the function says what its arguments are")
		return nil
	}
	if !ref.isFunc {
		return d.payload(input, names)
	}
	return d.input(signature{names, ref.shape.Args, "Workflow"})
}

// payload checks the fields Input and ArgNames where they say by prototype what
// is sent.
func (d *declaration) payload(input any, names []string) *inputBinding {
	return d.input(signature{names, prototypes(input, len(names) > 0), "Input"})
}

// input makes the binding of arguments, and returns nil after a mistake.
func (d *declaration) input(sig signature) *inputBinding {
	if !d.argNames(sig.names, sig.types) {
		return nil
	}
	s, err := schemaOf(sig)
	if err != nil {
		d.typeMistakes(sig.field, err)
		return nil
	}
	return &inputBinding{tool: d.name, schema: s.Ignoring(d.opts.IgnoreArguments), limit: d.opts.MaxArgumentBytes, senders: d.senders(sig)}
}

func schemaOf(sig signature) (*schema.Schema, error) {
	switch {
	case len(sig.names) > 0:
		return schema.ForArguments(sig.names, sig.types)
	case len(sig.types) == 0:
		return schema.Empty(), nil
	}
	return schema.ForStruct(sig.types[0])
}

// prototypes returns the types of the values by which a declaration says what
// the arguments are.
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
