package schema

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
)

func identify(t *testing.T, s *Schema, raw string) Identity {
	t.Helper()
	args, canonical, violations := s.Decode(json.RawMessage(raw))
	if len(violations) > 0 {
		t.Fatalf("%s: %v", raw, violations)
	}
	values, violations := s.Values(canonical)
	if len(violations) > 0 {
		t.Fatalf("%s: %v", raw, violations)
	}
	return s.Identify(json.RawMessage(raw), args, values)
}

// same is what decides whether two calls ask for the same work.
func same(a, b Identity) bool { return a.Given == b.Given || a.Full == b.Full }

type trip struct {
	To    string            `json:"to"`
	Seats int               `json:"seats,omitempty"`
	Tags  []string          `json:"tags,omitempty"`
	Notes *[]string         `json:"notes,omitempty"`
	Extra map[string]string `json:"extra,omitempty"`
	At    *time.Time        `json:"at,omitempty"`
	For   *time.Duration    `json:"for,omitempty"`
	Class string            `json:"class,omitempty" jsonschema:"default=second"`
	Legs  []leg             `json:"legs,omitempty"`
}

type leg struct {
	Via  string `json:"via"`
	Mode string `json:"mode,omitempty" jsonschema:"default=train"`
	Stop bool   `json:"stop,omitempty"`
}

// TestSpellingsOfOneCall holds what is the same work, in whichever way it is spelled.
func TestSpellingsOfOneCall(t *testing.T) {
	t.Parallel()
	s := structSchema[trip](t)
	for name, test := range map[string]struct {
		a, b string
		same bool
		lean bool // the Lean digests are the same
	}{
		"order and space": {`{"to":"x","seats":2}`, ` {"seats":2.0, "to":"x"}`, true, true},
		"a default":       {`{"to":"x"}`, `{"to":"x","class":"second"}`, true, true},
		"not the default": {`{"to":"x"}`, `{"to":"x","class":"first"}`, false, false},
		"a default below": {`{"to":"x","legs":[{"via":"y"}]}`, `{"to":"x","legs":[{"via":"y","mode":"train"}]}`, true, true},
		"another below":   {`{"to":"x","legs":[{"via":"y"}]}`, `{"to":"x","legs":[{"via":"y","mode":"bus"}]}`, false, false},
		"an instant":      {`{"to":"x","at":"2026-01-01T00:00:00Z"}`, `{"to":"x","at":"2026-01-01T01:00:00.000+01:00"}`, true, true},
		"another instant": {`{"to":"x","at":"2026-01-01T00:00:00Z"}`, `{"to":"x","at":"2026-01-01T00:00:00+01:00"}`, false, false},
		"a duration":      {`{"to":"x","for":"90s"}`, `{"to":"x","for":"1m30s"}`, true, true},
		"an empty list":   {`{"to":"x"}`, `{"to":"x","tags":[]}`, true, true},
		"an empty map":    {`{"to":"x"}`, `{"to":"x","extra":{}}`, true, true},
		"a zero":          {`{"to":"x"}`, `{"to":"x","seats":0}`, true, true},
		"a zero below":    {`{"to":"x","legs":[{"via":"y"}]}`, `{"to":"x","legs":[{"via":"y","stop":false}]}`, true, true},
		"an empty list behind a pointer, which Go tells from none": {`{"to":"x"}`, `{"to":"x","notes":[]}`, false, false},
		"an empty value in place of a default":                     {`{"to":"x"}`, `{"to":"x","class":""}`, false, false},
		"elements":                                                 {`{"to":"x","tags":["a"]}`, `{"to":"x","tags":["a",""]}`, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := identify(t, s, test.a), identify(t, s, test.b)
			if got := same(a, b); got != test.same {
				t.Errorf("%s and %s are the same work: %v, want %v", test.a, test.b, got, test.same)
			}
			if got := a.Lean == b.Lean; got != test.lean {
				t.Errorf("%s and %s have the same lean digest: %v, want %v", test.a, test.b, got, test.lean)
			}
		})
	}
}

