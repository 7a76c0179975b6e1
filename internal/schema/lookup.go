package schema

import (
	"encoding/json"
	"slices"
)

// A Node is the schema of one argument.
type Node struct {
	Kind   string          // string, integer, number, boolean, object or array; "" if it is not one of them
	Always bool            // valid arguments always have it: every step is required or has a default
	JSON   json.RawMessage // its schema, complete in itself
}

// Scalar reports whether the argument is a string, a number or a boolean.
func (n Node) Scalar() bool {
	return slices.Contains([]string{"string", "integer", "number", "boolean"}, n.Kind)
}

// Lookup finds the schema of the argument at a path of property names. The values of a
// map are found under any name, and are never Always there. Of arguments of which
// nothing is known, nothing is found.
func (s *Schema) Lookup(path []string) (Node, bool) {
	at, always := s.document, true
	for _, name := range path {
		at = s.follow(at)
		next := at.child("properties").childOf(name)
		if next == nil {
			next, always = at.child("additionalProperties"), false
		}
		if next == nil {
			return Node{}, false
		}
		always = always && (next.has("default") || slices.Contains(at.list("required"), any(name)))
		at = next
	}
	target := s.follow(at)
	return Node{Kind: target.text("type"), Always: always, JSON: s.cutOut(at)}, true
}

func (n *node) childOf(key string) *node {
	if n == nil {
		return nil
	}
	return n.child(key)
}

func (s *Schema) follow(n *node) *node { return fillerBuilder{document: s.document}.target(n) }

// cutOut writes a part of the document with the definitions that it may refer to.
func (s *Schema) cutOut(n *node) json.RawMessage {
	refers := false
	n.walk(func(_ string, c *node) { refers = refers || c.has("$ref") })
	if defs := s.document.child("$defs"); refers && defs != nil && n != s.document {
		n = &node{members: slices.Clone(n.members)}
		n.set("$defs", defs)
	}
	return n.json()
}

// Properties lists the names of the arguments, in the order in which they are published.
func (s *Schema) Properties() []string {
	if properties := s.document.child("properties"); properties != nil {
		return properties.keys()
	}
	return nil
}
