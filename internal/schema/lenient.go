package schema

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/durablemcp/durablemcp/internal/jsonread"
	"github.com/durablemcp/durablemcp/internal/jsontree"
)

// A leniency tells where arguments are read that clients send in a form which their schema
// does not allow, but which can mean one thing only:
//
//   - an object or a list inside a JSON string, where the schema allows no string;
//   - null for an optional property, where the schema allows no null: it is absent.
//
// All else is left as it is, for the schema to judge. Nil stands for a schema below which
// nothing is read in this way.
type leniency struct {
	quoted    kinds                // of the values that are read inside strings
	members   map[string]*leniency // by the names of properties
	droppable map[string]bool      // properties whose null is their absence
	others    *leniency            // of the members that are no properties
	elements  *leniency
}

// kinds is a set of the kinds of JSON values.
type kinds uint8

const (
	kindNull kinds = 1 << iota
	kindBoolean
	kindNumber
	kindString
	kindArray
	kindObject
	noKind  kinds = 0
	anyKind       = kindNull | kindBoolean | kindNumber | kindString | kindArray | kindObject
)

var kindsByName = map[string]kinds{
	"null": kindNull, "boolean": kindBoolean, "number": kindNumber, "integer": kindNumber,
	"string": kindString, "array": kindArray, "object": kindObject,
}

// newLeniency makes the leniency of a document.
func newLeniency(document *jsontree.Node) *leniency {
	return leniencyBuilder{fillerBuilder{document: document}, map[*jsontree.Node]*leniency{}}.build(document)
}

type leniencyBuilder struct {
	fillerBuilder
	made map[*jsontree.Node]*leniency
}

func (b leniencyBuilder) build(n *jsontree.Node) *leniency {
	if made, ok := b.made[n]; ok {
		return made
	}
	l := &leniency{members: map[string]*leniency{}, droppable: map[string]bool{}}
	b.made[n] = l
	if allowed := b.kinds(n, map[*jsontree.Node]bool{}); allowed&kindString == noKind {
		l.quoted = allowed & (kindObject | kindArray)
	}
	b.object(l, b.parts(n, kindObject, map[*jsontree.Node]bool{}))
	for _, part := range b.parts(n, kindArray, map[*jsontree.Node]bool{}) {
		if elements := part.Child("items"); elements != nil && !part.Has("prefixItems") {
			l.elements = b.build(elements)
		}
	}
	if l.quoted == noKind && len(l.members) == 0 && l.others == nil && l.elements == nil {
		l = nil
	}
	b.made[n] = l
	return l
}

// object adds what several schemas, all of which an object has to fit, say of its members.
func (b leniencyBuilder) object(l *leniency, parts []*jsontree.Node) {
	for _, part := range parts {
		if properties := part.Child("properties"); properties != nil {
			for _, m := range properties.Members {
				b.property(l, m)
			}
		}
		if others := otherMembers(part); others != nil {
			l.others = b.build(others)
		}
	}
	for _, part := range parts {
		for _, required := range part.List("required") {
			name, _ := required.(string)
			delete(l.droppable, name)
		}
	}
}

// otherMembers returns the schema of the members that are no properties, nil if there are
// several.
func otherMembers(n *jsontree.Node) *jsontree.Node {
	patterns := n.Child("patternProperties")
	if patterns == nil {
		return n.Child("additionalProperties")
	}
	if len(patterns.Members) != 1 || n.Get("additionalProperties") != false {
		return nil
	}
	only, _ := patterns.Members[0].Value.(*jsontree.Node)
	return only
}

// property adds a property. Of one that several schemas describe, nothing is known.
func (b leniencyBuilder) property(l *leniency, m jsontree.Member) {
	_, twice := l.members[m.Key]
	n, ok := m.Value.(*jsontree.Node)
	if twice || !ok {
		l.members[m.Key] = nil
		delete(l.droppable, m.Key)
		return
	}
	l.members[m.Key] = b.build(n)
	l.droppable[m.Key] = b.kinds(n, map[*jsontree.Node]bool{})&kindNull == noKind
}

// parts lists the schemas that a value of schema n and of a kind has to fit, all of them:
// n itself, the one that it refers to, those of allOf, and the branch of a union that
// alone allows the kind.
func (b leniencyBuilder) parts(n *jsontree.Node, kind kinds, seen map[*jsontree.Node]bool) []*jsontree.Node {
	if seen[n] {
		return nil
	}
	seen[n] = true
	list := []*jsontree.Node{n}
	if def := b.target(n); def != n {
		list = append(list, b.parts(def, kind, seen)...)
	}
	for _, all := range n.List("allOf") {
		if all, ok := all.(*jsontree.Node); ok {
			list = append(list, b.parts(all, kind, seen)...)
		}
	}
	for _, union := range unions {
		if only := b.onlyBranch(n.List(union), kind); only != nil {
			list = append(list, b.parts(only, kind, seen)...)
		}
	}
	return list
}

