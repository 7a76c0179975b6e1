package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"

	"github.com/durablemcp/durablemcp/internal/jsonread"
	"github.com/durablemcp/durablemcp/internal/jsontree"
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
func (s *Schema) Values(canonical json.RawMessage) ([]reflect.Value, []jsonread.Violation) {
	payload := s.Payload(canonical)
	var all map[string]json.RawMessage
	if len(s.params) > 0 && !s.params[0].whole {
		all, _ = members(payload)
	}
	values := make([]reflect.Value, len(s.params))
	var violations []jsonread.Violation
	for i, p := range s.params {
		raw, path := payload, []string(nil)
		if !p.whole {
			raw, path = all[p.name], []string{p.name}
		}
		v, found := p.decode(raw, path)
		values[i], violations = v, append(violations, found...)
	}
	if len(violations) > 0 {
		return nil, jsonread.Limit(violations)
	}
	return values, nil
}

// decode makes the Go value of one parameter, zero if it is absent.
func (p param) decode(raw json.RawMessage, path []string) (reflect.Value, []jsonread.Violation) {
	v := reflect.New(p.typ)
	if raw == nil {
		return v.Elem(), nil
	}
	raw = p.plan.toGo(raw)
	if err := unmarshal(raw, v.Interface()); err != nil {
		return v.Elem(), blame(raw, p.typ, path, err)
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

// A blamer finds the values that made decoding fail, for errors of encoding/json name
// the first one only, and those of users' methods name none. It goes through the JSON
// once, and decodes each value that has no others in it.
type blamer struct {
	jsonread.Cursor
	path   []string
	found  []jsonread.Violation
	fields map[reflect.Type]map[string]field // of structs that it has met
}

// blame returns the values in raw, at a path, that a type cannot take, for which decoding
// has failed with an error.
func blame(raw []byte, t reflect.Type, path []string, err error) []jsonread.Violation {
	b := &blamer{Cursor: jsonread.Cursor{Data: raw}, path: path, fields: map[reflect.Type]map[string]field{}}
	b.value(t)
	if len(b.found) == 0 {
		b.refuse(err)
	}
	return b.found
}

func (b *blamer) refuse(err error) {
	b.found = append(b.found, jsonread.Violation{Path: jsontree.Pointer(b.path), Message: refusal(err)})
}

// value moves over a value of a type.
func (b *blamer) value(t reflect.Type) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	next := b.Peek()
	switch split := !handwritten(t) && len(b.found) <= jsonread.MaxViolations; {
	case split && next == '{' && t.Kind() == reflect.Struct:
		b.structure(t)
	case split && next == '{' && t.Kind() == reflect.Map:
		b.mapping(t)
	case split && next == '[' && (t.Kind() == reflect.Slice || t.Kind() == reflect.Array):
		b.sequence(t)
	case split && (t.Kind() == reflect.String || t.Kind() == reflect.Interface) && t != numberType:
		b.Skip() // they take what the schema does
	case split && t.Kind() < reflect.Complex64: // a number or a boolean: the kinds stand in that order, and such values can be many
		b.whole(func(raw []byte) error { return json.Unmarshal(raw, reflect.New(t).Interface()) })
	default:
		b.whole(func(raw []byte) error { return unmarshal(raw, reflect.New(t).Interface()) })
	}
}

// whole moves over a value that is decoded as one.
func (b *blamer) whole(decode func(raw []byte) error) {
	start := b.Pos
	b.Skip()
	if len(b.found) > jsonread.MaxViolations {
		return
	}
	if err := decode(b.Data[start:b.Pos]); err != nil {
		b.refuse(err)
	}
}

// at moves over the value at a step of the path.
func (b *blamer) at(step string, move func()) {
	b.path = append(b.path, step)
	move()
	b.path = b.path[:len(b.path)-1]
}

func (b *blamer) structure(t reflect.Type) {
	if b.fields[t] == nil {
		b.fields[t] = map[string]field{}
		all, _ := fieldsOf(t)
		for _, f := range all {
			b.fields[t][f.name] = f
		}
	}
	for first := true; b.More(first, '}'); first = false {
		f, known := b.fields[t][jsonread.Unquote(b.Key())]
		switch {
		case !known:
			b.Skip()
		case f.quoted:
			b.at(f.name, func() { b.whole(func(raw []byte) error { return unmarshalQuoted(raw, f.typ) }) })
		default:
			b.at(f.name, func() { b.value(f.typ) })
		}
	}
}

// unmarshalQuoted decodes a scalar in a string, which encoding/json does in fields only.
func unmarshalQuoted(raw []byte, t reflect.Type) error {
	t = reflect.StructOf([]reflect.StructField{{Name: "F", Type: t, Tag: `json:",string"`}})
	return unmarshal(fmt.Appendf(nil, `{"F":%s}`, raw), reflect.New(t).Interface())
}

func (b *blamer) mapping(t reflect.Type) {
	keys := reflect.MapOf(t.Key(), reflect.TypeFor[struct{}]())
	for first := true; b.More(first, '}'); first = false {
		key := b.Key()
		if len(b.found) <= jsonread.MaxViolations {
			if err := unmarshal(fmt.Appendf(nil, "{%s:null}", key), reflect.New(keys).Interface()); err != nil {
				b.refuse(err)
			}
		}
		b.at(jsonread.Unquote(key), func() { b.value(t.Elem()) })
	}
}

func (b *blamer) sequence(t reflect.Type) {
	i := 0
	for ; b.More(i == 0, ']'); i++ {
		b.at(strconv.Itoa(i), func() { b.value(t.Elem()) })
	}
}

// refusal says why Go did not take a value, without the names of Go types.
func refusal(err error) string {
	if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Sprintf("%s does not fit: a value of kind %s is expected", jsontree.Cut(mismatch.Value), mismatch.Type.Kind())
	}
	return "was refused: " + jsontree.Cut(err.Error())
}

func joinMembers(m map[string]json.RawMessage) json.RawMessage {
	tree := make(map[string]any, len(m))
	for name, raw := range m {
		tree[name] = raw
	}
	return jsontree.AppendMap(nil, tree)
}
