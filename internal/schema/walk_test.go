package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
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
			value, found := read([]byte(test.value))
			if len(found) > 0 {
				t.Fatal(found)
			}
			whole, levels := &walk{validator: v, small: 1 << 20}, &walk{validator: v}
			whole.value(v.compiled, value, nil, 0)
			levels.value(v.compiled, value, nil, 0)
			want, got := texts(limit(whole.found)), texts(limit(levels.found))
			if !slices.Equal(got, want) || len(want) == 0 != (name == "valid") {
				t.Errorf("a level at a time: %q\nas a whole: %q", got, want)
			}
		})
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
	value, _ := read([]byte(`{"a":{"b":1}}`))
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
	}
}

// TestExpensiveArguments holds that the work of refusing arguments does not grow with the
// number of their violations: it allocates not much more than accepting them does.
func TestExpensiveArguments(t *testing.T) {
	s := structSchema[Invoice](t)
	for name, raw := range expensive(200_000) {
		refuse := testing.AllocsPerRun(1, func() {
			if _, _, violations := s.Decode(json.RawMessage(raw)); len(violations) == 0 || len(violations) > maxViolations+1 {
				t.Errorf("%s: %d violations", name, len(violations))
			}
		})
		parse := testing.AllocsPerRun(1, func() { mustRead(raw) })
		if refuse > 6*parse+10_000 {
			t.Errorf("%s: refusing allocates %.0f times, parsing %.0f times", name, refuse, parse)
		}
	}
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
// The budget for a megabyte is 5, of which a valid megabyte takes the most.
func BenchmarkRefuse(b *testing.B) {
	s := structSchema[Invoice](b)
	for _, size := range []int{10_000, 100_000, 1_000_000} {
		all := expensive(size)
		for _, name := range []string{"missing", "wrong", "not objects", "unknown", "twice", "last"} {
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				raw := json.RawMessage(all[name])
				b.ReportAllocs()
				var parsing, refusing time.Duration
				for b.Loop() {
					begin := time.Now()
					mustRead(all[name])
					parsed := time.Now()
					_, _, _ = s.Decode(raw)
					parsing, refusing = parsing+parsed.Sub(begin), refusing+time.Since(parsed)
				}
				b.ReportMetric(float64(refusing)/float64(parsing), "x-parse")
			})
		}
	}
}
