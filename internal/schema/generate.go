package schema

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/durablemcp/durablemcp/internal/jsontree"
)

// maxNodes bounds a schema. A type that needs more is of no use to a model, and
// inlining could otherwise double with every level of nesting.
const maxNodes = 5000

// A generator makes the schemas of one document. Every struct and every named type is
// made once, as a definition; finish inlines them.
type generator struct {
	output bool
	root   reflect.Type // for messages
	at     []string     // where in it the generator is
	keys   map[reflect.Type]string
	defs   []definition // the key is the index
	errs   []*TypeError
}

type definition struct {
	name string // what it is called if it is published
	node *jsontree.Node
}

func newGenerator(output bool) *generator {
	return &generator{output: output, keys: map[reflect.Type]string{}}
}

// fail reports a mistake at the present place.
func (g *generator) fail(found, expected string) {
	path := ""
	if len(g.at) > 0 {
		path = "/" + strings.Join(g.at, "/")
	}
	g.errs = append(g.errs, &TypeError{Type: g.root, Path: path, Found: found, Expected: expected})
}

// below runs f one step deeper.
func (g *generator) below(step string, f func()) {
	g.at = append(g.at, jsontree.EscapeToken(step))
	f()
	g.at = g.at[:len(g.at)-1]
}

const refPrefix = "#/$defs/"

// define makes a definition under a new key and returns a reference to it. The
// placeholder stands in while the definition is being made, for types that recur.
func (g *generator) define(name string, placeholder *jsontree.Node, build func(key string) *jsontree.Node) *jsontree.Node {
	i := len(g.defs)
	key := strconv.Itoa(i)
	g.defs = append(g.defs, definition{name, placeholder})
	g.defs[i].node = build(key)
	return jsontree.NewObject("$ref", refPrefix+key)
}

// definitionOf returns the index of the definition that n refers to.
func (g *generator) definitionOf(n *jsontree.Node) (int, bool) {
	key, ok := strings.CutPrefix(n.Text("$ref"), refPrefix)
	if !ok {
		return 0, false
	}
	i, err := strconv.Atoi(key)
	return i, err == nil && i >= 0 && i < len(g.defs)
}

// deref follows references to definitions of this document.
func (g *generator) deref(n *jsontree.Node) *jsontree.Node {
	for range len(g.defs) {
		i, ok := g.definitionOf(n)
		if !ok {
			break
		}
		n = g.defs[i].node
	}
	return n
}

// element makes the schema of a value inside an array or a map.
func (g *generator) element(t reflect.Type, addressable bool) *jsontree.Node {
	n := g.value(t, addressable)
	if g.output && writesNull(t) {
		return nullable(n)
	}
	return n
}

// nullable allows null beside what n allows.
func nullable(n *jsontree.Node) *jsontree.Node {
	if n.Empty() {
		return n
	}
	return jsontree.NewObject("anyOf", []any{n, jsontree.NewObject("type", "null")})
}

// value makes the schema of a type, apart from null.
func (g *generator) value(t reflect.Type, addressable bool) *jsontree.Node {
	seen := map[reflect.Type]bool{}
	for ; t.Kind() == reflect.Pointer; addressable = true {
		if seen[t] {
			g.fail(t.String()+", a pointer to itself", "a type that ends")
			return &jsontree.Node{}
		}
		seen[t] = true
		t = t.Elem()
	}
	if n, ok := g.wellKnown(t, addressable); ok {
		return n
	}
	if n, ok := g.fromMethods(t); ok {
		return n
	}
	return g.byForm(t, addressable)
}

func (g *generator) byForm(t reflect.Type, addressable bool) *jsontree.Node {
	form := readForm(t)
	if g.output {
		form = writeForm(t, addressable)
	}
	switch form {
	case formOfText:
		return g.extended(t, jsontree.NewObject("type", "string"))
	case formOfJSON:
		return g.extended(t, &jsontree.Node{})
	case formEither:
		return jsontree.NewObject("anyOf", []any{jsontree.NewObject("type", "string"), coarse(t)})
	}
	return g.byKind(t)
}

