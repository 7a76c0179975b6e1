package declare

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/durablemcp/durablemcp/internal/schema"
)

// A signature is the arguments of a workflow, or of a message to one, as a
// declaration gives them.
type signature struct {
	names []string       // ArgNames
	types []reflect.Type // of the arguments
	field string         // of the declaration that the types come from
}

// Arguments are the arguments of a tool, or of a workflow.
type Arguments struct {
	Schema  *schema.Schema
	Senders map[int][][]int // the indexes of the fields of type durablemcp.Sender, by argument
}

// WorkflowArgs checks the fields that say what the workflow's arguments are.
func (d *Declaration) WorkflowArgs(ref *WorkflowRef, input any, names []string) *Arguments {
	if ref.isFunc && input != nil {
		d.Mistake("Input", fmt.Sprintf("a %T", input), "nothing: the function says what its arguments are")
		return nil
	}
	if !ref.isFunc {
		return d.Payload(input, names)
	}
	return d.input(signature{names, ref.shape.Args, "Workflow"})
}

// Payload checks the fields Input and ArgNames where they say by prototype what
// is sent.
func (d *Declaration) Payload(input any, names []string) *Arguments {
	return d.input(signature{names, prototypes(input, len(names) > 0), "Input"})
}

// input makes the decoder of arguments, and returns nil after a mistake.
func (d *Declaration) input(sig signature) *Arguments {
	if !d.argNames(sig.names, sig.types) {
		return nil
	}
	s, err := schemaOf(sig)
	if err != nil {
		d.typeMistakes(sig.field, err)
		return nil
	}
	return &Arguments{Schema: s.Ignoring(d.IgnoreArguments), Senders: d.senders(sig)}
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

func (d *Declaration) argNames(names []string, types []reflect.Type) bool {
	if len(names) == 0 {
		switch {
		case len(types) > 1:
			d.Mistake("ArgNames", fmt.Sprintf("no names for %d arguments", len(types)), "a name for each argument after the context")
			return false
		case len(types) == 1 && !hasFields(types[0]):
			d.Mistake("ArgNames", fmt.Sprintf("no name for the argument of type %v, which has no fields", types[0]), "one name")
			return false
		}
		return true
	}
	if len(names) != len(types) {
		d.Mistake("ArgNames", fmt.Sprintf("%s for %s", Count(len(names), "name"), Count(len(types), "argument")), "a name for each argument after the context")
		return false
	}
	seen := make(map[string]bool)
	for _, name := range names {
		if name == "" || seen[name] {
			d.Mistake("ArgNames", map[bool]string{true: "an empty name", false: fmt.Sprintf("%q twice", name)}[name == ""], "different names")
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

// Count is a number of things in words.
func Count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// typeMistakes records each of the joined errors of package schema.
func (d *Declaration) typeMistakes(field string, err error) {
	errs := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		errs = joined.Unwrap()
	}
	for _, err := range errs {
		var e *schema.TypeError
		if !errors.As(err, &e) {
			d.Mistake(field, err.Error(), "a type that has a JSON schema")
			continue
		}
		found := e.Found
		if e.Type != nil {
			found += fmt.Sprintf(" in type %v", e.Type)
		}
		if e.Path != "" {
			found += " at " + e.Path
		}
		d.Mistake(field, found, e.Expected)
	}
}
