package schema

import (
	"fmt"
	"strconv"

	"github.com/durablemcp/durablemcp/internal/jsontree"
)

// An inliner puts definitions in the place of references to them. Only definitions that
// contain themselves stay definitions.
type inliner struct {
	g         *generator
	recursive map[int]bool
	kept      []int // recursive definitions that are referred to, in order
	names     map[int]string
	budget    int
}

// document turns a root into a self-contained schema.
func (g *generator) document(root *jsontree.Node) *jsontree.Node {
	in := &inliner{g: g, recursive: map[int]bool{}, names: map[int]string{}, budget: maxNodes}
	for i := range g.defs {
		in.recursive[i] = g.reaches(i, i, map[int]bool{})
	}
	for i, ok := g.definitionOf(root); ok; i, ok = g.definitionOf(root) { // the root is never a bare reference
		root = overlay(g.defs[i].node, root)
		if in.budget--; in.budget < 0 {
			break
		}
	}
	root = in.expand(root)
	defs := &jsontree.Node{}
	for len(in.kept) > defs.Len() { // a definition may lead to others
		i := in.kept[defs.Len()]
		defs.Set(in.names[i], in.expand(g.defs[i].node))
	}
	if !defs.Empty() {
		root.Set("$defs", defs)
	}
	if in.budget < 0 {
		g.fail(fmt.Sprintf("a schema of more than %d parts", maxNodes), "a smaller type")
		return jsontree.NewObject("type", "object")
	}
	if g.output {
		root = compact(root)
	}
	tidy(root)
	return root
}

// reaches reports whether a definition refers to another, directly or through others.
func (g *generator) reaches(from, to int, seen map[int]bool) bool {
	if seen[from] {
		return false
	}
	seen[from] = true
	found := false
	walkSchemas(g.defs[from].node, func(_ string, s *jsontree.Node) {
		if i, ok := g.definitionOf(s); ok && !found {
			found = i == to || g.reaches(i, to, seen)
		}
	})
	return found
}

// expand returns a copy of n without references to definitions that can be inlined.
func (in *inliner) expand(n *jsontree.Node) *jsontree.Node {
	if in.budget--; in.budget < 0 {
		return &jsontree.Node{}
	}
	if i, ok := in.g.definitionOf(n); ok && !in.recursive[i] {
		return in.expand(overlay(in.g.defs[i].node, n))
	}
	n = shallow(n)
	if i, ok := in.g.definitionOf(n); ok {
		n.Set("$ref", refPrefix+in.keep(i))
	}
	rewriteChildren(n, func(_ string, child any) any {
		if c, ok := child.(*jsontree.Node); ok {
			return in.expand(c)
		}
		return child
	})
	return n
}

// keep gives a recursive definition a name of its own.
func (in *inliner) keep(i int) string {
	if name, ok := in.names[i]; ok {
		return name
	}
	name := in.g.defs[i].name
	if name == "" {
		name = "Type"
	}
	for n := 2; in.taken(name); n++ {
		name = in.g.defs[i].name + "_" + strconv.Itoa(n)
	}
	in.names[i] = name
	in.kept = append(in.kept, i)
	return name
}

func (in *inliner) taken(name string) bool {
	for _, other := range in.names {
		if other == name {
			return true
		}
	}
	return false
}

// shallow copies n and the lists and maps of schemas directly in it, not the schemas.
func shallow(n *jsontree.Node) *jsontree.Node {
	c := &jsontree.Node{Members: append([]jsontree.Member(nil), n.Members...)}
	for i, m := range c.Members {
		switch schemaKeywords[m.Key] {
		case holdsNamed:
			if named, ok := m.Value.(*jsontree.Node); ok {
				c.Members[i].Value = &jsontree.Node{Members: append([]jsontree.Member(nil), named.Members...)}
			}
		case holdsList:
			if list, ok := m.Value.([]any); ok {
				c.Members[i].Value = append([]any(nil), list...)
			}
		}
	}
	return c
}

var annotations = map[string]bool{
	"title": true, "description": true, "default": true, "examples": true,
	"deprecated": true, "readOnly": true, "writeOnly": true,
}

// overlay puts what stands beside a reference onto the definition that it refers to. A
// constraint that both have holds twice.
func overlay(def, reference *jsontree.Node) *jsontree.Node {
	n := &jsontree.Node{Members: append([]jsontree.Member(nil), def.Members...)}
	for _, m := range reference.Members {
		switch {
		case m.Key == "$ref":
		case n.Has(m.Key) && !annotations[m.Key]:
			return overlay(jsontree.NewObject("allOf", []any{def}), reference)
		default:
			n.Set(m.Key, m.Value)
		}
	}
	return n
}

// compact writes a union of one plain type and null as a list of types.
func compact(n *jsontree.Node) *jsontree.Node {
	rewriteChildren(n, func(_ string, child any) any {
		if c, ok := child.(*jsontree.Node); ok {
			return compact(c)
		}
		return child
	})
	union := n.List("anyOf")
	if len(n.Members) != 1 || len(union) != 2 {
		return n
	}
	typed, ok1 := union[0].(*jsontree.Node)
	null, ok2 := union[1].(*jsontree.Node)
	if !ok1 || !ok2 || len(null.Members) != 1 || null.Text("type") != "null" {
		return n
	}
	if typed.Text("type") == "" || typed.Has("enum") || typed.Has("const") {
		return n
	}
	typed.Set("type", []any{typed.Get("type"), "null"})
	return typed
}