// coarse is what can be said of a value whose details are unknown.
func coarse(t reflect.Type) *jsontree.Node {
	switch t.Kind() {
	case reflect.Struct, reflect.Map:
		return jsontree.NewObject("type", "object")
	case reflect.Slice, reflect.Array:
		return jsontree.NewObject("type", "array")
	}
	return &jsontree.Node{}
}

// byKind makes the schema of a type from its kind. Types that can recur become definitions.
func (g *generator) byKind(t reflect.Type) *jsontree.Node {
	switch t.Kind() {
	case reflect.Struct:
		return g.once(t, jsontree.NewObject("type", "object"), g.structure)
	case reflect.Map:
		return g.onceIfNamed(t, jsontree.NewObject("type", "object"), g.mapping)
	case reflect.Slice, reflect.Array:
		return g.onceIfNamed(t, jsontree.NewObject("type", "array"), g.sequence)
	case reflect.Interface:
		if t.NumMethod() > 0 && !g.output {
			g.fail(t.String()+", an interface with methods", "a concrete type that JSON can be read into, or any")
		}
		return g.extended(t, &jsontree.Node{})
	}
	return g.extended(t, g.scalar(t))
}

// once makes the definition of a type, or refers to the one that exists.
func (g *generator) once(t reflect.Type, placeholder *jsontree.Node, build func(reflect.Type) *jsontree.Node) *jsontree.Node {
	if key, ok := g.keys[t]; ok {
		return jsontree.NewObject("$ref", refPrefix+key)
	}
	return g.define(typeName(t), placeholder, func(key string) *jsontree.Node {
		g.keys[t] = key
		return g.extended(t, build(t))
	})
}

// onceIfNamed is once for maps and lists. Those without a name cannot recur by themselves
// and are made on the spot, so that tags can reach their elements.
func (g *generator) onceIfNamed(t reflect.Type, placeholder *jsontree.Node, build func(reflect.Type) *jsontree.Node) *jsontree.Node {
	if t.Name() == "" {
		return build(t)
	}
	return g.once(t, placeholder, build)
}

func (g *generator) scalar(t reflect.Type) *jsontree.Node {
	switch t.Kind() {
	case reflect.Bool:
		return jsontree.NewObject("type", "boolean")
	case reflect.String:
		return jsontree.NewObject("type", "string")
	case reflect.Float32, reflect.Float64:
		return jsontree.NewObject("type", "number")
	case reflect.Int8, reflect.Int16, reflect.Int32:
		return g.bounded(-1<<(t.Bits()-1), 1<<(t.Bits()-1)-1)
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return g.bounded(0, 1<<t.Bits()-1)
	case reflect.Uint, reflect.Uint64, reflect.Uintptr:
		return g.bounded(0, math.MaxInt64)
	case reflect.Int, reflect.Int64:
		return jsontree.NewObject("type", "integer")
	}
	g.fail(t.String(), "a type that has a JSON form")
	return &jsontree.Node{}
}

// bounded makes an integer schema. The bounds of 64 bits are not published: they would
// be noise to a model, and Values reports numbers beyond them.
func (g *generator) bounded(low, high int64) *jsontree.Node {
	n := jsontree.NewObject("type", "integer")
	if !g.output {
		n.Set("minimum", jsonInt(low))
		if high != math.MaxInt64 {
			n.Set("maximum", jsonInt(high))
		}
	}
	return n
}

func (g *generator) mapping(t reflect.Type) *jsontree.Node {
	pattern, ok := keyForm(t.Key(), g.output)
	if !ok {
		g.fail(fmt.Sprintf("%s with keys of type %s", t, t.Key()), "keys that are strings, integers or have text methods")
		return &jsontree.Node{}
	}
	var elem *jsontree.Node
	g.below("*", func() { elem = g.element(t.Elem(), false) })
	if pattern != "" && !g.output {
		return jsontree.NewObject("type", "object", "patternProperties", jsontree.NewObject(pattern, elem), "additionalProperties", false)
	}
	if elem.Empty() {
		return jsontree.NewObject("type", "object", "additionalProperties", true)
	}
	return jsontree.NewObject("type", "object", "additionalProperties", elem)
}