var unions = []string{"anyOf", "oneOf"}

// onlyBranch returns the branch of a union that alone allows values of a kind.
func (b leniencyBuilder) onlyBranch(branches []any, kind kinds) (only *jsontree.Node) {
	for _, branch := range branches {
		if b.branchKinds(branch, map[*jsontree.Node]bool{})&kind == noKind {
			continue
		}
		n, ok := branch.(*jsontree.Node)
		if only != nil || !ok {
			return nil
		}
		only = n
	}
	return only
}

// kinds returns the kinds of values that n allows, or more.
func (b leniencyBuilder) kinds(n *jsontree.Node, seen map[*jsontree.Node]bool) kinds {
	if seen[n] {
		return anyKind
	}
	seen[n] = true
	defer delete(seen, n)
	allowed := typeKinds(n.Get("type"))
	if n.Has("const") {
		allowed &= kindOf(n.Get("const"))
	}
	if n.Has("enum") {
		allowed &= some(n.List("enum"), kindOf)
	}
	if def := b.target(n); def != n {
		allowed &= b.kinds(def, seen)
	}
	ofBranch := func(schema any) kinds { return b.branchKinds(schema, seen) }
	for _, all := range n.List("allOf") {
		allowed &= ofBranch(all)
	}
	for _, union := range unions {
		if n.Has(union) {
			allowed &= some(n.List(union), ofBranch)
		}
	}
	return allowed
}

// some returns the kinds of all in a list together.
func some(list []any, of func(any) kinds) (all kinds) {
	for _, e := range list {
		all |= of(e)
	}
	return all
}

// branchKinds is kinds of a schema that can be true or false.
func (b leniencyBuilder) branchKinds(schema any, seen map[*jsontree.Node]bool) kinds {
	switch schema := schema.(type) {
	case *jsontree.Node:
		return b.kinds(schema, seen)
	case bool:
		if !schema {
			return noKind
		}
	}
	return anyKind
}

// typeKinds returns the kinds that the keyword type names.
func typeKinds(types any) kinds {
	switch types := types.(type) {
	case string:
		return kindsByName[types]
	case []any:
		return some(types, typeKinds)
	}
	return anyKind
}

// kindOf returns the kind of a value of a node.
func kindOf(v any) kinds {
	if _, ok := v.(*jsontree.Node); ok {
		return kindObject
	}
	return kindsByName[jsonType(v)]
}

// apply returns v as it is meant. It is changed in place. What is wrong inside of strings
// is reported to r, which has read v.
func (l *leniency) apply(r *jsonread.Reader, v any) any {
	if s, ok := v.(string); ok && l != nil {
		v = l.unquoted(r, s)
	}
	if l == nil || r.Stopped {
		return v
	}
	switch v := v.(type) {
	case map[string]any:
		l.applyMembers(r, v)
	case []any:
		if l.elements == nil {
			break
		}
		for i, e := range v {
			r.Enter(strconv.Itoa(i))
			v[i] = l.elements.apply(r, e)
			r.Leave()
		}
	}
	return v
}

func (l *leniency) applyMembers(r *jsonread.Reader, m map[string]any) {
	for name, v := range m {
		if v == nil && l.droppable[name] {
			delete(m, name)
			continue
		}
		below, known := l.members[name]
		if !known {
			below = l.others
		}
		if below == nil {
			continue
		}
		r.Enter(name)
		m[name] = below.apply(r, v)
		r.Leave()
	}
}

// unquoted returns the object or the list that a string is the JSON of, if one is read
// inside strings here.
func (l *leniency) unquoted(r *jsonread.Reader, s string) any {
	if l.quoted&bracketed(s) == noKind || !json.Valid([]byte(s)) {
		return s
	}
	outer := r.Cursor
	r.Cursor = jsonread.Cursor{Data: []byte(s)}
	v := r.Value()
	r.Cursor = outer
	return v
}

// bracketed returns the kind of the value that begins as JSON text does, if that is an
// object or a list.
func bracketed(text string) kinds {
	text = strings.TrimLeft(text, " \t\r\n")
	switch {
	case strings.HasPrefix(text, "{"):
		return kindObject
	case strings.HasPrefix(text, "["):
		return kindArray
	}
	return noKind
}

// Unquoted returns the object that a JSON string is the JSON of, and all else as it is.
func Unquoted(raw json.RawMessage) json.RawMessage {
	var s string
	if json.Unmarshal(raw, &s) == nil && bracketed(s) == kindObject && json.Valid([]byte(s)) {
		return json.RawMessage(s)
	}
	return raw
}

// Lenient returns what a client sent for a published schema as [Schema.Decode] reads it. It
// is changed in place, and not validated.
func Lenient(published json.RawMessage, sent map[string]any) map[string]any {
	document, err := parseNode(published)
	if err != nil {
		return sent
	}
	v, _ := newLeniency(document).apply(new(jsonread.Reader), sent).(map[string]any)
	return v
}
