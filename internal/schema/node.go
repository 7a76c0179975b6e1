package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A node is a JSON object whose members keep their order, so that properties are
// published in the order in which the Go type declares them.
type node struct {
	members []member
}

// A member's value is a *node, []any, string, json.Number, bool or nil.
type member struct {
	key   string
	value any
}

// object makes a node from alternating keys and values.
func object(pairs ...any) *node {
	n := &node{}
	for i := 0; i+1 < len(pairs); i += 2 {
		key, _ := pairs[i].(string)
		n.set(key, pairs[i+1])
	}
	return n
}

func (n *node) index(key string) int {
	return slices.IndexFunc(n.members, func(m member) bool { return m.key == key })
}

func (n *node) has(key string) bool { return n.index(key) >= 0 }

// get returns the value of a member, nil if there is none.
func (n *node) get(key string) any {
	if i := n.index(key); i >= 0 {
		return n.members[i].value
	}
	return nil
}

// child returns the member of that name if it is an object, else nil.
func (n *node) child(key string) *node {
	c, _ := n.get(key).(*node)
	return c
}

func (n *node) text(key string) string {
	s, _ := n.get(key).(string)
	return s
}

func (n *node) list(key string) []any {
	l, _ := n.get(key).([]any)
	return l
}

func (n *node) set(key string, value any) {
	if i := n.index(key); i >= 0 {
		n.members[i].value = value
		return
	}
	n.members = append(n.members, member{key, value})
}

func (n *node) remove(key string) {
	if i := n.index(key); i >= 0 {
		n.members = slices.Delete(n.members, i, i+1)
	}
}

func (n *node) keys() []string {
	keys := make([]string, len(n.members))
	for i, m := range n.members {
		keys[i] = m.key
	}
	return keys
}

func (n *node) size() int { return len(n.members) }

func (n *node) empty() bool { return n.size() == 0 }

func (n *node) clone() *node {
	c := &node{members: make([]member, len(n.members))}
	for i, m := range n.members {
		c.members[i] = member{m.key, cloneValue(m.value)}
	}
	return c
}

func cloneValue(v any) any {
	switch v := v.(type) {
	case *node:
		return v.clone()
	case []any:
		c := make([]any, len(v))
		for i, e := range v {
			c[i] = cloneValue(e)
		}
		return c
	}
	return v
}

func (n *node) json() json.RawMessage { return appendJSON(nil, n) }

// plain converts a value of a node to the types of encoding/json.
func plain(v any) any {
	switch v := v.(type) {
	case *node:
		m := make(map[string]any, len(v.members))
		for _, e := range v.members {
			m[e.key] = plain(e.value)
		}
		return m
	case []any:
		l := make([]any, len(v))
		for i, e := range v {
			l[i] = plain(e)
		}
		return l
	}
	return v
}

// parseNode reads a JSON object, keeping the order of its members.
func parseNode(raw []byte) (*node, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	v, err := parseValue(dec)
	if err != nil {
		return nil, err
	}
	if dec.More() {
		return nil, errors.New("data after the JSON value")
	}
	switch v := v.(type) {
	case *node:
		return v, nil
	case bool:
		if v { // the schema that allows everything
			return &node{}, nil
		}
	}
	return nil, fmt.Errorf("found %s, expected a JSON object", cut(string(raw)))
}

func parseValue(dec *json.Decoder) (any, error) {
	tok, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch tok {
	case json.Delim('{'):
		return parseMembers(dec)
	case json.Delim('['):
		return parseElements(dec)
	}
	return tok, nil
}

func parseMembers(dec *json.Decoder) (any, error) {
	n := &node{}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, err
		}
		value, err := parseValue(dec)
		if err != nil {
			return nil, err
		}
		key, _ := token.(string) // nothing else stands there
		n.set(key, value)
	}
	_, err := dec.Token()
	return n, err
}

func parseElements(dec *json.Decoder) (any, error) {
	list := []any{}
	for dec.More() {
		value, err := parseValue(dec)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	_, err := dec.Token()
	return list, err
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
// pointer is that of the child relative to n. Boolean schemas are passed on as they are.
func (n *node) rewriteChildren(f func(pointer string, child any) any) {
	for i, m := range n.members {
		at := "/" + escapeToken(m.key)
		switch schemaKeywords[m.key] {
		case holdsOne:
			n.members[i].value = f(at, m.value)
		case holdsNamed:
			if named, ok := m.value.(*node); ok {
				for j, e := range named.members {
					named.members[j].value = f(at+"/"+escapeToken(e.key), e.value)
				}
			}
		case holdsList:
			if list, ok := m.value.([]any); ok {
				for j, e := range list {
					list[j] = f(fmt.Sprintf("%s/%d", at, j), e)
				}
			}
		}
	}
}

// walk visits n and every schema below it, parents first.
func (n *node) walk(visit func(pointer string, n *node)) { n.walkFrom("", visit) }

func (n *node) walkFrom(at string, visit func(pointer string, n *node)) {
	visit(at, n)
	n.rewriteChildren(func(pointer string, child any) any {
		if c, ok := child.(*node); ok {
			c.walkFrom(at+pointer, visit)
		}
		return child
	})
}

// resolve finds the schema at a JSON pointer, nil if there is none.
func (n *node) resolve(pointer string) *node {
	var at any = n
	for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if pointer == "" {
			break
		}
		switch v := at.(type) {
		case *node:
			at = v.get(unescapeToken(token))
		case []any:
			var i int
			if _, err := fmt.Sscan(token, &i); err != nil || i < 0 || i >= len(v) {
				return nil
			}
			at = v[i]
		default:
			return nil
		}
	}
	found, _ := at.(*node)
	return found
}

var (
	tokenEscaper   = strings.NewReplacer("~", "~0", "/", "~1")
	tokenUnescaper = strings.NewReplacer("~1", "/", "~0", "~")
)

func escapeToken(s string) string   { return tokenEscaper.Replace(s) }
func unescapeToken(s string) string { return tokenUnescaper.Replace(s) }

// keywordOrder is the order in which a schema's own keywords are published. Others follow.
var keywordOrder = []string{
	"$ref", "type", "title", "description", "format", "pattern", "minLength", "maxLength",
	"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "enum", "const", "default", "examples",
	"properties", "required", "patternProperties", "additionalProperties", "items", "minItems", "maxItems", "uniqueItems",
}

// tidy puts the keywords of every schema into one order. "$defs" comes last.
func (n *node) tidy() {
	rank := func(m member) int {
		if m.key == "$defs" {
			return len(keywordOrder) + 1
		}
		if i := slices.Index(keywordOrder, m.key); i >= 0 {
			return i
		}
		return len(keywordOrder)
	}
	n.walk(func(_ string, s *node) {
		slices.SortStableFunc(s.members, func(a, b member) int {
			if ra, rb := rank(a), rank(b); ra != rb {
				return ra - rb
			}
			if rank(a) == len(keywordOrder) {
				return strings.Compare(a.key, b.key)
			}
			return 0
		})
	})
}
