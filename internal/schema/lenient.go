package schema

import (
	"encoding/json"
	"strconv"
	"strings"
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
func newLeniency(document *node) *leniency {
	return leniencyBuilder{fillerBuilder{document: document}, map[*node]*leniency{}}.build(document)
}

type leniencyBuilder struct {
	fillerBuilder
	made map[*node]*leniency
}

func (b leniencyBuilder) build(n *node) *leniency {
	if made, ok := b.made[n]; ok {
		return made
	}
	l := &leniency{members: map[string]*leniency{}, droppable: map[string]bool{}}
	b.made[n] = l
	if allowed := b.kinds(n, map[*node]bool{}); allowed&kindString == noKind {
		l.quoted = allowed & (kindObject | kindArray)
	}
	b.object(l, b.parts(n, kindObject, map[*node]bool{}))
	for _, part := range b.parts(n, kindArray, map[*node]bool{}) {
		if elements := part.child("items"); elements != nil && !part.has("prefixItems") {
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
func (b leniencyBuilder) object(l *leniency, parts []*node) {
	for _, part := range parts {
		if properties := part.child("properties"); properties != nil {
			for _, m := range properties.members {
				b.property(l, m)
			}
		}
		if others := otherMembers(part); others != nil {
			l.others = b.build(others)
		}
	}
	for _, part := range parts {
		for _, required := range part.list("required") {
			name, _ := required.(string)
			delete(l.droppable, name)
		}
	}
}

// otherMembers returns the schema of the members that are no properties, nil if there are
// several.
func otherMembers(n *node) *node {
	patterns := n.child("patternProperties")
	if patterns == nil {
		return n.child("additionalProperties")
	}
	if len(patterns.members) != 1 || n.get("additionalProperties") != false {
		return nil
	}
	only, _ := patterns.members[0].value.(*node)
	return only
}

// property adds a property. Of one that several schemas describe, nothing is known.
func (b leniencyBuilder) property(l *leniency, m member) {
	_, twice := l.members[m.key]
	n, ok := m.value.(*node)
	if twice || !ok {
		l.members[m.key] = nil
		delete(l.droppable, m.key)
		return
	}
	l.members[m.key] = b.build(n)
	l.droppable[m.key] = b.kinds(n, map[*node]bool{})&kindNull == noKind
}

// parts lists the schemas that a value of schema n and of a kind has to fit, all of them:
// n itself, the one that it refers to, those of allOf, and the branch of a union that
// alone allows the kind.
func (b leniencyBuilder) parts(n *node, kind kinds, seen map[*node]bool) []*node {
	if seen[n] {
		return nil
	}
	seen[n] = true
	list := []*node{n}
	if def := b.target(n); def != n {
		list = append(list, b.parts(def, kind, seen)...)
	}
	for _, all := range n.list("allOf") {
		if all, ok := all.(*node); ok {
			list = append(list, b.parts(all, kind, seen)...)
		}
	}
	for _, union := range unions {
		if only := b.onlyBranch(n.list(union), kind); only != nil {
			list = append(list, b.parts(only, kind, seen)...)
		}
	}
	return list
}

var unions = []string{"anyOf", "oneOf"}

// onlyBranch returns the branch of a union that alone allows values of a kind.
func (b leniencyBuilder) onlyBranch(branches []any, kind kinds) (only *node) {
	for _, branch := range branches {
		if b.branchKinds(branch, map[*node]bool{})&kind == noKind {
			continue
		}
		n, ok := branch.(*node)
		if only != nil || !ok {
			return nil
		}
		only = n
	}
	return only
}

// kinds returns the kinds of values that n allows, or more.
func (b leniencyBuilder) kinds(n *node, seen map[*node]bool) kinds {
	if seen[n] {
		return anyKind
	}
	seen[n] = true
	defer delete(seen, n)
	allowed := typeKinds(n.get("type"))
	if n.has("const") {
		allowed &= kindOf(n.get("const"))
	}
	if n.has("enum") {
		allowed &= some(n.list("enum"), kindOf)
	}
	if def := b.target(n); def != n {
		allowed &= b.kinds(def, seen)
	}
	ofBranch := func(schema any) kinds { return b.branchKinds(schema, seen) }
	for _, all := range n.list("allOf") {
		allowed &= ofBranch(all)
	}
	for _, union := range unions {
		if n.has(union) {
			allowed &= some(n.list(union), ofBranch)
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
func (b leniencyBuilder) branchKinds(schema any, seen map[*node]bool) kinds {
	switch schema := schema.(type) {
	case *node:
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
	if _, ok := v.(*node); ok {
		return kindObject
	}
	return kindsByName[jsonType(v)]
}

// apply returns v as it is meant. It is changed in place. What is wrong inside of strings
// is reported to r, which has read v.
func (l *leniency) apply(r *reader, v any) any {
	if s, ok := v.(string); ok && l != nil {
		v = l.unquoted(r, s)
	}
	if l == nil || r.stopped {
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
			r.enter(strconv.Itoa(i))
			v[i] = l.elements.apply(r, e)
			r.leave()
		}
	}
	return v
}

func (l *leniency) applyMembers(r *reader, m map[string]any) {
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
		r.enter(name)
		m[name] = below.apply(r, v)
		r.leave()
	}
}

// unquoted returns the object or the list that a string is the JSON of, if one is read
// inside strings here.
func (l *leniency) unquoted(r *reader, s string) any {
	if l.quoted&bracketed(s) == noKind || !json.Valid([]byte(s)) {
		return s
	}
	outer := r.cursor
	r.cursor = cursor{data: []byte(s)}
	v := r.value()
	r.cursor = outer
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
// is changed in place, and not held to the schema.
func Lenient(published json.RawMessage, sent map[string]any) map[string]any {
	document, err := parseNode(published)
	if err != nil {
		return sent
	}
	v, _ := newLeniency(document).apply(new(reader), sent).(map[string]any)
	return v
}