// TestIdentityAfterADeploy holds what the same call is under a schema that has changed.
func TestIdentityAfterADeploy(t *testing.T) {
	t.Parallel()
	type before struct {
		To string `json:"to"`
	}
	type added struct {
		To    string  `json:"to"`
		Class string  `json:"class" jsonschema:"default=second"`
		Tip   *int    `json:"tip"`
		Pause *string `json:"pause,omitempty" jsonschema:"default=short"`
	}
	type changed struct {
		To    string `json:"to"`
		Class string `json:"class" jsonschema:"default=first"`
	}
	old, mid, late := structSchema[before](t), structSchema[added](t), structSchema[changed](t)
	call := `{"to":"x"}`
	first, second, third := identify(t, old, call), identify(t, mid, call), identify(t, late, call)
	if !same(first, second) || !same(second, third) || !same(first, third) {
		t.Error("the same call is other work after a deploy that adds or changes a default")
	}
	if first.Lean != second.Lean || second.Lean != third.Lean {
		t.Error("the same call has another lean digest after a deploy that adds or changes a default")
	}
	if same(second, identify(t, late, `{"to":"x","class":"first"}`)) {
		t.Error("the new default, given, is the same work as the old one, left out")
	}
	if !same(third, identify(t, late, `{"to":"x","class":"first"}`)) {
		t.Error("the default, given, is other work than the default, left out")
	}
}

// TestIdentityOfPositionalArguments holds that the rules are those of each argument.
func TestIdentityOfPositionalArguments(t *testing.T) {
	t.Parallel()
	s, err := ForArguments([]string{"trip", "at"}, []reflect.Type{reflect.TypeFor[trip](), reflect.TypeFor[time.Time]()})
	if err != nil {
		t.Fatal(err)
	}
	a := identify(t, s, `{"trip":{"to":"x"},"at":"2026-01-01T00:00:00Z"}`)
	b := identify(t, s, `{"trip":{"to":"x","tags":[],"class":"second"},"at":"2026-01-01T01:00:00+01:00"}`)
	if a.Full != b.Full || a.Lean != b.Lean {
		t.Error("two spellings of one call differ")
	}
	if a.Arguments["at"] != "2026-01-01T00:00:00Z" || b.Arguments["at"] != a.Arguments["at"] {
		t.Errorf("one instant is %v and %v", a.Arguments["at"], b.Arguments["at"])
	}
}

// TestIdentityAcrossTools holds that the argument of a tool about a workflow is spelled like
// that of the tool that starts it, whose schema it has.
func TestIdentityAcrossTools(t *testing.T) {
	t.Parallel()
	type stay struct {
		At  time.Time     `json:"at"`
		For time.Duration `json:"for"`
	}
	starter := structSchema[stay](t)
	var props []Property
	for _, name := range starter.Properties() {
		node, _ := starter.Lookup([]string{name})
		props = append(props, Property{Name: name, Schema: node.JSON, Required: true})
	}
	other, err := Empty().With(props...)
	if err != nil {
		t.Fatal(err)
	}
	a := identify(t, starter, `{"at":"2026-01-01T00:00:00Z","for":"90s"}`)
	b := identify(t, other, `{"at":"2026-01-01T01:00:00+01:00","for":"1m30s"}`)
	if !reflect.DeepEqual(a.Arguments, b.Arguments) {
		t.Errorf("the arguments are %v and %v", a.Arguments, b.Arguments)
	}
}

type panicking struct{ Tags []string }

func (panicking) MarshalJSON() ([]byte, error) { panic("no") }

// TestIdentityOfAPanickingType holds that a user's method cannot take the call down.
func TestIdentityOfAPanickingType(t *testing.T) {
	t.Parallel()
	s := Anything()
	if _, ok := marshalled(reflect.ValueOf(panicking{})); ok {
		t.Error("a panic has a JSON tree")
	}
	if id := identify(t, s, `{"a":[],"b":null}`); id.Full == "" {
		t.Error("no digest")
	}
	if same(identify(t, s, `{"a":[]}`), identify(t, s, `{}`)) {
		t.Error("where everything reaches the workflow, an empty list is the same as none")
	}
}
