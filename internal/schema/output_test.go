package schema

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

func outputFor[T any](t testing.TB, branches ...json.RawMessage) *Output {
	t.Helper()
	o, err := ForOutput(reflect.TypeFor[T](), branches...)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

const running = `{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":{"running":{"type":"object"}},"required":["running"]}`

func TestOutputShapes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		output  *Output
		schema  string
		wrapped bool
	}{
		"struct": {outputFor[lower](t), `{"type":"object","properties":{"Shown":{"type":"integer"}},"required":["Shown"]}`, false},
		"pointer": {outputFor[*lower](t), `{"type":"object","anyOf":[{"type":"object","properties":{"Shown":{"type":"integer"}},"required":["Shown"]},` +
			`{"type":"object","properties":{"result":{"type":"null"}},"required":["result"]}]}`, false},
		"map": {outputFor[map[string]int](t), `{"type":"object","anyOf":[{"type":"object","additionalProperties":{"type":"integer"}},` +
			`{"type":"object","properties":{"result":{"type":"null"}},"required":["result"]}]}`, false},
		"scalar": {outputFor[string](t), `{"type":"object","properties":{"result":{"type":"string"}},"required":["result"]}`, true},
		"any":    {outputFor[any](t), `{"type":"object","properties":{"result":{}},"required":["result"]}`, true},
		"branch": {outputFor[bool](t, json.RawMessage(running)), `{"type":"object","anyOf":[{"type":"object","properties":{"result":{"type":"boolean"}},"required":["result"]},` +
			`{"type":"object","properties":{"running":{"type":"object"}},"required":["running"]}]}`, true},
	} {
		if got := string(c.output.JSON()); got != c.schema || c.output.Wrapped != c.wrapped {
			t.Errorf("%s: got %s, wrapped %v", name, got, c.output.Wrapped)
		}
	}
}

func TestStructured(t *testing.T) {
	t.Parallel()
	unknown, err := ForOutput(nil, json.RawMessage(running))
	if err != nil || unknown.JSON() != nil {
		t.Fatal(err, unknown.JSON())
	}
	for _, c := range []struct {
		output    *Output
		raw, want string
	}{
		{outputFor[lower](t), ` {"Shown" : 12345678901234567890, "newer":1.0} `, `{"Shown" : 12345678901234567890, "newer":1.0}`},
		{outputFor[*lower](t), `null`, `{"result":null}`},
		{outputFor[*lower](t), ``, `{"result":null}`},
		{outputFor[map[string]int](t), `null`, `{"result":null}`},
		{outputFor[map[string]int](t), `{"result":1}`, `{"result":1}`},
		{outputFor[int64](t), `9007199254740993`, `{"result":9007199254740993}`},
		{outputFor[[]string](t), `null`, `{"result":null}`},
		{outputFor[any](t), `{"a":1e999999999}`, `{"result":{"a":1e999999999}}`},
		{outputFor[time.Duration](t), `90000000000`, `{"result":"1m30s"}`},
		{outputFor[time.Duration](t), `"90s"`, `{"result":"90s"}`},
		{outputFor[Durations](t), `{"z": [1.0], "wait" : 1, "maybe":null,"many":[-1, 3600000000000],"by_name":{"wait":0},"choice":0,"inner":null,"month":9000}`,
			`{"z": [1.0], "wait" : "1ns", "maybe":null,"many":["-1ns", "1h0m0s"],"by_name":{"wait":"0s"},"choice":"0s","inner":null,"month":9000}`},
		{outputFor[Quoted](t), `{"int":"1","uint":"1","float":"1","bool":"true","text":"\"\"","ptr":null,"number":"1","wait":"1000000000","slice":[]}`,
			`{"int":"1","uint":"1","float":"1","bool":"true","text":"\"\"","ptr":null,"number":"1","wait":"1s","slice":[]}`},
		{outputFor[string](t), "\"a\xff<\"", "{\"result\":\"a\ufffd<\"}"},
		{unknown, `{"a":1}`, `{"a":1}`},
		{unknown, `[1]`, `{"result":[1]}`},
		{unknown, ``, `{"result":null}`},
	} {
		got, err := c.output.Structured(json.RawMessage(c.raw))
		if err != nil || string(got) != c.want {
			t.Errorf("%s: got %s %v, want %s", c.raw, got, err, c.want)
		}
	}
}

func TestStructuredRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		output    *Output
		raw, want string
	}{
		{outputFor[lower](t), `null`, "got null, want object"},
		{outputFor[lower](t), `{}`, `missing required property "Shown"`},
		{outputFor[lower](t, json.RawMessage(running)), `{"Shown":"x"}`, "/Shown: got string, want integer"},
		{outputFor[string](t, json.RawMessage(running)), `1`, "/result: got number, want string"},
		{outputFor[*Comment](t), `{"text":"a","parent":{"text":1,"parent":null}}`, "/parent/text: got number, want string"},
		{outputFor[[]int](t), `[1,2.5,"x"]`, "/result/1: got number, want integer; /result/2: got string, want integer"},
		{outputFor[time.Duration](t), `1.5`, "/result: got number, want string"},
		{outputFor[int](t), `nonsense`, "not valid JSON: invalid character 'o' in literal null (expecting 'u') at byte 2"},
	} {
		got, err := c.output.Structured(json.RawMessage(c.raw))
		var misfit *ResultError
		if !errors.As(err, &misfit) || got != nil {
			t.Errorf("%s: got %s %v", c.raw, got, err)
			continue
		}
		if text := strings.TrimPrefix(err.Error(), "the result does not fit its schema: "); text != c.want {
			t.Errorf("%s: got %q, want %q", c.raw, text, c.want)
		}
	}
}

func TestOutputBranchMistakes(t *testing.T) {
	t.Parallel()
	_, err := ForOutput(reflect.TypeFor[int](), json.RawMessage(`[]`), json.RawMessage(`{"type":7}`), json.RawMessage(`{"$ref":"file:///etc/passwd"}`))
	var e *TypeError
	if !errors.As(err, &e) || strings.Count(err.Error(), "\n") < 1 {
		t.Error(err)
	}
}

// Constraints of tags are told in words, for Go does not enforce them.
func TestOutputKeepsEnumInWords(t *testing.T) {
	t.Parallel()
	s := string(outputFor[Enums](t).JSON())
	if strings.Contains(s, `"enum"`) || strings.Contains(s, `"default"`) || !strings.Contains(s, `Known values: \"red\", \"green\".`) {
		t.Error(s)
	}
	if !strings.Contains(string(structSchema[Enums](t).JSON()), `"enum"`) {
		t.Error("no enum in the input")
	}
}
