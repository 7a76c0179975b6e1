package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"strconv"
	"strings"

	"github.com/durablemcp/durablemcp/internal/jsonread"
	"github.com/durablemcp/durablemcp/internal/jsontree"
)

// A Schema is the published schema of a tool's arguments with everything that is needed
// to read them. It is immutable and safe for concurrent use.
type Schema struct {
	validator
	published json.RawMessage
	defaults  *filler
	durations *plan
	spellings *spelling
	leniency  *leniency
	params    []param
	extra     map[string]bool // added by With: no part of the payload
	ignored   []string        // see Ignoring
}

// A param is one Go value that arguments are decoded into: a property, or all of them.
type param struct {
	name  string
	whole bool
	typ   reflect.Type
	plan  *plan
}

// A Property is one named argument.
type Property struct {
	Name        string
	Type        reflect.Type    // where its schema comes from, unless Schema is set
	Schema      json.RawMessage // its schema as it is; references must stay within it
	Required    bool
	Description string // if set, replaces the one of the schema
}

// ForStruct makes the schema of arguments that are the fields of one Go value: a struct,
// a map with string keys, a pointer to one of them, or json.RawMessage and any for an
// object of whatever kind.
func ForStruct(t reflect.Type) (*Schema, error) {
	g := newGenerator(false)
	if t == nil {
		g.fail("no type", "a struct or a map")
		return nil, join(g.errs)
	}
	g.root = t
	s := g.input(g.objectRoot(t))
	if len(g.errs) > 0 {
		return nil, join(g.errs)
	}
	s.durations = planFor(t)
	s.params = []param{{whole: true, typ: t, plan: s.durations}}
	return s, nil
}

// ForArguments makes the schema of arguments that are the positional arguments of a Go
// function, each under its name. Those of pointer types are optional, and nil if absent.
func ForArguments(names []string, types []reflect.Type) (*Schema, error) {
	if len(names) != len(types) {
		return nil, &TypeError{Found: fmt.Sprintf("%d names for %d arguments", len(names), len(types)), Expected: "one name for each"}
	}
	props := make([]Property, len(names))
	for i, name := range names {
		required := types[i] == nil || types[i].Kind() != reflect.Pointer
		props[i] = Property{Name: name, Type: types[i], Required: required}
	}
	s, err := Object(props...)
	if err != nil {
		return nil, err
	}
	for i, name := range names {
		s.params = append(s.params, param{name: name, typ: types[i], plan: s.durations.member(name)})
	}
	return s, nil
}

// Empty is the schema of a tool without arguments.
func Empty() *Schema {
	s, _ := Object() // cannot fail
	return s
}

// Anything is the schema of arguments of which nothing is known but that they are an object.
func Anything() *Schema {
	s, _ := ForStruct(rawMessageType) // cannot fail
	return s
}

// Object makes a schema of the given properties and no others.
func Object(props ...Property) (*Schema, error) {
	g := newGenerator(false)
	root := jsontree.NewObject("type", "object", "properties", &jsontree.Node{}, "additionalProperties", false)
	s := g.withProperties(root, props)
	if len(g.errs) > 0 {
		return nil, join(g.errs)
	}
	s.durations = planMembers(nil, props)
	return s, nil
}

// With returns a schema with more properties. They are arguments of the tool and no
// part of the payload: [Schema.Payload] and [Schema.Values] leave them out. A name that
// the schema has already is an error.
func (s *Schema) With(props ...Property) (*Schema, error) {
	g := newGenerator(false)
	root := g.deref(g.adopt("Input", s.document)).Clone()
	more := g.withProperties(root, props)
	if len(g.errs) > 0 {
		return nil, join(g.errs)
	}
	more.durations = planMembers(s.durations, props)
	more.params, more.ignored = s.params, s.ignored
	if more.extra = maps.Clone(s.extra); more.extra == nil {
		more.extra = map[string]bool{}
	}
	for _, p := range props {
		more.extra[p.Name] = true
	}
	return more, nil
}

// Ignoring returns a schema that leaves out members of arguments which have one of the
// names, unless a property has it. What is published stays the same.
func (s *Schema) Ignoring(names []string) *Schema {
	ignoring := *s
	ignoring.ignored = names
	return &ignoring
}

// planMembers adds the durations of properties to a plan.
func planMembers(base *plan, props []Property) *plan {
	made := &plan{members: map[string]*plan{}}
	if base != nil {
		made.elements = base.elements
		maps.Copy(made.members, base.members)
	}
	found := base != nil
	for _, p := range props {
		var below *plan
		if p.Schema == nil {
			below = planFor(p.Type)
		}
		found = found || below != nil
		made.members[p.Name] = below
	}
	if !found {
		return nil
	}
	return made
}

