package schema

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/invopop/jsonschema"

	"github.com/durablemcp/durablemcp/internal/jsontree"
)

// The methods by which a type describes itself, as invopop defines them.
type (
	describer interface{ JSONSchema() *jsonschema.Schema }
	extender  interface{ JSONSchemaExtend(s *jsonschema.Schema) }
	aliaser   interface{ JSONSchemaAlias() any }
)

// implementing returns a new value of type t as an interface that it implements.
func implementing[I any](t reflect.Type) (method I, ok bool) {
	if t.Kind() == reflect.Interface || !has(t, reflect.TypeFor[I]()) {
		return method, false
	}
	return reflect.TypeAssert[I](reflect.New(t))
}

// describesItself reports whether the schema of a type comes from a method of its own.
func describesItself(t reflect.Type) bool {
	_, describes := implementing[describer](t)
	_, aliases := implementing[aliaser](t)
	return describes || aliases
}

// fromMethods makes the schema of a type that describes itself.
func (g *generator) fromMethods(t reflect.Type) (*jsontree.Node, bool) {
	if d, ok := implementing[describer](t); ok {
		return g.once(t, &jsontree.Node{}, func(reflect.Type) *jsontree.Node { return g.described(t, d) }), true
	}
	if a, ok := implementing[aliaser](t); ok {
		return g.once(t, &jsontree.Node{}, func(reflect.Type) *jsontree.Node { return g.aliased(t, a) }), true
	}
	return nil, false
}

func (g *generator) described(t reflect.Type, d describer) *jsontree.Node {
	var s *jsonschema.Schema
	if !g.call(t, "JSONSchema", func() { s = d.JSONSchema() }) {
		return &jsontree.Node{}
	}
	if s == nil {
		return &jsontree.Node{}
	}
	n, err := fromInvopop(s)
	if err != nil {
		g.fail(fmt.Sprintf("%s with a JSONSchema method whose result cannot be written: %s", t, jsontree.Cut(err.Error())), "a JSON schema")
		return &jsontree.Node{}
	}
	return g.adopt(typeName(t), n)
}

func (g *generator) aliased(t reflect.Type, a aliaser) *jsontree.Node {
	var alias any
	if !g.call(t, "JSONSchemaAlias", func() { alias = a.JSONSchemaAlias() }) {
		return &jsontree.Node{}
	}
	other := reflect.TypeOf(alias)
	if other == nil || other == t {
		g.fail(t.String()+" with a JSONSchemaAlias method that names no other type", "a value of another type")
		return &jsontree.Node{}
	}
	return g.value(other, false)
}

// extended lets a type change its generated schema.
func (g *generator) extended(t reflect.Type, n *jsontree.Node) *jsontree.Node {
	e, ok := implementing[extender](t)
	if !ok || describesItself(t) {
		return n
	}
	s := &jsonschema.Schema{}
	if err := json.Unmarshal(n.JSON(), s); err != nil {
		g.fail(t.String()+" with a JSONSchemaExtend method, "+jsontree.Cut(err.Error()), "a schema that can be extended")
		return n
	}
	if !g.call(t, "JSONSchemaExtend", func() { e.JSONSchemaExtend(s) }) {
		return n
	}
	more, err := fromInvopop(s)
	if err != nil {
		g.fail(t.String()+" with a JSONSchemaExtend method whose result cannot be written", "a JSON schema")
		return n
	}
	keepExact(n, more)
	return more
}

// keepExact restores the numbers of values that went through invopop's schema, which
// holds them as float64.
func keepExact(before, after *jsontree.Node) {
	walkSchemas(after, func(pointer string, s *jsontree.Node) {
		old := before.Resolve(pointer)
		for _, key := range []string{"default", "const", "enum", "examples"} {
			if old != nil && old.Has(key) && s.Has(key) && rounded(old.Get(key)) == rounded(s.Get(key)) {
				s.Set(key, old.Get(key))
			}
		}
	})
}

// rounded writes a value of a schema with the precision of float64.
func rounded(v any) string {
	var loose any
	if err := json.Unmarshal(jsontree.Append(nil, v), &loose); err != nil {
		return err.Error()
	}
	return fmt.Sprint(loose)
}

// call runs a method of the user's. A panic is a mistake like any other.
func (g *generator) call(t reflect.Type, method string, f func()) (ok bool) {
	defer func() {
		if p := recover(); p != nil {
			g.fail(fmt.Sprintf("%s with a %s method that panics: %s", t, method, jsontree.Cut(fmt.Sprint(p))), "a method that works on a zero value")
			ok = false
		}
	}()
	f()
	return true
}

// fromInvopop converts a schema and removes what only makes sense in a document of its own.
func fromInvopop(s *jsonschema.Schema) (*jsontree.Node, error) {
	raw, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	n, err := parseNode(raw)
	if err != nil {
		return nil, err
	}
	normalise(n)
	return n, nil
}

// normalise writes the schema that allows everything as {}, except where true is what
// everybody writes, and removes identifiers.
func normalise(n *jsontree.Node) {
	walkSchemas(n, func(_ string, s *jsontree.Node) {
		for _, key := range []string{"$id", "$schema", "$anchor", "$comment"} {
			s.Remove(key)
		}
		rewriteChildren(s, func(pointer string, child any) any {
			if child == true && pointer != "/additionalProperties" {
				return &jsontree.Node{}
			}
			return child
		})
		if c := s.Child("additionalProperties"); c != nil && c.Empty() {
			s.Set("additionalProperties", true)
		}
	})
}

// adopt makes a foreign document part of this one: its definitions become definitions
// here, and its references follow them.
func (g *generator) adopt(name string, n *jsontree.Node) *jsontree.Node {
	n = n.Clone()
	defs := n.Child("$defs")
	n.Remove("$defs")
	adopted := []*jsontree.Node{n}
	renamed := map[string]string{}
	add := func(from, name string, def *jsontree.Node) {
		renamed[from] = fmt.Sprint(refPrefix, len(g.defs))
		g.defs = append(g.defs, definition{name, def})
	}
	if refersToRoot(n) || defs != nil && refersToRoot(jsontree.NewObject("$defs", defs)) {
		add("#", name, n)
	}
	if defs != nil {
		for _, m := range defs.Members {
			if def, ok := m.Value.(*jsontree.Node); ok {
				add(refPrefix+jsontree.EscapeToken(m.Key), plainName(m.Key), def)
				adopted = append(adopted, def)
			}
		}
	}
	for _, a := range adopted {
		walkSchemas(a, func(_ string, s *jsontree.Node) { g.follow(s, renamed) })
	}
	if to, ok := renamed["#"]; ok {
		return jsontree.NewObject("$ref", to)
	}
	return n
}

// follow turns a reference of an adopted document into one of this document.
func (g *generator) follow(s *jsontree.Node, renamed map[string]string) {
	if !s.Has("$ref") {
		return
	}
	to, ok := renamed[s.Text("$ref")]
	if !ok {
		g.fail("reference "+jsontree.Quote(s.Text("$ref")), "a reference to a definition of the same schema")
		s.Remove("$ref")
		return
	}
	s.Set("$ref", to)
}

func refersToRoot(n *jsontree.Node) (found bool) {
	walkSchemas(n, func(_ string, s *jsontree.Node) { found = found || s.Text("$ref") == "#" })
	return found
}
