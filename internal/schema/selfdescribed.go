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
