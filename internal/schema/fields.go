package schema

import (
	"reflect"
	"slices"
	"strings"
	"unicode"
)

// A field is what encoding/json reads and writes of a struct: a member of the JSON object.
type field struct {
	name      string // in JSON
	goName    string // in Go, with the embedded structs that lead to it
	index     []int  // as reflect's FieldByIndex takes it
	typ       reflect.Type
	tag       reflect.StructTag
	tagged    bool // named by a tag, which beats a Go name at the same depth
	omitEmpty bool
	omitZero  bool
	quoted    bool // json:",string"
	optional  bool // promoted through an embedded pointer, absent when that is nil
	sealed    bool // promoted through an embedded pointer that encoding/json cannot set
}

// fieldsOf lists the fields of a struct by the rules of encoding/json: promotion from
// embedded structs, shadowing by depth, then by tags. Names that several fields claim
// with equal right, which encoding/json drops without a word, come back in clashes.
func fieldsOf(t reflect.Type) (fields []field, clashes [][]field) {
	byName := map[string][]field{}
	var names []string
	for _, f := range collectFields(t) {
		if byName[f.name] == nil {
			names = append(names, f.name)
		}
		byName[f.name] = append(byName[f.name], f)
	}
	for _, name := range names {
		top := dominant(byName[name])
		if len(top) == 1 {
			fields = append(fields, top[0])
		} else {
			clashes = append(clashes, top)
		}
	}
	slices.SortFunc(fields, func(a, b field) int { return slices.Compare(a.index, b.index) })
	return fields, clashes
}

// dominant returns the field that encoding/json uses of those with one name, or all
// that clash.
func dominant(same []field) []field {
	depth := len(slices.MinFunc(same, func(a, b field) int { return len(a.index) - len(b.index) }).index)
	top := slices.DeleteFunc(slices.Clone(same), func(f field) bool { return len(f.index) != depth })
	if tagged := slices.DeleteFunc(slices.Clone(top), func(f field) bool { return !f.tagged }); len(tagged) > 0 {
		return tagged
	}
	return top
}

// An embedded struct, whose fields are promoted.
type embedded struct {
	typ      reflect.Type
	prefix   string
	index    []int
	optional bool
	sealed   bool
}

// collectFields lists all fields, level by level, before any shadowing. A struct that
// is embedded several times on one level is listed that often, one that was met on an
// earlier level is shadowed and left out, which also ends recursion.
func collectFields(t reflect.Type) (all []field) {
	visited := map[reflect.Type]bool{}
	for level := []embedded{{typ: t}}; len(level) > 0; {
		var next []embedded
		times := map[reflect.Type]int{}
		for _, e := range level {
			if visited[e.typ] || times[e.typ] >= 2 { // a third one clashes no more than a second
				continue
			}
			times[e.typ]++
			fields, inner := e.scan()
			all = append(all, fields...)
			next = append(next, inner...)
		}
		for seen := range times {
			visited[seen] = true
		}
		level = next
	}
	return all
}

// scan splits the fields of one struct into its own and the structs that it embeds.
func (e embedded) scan() (fields []field, inner []embedded) {
	for i := range e.typ.NumField() {
		sf := e.typ.Field(i)
		tag := sf.Tag.Get("json")
		if tag == "-" || !visible(sf) {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		if !validName(name) {
			name = ""
		}
		if sf.Anonymous && name == "" && indirect(sf.Type).Kind() == reflect.Struct {
			inner = append(inner, e.embed(sf, i))
		} else {
			fields = append(fields, e.field(sf, i, name, strings.Split(options, ",")))
		}
	}
	return fields, inner
}

func (e embedded) embed(sf reflect.StructField, i int) embedded {
	pointer := sf.Type.Kind() == reflect.Pointer
	return embedded{
		typ:      indirect(sf.Type),
		prefix:   e.prefix + sf.Name + ".",
		index:    append(slices.Clone(e.index), i),
		optional: e.optional || pointer,
		sealed:   e.sealed || pointer && !sf.IsExported(),
	}
}

func (e embedded) field(sf reflect.StructField, i int, name string, options []string) field {
	f := field{
		name:      name,
		goName:    e.prefix + sf.Name,
		index:     append(slices.Clone(e.index), i),
		typ:       sf.Type,
		tag:       sf.Tag,
		tagged:    name != "",
		omitEmpty: slices.Contains(options, "omitempty"),
		omitZero:  slices.Contains(options, "omitzero"),
		quoted:    slices.Contains(options, "string") && quotable(sf.Type),
		optional:  e.optional,
		sealed:    e.sealed,
	}
	if name == "" {
		f.name = sf.Name
	}
	return f
}

// visible reports whether encoding/json looks at a field at all.
func visible(sf reflect.StructField) bool {
	return sf.IsExported() || sf.Anonymous && indirect(sf.Type).Kind() == reflect.Struct
}

// quotable reports whether json:",string" has an effect on a type.
func quotable(t reflect.Type) bool {
	switch indirect(t).Kind() {
	case reflect.Bool, reflect.String, reflect.Float32, reflect.Float64, reflect.Uintptr,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return true
	}
	return false
}

// indirect follows one unnamed pointer, as encoding/json does for fields.
func indirect(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer && t.Name() == "" {
		return t.Elem()
	}
	return t
}

// validName reports whether encoding/json accepts a name in a tag; it ignores others.
func validName(s string) bool {
	for _, c := range s {
		if !unicode.IsLetter(c) && !unicode.IsDigit(c) && !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", c) {
			return false
		}
	}
	return true
}

// splitTag splits a tag at the commas that are not escaped.
func splitTag(tag string) []string {
	var parts []string
	var part strings.Builder
	for i := 0; i < len(tag); i++ {
		switch {
		case tag[i] == '\\' && i+1 < len(tag) && tag[i+1] == ',':
			part.WriteByte(',')
			i++
		case tag[i] == ',':
			parts = append(parts, part.String())
			part.Reset()
		default:
			part.WriteByte(tag[i])
		}
	}
	return append(parts, part.String())
}
