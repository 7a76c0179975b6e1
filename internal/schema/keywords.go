package schema

import (
	"fmt"
	"slices"
	"strings"

	"github.com/durablemcp/durablemcp/internal/jsontree"
)

// parseNode reads a schema, keeping the order of its keywords.
func parseNode(raw []byte) (*jsontree.Node, error) {
	v, err := jsontree.Parse(raw)
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case *jsontree.Node:
		return v, nil
	case bool:
		if v { // the schema that allows everything
			return &jsontree.Node{}, nil
		}
	}
	return nil, fmt.Errorf("found %s, expected a JSON object", jsontree.Cut(string(raw)))
}

// How a keyword holds schemas.
type holds int

const (
	holdsOne   holds = iota + 1 // "items": {…}
	holdsNamed                  // "properties": {"a": {…}}
	holdsList                   // "anyOf": [{…}]
)

var schemaKeywords = map[string]holds{
	"items": holdsOne, "additionalProperties": holdsOne, "not": holdsOne, "if": holdsOne,
	"then": holdsOne, "else": holdsOne, "contains": holdsOne, "propertyNames": holdsOne,
	"contentSchema": holdsOne, "unevaluatedItems": holdsOne, "unevaluatedProperties": holdsOne,
	"properties": holdsNamed, "patternProperties": holdsNamed, "$defs": holdsNamed,
	"dependentSchemas": holdsNamed,
	"allOf":            holdsList, "anyOf": holdsList, "oneOf": holdsList, "prefixItems": holdsList,
}

// rewriteChildren replaces every schema directly below n by what f makes of it. The
// pointer is that of the child relative to n. Boolean schemas are passed as they are.
func rewriteChildren(n *jsontree.Node, f func(pointer string, child any) any) {
	for i, m := range n.Members {
		at := "/" + jsontree.EscapeToken(m.Key)
		switch schemaKeywords[m.Key] {
		case holdsOne:
			n.Members[i].Value = f(at, m.Value)
		case holdsNamed:
			if named, ok := m.Value.(*jsontree.Node); ok {
				for j, e := range named.Members {
					named.Members[j].Value = f(at+"/"+jsontree.EscapeToken(e.Key), e.Value)
				}
			}
		case holdsList:
			if list, ok := m.Value.([]any); ok {
				for j, e := range list {
					list[j] = f(fmt.Sprintf("%s/%d", at, j), e)
				}
			}
		}
	}
}

// walkSchemas visits n and every schema below it, parents first.
func walkSchemas(n *jsontree.Node, visit func(pointer string, n *jsontree.Node)) {
	walkFrom(n, "", visit)
}

func walkFrom(n *jsontree.Node, at string, visit func(pointer string, n *jsontree.Node)) {
	visit(at, n)
	rewriteChildren(n, func(pointer string, child any) any {
		if c, ok := child.(*jsontree.Node); ok {
			walkFrom(c, at+pointer, visit)
		}
		return child
	})
}

// keywordOrder is the order in which a schema's own keywords are published. Others follow.
var keywordOrder = []string{
	"$ref", "type", "title", "description", "format", "pattern", "minLength", "maxLength",
	"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "enum", "const", "default", "examples",
	"properties", "required", "patternProperties", "additionalProperties", "items", "minItems", "maxItems", "uniqueItems",
}

// tidy puts the keywords of every schema into one order. "$defs" comes last.
func tidy(n *jsontree.Node) {
	rank := func(m jsontree.Member) int {
		if m.Key == "$defs" {
			return len(keywordOrder) + 1
		}
		if i := slices.Index(keywordOrder, m.Key); i >= 0 {
			return i
		}
		return len(keywordOrder)
	}
	walkSchemas(n, func(_ string, s *jsontree.Node) {
		slices.SortStableFunc(s.Members, func(a, b jsontree.Member) int {
			if ra, rb := rank(a), rank(b); ra != rb {
				return ra - rb
			}
			if rank(a) == len(keywordOrder) {
				return strings.Compare(a.Key, b.Key)
			}
			return 0
		})
	})
}