func (g *generator) sequence(t reflect.Type) *jsontree.Node {
	if isBytes(t) {
		return jsontree.NewObject("type", "string", "contentEncoding", "base64")
	}
	var elem *jsontree.Node
	g.below("*", func() { elem = g.element(t.Elem(), t.Kind() == reflect.Slice) })
	n := jsontree.NewObject("type", "array", "items", elem)
	if t.Kind() == reflect.Array {
		n.Set("minItems", jsonInt(int64(t.Len())))
		n.Set("maxItems", jsonInt(int64(t.Len())))
	}
	return n
}

func (g *generator) structure(t reflect.Type) *jsontree.Node {
	fields, clashes := fieldsOf(t)
	for _, c := range clashes {
		names := make([]string, len(c))
		for i, f := range c {
			names[i] = f.goName
		}
		g.below(c[0].name, func() {
			g.fail("fields "+strings.Join(names, " and ")+" of one JSON name, which Go leaves out", "different names")
		})
	}
	properties, required, extra := &jsontree.Node{}, []any{}, &jsontree.Node{}
	for _, f := range fields {
		if hidden(f.tag) {
			continue
		}
		g.below(f.name, func() {
			n, must := g.field(f, extra)
			properties.Set(f.name, n)
			if must {
				required = append(required, f.name)
			}
		})
	}
	n := jsontree.NewObject("type", "object", "properties", properties)
	if len(required) > 0 {
		n.Set("required", required)
	}
	if !g.output {
		n.Set("additionalProperties", false)
		for _, m := range extra.Members {
			n.Set(m.Key, m.Value)
		}
	}
	return n
}

// field makes the schema of one property and says whether it is required.
func (g *generator) field(f field, parent *jsontree.Node) (n *jsontree.Node, required bool) {
	n = g.value(f.typ, false)
	if f.quoted && !handwritten(indirect(f.typ)) {
		n = g.quoted(indirect(f.typ))
	}
	n, tags := g.tagged(n, f, parent)
	if g.output {
		if writesNullField(f) {
			n = nullable(n)
		}
		return n, !f.omitEmpty && !f.omitZero && !f.optional
	}
	if f.sealed {
		g.fail("a field of an embedded pointer to an unexported struct, which Go cannot fill", "an exported or a plain embedded struct")
	}
	if n.Has("default") {
		return n, false
	}
	return n, tags.required || !f.omitEmpty && !f.omitZero && !f.optional && f.typ.Kind() != reflect.Pointer
}

// quotedText is a JSON string as a regular expression, in what Go and ECMA-262
// have in common. Lone surrogates are among what it takes, as encoding/json does.
const quotedText = `^"([^"\\\x00-\x1f]|\\(["\\/bfnrt]|u[0-9a-fA-F]{4}))*"$`

// quoted makes the schema of a scalar that json:",string" puts into a string.
func (g *generator) quoted(t reflect.Type) *jsontree.Node {
	if t == durationType {
		return durationNode(g.output)
	}
	n := jsontree.NewObject("type", "string")
	if g.output {
		return n
	}
	switch {
	case t == numberType, t.Kind() == reflect.Float32, t.Kind() == reflect.Float64:
		n.Set("pattern", `^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)
	case t.Kind() == reflect.Bool:
		n.Set("enum", []any{"true", "false"})
	case t.Kind() == reflect.String:
		n.Set("pattern", quotedText)
	default:
		n.Set("pattern", "^-?(0|[1-9][0-9]*)$")
	}
	return n
}

// wellKnown makes the schemas of types of the standard library whose JSON is known better
// than their methods tell.
func (g *generator) wellKnown(t reflect.Type, addressable bool) (*jsontree.Node, bool) {
	switch t {
	case timeType:
		return jsontree.NewObject("type", "string", "format", "date-time"), true
	case durationType:
		return durationNode(g.output), true
	case rawMessageType:
		return &jsontree.Node{}, true
	case numberType:
		return jsontree.NewObject("type", "number"), true
	case bigIntType:
		if g.output && !addressable { // its methods have pointer receivers: written as a struct
			return jsontree.NewObject("anyOf", []any{jsontree.NewObject("type", "integer"), coarse(t)}), true
		}
		return jsontree.NewObject("type", "integer"), true
	}
	return nil, false
}
