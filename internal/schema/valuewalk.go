package schema

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/durablemcp/durablemcp/internal/jsonread"
	"github.com/durablemcp/durablemcp/internal/jsontree"
)

// The validator of package jsonschema makes all violations of a value, and each is far
// more work than the bytes that it is about. A walk has it validate small values only. It
// goes through larger ones itself, a level at a time, and stops when there are more
// violations than are shown.
type walk struct {
	validator
	small int // how many values there are in one that is validated as a whole
	found []jsonread.Violation
}

// maxHops is how many references lead from one value to the schema that is about it.
const maxHops = 100

func (w *walk) full() bool { return len(w.found) > jsonread.MaxViolations }

// value holds a value to a schema.
func (w *walk) value(s *jsonschema.Schema, v any, path []string, hops int) {
	own := w.levels[s]
	switch {
	case w.full():
		return
	case hops > maxHops:
		w.found = append(w.found, jsonread.Violation{Path: jsontree.Pointer(path), Message: "cannot be validated"})
		return
	case own == s || room(v, w.small) >= 0:
		if f := w.fits[s]; f == nil || !f.takes(v) {
			w.add(s.Validate(v), path)
		}
		return
	}
	if decisive := w.add(own.Validate(v), path); decisive {
		return
	}
	if s.Ref != nil {
		w.value(s.Ref, v, path, hops+1)
	}
	for _, all := range s.AllOf {
		w.value(all, v, path, hops+1)
	}
	w.union(s.AnyOf, false, v, path, hops)
	w.union(s.OneOf, true, v, path, hops)
	switch v := v.(type) {
	case map[string]any:
		w.object(s, v, path)
	case []any:
		w.array(s, v, path)
	}
}

// room is how many values more than there are in v there may be, less than zero if there
// are too many.
func room(v any, most int) int {
	most--
	switch v := v.(type) {
	case map[string]any:
		if most -= len(v); most < 0 {
			return most
		}
		for _, e := range v {
			if most = room(e, most+1); most < 0 {
				return most
			}
		}
	case []any:
		if most -= len(v); most < 0 {
			return most
		}
		for _, e := range v {
			if most = room(e, most+1); most < 0 {
				return most
			}
		}
	}
	return most
}

func (w *walk) object(s *jsonschema.Schema, v map[string]any, path []string) {
	depth := len(path)
	for _, name := range slices.Sorted(maps.Keys(v)) {
		if w.full() {
			return
		}
		if s.PropertyNames != nil && s.PropertyNames.Validate(name) != nil {
			w.found = append(w.found, jsonread.Violation{Path: jsontree.Pointer(path[:depth]), Message: "property name " + jsontree.Quote(name) + " is not allowed"})
		}
		path = append(path[:depth], name)
		below, known := s.Properties[name]
		if known {
			w.value(below, v[name], path, 0)
		}
		for pattern, below := range s.PatternProperties {
			if pattern.MatchString(name) {
				known = true
				w.value(below, v[name], path, 0)
			}
		}
		if rest, ok := s.AdditionalProperties.(*jsonschema.Schema); ok && !known {
			w.value(rest, v[name], path, 0)
		}
	}
}

func (w *walk) array(s *jsonschema.Schema, v []any, path []string) {
	for i, e := range v {
		if w.full() {
			return
		}
		below := s.Items2020
		if i < len(s.PrefixItems) {
			below = s.PrefixItems[i]
		}
		if below == nil {
			return // nor for the ones behind
		}
		w.value(below, e, append(path, strconv.Itoa(i)), 0)
	}
}

// union holds a value to several schemas, of which it must fit one, or exactly one. If it
// fits none, the violations are those of the one that came closest: that failed deepest
// in the value, the first of those.
func (w *walk) union(branches []*jsonschema.Schema, one bool, v any, path []string, hops int) {
	if len(branches) == 0 || w.full() {
		return
	}
	var (
		closest []jsonread.Violation
		deepest = -1
		fits    int
	)
	for _, branch := range branches {
		below := &walk{validator: w.validator, small: w.small}
		below.value(branch, v, path, hops+1)
		if len(below.found) == 0 {
			if fits++; !one {
				return
			}
		} else if d := shallowest(below.found); d > deepest {
			closest, deepest = below.found, d
		}
	}
	switch {
	case fits == 0:
		w.found = append(w.found, closest...)
	case fits > 1:
		w.found = append(w.found, jsonread.Violation{Path: jsontree.Pointer(path), Message: severalForms})
	}
}

// shallowest is how deep the shallowest of some violations is.
func shallowest(list []jsonread.Violation) int {
	least := strings.Count(list[0].Path, "/")
	for _, v := range list[1:] {
		least = min(least, strings.Count(v.Path, "/"))
	}
	return least
}

// levels are the schemas of a document with what each says of one level of a value alone:
// without what is in its elements and members. A schema stands for itself if it says
// nothing of those, or if that cannot be decided (unevaluatedProperties).
type levels map[*jsonschema.Schema]*jsonschema.Schema

// add adds a schema, and all that it leads to.
func (l levels) add(s *jsonschema.Schema) {
	if s == nil || l[s] != nil {
		return
	}
	l[s] = s
	below := slices.Concat(s.AllOf, s.AnyOf, s.OneOf, s.PrefixItems, []*jsonschema.Schema{s.Ref, s.Items2020},
		slices.Collect(maps.Values(s.Properties)), slices.Collect(maps.Values(s.PatternProperties)))
	rest, _ := s.AdditionalProperties.(*jsonschema.Schema)
	below = slices.DeleteFunc(append(below, rest), func(s *jsonschema.Schema) bool { return s == nil })
	if len(below) == 0 && s.PropertyNames == nil || s.UnevaluatedProperties != nil || s.UnevaluatedItems != nil {
		return
	}
	own := *s
	own.Ref, own.AllOf, own.AnyOf, own.OneOf, own.PrefixItems, own.Items2020, own.PropertyNames = nil, nil, nil, nil, nil, nil, nil
	own.Properties = make(map[string]*jsonschema.Schema, len(s.Properties))
	for name := range s.Properties { // additionalProperties: false goes by their names
		own.Properties[name] = anything
	}
	own.PatternProperties = make(map[jsonschema.Regexp]*jsonschema.Schema, len(s.PatternProperties))
	for pattern := range s.PatternProperties {
		own.PatternProperties[pattern] = anything
	}
	if rest != nil {
		own.AdditionalProperties = nil
	}
	l[s] = &own
	for _, s := range below {
		l.add(s)
	}
}

// anything is the schema that every value fits.
var anything = &jsonschema.Schema{Bool: new(true)}
