package schema

import (
	"fmt"
	"strconv"
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
func (g *generator) document(root *node) *node {
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
	defs := &node{}
	for len(in.kept) > defs.size() { // a definition may lead to others
		i := in.kept[defs.size()]
		defs.set(in.names[i], in.expand(g.defs[i].node))
	}
	if !defs.empty() {
		root.set("$defs", defs)
	}
	if in.budget < 0 {
		g.fail(fmt.Sprintf("a schema of more than %d parts", maxNodes), "a smaller type")
		return object("type", "object")
	}
	if g.output {
		root = compact(root)
	}
	root.tidy()
	return root
}

// reaches reports whether a definition refers to another, directly or through others.
func (g *generator) reaches(from, to int, seen map[int]bool) bool {
	if seen[from] {
		return false
	}
	seen[from] = true
	found := false
	g.defs[from].node.walk(func(_ string, s *node) {
		if i, ok := g.definitionOf(s); ok && !found {
			found = i == to || g.reaches(i, to, seen)
		}
	})
	return found
}

// expand returns a copy of n without references to definitions that can be inlined.
func (in *inliner) expand(n *node) *node {
	if in.budget--; in.budget < 0 {
		return &node{}
	}
	if i, ok := in.g.definitionOf(n); ok && !in.recursive[i] {
		return in.expand(overlay(in.g.defs[i].node, n))
	}
	n = n.shallow()
	if i, ok := in.g.definitionOf(n); ok {
		n.set("$ref", refPrefix+in.keep(i))
	}
	n.rewriteChildren(func(_ string, child any) any {
		if c, ok := child.(*node); ok {
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
func (n *node) shallow() *node {
	c := &node{members: append([]member(nil), n.members...)}
	for i, m := range c.members {
		switch schemaKeywords[m.key] {
		case holdsNamed:
			if named, ok := m.value.(*node); ok {
				c.members[i].value = &node{members: append([]member(nil), named.members...)}
			}
		case holdsList:
			if list, ok := m.value.([]any); ok {
				c.members[i].value = append([]any(nil), list...)
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
func overlay(def, reference *node) *node {
	n := &node{members: append([]member(nil), def.members...)}
	for _, m := range reference.members {
		switch {
		case m.key == "$ref":
		case n.has(m.key) && !annotations[m.key]:
			return overlay(object("allOf", []any{def}), reference)
		default:
			n.set(m.key, m.value)
		}
	}
	return n
}

// compact writes a union of one plain type and null as a list of types.
func compact(n *node) *node {
	n.rewriteChildren(func(_ string, child any) any {
		if c, ok := child.(*node); ok {
			return compact(c)
		}
		return child
	})
	union := n.list("anyOf")
	if len(n.members) != 1 || len(union) != 2 {
		return n
	}
	typed, ok1 := union[0].(*node)
	null, ok2 := union[1].(*node)
	if !ok1 || !ok2 || len(null.members) != 1 || null.text("type") != "null" {
		return n
	}
	if typed.text("type") == "" || typed.has("enum") || typed.has("const") {
		return n
	}
	typed.set("type", []any{typed.get("type"), "null"})
	return typed
}
