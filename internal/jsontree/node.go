// Package jsontree is a JSON tree that keeps the order of members, with helpers to print it.
package jsontree

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Node is a JSON object whose members keep their order, so that properties are
// published in the order in which the Go type declares them.
type Node struct {
	Members []Member
}

// A Member is a member of an object. Its value is a *Node, []any, string, json.Number, bool or nil.
type Member struct {
	Key   string
	Value any
}

// NewObject makes a node from alternating keys and values.
func NewObject(pairs ...any) *Node {
	n := &Node{}
	for i := 0; i+1 < len(pairs); i += 2 {
		key, _ := pairs[i].(string)
		n.Set(key, pairs[i+1])
	}
	return n
}

func (n *Node) index(key string) int {
	return slices.IndexFunc(n.Members, func(m Member) bool { return m.Key == key })
}

// Has reports whether there is a member of that name.
func (n *Node) Has(key string) bool { return n.index(key) >= 0 }

// Get returns the value of a member, nil if there is none.
func (n *Node) Get(key string) any {
	if i := n.index(key); i >= 0 {
		return n.Members[i].Value
	}
	return nil
}

// Child returns the member of that name if it is an object, else nil.
func (n *Node) Child(key string) *Node {
	c, _ := n.Get(key).(*Node)
	return c
}

// Text returns the member of that name if it is a string, else "".
func (n *Node) Text(key string) string {
	s, _ := n.Get(key).(string)
	return s
}

// List returns the member of that name if it is an array, else nil.
func (n *Node) List(key string) []any {
	l, _ := n.Get(key).([]any)
	return l
}

// Set sets the value of a member, which comes last if it is new.
func (n *Node) Set(key string, value any) {
	if i := n.index(key); i >= 0 {
		n.Members[i].Value = value
		return
	}
	n.Members = append(n.Members, Member{key, value})
}

// Remove removes a member.
func (n *Node) Remove(key string) {
	if i := n.index(key); i >= 0 {
		n.Members = slices.Delete(n.Members, i, i+1)
	}
}

// Keys returns the names of the members, in their order.
func (n *Node) Keys() []string {
	keys := make([]string, len(n.Members))
	for i, m := range n.Members {
		keys[i] = m.Key
	}
	return keys
}

// Len returns the number of members.
func (n *Node) Len() int { return len(n.Members) }

// Empty reports whether there are no members.
func (n *Node) Empty() bool { return n.Len() == 0 }

// Clone returns a deep copy.
func (n *Node) Clone() *Node {
	c := &Node{Members: make([]Member, len(n.Members))}
	for i, m := range n.Members {
		c.Members[i] = Member{m.Key, cloneValue(m.Value)}
	}
	return c
}

func cloneValue(v any) any {
	switch v := v.(type) {
	case *Node:
		return v.Clone()
	case []any:
		c := make([]any, len(v))
		for i, e := range v {
			c[i] = cloneValue(e)
		}
		return c
	}
	return v
}

// JSON returns the object as JSON, without insignificant space.
func (n *Node) JSON() json.RawMessage { return Append(nil, n) }

// Plain converts a value of a node to the types of encoding/json.
func Plain(v any) any {
	switch v := v.(type) {
	case *Node:
		m := make(map[string]any, len(v.Members))
		for _, e := range v.Members {
			m[e.Key] = Plain(e.Value)
		}
		return m
	case []any:
		l := make([]any, len(v))
		for i, e := range v {
			l[i] = Plain(e)
		}
		return l
	}
	return v
}

// Parse reads a JSON value, keeping the order of members.
func Parse(raw []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	v, err := parseValue(dec)
	if err != nil {
		return nil, err
	}
	if dec.More() {
		return nil, errors.New("data after the JSON value")
	}
	return v, nil
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
	n := &Node{}
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
		n.Set(key, value)
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

// Resolve finds the schema at a JSON pointer, nil if there is none.
func (n *Node) Resolve(pointer string) *Node {
	var at any = n
	for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if pointer == "" {
			break
		}
		switch v := at.(type) {
		case *Node:
			at = v.Get(unescapeToken(token))
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
	found, _ := at.(*Node)
	return found
}

var (
	tokenEscaper   = strings.NewReplacer("~", "~0", "/", "~1")
	tokenUnescaper = strings.NewReplacer("~1", "/", "~0", "~")
)

// EscapeToken escapes a step of a JSON Pointer.
func EscapeToken(s string) string   { return tokenEscaper.Replace(s) }
func unescapeToken(s string) string { return tokenUnescaper.Replace(s) }

// ChildOf is [Node.Child] of a node that may be nil.
func (n *Node) ChildOf(key string) *Node {
	if n == nil {
		return nil
	}
	return n.Child(key)
}