// withProperties adds properties to the root of an input schema.
func (g *generator) withProperties(root *jsontree.Node, props []Property) *Schema {
	properties := root.Child("properties")
	if properties == nil {
		properties = &jsontree.Node{}
		root.Set("properties", properties)
	}
	for _, p := range props {
		if p.Name == "" {
			g.fail("a property without a name", "a name")
			continue
		}
		g.below(p.Name, func() {
			switch {
			case properties.Has(p.Name):
				g.fail("a second property of that name", "different names")
			default:
				properties.Set(p.Name, g.property(p))
				if p.Required {
					root.Set("required", append(root.List("required"), p.Name))
				}
			}
		})
	}
	s := g.input(root)
	for _, e := range g.errs { // those found in the finished schema
		for _, p := range props {
			if e.Type == nil && (e.Path == "/"+jsontree.EscapeToken(p.Name) || strings.HasPrefix(e.Path, "/"+jsontree.EscapeToken(p.Name)+"/")) {
				e.Type = p.Type
			}
		}
	}
	return s
}

func (g *generator) property(p Property) *jsontree.Node {
	g.root = p.Type
	defer func() { g.root = nil }()
	var n *jsontree.Node
	switch {
	case p.Schema != nil:
		raw, err := parseNode(p.Schema)
		if err != nil {
			g.fail("a schema that cannot be read: "+jsontree.Cut(err.Error()), "a JSON object")
			return &jsontree.Node{}
		}
		normalise(raw)
		n = g.adopt(p.Name, raw)
	case p.Type == nil:
		g.fail("neither a type nor a schema", "one of them")
		return &jsontree.Node{}
	default:
		n = g.value(p.Type, false)
	}
	if p.Description != "" {
		n = n.Clone()
		n.Set("description", p.Description)
	}
	return n
}

// objectRoot makes the schema of a Go value whose fields are the arguments.
func (g *generator) objectRoot(t reflect.Type) *jsontree.Node {
	n := g.value(t, false)
	if len(g.errs) > 0 {
		return n
	}
	base := t
	for base.Kind() == reflect.Pointer && base != base.Elem() {
		base = base.Elem()
	}
	def := g.deref(n)
	switch {
	case def.Text("type") == "object":
		return n
	case def.Empty() && (base == rawMessageType || base.Kind() == reflect.Interface || base.Kind() == reflect.Struct || base.Kind() == reflect.Map):
		return jsontree.NewObject("type", "object") // written by hand: an object is all that can be said
	}
	g.fail(describeType(t, def), "a struct or a map with string keys")
	return jsontree.NewObject("type", "object")
}

func describeType(t reflect.Type, n *jsontree.Node) string {
	if kind := n.Text("type"); kind != "" {
		return fmt.Sprintf("%s, whose JSON is of type %s", t, kind)
	}
	return fmt.Sprintf("%s, whose schema is not of type object", t)
}

var rootCombinators = []string{"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "enum", "const"}

// input publishes the schema of arguments.
func (g *generator) input(root *jsontree.Node) *Schema {
	document := g.document(root)
	for _, key := range rootCombinators {
		if document.Has(key) {
			g.fail(key+" at the root", "plain properties, for providers of models refuse it there")
		}
	}
	return &Schema{
		validator: g.compile(document), published: document.JSON(),
		defaults: newFiller(document), spellings: newSpelling(document), leniency: newLeniency(document),
	}
}

// JSON returns the schema as it is published. It is the same bytes for the same types.
func (s *Schema) JSON() json.RawMessage { return append(json.RawMessage(nil), s.published...) }

// Validate holds a value to the schema, decoded with json.Number, and returns all
// violations in the order of their paths. Defaults are not applied.
func (s *Schema) Validate(v any) []jsonread.Violation { return s.validate(tame(cloneTree(v))) }

func cloneTree(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, e := range v {
			m[k] = cloneTree(e)
		}
		return m
	case []any:
		l := make([]any, len(v))
		for i, e := range v {
			l[i] = cloneTree(e)
		}
		return l
	}
	return v
}

func jsonInt(i int64) json.Number { return json.Number(strconv.FormatInt(i, 10)) }

// Properties lists the names of the arguments, in the order in which they are published.
func (s *Schema) Properties() []string {
	if properties := s.document.Child("properties"); properties != nil {
		return properties.Keys()
	}
	return nil
}
