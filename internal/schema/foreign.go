package schema

import (
	"encoding/json"
	"fmt"

	"github.com/invopop/jsonschema"

	"github.com/durablemcp/durablemcp/internal/jsontree"
)

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

// normalise writes the schema that allows everything as {}, except in additionalProperties,
// where true is usual, and removes identifiers.
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
