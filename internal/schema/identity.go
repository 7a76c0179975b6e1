package schema

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/durablemcp/durablemcp/internal/jsonread"
	"github.com/durablemcp/durablemcp/internal/jsontree"
)

// An Identity tells which calls ask for the same work, however they spell it, and also if
// the schema has changed in between. Two calls do if their Given or their Full digests are
// the same:
//
//   - Given stays the same when a later schema adds an optional argument, or changes a default;
//   - Full is the same whether a call leaves out a default or gives it.
//
// Lean leaves out what equals its default, given or not. It can name the work, because it
// stays the same in both cases. It must not decide alone: after a default has changed, the new
// one, given, has the Lean digest of the old one, left out.
//
// All three treat as equal: one instant in two time zones, one duration in two spellings,
// and an empty value and no value where Go sends neither (omitempty). A member that is
// null is one that is absent where the type has no null.
type Identity struct {
	Given, Full, Lean string

	// Arguments are what the digests are made of, defaults applied.
	Arguments map[string]any
	// Spelled is the canonical JSON of the arguments as they were given, without defaults.
	Spelled json.RawMessage
}

// Identify returns the identity of a call: of raw, which Decode accepted as args, and of
// which Values made values.
func (s *Schema) Identify(raw json.RawMessage, args map[string]any, values []reflect.Value) Identity {
	var sent map[string]any
	if holdsEmpty(args) {
		sent = s.sent(values)
	}
	alike := func(v map[string]any) map[string]any {
		if s.spellings != nil {
			v, _ = s.spellings.apply(v).(map[string]any)
		}
		return s.prune(v, sent)
	}
	id := Identity{Arguments: alike(args)}
	full := jsontree.AppendMap(nil, id.Arguments)
	id.Full = Digest(full)
	if s.defaults == nil {
		id.Given, id.Lean, id.Spelled = id.Full, id.Full, jsontree.AppendMap(nil, args)
		return id
	}
	given, _ := s.given(raw) // it was read before
	_ = s.durations.normalise(given)
	id.Spelled = jsontree.AppendMap(nil, given)
	id.Given = Digest(jsontree.AppendMap(nil, alike(given)))
	lean, _ := s.defaults.without(id.Arguments, s).(map[string]any)
	id.Lean = Digest(jsontree.AppendMap(nil, lean))
	return id
}

// sent is the arguments as Go writes them for Temporal, nil if it cannot be told.
func (s *Schema) sent(values []reflect.Value) map[string]any {
	all := make(map[string]any)
	for i, p := range s.params {
		tree, ok := marshalled(values[i])
		if object, isObject := tree.(map[string]any); ok && isObject && p.whole {
			return object
		}
		if !ok || p.whole {
			return nil
		}
		all[p.name] = tree
	}
	return all
}

// marshalled is the JSON tree of a Go value. It survives the methods of users.
func marshalled(v reflect.Value) (tree any, ok bool) {
	defer func() {
		if recover() != nil {
			tree, ok = nil, false
		}
	}()
	data, err := json.Marshal(v.Interface())
	if err != nil {
		return nil, false
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	return tree, dec.Decode(&tree) == nil
}

// prune leaves out the empty values that do not reach the workflow. Where there is a
// default, an empty value is not its absence.
func (s *Schema) prune(args, sent map[string]any) map[string]any {
	if sent == nil {
		return args
	}
	pruned, _ := s.defaults.prune(args, sent).(map[string]any)
	for name := range s.extra {
		if v, given := args[name]; given {
			pruned[name] = v
		}
	}
	return pruned
}

func (f *filler) prune(v, sent any) any {
	switch v := v.(type) {
	case map[string]any:
		theirs, ok := sent.(map[string]any)
		if !ok {
			return v
		}
		kept := make(map[string]any, len(v))
		for name, e := range v {
			counterpart, reaches := theirs[name]
			if !reaches && empty(e) && !f.hasDefault(name) {
				continue
			}
			kept[name] = f.below(name).prune(e, counterpart)
		}
		return kept
	case []any:
		theirs, ok := sent.([]any)
		if !ok || len(theirs) != len(v) {
			return v
		}
		kept := make([]any, len(v))
		for i, e := range v {
			kept[i] = f.ofElements().prune(e, theirs[i])
		}
		return kept
	}
	return v
}

func (f *filler) hasDefault(name string) bool {
	return f != nil && f.members[name] != nil && f.members[name].present
}

// below is the filler of a member, nil if it has none.
func (f *filler) below(name string) *filler {
	switch {
	case f == nil:
		return nil
	case f.members[name] != nil:
		return f.members[name].below
	}
	return f.elements
}

func (f *filler) ofElements() *filler {
	if f == nil {
		return nil
	}
	return f.elements
}

// without returns v without the members that equal their defaults.
func (f *filler) without(v any, s *Schema) any {
	return f.strip(v, s.durations, s.spellings)
}

func (f *filler) strip(v any, p *plan, sp *spelling) any {
	if f == nil {
		return v
	}
	switch v := v.(type) {
	case map[string]any:
		kept := make(map[string]any, len(v))
		for name, e := range v {
			p, sp := p.member(name), sp.member(name)
			if f.hasDefault(name) && bytes.Equal(jsontree.Append(nil, e), jsontree.Append(nil, f.members[name].filled(p, sp))) {
				continue
			}
			kept[name] = f.below(name).strip(e, p, sp)
		}
		return kept
	case []any:
		kept := make([]any, len(v))
		for i, e := range v {
			kept[i] = f.elements.strip(e, p.ofElements(), sp.ofElements())
		}
		return kept
	}
	return v
}

// filled is the default as it stands in the arguments of a call that leaves it out.
func (mf *memberFiller) filled(p *plan, sp *spelling) any {
	v, room := jsontree.Plain(mf.value), jsonread.MaxBytes
	mf.below.apply(v, &room)
	if p != nil {
		v = normalised(p, v, nil, new([]jsonread.Violation))
	}
	return sp.apply(v)
}

// holdsEmpty reports whether there is an empty value in the arguments.
func holdsEmpty(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		for _, e := range v {
			if empty(e) || holdsEmpty(e) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, holdsEmpty)
	}
	return false
}

