package schema

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
func newFiller(document *node) *filler {
	b := fillerBuilder{document, map[*node]*filler{}}
	if !b.hasDefaults(document, map[*node]bool{}) {
		return nil
	}
	return b.build(document)
}

type fillerBuilder struct {
	document *node
	made     map[*node]*filler
}

// target follows a reference.
func (b fillerBuilder) target(n *node) *node {
	if ref := n.text("$ref"); ref != "" {
		if def := b.document.resolve(ref[1:]); def != nil {
			return def
		}
	}
	return n
}

// parts lists the schemas of the values inside a value of schema n.
func parts(n *node) (named *node, elements *node) {
	elements = n.child("items")
	if elements == nil {
		elements = n.child("additionalProperties")
	}
	if patterns := n.child("patternProperties"); elements == nil && patterns != nil && len(patterns.members) == 1 {
		elements, _ = patterns.members[0].value.(*node)
	}
	return n.child("properties"), elements
}

func (b fillerBuilder) hasDefaults(n *node, seen map[*node]bool) bool {
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
	for _, m := range named.members {
		if p, ok := m.value.(*node); ok && (p.has("default") || b.hasDefaults(p, seen)) {
			return true
		}
	}
	return false
}

func (b fillerBuilder) build(n *node) *filler {
	n = b.target(n)
	if f, ok := b.made[n]; ok {
		return f
	}
	f := &filler{members: map[string]*memberFiller{}}
	b.made[n] = f
	named, elements := parts(n)
	if elements != nil && b.hasDefaults(elements, map[*node]bool{}) {
		f.elements = b.build(elements)
	}
	if named == nil {
		return f
	}
	for _, m := range named.members {
		p, ok := m.value.(*node)
		if !ok {
			continue
		}
		mf := &memberFiller{value: p.get("default"), present: p.has("default")}
		mf.size = len(m.key) + len(appendJSON(nil, mf.value))
		if b.hasDefaults(p, map[*node]bool{}) {
			mf.below = b.build(p)
		}
		if mf.present || mf.below != nil || f.elements != nil {
			f.members[m.key] = mf
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
			m[name] = plain(mf.value)
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
