package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
)

// Payload returns canonical arguments without the properties that With added.
func (s *Schema) Payload(canonical json.RawMessage) json.RawMessage {
	if len(s.extra) == 0 {
		return canonical
	}
	own, ok := members(canonical)
	if !ok {
		return canonical
	}
	for name := range s.extra {
		delete(own, name)
	}
	return joinMembers(own)
}

// Values decodes canonical arguments, as Decode returned them, into Go values of exactly
// the types that the schema was made from: one for ForStruct and Anything, one for every
// name of ForArguments, none for Empty and Object. Numbers in values of type any are
// json.Number. What Go cannot take, such as an integer that is too large for its type or
// what a type's own UnmarshalJSON refuses, comes back as violations; a panic of a user's
// method is one too.
func (s *Schema) Values(canonical json.RawMessage) ([]reflect.Value, []Violation) {
	payload := s.Payload(canonical)
	var all map[string]json.RawMessage
	if len(s.params) > 0 && !s.params[0].whole {
		all, _ = members(payload)
	}
	values := make([]reflect.Value, len(s.params))
	var violations []Violation
	for i, p := range s.params {
		raw, path := payload, []string(nil)
		if !p.whole {
			raw, path = all[p.name], []string{p.name}
		}
		v, found := p.decode(raw, path)
		values[i], violations = v, append(violations, found...)
	}
	if len(violations) > 0 {
		return nil, limit(violations)
	}
	return values, nil
}

// decode makes the Go value of one parameter, zero if it is absent.
func (p param) decode(raw json.RawMessage, path []string) (reflect.Value, []Violation) {
	v := reflect.New(p.typ)
	if raw == nil {
		return v.Elem(), nil
	}
	raw = p.plan.toGo(raw)
	if err := unmarshal(raw, v.Interface()); err != nil {
		b := blamer{budget: maxBlamed}
		return v.Elem(), b.blame(raw, p.typ, path, err)
	}
	return v.Elem(), nil
}

// members splits an object into the bytes of its members.
func members(raw json.RawMessage) (map[string]json.RawMessage, bool) {
	var m map[string]json.RawMessage
	err := json.Unmarshal(raw, &m)
	return m, err == nil
}

// unmarshal is json.Unmarshal that keeps numbers exact and survives the methods of users.
func unmarshal(raw []byte, into any) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.New("the method that reads it panicked")
		}
	}()
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	return dec.Decode(into)
}

// maxBlamed bounds the bytes that are read again in search of what could not be decoded.
const maxBlamed = 16 << 20

// A blamer finds the values that made decoding fail, for errors of encoding/json name
// the first one only, and those of users' methods name none.
type blamer struct {
	budget int
}

func (b *blamer) blame(raw []byte, t reflect.Type, path []string, err error) []Violation {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var found []Violation
	if b.budget -= len(raw); b.budget > 0 && !handwritten(t) {
		switch t.Kind() {
		case reflect.Struct:
			found = b.fields(raw, t, path)
		case reflect.Map:
			found = b.members(raw, t.Elem(), path)
		case reflect.Slice, reflect.Array:
			found = b.elements(raw, t.Elem(), path)
		}
	}
	if len(found) == 0 {
		found = []Violation{{Path: pointer(path), Message: refusal(err)}}
	}
	return found
}

func (b *blamer) fields(raw []byte, t reflect.Type, path []string) (found []Violation) {
	all, _ := members(raw)
	fields, _ := fieldsOf(t)
	for _, f := range fields {
		value, given := all[f.name]
		switch {
		case !given:
		case f.quoted:
			if err := unmarshalQuoted(value, f.typ); err != nil {
				found = append(found, Violation{Path: pointer(append(path, f.name)), Message: refusal(err)})
			}
		default:
			found = append(found, b.one(value, f.typ, append(path, f.name))...)
		}
	}
	return found
}

// unmarshalQuoted decodes a scalar in a string, which encoding/json does in fields only.
func unmarshalQuoted(raw []byte, t reflect.Type) error {
	t = reflect.StructOf([]reflect.StructField{{Name: "F", Type: t, Tag: `json:",string"`}})
	return unmarshal(fmt.Appendf(nil, `{"F":%s}`, raw), reflect.New(t).Interface())
}

func (b *blamer) members(raw []byte, elem reflect.Type, path []string) (found []Violation) {
	all, _ := members(raw)
	for name, value := range all {
		if len(found) > maxViolations {
			break
		}
		found = append(found, b.one(value, elem, append(path, name))...)
	}
	return found
}

func (b *blamer) elements(raw []byte, elem reflect.Type, path []string) (found []Violation) {
	var all []json.RawMessage
	if json.Unmarshal(raw, &all) != nil {
		return nil
	}
	for i, value := range all {
		if len(found) > maxViolations {
			break
		}
		found = append(found, b.one(value, elem, append(path, strconv.Itoa(i)))...)
	}
	return found
}

func (b *blamer) one(raw []byte, t reflect.Type, path []string) []Violation {
	err := unmarshal(raw, reflect.New(t).Interface())
	if err == nil {
		return nil
	}
	return b.blame(raw, t, append([]string(nil), path...), err)
}

// refusal says why Go did not take a value, without the names of Go types.
func refusal(err error) string {
	if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Sprintf("%s does not fit: a value of kind %s is expected", cut(mismatch.Value), mismatch.Type.Kind())
	}
	return "was refused: " + cut(err.Error())
}

func joinMembers(m map[string]json.RawMessage) json.RawMessage {
	tree := make(map[string]any, len(m))
	for name, raw := range m {
		tree[name] = raw
	}
	return appendMap(nil, tree)
}
