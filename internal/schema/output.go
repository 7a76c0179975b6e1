package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/durablemcp/durablemcp/internal/jsonread"
	"github.com/durablemcp/durablemcp/internal/jsontree"
)

// An Output is the published schema of a tool's results. It is immutable and safe for
// concurrent use.
type Output struct {
	// Wrapped says that results are published as {"result": …}, because the JSON of the
	// type is not an object.
	Wrapped bool

	validator
	published json.RawMessage
	plan      *plan
	unknown   bool // no type: wrapped if need be, not validated
	nullable  bool // the type is an object or null, which is wrapped
}

// A ResultError says how a result does not fit the published schema.
type ResultError struct {
	Violations []jsonread.Violation
}

func (e *ResultError) Error() string {
	lines := make([]string, len(e.Violations))
	for i, v := range e.Violations {
		if lines[i] = v.String(); v.Path == "" {
			lines[i] = v.Message
		}
	}
	return "the result does not fit its schema: " + strings.Join(lines, "; ")
}

// ForOutput makes the schema of results of a Go type. The branches are schemas of other
// objects that the tool may return instead. A nil type is a result of which nothing is
// known: no schema is published for it, and branches are ignored.
func ForOutput(t reflect.Type, branches ...json.RawMessage) (*Output, error) {
	if t == nil {
		return &Output{unknown: true}, nil
	}
	g := newGenerator(true)
	g.root = t
	o := &Output{plan: planFor(t)}
	root := g.value(t, false)
	others := g.branches(branches)
	if g.deref(root).Text("type") != "object" {
		o.Wrapped = true
		root = jsontree.NewObject("type", "object", "properties", jsontree.NewObject("result", g.element(t, false)), "required", []any{"result"})
	} else if o.nullable = writesNull(t); o.nullable {
		others = append(others, jsontree.NewObject("type", "object",
			"properties", jsontree.NewObject("result", jsontree.NewObject("type", "null")), "required", []any{"result"}))
	}
	if len(others) > 0 {
		root = union(root, others)
	}
	document := g.document(root)
	o.validator, o.published = g.compile(document), document.JSON()
	if len(g.errs) > 0 {
		return nil, join(g.errs)
	}
	return o, nil
}

func (g *generator) branches(raw []json.RawMessage) []*jsontree.Node {
	var list []*jsontree.Node
	for i, r := range raw {
		n, err := parseNode(r)
		if err != nil {
			g.fail(fmt.Sprintf("branch %d that cannot be read: %s", i, jsontree.Cut(err.Error())), "a JSON schema")
			continue
		}
		normalise(n)
		list = append(list, g.adopt("Branch", n))
	}
	return list
}

func union(root *jsontree.Node, others []*jsontree.Node) *jsontree.Node {
	all := []any{root}
	for _, n := range others {
		all = append(all, n)
	}
	return jsontree.NewObject("type", "object", "anyOf", all)
}

// JSON returns the schema as it is published, nil if there is none.
func (o *Output) JSON() json.RawMessage { return append(json.RawMessage(nil), o.published...) }

// Wrap puts a result that is not published as it is into {"result": …}: every result of
// a type that is Wrapped, null of a pointer or a map, and what is not an object if the
// type is not known.
func (o *Output) Wrap(raw json.RawMessage) json.RawMessage {
	isObject := len(raw) > 0 && raw[0] == '{'
	if o.Wrapped || o.unknown && !isObject || o.nullable && string(raw) == "null" {
		return append(append(json.RawMessage(`{"result":`), raw...), '}')
	}
	return raw
}

// Structured turns a result as the workflow wrote it into what is published: durations
// become strings, what is not an object is wrapped, all other bytes stay as they are.
// No result at all is null. A result that does not fit the published schema is a
// [*ResultError].
func (o *Output) Structured(raw json.RawMessage) (json.RawMessage, error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		raw = json.RawMessage("null")
	}
	if !json.Valid(raw) {
		return nil, &ResultError{[]jsonread.Violation{{Message: "not valid JSON: " + jsonread.SyntaxProblem(raw)}}}
	}
	if !utf8.Valid(raw) {
		raw = bytes.ToValidUTF8(raw, []byte("\uFFFD"))
	}
	structured := o.Wrap(o.plan.fromGo(raw))
	if o.unknown {
		return structured, nil
	}
	dec := json.NewDecoder(bytes.NewReader(structured))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, &ResultError{[]jsonread.Violation{{Message: "not valid JSON: " + jsontree.Cut(err.Error())}}}
	}
	if violations := o.validate(tame(v)); len(violations) > 0 {
		return nil, &ResultError{violations}
	}
	return structured, nil
}