// empty reports whether a value is one that omitempty leaves out.
func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return v == ""
	case json.Number:
		return v == "0"
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// A spelling tells where values of a schema can be spelled in several ways, and which one
// stands for all. Nil stands for a schema without any.
type spelling struct {
	one      func(string) string // of this value, nil if it has one spelling only
	members  map[string]*spelling
	elements *spelling // of arrays, and of members that are not named
}

// newSpelling collects the spellings below a schema of the document.
func newSpelling(document *jsontree.Node) *spelling {
	b := spellingBuilder{fillerBuilder{document: document}, map[*jsontree.Node]*spelling{}}
	if !b.varies(document, map[*jsontree.Node]bool{}) {
		return nil
	}
	return b.build(document)
}

type spellingBuilder struct {
	fillerBuilder
	made map[*jsontree.Node]*spelling
}

// varies reports whether there is such a value in what n describes.
func (b spellingBuilder) varies(n *jsontree.Node, seen map[*jsontree.Node]bool) bool {
	n = b.target(n)
	if seen[n] {
		return false
	}
	seen[n] = true
	if oneSpelling(n) != nil {
		return true
	}
	named, elements := parts(n)
	if elements != nil && b.varies(elements, seen) {
		return true
	}
	if named == nil {
		return false
	}
	for _, m := range named.Members {
		if p, ok := m.Value.(*jsontree.Node); ok && b.varies(p, seen) {
			return true
		}
	}
	return false
}

func (b spellingBuilder) build(n *jsontree.Node) *spelling {
	n = b.target(n)
	if made, ok := b.made[n]; ok {
		return made
	}
	made := &spelling{one: oneSpelling(n), members: map[string]*spelling{}}
	b.made[n] = made
	named, elements := parts(n)
	if elements != nil && b.varies(elements, map[*jsontree.Node]bool{}) {
		made.elements = b.build(elements)
	}
	if named == nil {
		return made
	}
	for _, m := range named.Members {
		p, ok := m.Value.(*jsontree.Node)
		if !ok {
			continue
		}
		if b.varies(p, map[*jsontree.Node]bool{}) {
			made.members[m.Key] = b.build(p)
		} else if made.elements != nil {
			made.members[m.Key] = nil
		}
	}
	return made
}

func (sp *spelling) member(name string) *spelling {
	if sp == nil {
		return nil
	}
	if below, ok := sp.members[name]; ok {
		return below
	}
	return sp.elements
}

func (sp *spelling) ofElements() *spelling {
	if sp == nil {
		return nil
	}
	return sp.elements
}

func (p *plan) ofElements() *plan {
	if p == nil {
		return nil
	}
	return p.elements
}

// apply returns v with one spelling for each value.
func (sp *spelling) apply(v any) any {
	if sp == nil {
		return v
	}
	switch v := v.(type) {
	case map[string]any:
		same := make(map[string]any, len(v))
		for name, e := range v {
			same[name] = sp.member(name).apply(e)
		}
		return same
	case []any:
		same := make([]any, len(v))
		for i, e := range v {
			same[i] = sp.elements.apply(e)
		}
		return same
	case string:
		if sp.one != nil {
			return sp.one(v)
		}
	}
	return v
}

// oneSpelling returns what makes one spelling of the strings that a schema allows, nil if
// each is its own.
func oneSpelling(n *jsontree.Node) func(string) string {
	switch {
	case n.Text("format") == "date-time":
		return oneInstant
	case n.Text("pattern") == durationPattern && !n.Has("enum"):
		return oneDuration
	}
	return nil
}

func oneInstant(s string) string {
	t, err := time.Parse(time.RFC3339Nano, strings.ToUpper(s))
	if err != nil {
		return s
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func oneDuration(s string) string {
	d, err := time.ParseDuration(s)
	if err != nil {
		return s
	}
	return d.String()
}
