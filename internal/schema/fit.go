package schema

import (
	"encoding/json"
	"math"
	"math/big"
	"reflect"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/durablemcp/durablemcp/internal/jsonread"
)

// A fit tells whether a value fits a schema, at a fraction of what the validator takes to
// find out what is wrong with it. Most values are of the plain keywords that it knows; all
// others it leaves to the validator.
type fit struct {
	schema   *jsonschema.Schema
	plain    bool  // the schema has no other keywords than these
	types    kinds // of values, other than integers
	integers bool
	required []string
	members  map[string]*fit
	others   *fit // of the members that are not named in members, nil for any
	closed   bool // there are no others
	elements *fit // nil for any
	length   bounds
	items    bounds
	value    bounds
}

// bounds lie beyond what a value is said to be between.
type bounds struct{ low, high float64 }

// within reports whether n, which may have been rounded, is surely between the bounds:
// rounding can make one of two numbers equal to the other, but not greater.
func (b bounds) within(n float64) bool { return b.low < n && n < b.high }

// plainKeywords are the fields of a compiled schema that a fit knows, and those that say
// nothing of values.
var plainKeywords = map[string]bool{
	"Types": true, "Required": true, "Properties": true, "AdditionalProperties": true, "Items2020": true,
	"MinLength": true, "MaxLength": true, "MinItems": true, "MaxItems": true,
	"Minimum": true, "Maximum": true, "ExclusiveMinimum": true, "ExclusiveMaximum": true,
	"DraftVersion": true, "Location": true, "ID": true, "Title": true, "Description": true, "Default": true,
	"Comment": true, "Examples": true, "Deprecated": true, "ReadOnly": true, "WriteOnly": true,
}

func isPlain(s *jsonschema.Schema) bool {
	v := reflect.ValueOf(s).Elem()
	for i := range v.NumField() {
		if field := v.Type().Field(i); field.IsExported() && !plainKeywords[field.Name] && !v.Field(i).IsZero() {
			return false
		}
	}
	return true
}

// fits are the fits of schemas.
type fits map[*jsonschema.Schema]*fit

// add makes the fit of a schema, and of all that it leads to.
func (all fits) add(s *jsonschema.Schema) *fit {
	if made, ok := all[s]; ok {
		return made
	}
	f := &fit{schema: s, plain: isPlain(s)}
	all[s] = f
	if !f.plain {
		return f
	}
	f.types, f.integers = anyKind, true
	if s.Types != nil && !s.Types.IsEmpty() {
		f.types, f.integers = noKind, false
		for _, name := range s.Types.ToStrings() {
			if f.integers = f.integers || name == "integer"; name != "integer" {
				f.types |= kindsByName[name]
			}
		}
	}
	f.required = s.Required
	f.members = make(map[string]*fit, len(s.Properties))
	for name, below := range s.Properties {
		f.members[name] = all.add(below)
	}
	switch others := s.AdditionalProperties.(type) {
	case bool:
		f.closed = !others
	case *jsonschema.Schema:
		f.others = all.add(others)
	}
	if s.Items2020 != nil {
		f.elements = all.add(s.Items2020)
	}
	f.length, f.items = sizes(s.MinLength, s.MaxLength), sizes(s.MinItems, s.MaxItems)
	f.value = numbers(s)
	return f
}

func sizes(least, most *int) bounds {
	b := bounds{math.Inf(-1), math.Inf(1)}
	if least != nil {
		b.low = float64(*least) - 0.5
	}
	if most != nil {
		b.high = float64(*most) + 0.5
	}
	return b
}

// numbers returns the bounds of a schema's numbers. What is equal to one of them is left to
// the validator.
func numbers(s *jsonschema.Schema) bounds {
	b := bounds{math.Inf(-1), math.Inf(1)}
	for _, low := range []*big.Rat{s.Minimum, s.ExclusiveMinimum} {
		if low != nil {
			n, _ := low.Float64()
			b.low = max(b.low, n)
		}
	}
	for _, high := range []*big.Rat{s.Maximum, s.ExclusiveMaximum} {
		if high != nil {
			n, _ := high.Float64()
			b.high = min(b.high, n)
		}
	}
	return b
}

// takes reports whether a value fits.
func (f *fit) takes(v any) bool {
	if !f.plain {
		return f.schema.Validate(v) == nil
	}
	switch v := v.(type) {
	case map[string]any:
		return f.types&kindObject != noKind && f.takesMembers(v)
	case []any:
		return f.types&kindArray != noKind && f.items.within(float64(len(v))) && f.takesElements(v)
	case string:
		return f.types&kindString != noKind && f.takesLength(v)
	case json.Number:
		return f.takesNumber(v)
	}
	return f.types&kindsByName[jsonType(v)] != noKind
}

func (f *fit) takesMembers(m map[string]any) bool {
	for _, name := range f.required {
		if _, given := m[name]; !given {
			return false
		}
	}
	for name, v := range m {
		below, known := f.members[name]
		if !known {
			below = f.others
		}
		if !known && f.closed || below != nil && !below.takes(v) {
			return false
		}
	}
	return true
}

func (f *fit) takesElements(list []any) bool {
	if f.elements == nil {
		return true
	}
	for _, v := range list {
		if !f.elements.takes(v) {
			return false
		}
	}
	return true
}

func (f *fit) takesLength(s string) bool {
	return math.IsInf(f.length.low, -1) && math.IsInf(f.length.high, 1) || f.length.within(float64(utf8.RuneCountInString(s)))
}

func (f *fit) takesNumber(n json.Number) bool {
	if f.types&kindNumber == noKind && (!f.integers || !jsonread.IsInteger(string(n))) {
		return false
	}
	if math.IsInf(f.value.low, -1) && math.IsInf(f.value.high, 1) {
		return true
	}
	rounded, err := n.Float64()
	return err == nil && f.value.within(rounded) || f.schema.Validate(n) == nil
}
