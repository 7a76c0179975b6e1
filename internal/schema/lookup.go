package schema

import (
	"encoding/json"
	"slices"

	"github.com/durablemcp/durablemcp/internal/jsontree"
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
		next := at.Child("properties").ChildOf(name)
		if next == nil {
			next, always = at.Child("additionalProperties"), false
		}
		if next == nil {
			return Node{}, false
		}
		always = always && (next.Has("default") || slices.Contains(at.List("required"), any(name)))
		at = next
	}
	target := s.follow(at)
	return Node{Kind: target.Text("type"), Always: always, JSON: s.cutOut(at)}, true
}

func (s *Schema) follow(n *jsontree.Node) *jsontree.Node {
	return fillerBuilder{document: s.document}.target(n)
}

// cutOut writes a part of the document with the definitions that it may refer to.
func (s *Schema) cutOut(n *jsontree.Node) json.RawMessage {
	refers := false
	walkSchemas(n, func(_ string, c *jsontree.Node) { refers = refers || c.Has("$ref") })
	if defs := s.document.Child("$defs"); refers && defs != nil && n != s.document {
		n = &jsontree.Node{Members: slices.Clone(n.Members)}
		n.Set("$defs", defs)
	}
	return n.JSON()
}
