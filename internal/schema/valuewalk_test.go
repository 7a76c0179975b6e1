package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/durablemcp/durablemcp/internal/jsonread"
)

// TestWalkFindsWhatTheValidatorFinds holds that a value which is validated a level at a
// time has the violations that it has as a whole.
func TestWalkFindsWhatTheValidatorFinds(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ schema, value string }{
		"required":           {`{"type":"object","properties":{"a":{"type":"object","required":["x","y"]}}}`, `{"a":{"x":1}}`},
		"unknown":            {`{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":false}`, `{"b":1,"a":2,"c":3}`},
		"pattern":            {`{"type":"object","patternProperties":{"^x":{"type":"string"}},"additionalProperties":{"type":"number"}}`, `{"x":1,"y":"a","z":2}`},
		"wrong type":         {`{"type":"object","properties":{"a":{"type":"array","items":{"type":"string"}}}}`, `{"a":{"b":1}}`},
		"not one of":         {`{"type":"object","properties":{"a":{"enum":[[1],[2]],"items":{"type":"string"}}}}`, `{"a":[3]}`},
		"items":              {`{"type":"object","properties":{"a":{"prefixItems":[{"type":"string"}],"items":{"type":"number"}}}}`, `{"a":[1,"x",2,"y"]}`},
		"nullable array":     {`{"type":"object","properties":{"a":{"anyOf":[{"type":"array","items":{"type":"string"}},{"type":"null"}]}}}`, `{"a":["x",1,2]}`},
		"fits none":          {`{"type":"object","properties":{"a":{"oneOf":[{"type":"string"},{"required":["x"]}]}}}`, `{"a":{"y":1}}`},
		"fits several":       {`{"type":"object","properties":{"a":{"oneOf":[{"type":"object"},{"required":["x"]}]}}}`, `{"a":{"x":1}}`},
		"all of":             {`{"type":"object","allOf":[{"required":["x"]},{"properties":{"y":{"type":"string"}}}]}`, `{"y":1}`},
		"reference":          {`{"type":"object","properties":{"a":{"$ref":"#/$defs/T"}},"$defs":{"T":{"type":"object","properties":{"t":{"$ref":"#/$defs/T"}},"required":["n"]}}}`, `{"a":{"t":{"t":{"n":1}}}}`},
		"not evaluated":      {`{"type":"object","properties":{"a":{"type":"object","allOf":[{"properties":{"x":{"type":"string"}}}],"unevaluatedProperties":false}}}`, `{"a":{"x":1,"y":2}}`},
		"unique":             {`{"type":"object","properties":{"a":{"uniqueItems":true,"items":{"type":"number"},"minItems":5}}}`, `{"a":[1,1,"x"]}`},
		"condition":          {`{"type":"object","properties":{"a":{"type":"number"}},"if":{"required":["a"]},"then":{"required":["b"]}}`, `{"a":"x"}`},
		"nothing is allowed": {`{"type":"object","properties":{"a":false}}`, `{"a":{"b":[1]}}`},
		"root":               {`{"type":"object","properties":{"a":{"type":"string"}}}`, `[1]`},
		"valid":              {`{"type":"object","properties":{"a":{"type":["array","null"],"items":{"minimum":1}}},"additionalProperties":false}`, `{"a":[1,2,3]}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			document, err := parseNode(json.RawMessage(test.schema))
			if err != nil {
				t.Fatal(err)
			}
			g := newGenerator(false)
			v := g.compile(document)
			if len(g.errs) > 0 {
				t.Fatal(join(g.errs))
			}
			value, found := jsonread.Read([]byte(test.value), nil)
			if len(found) > 0 {
				t.Fatal(found)
			}
			checkFit(t, v, value)
			whole, levels := &walk{validator: v, small: 1 << 20}, &walk{validator: v}
			whole.value(v.compiled, value, nil, 0)
			levels.value(v.compiled, value, nil, 0)
			want, got := texts(jsonread.Limit(whole.found)), texts(jsonread.Limit(levels.found))
			if !slices.Equal(got, want) || len(want) == 0 != (name == "valid") {
				t.Errorf("a level at a time: %q\nas a whole: %q", got, want)
			}
		})
	}
}

// TestFitTakesWhatTheValidatorTakes holds that the two agree on what is at the edge of what
// a schema allows.
func TestFitTakesWhatTheValidatorTakes(t *testing.T) {
	t.Parallel()
	values := []string{
		`null`, `true`, `0`, `1`, `-1`, `2`, `3`, `0.5`, `1.5`, `2.5`, `1e100`, `1e-300`, `-0.1`, `9007199254740993`, `9007199254740992`,
		`1.00000000000000000001`, `0.99999999999999999999`, `3.00000000000000000001`, `1e400`, `""`, `"a"`, `"é"`, `"ab"`, `"日本"`, `"abc"`, `"日本語"`, `[]`, `[1]`, `[1,2]`, `["a",1]`, `[1,2,3]`,
		`{}`, `{"a":1}`, `{"a":"x"}`, `{"b":1}`, `{"a":1,"b":1}`, `{"a":1,"b":"x"}`, `{"a":{"a":{}}}`, `{"b":{"a":7}}`,
	}
	for _, text := range []string{
		`{}`, `{"type":"integer"}`, `{"type":"number"}`, `{"type":["string","integer"]}`, `{"type":["null","object"]}`,
		`{"minimum":1,"maximum":3}`, `{"exclusiveMinimum":1,"exclusiveMaximum":3}`, `{"type":"integer","minimum":9007199254740993}`,
		`{"minimum":0.1,"exclusiveMaximum":2.5}`, `{"minLength":1,"maxLength":2}`, `{"type":"string","maxLength":1}`, `{"minItems":1,"maxItems":2}`,
		`{"type":"array","items":{"type":"integer","minimum":1}}`, `{"required":["a"]}`, `{"properties":{"a":{"type":"integer"}}}`,
		`{"properties":{"a":{"type":"integer"}},"additionalProperties":false}`, `{"properties":{"a":true},"additionalProperties":{"type":"string"}}`,
		`{"properties":{"a":false}}`, `{"multipleOf":0.5}`, `{"enum":[1,"a",null]}`, `{"const":[1]}`, `{"pattern":"^a"}`, `{"uniqueItems":true}`,
		`{"prefixItems":[{"type":"integer"}],"items":{"type":"string"}}`, `{"minProperties":1,"maxProperties":1}`, `{"not":{"type":"string"}}`,
		`{"patternProperties":{"a":{"type":"integer"}},"additionalProperties":false}`, `{"anyOf":[{"type":"string"},{"required":["a"]}]}`,
		`{"$ref":"#/$defs/T","$defs":{"T":{"type":"object","properties":{"a":{"$ref":"#/$defs/T"}}}}}`, `{"dependentRequired":{"a":["b"]}}`,
		`{"contains":{"type":"string"}}`, `{"if":{"required":["a"]},"then":{"required":["b"]}}`, `{"propertyNames":{"const":"a"}}`,
	} {
		document, err := parseNode([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		g := newGenerator(false)
		v := g.compile(document)
		if len(g.errs) > 0 {
			t.Fatal(join(g.errs))
		}
		for _, raw := range values {
			value, _ := jsonread.Read([]byte(raw), nil)
			checkFit(t, v, value)
		}
	}
}

// TestBlameGoesThroughArgumentsOnce holds that what Go refuses is found however deep in
// long arguments it is, in one go: once a level would be too often.
func TestBlameGoesThroughArgumentsOnce(t *testing.T) {
	t.Parallel()
	type chain struct {
		Number int64  `json:"number,omitempty"`
		Text   string `json:"text,omitempty"`
		Sub    *chain `json:"sub,omitempty"`
	}
	raw, path := `{"number":9223372036854775808,"text":"`+strings.Repeat("x", 900_000)+`"}`, "/number"
	for range 60 {
		raw, path = `{"sub":`+raw+`}`, "/sub"+path
	}
	want := []string{path + ": number 9223372036854775808 does not fit: a value of kind int64 is expected"}
	if got := texts(refuse(structSchema[chain](t), raw)); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestManyDefaults holds that defaults do not make of short arguments what cannot be sent.
func TestManyDefaults(t *testing.T) {
	t.Parallel()
	type line struct {
		A string `json:"a" jsonschema:"default=a long text that is there for nothing but its length"`
		B string `json:"b" jsonschema:"default=another long text that is there for nothing but its length"`
	}
	type order struct {
		Lines []line          `json:"lines"`
		Named map[string]line `json:"named,omitempty"`
	}
	s := structSchema[order](t)
	of := func(lines int) string { return `{"lines":[` + strings.Repeat(`{},`, lines-1) + `{}],"named":{"x":{}}}` }
	if _, _, violations := s.Decode(json.RawMessage(of(1000))); len(violations) > 0 {
		t.Error(violations)
	}
	want := []string{"arguments: longer than the 4194304 bytes that can be sent, with their defaults"}
	if _, _, violations := s.Decode(json.RawMessage(of(90_000))); !slices.Equal(texts(violations), want) {
		t.Errorf("%q, want %q", texts(violations), want)
	}
}

// TestWalkEndsOnCycles holds that a schema which refers to itself, for the same value, is
// no endless work.
func TestWalkEndsOnCycles(t *testing.T) {
	t.Parallel()
	document, err := parseNode(json.RawMessage(`{"type":"object","properties":{"a":{"$ref":"#/$defs/T"}},"$defs":{"T":{"$ref":"#/$defs/T","type":"object"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	v := newGenerator(false).compile(document)
	value, _ := jsonread.Read([]byte(`{"a":{"b":1}}`), nil)
	w := &walk{validator: v}
	w.value(v.compiled, value, nil, 0)
	if got := texts(w.found); len(got) == 0 {
		t.Error("a cycle is said to be valid")
	}
}

// expensive are arguments of about a size with as many violations as can be.
func expensive(size int) map[string]string {
	fill := func(one string) string { return strings.TrimSuffix(strings.Repeat(one+",", size/(len(one)+1)), ",") }
	var unknown, twice strings.Builder
	for i := 0; unknown.Len() < size; i++ {
		fmt.Fprintf(&unknown, `"p%d":1,`, i)
		twice.WriteString(`"a":1,`)
	}
	valid := fill(`{"text":"a line","amount":12.50,"quantity":3}`)
	return map[string]string{
		"missing":     `{"id":"R","due":"2026-01-31T15:04:05Z","lines":[` + fill(`{}`) + `]}`,
		"wrong":       `{"id":"R","due":"2026-01-31T15:04:05Z","lines":[` + fill(`{"text":1,"amount":"x","quantity":[]}`) + `]}`,
		"not objects": `{"id":"R","due":"2026-01-31T15:04:05Z","lines":[` + fill(`1`) + `]}`,
		"unknown":     `{` + strings.TrimSuffix(unknown.String(), ",") + `}`,
		"twice":       `{` + strings.TrimSuffix(twice.String(), ",") + `}`,
		"last":        `{"id":"R","due":"2026-01-31T15:04:05Z","lines":[` + valid + `,{}]}`,
		"beyond Go":   `{"id":"R","due":"2026-01-31T15:04:05Z","lines":[` + valid + `,{"text":"","amount":1e309}]}`,
	}
}

// TestExpensiveArguments holds that the work of refusing arguments does not grow with the
// number of their violations: it allocates not much more than accepting them does.
func TestExpensiveArguments(t *testing.T) { //nolint:paralleltest // it measures what the process allocates
	s := structSchema[Invoice](t)
	for name, raw := range expensive(200_000) {
		refusing := testing.AllocsPerRun(1, func() {
			if violations := refuse(s, raw); len(violations) == 0 || len(violations) > jsonread.MaxViolations+1 {
				t.Errorf("%s: %d violations", name, len(violations))
			}
		})
		parse := testing.AllocsPerRun(1, func() { mustRead(raw) })
		if refusing > 6*parse+10_000 {
			t.Errorf("%s: refusing allocates %.0f times, parsing %.0f times", name, refusing, parse)
		}
	}
}

// refuse returns why arguments are refused.
func refuse(s *Schema, raw string) []jsonread.Violation {
	_, canonical, violations := s.Decode(json.RawMessage(raw))
	if len(violations) == 0 {
		_, violations = s.Values(canonical)
	}
	return violations
}

func mustRead(raw string) {
	var v any
	dec := json.NewDecoder(bytes.NewReader([]byte(raw)))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		panic(err)
	}
}

// BenchmarkRefuse reports what refusing arguments costs as a multiple of parsing them.
// The budget for a megabyte is 5.
func BenchmarkRefuse(b *testing.B) {
	s := structSchema[Invoice](b)
	for _, size := range []int{10_000, 100_000, 1_000_000} {
		all := expensive(size)
		for _, name := range []string{"missing", "wrong", "not objects", "unknown", "twice", "last", "beyond Go"} {
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				b.ReportAllocs()
				var parsing, refusing time.Duration
				for b.Loop() {
					begin := time.Now()
					mustRead(all[name])
					parsed := time.Now()
					_ = refuse(s, all[name])
					parsing, refusing = parsing+parsed.Sub(begin), refusing+time.Since(parsed)
				}
				b.ReportMetric(float64(refusing)/float64(parsing), "x-parse")
			})
		}
	}
}
