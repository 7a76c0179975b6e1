package schema

import "github.com/durablemcp/durablemcp/internal/jsontree"

// A filler knows the defaults of a schema. Nil has none.
type filler struct {
	members  map[string]*memberFiller
	elements *filler // of arrays and of the members not named in members
}

type memberFiller struct {
	value   any // a node value; used if present
	present bool
	size    int // of the member, in bytes
	below   *filler
}

// newFiller collects the defaults below a schema of the document.
func newFiller(document *jsontree.Node) *filler {
	b := fillerBuilder{document, map[*jsontree.Node]*filler{}}
	if !b.hasDefaults(document, map[*jsontree.Node]bool{}) {
		return nil
	}
	return b.build(document)
}

type fillerBuilder struct {
	document *jsontree.Node
	made     map[*jsontree.Node]*filler
}

// target follows a reference.
func (b fillerBuilder) target(n *jsontree.Node) *jsontree.Node {
	if ref := n.Text("$ref"); ref != "" {
		if def := b.document.Resolve(ref[1:]); def != nil {
			return def
		}
	}
	return n
}

// parts lists the schemas of the values inside a value of schema n.
func parts(n *jsontree.Node) (named *jsontree.Node, elements *jsontree.Node) {
	elements = n.Child("items")
	if elements == nil {
		elements = n.Child("additionalProperties")
	}
	if patterns := n.Child("patternProperties"); elements == nil && patterns != nil && len(patterns.Members) == 1 {
		elements, _ = patterns.Members[0].Value.(*jsontree.Node)
	}
	return n.Child("properties"), elements
}

func (b fillerBuilder) hasDefaults(n *jsontree.Node, seen map[*jsontree.Node]bool) bool {
	n = b.target(n)
	if seen[n] {
		return false
	}
	seen[n] = true
	named, elements := parts(n)
	if elements != nil && b.hasDefaults(elements, seen) {
		return true
	}
	if named == nil {
		return false
	}
	for _, m := range named.Members {
		if p, ok := m.Value.(*jsontree.Node); ok && (p.Has("default") || b.hasDefaults(p, seen)) {
			return true
		}
	}
	return false
}

func (b fillerBuilder) build(n *jsontree.Node) *filler {
	n = b.target(n)
	if f, ok := b.made[n]; ok {
		return f
	}
	f := &filler{members: map[string]*memberFiller{}}
	b.made[n] = f
	named, elements := parts(n)
	if elements != nil && b.hasDefaults(elements, map[*jsontree.Node]bool{}) {
		f.elements = b.build(elements)
	}
	if named == nil {
		return f
	}
	for _, m := range named.Members {
		p, ok := m.Value.(*jsontree.Node)
		if !ok {
			continue
		}
		mf := &memberFiller{value: p.Get("default"), present: p.Has("default")}
		mf.size = len(m.Key) + len(jsontree.Append(nil, mf.value))
		if b.hasDefaults(p, map[*jsontree.Node]bool{}) {
			mf.below = b.build(p)
		}
		if mf.present || mf.below != nil || f.elements != nil {
			f.members[m.Key] = mf
		}
	}
	return f
}

// apply adds the defaults of what is absent in v, which is changed in place. Objects that
// are absent themselves are not made. What is added takes up room, a number of bytes; if
// that is less than zero then, not all was added: many empty objects can be much longer
// with their defaults than without.
func (f *filler) apply(v any, room *int) {
	if f == nil || *room < 0 {
		return
	}
	switch v := v.(type) {
	case map[string]any:
		f.applyMembers(v, room)
	case []any:
		for _, e := range v {
			f.elements.apply(e, room)
		}
	}
}

func (f *filler) applyMembers(m map[string]any, room *int) {
	for name, mf := range f.members {
		if _, given := m[name]; !given && mf.present {
			if *room -= mf.size; *room < 0 {
				return
			}
			m[name] = jsontree.Plain(mf.value)
		}
		mf.below.apply(m[name], room)
	}
	if f.elements == nil {
		return
	}
	for name, v := range m {
		if f.members[name] == nil {
			f.elements.apply(v, room)
		}
	}
}
