package schema

import (
	"bytes"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/durablemcp/durablemcp/internal/jsonread"
	"github.com/durablemcp/durablemcp/internal/jsontree"
)

// durationPattern is what time.ParseDuration reads, without its rarer spellings.
const durationPattern = `^-?([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$`

const durationHint = `such as "90s" or "1h30m"`

func durationNode(output bool) *jsontree.Node {
	n := jsontree.NewObject("type", "string", "description", "A duration "+durationHint+".")
	if !output {
		n.Set("pattern", durationPattern)
	}
	return n
}

func notDuration(v any) string { return shown(v) + " is not a duration " + durationHint }

// A plan tells where the durations are in the JSON of a Go type. Nil stands for a type
// without any.
type plan struct {
	duration bool
	quoted   bool             // json:",string"
	spelled  bool             // tags constrain the spelling: it is kept
	members  map[string]*plan // of a struct
	elements *plan            // of a slice, an array or a map
}

// planner makes plans. Types that recur share one.
type planner struct {
	made map[reflect.Type]*plan
}

// planFor makes the plan of a type; nil has none.
func planFor(t reflect.Type) *plan {
	if t == nil || !holdsDuration(t, map[reflect.Type]bool{}) {
		return nil
	}
	return planner{map[reflect.Type]*plan{}}.plan(t)
}

// opaque reports whether the JSON of a type is not decided by encoding/json.
func opaque(t reflect.Type) bool { return handwritten(t) || describesItself(t) }

// holdsDuration reports whether a duration is reachable from a type.
func holdsDuration(t reflect.Type, seen map[reflect.Type]bool) bool {
	if t == durationType {
		return true
	}
	if seen[t] {
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Pointer:
		return holdsDuration(t.Elem(), seen)
	case reflect.Slice, reflect.Array, reflect.Map:
		return !opaque(t) && holdsDuration(t.Elem(), seen)
	case reflect.Struct:
		if opaque(t) {
			return false
		}
		fields, _ := fieldsOf(t)
		for _, f := range fields {
			if holdsDuration(f.typ, seen) {
				return true
			}
		}
	}
	return false
}

func (p planner) plan(t reflect.Type) *plan {
	if !holdsDuration(t, map[reflect.Type]bool{}) {
		return nil
	}
	if t == durationType {
		return &plan{duration: true}
	}
	if made, ok := p.made[t]; ok {
		return made
	}
	if t.Kind() == reflect.Pointer {
		return p.plan(t.Elem())
	}
	made := &plan{}
	p.made[t] = made
	switch t.Kind() {
	case reflect.Slice, reflect.Array, reflect.Map:
		made.elements = p.plan(t.Elem())
	case reflect.Struct:
		made.members = p.members(t)
	}
	return made
}

func (p planner) members(t reflect.Type) map[string]*plan {
	fields, _ := fieldsOf(t)
	members := map[string]*plan{}
	for _, f := range fields {
		below := p.plan(f.typ)
		if below == nil {
			continue
		}
		members[f.name] = below.tagged(f.quoted, constrainsSpelling(f.tag))
	}
	return members
}

// tagged returns the plan of a field whose tags say something about its durations.
func (p *plan) tagged(quoted, spelled bool) *plan {
	switch {
	case !quoted && !spelled || p == nil || p.members != nil:
		return p
	case p.duration:
		return &plan{duration: true, quoted: quoted, spelled: spelled}
	}
	return &plan{elements: p.elements.tagged(false, spelled)}
}

func constrainsSpelling(tag reflect.StructTag) bool {
	for _, part := range splitTag(tag.Get("jsonschema")) {
		switch key, _, _ := strings.Cut(part, "="); key {
		case "enum", "pattern", "minLength", "maxLength", "format":
			return true
		}
	}
	return false
}

// member returns the plan of a member of an object.
func (p *plan) member(name string) *plan {
	if p == nil {
		return nil
	}
	if below, ok := p.members[name]; ok {
		return below
	}
	return p.elements
}

// normalise writes every duration in v the way Go does, in place, and returns those
// that are none.
func (p *plan) normalise(v any) (violations []jsonread.Violation) {
	if p == nil {
		return nil
	}
	normalised(p, v, nil, &violations)
	return jsonread.Limit(violations)
}

func normalised(p *plan, v any, path []string, violations *[]jsonread.Violation) any {
	if len(*violations) > jsonread.MaxViolations {
		return v
	}
	switch v := v.(type) {
	case map[string]any:
		for name, e := range v {
			if below := p.member(name); below != nil {
				v[name] = normalised(below, e, append(path, name), violations)
			}
		}
	case []any:
		for i, e := range v {
			if p.elements != nil {
				v[i] = normalised(p.elements, e, append(path, strconv.Itoa(i)), violations)
			}
		}
	case string:
		if !p.duration {
			break
		}
		d, err := time.ParseDuration(v)
		if err != nil {
			*violations = append(*violations, jsonread.Violation{Path: jsontree.Pointer(path), Message: notDuration(v)})
		} else if !p.spelled {
			return d.String()
		}
	}
	return v
}

// toGo turns the durations of canonical arguments into what encoding/json reads.
func (p *plan) toGo(raw []byte) []byte {
	return p.rewrite(raw, func(p *plan, lit []byte) []byte {
		if lit[0] != '"' {
			return lit
		}
		d, err := time.ParseDuration(jsonread.Unquote(lit))
		switch {
		case err != nil:
			return lit
		case p.quoted:
			return fmt.Appendf(nil, `"%d"`, d.Nanoseconds())
		}
		return fmt.Append(nil, d.Nanoseconds())
	})
}

// fromGo turns the durations of what encoding/json wrote into strings. Everything else
// keeps its bytes.
func (p *plan) fromGo(raw []byte) []byte {
	return p.rewrite(raw, func(p *plan, lit []byte) []byte {
		digits := lit
		if p.quoted {
			digits = bytes.Trim(lit, `"`)
		}
		ns, err := strconv.ParseInt(string(digits), 10, 64)
		if err != nil {
			return lit // written by another language, or no duration: the validator decides
		}
		return fmt.Appendf(nil, "%q", time.Duration(ns))
	})
}

// rewrite replaces every duration in valid JSON by what f makes of its spelling.
func (p *plan) rewrite(raw []byte, f func(p *plan, lit []byte) []byte) []byte {
	if p == nil {
		return raw
	}
	e := &editor{Cursor: jsonread.Cursor{Data: raw}, f: f}
	e.value(p)
	return append(e.out, raw[e.copied:]...)
}

type editor struct {
	jsonread.Cursor
	f      func(p *plan, lit []byte) []byte
	out    []byte
	copied int // how much of the data is in out
}

func (e *editor) value(p *plan) {
	first := e.Peek()
	switch {
	case p == nil:
		e.Skip()
	case first == '{':
		for first := true; e.More(first, '}'); first = false {
			e.value(p.member(jsonread.Unquote(e.Key())))
		}
	case first == '[':
		for first := true; e.More(first, ']'); first = false {
			e.value(p.elements)
		}
	default:
		start := e.Pos
		lit := e.Literal()
		if p.duration {
			e.out = append(e.out, e.Data[e.copied:start]...)
			e.out = append(e.out, e.f(p, lit)...)
			e.copied = e.Pos
		}
	}
}
