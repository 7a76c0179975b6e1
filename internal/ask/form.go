package ask

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"

	"github.com/durablemcp/durablemcp/internal/schema"
)

// A Form is what a person is asked for, as a Go type describes it: one of the restricted
// schemas of MCP's elicitation (2025-11-25, client/elicitation, Requested Schema). It is
// immutable and safe for concurrent use.
type Form struct {
	schema    *schema.Schema
	requested json.RawMessage
}

var forms sync.Map // reflect.Type -> func() (*Form, error)

// FormOf returns the form of a Go type: a struct whose fields are strings, numbers,
// booleans, enums and lists of enums. Its error says all that is wrong with the
// type.
func FormOf(t reflect.Type) (*Form, error) {
	made, _ := forms.LoadOrStore(t, sync.OnceValues(func() (*Form, error) { return newForm(t) }))
	of, _ := made.(func() (*Form, error))
	return of()
}

func newForm(t reflect.Type) (*Form, error) {
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%v is not a struct; a form has named fields", t)
	}
	s, err := schema.ForStruct(t)
	if err != nil {
		return nil, err
	}
	var root struct {
		Type       string                     `json:"type"`
		Properties map[string]json.RawMessage `json:"properties"`
	}
	if err := json.Unmarshal(s.JSON(), &root); err != nil {
		return nil, err
	}
	if root.Type != "object" || root.Properties == nil {
		return nil, fmt.Errorf("%v has no fields of its own", t)
	}
	var errs []error
	for _, name := range s.Properties() {
		if problem := checkField(root.Properties[name]); problem != "" {
			errs = append(errs, fmt.Errorf("%v: the field %q %s; a form takes strings (plain, or in the format email, uri, date or date-time), "+
				"numbers, integers, booleans, enums and lists of enums", t, name, problem))
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return &Form{schema: s, requested: without(s.JSON(), "additionalProperties")}, nil
}

// Requested returns the form's schema as clients get it.
func (f *Form) Requested() json.RawMessage { return slices.Clone(f.requested) }

// Read checks what a person has filled in, and returns it with defaults, in its
// one spelling. Members that the form does not have are dropped. What is wrong
// is said in violations, by paths from an answer that has it as its content.
func (f *Form) Read(content json.RawMessage) (canonical json.RawMessage, violations []string) {
	var members map[string]json.RawMessage
	if trimmed := bytes.TrimSpace(content); len(trimmed) > 0 && !bytes.Equal(trimmed, []byte("null")) {
		if err := json.Unmarshal(content, &members); err != nil {
			return nil, []string{"the answer is not an object"}
		}
	}
	known := make(map[string]json.RawMessage, len(members))
	for _, name := range f.schema.Properties() {
		if value, ok := members[name]; ok {
			known[name] = value
		}
	}
	data, err := json.Marshal(known)
	if err != nil {
		return nil, []string{"the answer is not valid JSON"}
	}
	_, canonical, found := f.schema.Decode(data)
	if len(found) == 0 {
		_, found = f.schema.Values(canonical)
	}
	for _, v := range found {
		violations = append(violations, "/content"+v.Path+": "+v.Message)
	}
	return canonical, violations
}

// Value returns what [Form.Read] has checked as a value of the form's Go type.
func (f *Form) Value(canonical json.RawMessage) (reflect.Value, error) {
	values, violations := f.schema.Values(canonical)
	if len(violations) > 0 || len(values) != 1 {
		return reflect.Value{}, errors.New("the answer does not fit the form")
	}
	return values[0], nil
}

// without returns an object without one of its members.
func without(object json.RawMessage, name string) json.RawMessage {
	var members map[string]json.RawMessage
	if json.Unmarshal(object, &members) != nil {
		return object
	}
	delete(members, name)
	data, err := json.Marshal(members)
	if err != nil {
		return object
	}
	return data
}
