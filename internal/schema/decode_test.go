package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/durablemcp/durablemcp/internal/jsonread"
	"github.com/durablemcp/durablemcp/internal/jsontree"
)

func forecast(t testing.TB) *Schema {
	t.Helper()
	float := reflect.TypeFor[float64]()
	s, err := ForArguments([]string{"latitude", "longitude"}, []reflect.Type{float, float})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func structSchema[T any](t testing.TB) *Schema {
	t.Helper()
	s, err := ForStruct(reflect.TypeFor[T]())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func texts(violations []jsonread.Violation) []string {
	list := []string{}
	for _, v := range violations {
		list = append(list, v.String())
	}
	return list
}

type BadInput struct {
	Name  string         `json:"name" jsonschema:"minLength=2,maxLength=5,pattern=^[a-z]*$"`
	Age   int            `json:"age,omitempty" jsonschema:"minimum=0,exclusiveMaximum=150,multipleOf=0.5"`
	Level string         `json:"level,omitempty" jsonschema:"enum=low,enum=high"`
	At    time.Time      `json:"at,omitzero"`
	Wait  time.Duration  `json:"wait,omitempty"`
	Data  []byte         `json:"data,omitempty"`
	Ints  map[int]bool   `json:"ints,omitempty"`
	Lines []Line         `json:"lines,omitempty" jsonschema:"maxItems=2,uniqueItems=true"`
	Any   any            `json:"any,omitempty"`
	Sub   *BadInput      `json:"sub,omitempty"`
	Mail  string         `json:"mail,omitempty" jsonschema:"format=email"`
	Addr  map[string]any `json:"a/b~c,omitempty"`
}

func TestDecodeBadInput(t *testing.T) {
	t.Parallel()
	s := structSchema[BadInput](t)
	long := strings.Repeat("é", 5<<20) // 10 MB
	for name, c := range map[string]struct {
		raw  string
		want []string
	}{
		"empty":        {``, []string{`arguments: missing required property "name"`}},
		"null":         {` null `, []string{`arguments: missing required property "name"`}},
		"array":        {`[1]`, []string{`arguments: got array, want object`}},
		"string":       {`"x"`, []string{`arguments: got string, want object`}},
		"number":       {`1`, []string{`arguments: got number, want object`}},
		"no JSON":      {`{name: "bob"}`, []string{`arguments: not valid JSON: invalid character 'n' looking for beginning of object key string at byte 2`}},
		"cut off":      {`{"name":"bo`, []string{`arguments: not valid JSON: unexpected end of JSON input at byte 11`}},
		"trailing":     {`{"name":"bob"} {}`, []string{`arguments: not valid JSON: invalid character '{' after top-level value at byte 16`}},
		"BOM":          {"\ufeff{}", []string{`arguments: not valid JSON: invalid character 'ï' looking for beginning of value at byte 1`}},
		"wrong type":   {`{"name":7}`, []string{`/name: got number, want string`}},
		"null member":  {`{"name":null}`, []string{`/name: got null, want string`}},
		"unknown":      {`{"name":"bob","ag":1}`, []string{`arguments: unknown property "ag"; known: name, age, level, at, wait, data, ints, lines, any, sub, mail, a/b~c`}},
		"wrong case":   {`{"Name":"bob"}`, []string{`arguments: missing required property "name"`, `arguments: unknown property "Name"; known: name, age, level, at, wait, data, ints, lines, any, sub, mail, a/b~c`}},
		"too short":    {`{"name":"b"}`, []string{`/name: must have at least 2 characters but has 1`}},
		"several":      {`{"name":"BOBBYBOB"}`, []string{`/name: "BOBBYBOB" does not match the pattern ^[a-z]*$`, `/name: must have at most 5 characters but has 8`}},
		"too small":    {`{"name":"bob","age":-5}`, []string{`/age: must be >= 0 but is -5`}},
		"too large":    {`{"name":"bob","age":150}`, []string{`/age: must be < 150 but is 150`}},
		"no integer":   {`{"name":"bob","age":1.5}`, []string{`/age: got number, want integer`}},
		"enum":         {`{"name":"bob","level":"mid"}`, []string{`/level: must be one of "low", "high" but is "mid"`}},
		"time":         {`{"name":"bob","at":"tomorrow"}`, []string{`/at: "tomorrow" is not a valid date-time, such as 2026-01-31T15:04:05Z`}},
		"leap second":  {`{"name":"bob","at":"2016-12-31T23:59:60Z"}`, []string{`/at: "2016-12-31T23:59:60Z" is not a valid date-time, such as 2026-01-31T15:04:05Z`}},
		"email":        {`{"name":"bob","mail":"bob"}`, []string{`/mail: "bob" is not a valid email`}},
		"duration":     {`{"name":"bob","wait":"90"}`, []string{`/wait: "90" is not a duration such as "90s" or "1h30m"`}},
		"nanoseconds":  {`{"name":"bob","wait":90}`, []string{`/wait: got number, want string`}},
		"overlong":     {`{"name":"bob","wait":"9999999999h"}`, []string{`/wait: "9999999999h" is not a duration such as "90s" or "1h30m"`}},
		"base64":       {`{"name":"bob","data":"?"}`, []string{`/data: is not valid base64`}},
		"integer keys": {`{"name":"bob","ints":{"1":true,"01":true,"x":true}}`, []string{`/ints: unknown property "01"; expected a name like ^(0|-?[1-9][0-9]*)$`, `/ints: unknown property "x"; expected a name like ^(0|-?[1-9][0-9]*)$`}},
		"nested": {`{"name":"bob","lines":[{"amount":1},{"text":1,"amount":-1.50}]}`, []string{
			`/lines/1/amount: must be >= 0 but is -1.5`, `/lines/1/text: got number, want string`,
		}},
		"too many":      {`{"name":"bob","lines":[{"amount":1},{"amount":2},{"amount":3}]}`, []string{`/lines: must have at most 2 items but has 3`}},
		"equal items":   {`{"name":"bob","lines":[{"amount":1},{"amount":1.0}]}`, []string{`/lines: items 0 and 1 are equal`}},
		"recursive":     {`{"name":"bob","sub":{"name":"bob","sub":{}}}`, []string{`/sub/sub: missing required property "name"`}},
		"escaped path":  {`{"name":"bob","a/b~c":1}`, []string{`/a~1b~0c: got number, want object`}},
		"duplicate":     {`{"name":"bob","sub":{"name":"a","name":"b"}}`, []string{`/sub: duplicate property "name"`}},
		"duplicate too": {`{"name":"bob","na\u006de":"eve"}`, []string{`arguments: duplicate property "name"`}},
		"bad UTF-8":     {"{\"name\":\"b\xffb\"}", []string{`/name: text that is not valid UTF-8`}},
		"bad key":       {"{\"any\":{\"\xff\":1}}", []string{`/any: text that is not valid UTF-8`}},
		"surrogate":     {`{"name":"b\ud800b"}`, []string{`/name: text that is not valid UTF-8`}},
		"surrogates":    {`{"name":"\udc00\ud800"}`, []string{`/name: text that is not valid UTF-8`}},
		"large":         {`{"name":"bob","any":[1e999999999]}`, []string{`/any/0: number 1e999999999 is too large`}},
		"larger":        {`{"name":"bob","any":1E+99999999999999999999999}`, []string{`/any: number 1E+99999999999999999999999 is too large`}},
		"tiny":          {`{"name":"bob","any":1e-999999999}`, []string{`/any: number 1e-999999999 is too close to zero`}},
		"many digits":   {`{"name":"bob","age":` + strings.Repeat("1", 5000) + `}`, []string{`/age: number ` + strings.Repeat("1", 60) + `… is too large`}},
		"many decimals": {`{"name":"bob","age":0.` + strings.Repeat("1", 5000) + `}`, []string{`/age: number 0.` + strings.Repeat("1", 58) + `… has too many digits`}},
		"too deep":      {`{"any":` + strings.Repeat("[", 201) + strings.Repeat("]", 201) + `}`, []string{`arguments: nested deeper than 200 levels`}},
		"far too deep":  {`{"any":` + strings.Repeat("[", 1<<20) + strings.Repeat("]", 1<<20) + `}`, []string{`arguments: not valid JSON: invalid character '[' exceeded max depth at byte 10007`}},
		"10 MB":         {`{"name":"` + long + `"}`, []string{`/name: text of 10485762 bytes, at most 4194304 can be sent in all arguments together`}},
		"2 MB":          {`{"name":"` + long[:2<<20] + `"}`, []string{`/name: "` + strings.Repeat("é", 30) + `…" does not match the pattern ^[a-z]*$`, `/name: must have at most 5 characters but has 1048576`}},
		"2 MB number":   {`{"name":"bob","age":"` + long[:2<<20] + `"}`, []string{`/age: got string, want integer`}},
		"long name":     {`{"name":"bob","` + long[:2<<20] + `":1}`, []string{`arguments: unknown property "` + strings.Repeat("é", 30) + `…"; known: name, age, level, at, wait, data, ints, lines, any, sub, mail, a/b~c`}},
		"many values":   {`{"name":"bob","any":[` + strings.Repeat("[],", 200_000) + `{}]}`, []string{`arguments: more than 100000 values`}},
		"5 MB in all":   {`{"name":"bob","any":["` + long[:3<<20] + `","` + long[:2<<20] + `"]}`, []string{`arguments: 5242908 bytes of arguments, at most 4194304 can be sent`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			args, canonical, violations := s.Decode(json.RawMessage(c.raw))
			if args != nil || canonical != nil {
				t.Errorf("got arguments: %s", jsontree.Cut(string(canonical)))
			}
			if got := texts(violations); !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
			if took := time.Since(start); took > time.Minute {
				t.Errorf("took %v", took)
			}
		})
	}
}

func TestDecodeListsTwentyViolations(t *testing.T) {
	t.Parallel()
	s := structSchema[Invoice](t)
	raw := `{"id":1,"due":"2026-01-31T15:04:05Z","lines":[` + strings.Repeat(`{"amount":"x"},`, 2000) + `{}]}`
	_, _, violations := s.Decode(json.RawMessage(raw))
	got := texts(violations)
	if len(got) != 21 || got[0] != "/id: got number, want string" || got[20] != "arguments: and more" {
		t.Errorf("%q", got)
	}
	if got[11] != "/lines/10/amount: got string, want number" {
		t.Errorf("not in the order of the array: %q", got)
	}
}

// Arguments made to be expensive are refused in reasonable time.
func TestDecodeHostile(t *testing.T) {
	t.Parallel()
	s := structSchema[BadInput](t)
	for name, raw := range map[string]string{
		"violations":  `{"name":"bob","lines":[` + strings.Repeat("{},", jsonread.MaxValues/4) + `{}]}`,
		"properties":  `{"name":"bob",` + manyMembers(jsonread.MaxValues/4) + `}`,
		"exponents":   `{"name":"bob","lines":[` + strings.Repeat("1e399,", jsonread.MaxValues/4) + `{}]}`,
		"deep member": strings.Repeat(`{"name":"bob","sub":`, 150) + `{"age":9223372036854775808,"name":"` + strings.Repeat("x", 4_000_000) + `"}` + strings.Repeat("}", 150),
	} {
		start := time.Now()
		_, _, violations := s.Decode(json.RawMessage(raw))
		if len(violations) == 0 {
			t.Errorf("%s: accepted", name)
		}
		checkViolations(t, violations)
		if took := time.Since(start); took > time.Minute {
			t.Errorf("%s: took %v", name, took)
		}
	}
}

func manyMembers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"%d":1,`, i)
	}
	return b.String() + `"z":1`
}

func TestDecodeCanonical(t *testing.T) {
	t.Parallel()
	type hole struct {
		V any `json:"v"`
	}
	s := structSchema[hole](t)
	for raw, want := range map[string]string{
		`1.0`: `1`, `1e3`: `1000`, `-0`: `0`, `-0.0`: `0`, `0e99999999999`: `0`, `1.50`: `1.5`, `100`: `100`, `1E+2`: `100`,
		`9007199254740993`: `9007199254740993`, `0.1`: `0.1`, `123456789012345678901234567890`: `123456789012345678901234567890`,
		`12345678901234567890.0`: `12345678901234567890`, `0.00001`: `0.00001`, `0.0000001`: `1e-7`, `-1.25e-10`: `-1.25e-10`,
		`1e400`: `1e400`, `-120e149`: `-1.2e151`, `120e99`: `12` + strings.Repeat("0", 100),
		strings.Repeat("9", 401): strings.Repeat("9", 401), `100e-2`: `1`, `0.000001e6`: `1`,
		`"<&>\u2028\/\u00e9\n\u0001"`: "\"<&>\u2028/é\\n\\u0001\"", `"\ud83d\ude00"`: `"😀"`,
		`{ "b" : [ 1 , 2.0 ]` + "\n, \t" + `"a" : null }`: `{"a":null,"b":[1,2]}`, `true`: `true`, `[]`: `[]`, `{}`: `{}`,
	} {
		_, canonical, violations := s.Decode(json.RawMessage(`{"v":` + raw + `}`))
		if len(violations) > 0 || string(canonical) != `{"v":`+want+`}` {
			t.Errorf("%s: got %s %v, want %s", raw, canonical, violations, want)
		}
	}
}

func TestDigest(t *testing.T) {
	t.Parallel()
	s := forecast(t)
	digests := map[string]bool{}
	for _, raw := range []string{`{"latitude":1,"longitude":2e0}`, ` {"longitude":2.0, "latitude":1.000}`} {
		_, canonical, _ := s.Decode(json.RawMessage(raw))
		digests[Digest(canonical)] = true
	}
	_, other, _ := s.Decode(json.RawMessage(`{"latitude":1,"longitude":3}`))
	if len(digests) != 1 || digests[Digest(other)] {
		t.Errorf("%v", digests)
	}
	if d := Digest(other); len(d) != 43 || strings.ContainsAny(d, "/+={}") {
		t.Errorf("digest %s", d)
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	s := structSchema[Invoice](t)
	_, canonical, violations := s.Decode(json.RawMessage(
		`{"id":"1","due":"2026-01-31T15:04:05Z","lines":[{"amount":1},{"amount":2,"text":"x","quantity":7}],"by_tag":{"a":{"amount":3}}}`))
	want := `{"by_tag":{"a":{"amount":3,"quantity":1,"text":"item"}},"due":"2026-01-31T15:04:05Z","grace":"72h0m0s","id":"1",` +
		`"lines":[{"amount":1,"quantity":1,"text":"item"},{"amount":2,"quantity":7,"text":"x"}]}`
	if string(canonical) != want {
		t.Errorf("got  %s %v\nwant %s", canonical, violations, want)
	}
	values, violations := s.Values(canonical)
	if len(violations) > 0 || values[0].Interface().(Invoice).Grace != 72*time.Hour {
		t.Errorf("%v %v", values, violations)
	}
}

func TestDefaultsOfRecursiveTypes(t *testing.T) {
	t.Parallel()
	type part struct {
		Name  string           `json:"name" jsonschema:"default=n"`
		Left  *part            `json:"left"`
		Parts map[string]*part `json:"parts,omitempty"`
	}
	_, canonical, _ := structSchema[part](t).Decode(json.RawMessage(`{"left":{"left":{}},"parts":{"a":{}}}`))
	if want := `{"left":{"left":{"name":"n"},"name":"n"},"name":"n","parts":{"a":{"name":"n"}}}`; string(canonical) != want {
		t.Errorf("got %s, want %s", canonical, want)
	}
}

func TestDefaultsAreNotShared(t *testing.T) {
	t.Parallel()
	s := structSchema[Enums](t)
	for range 2 {
		args, _, violations := s.Decode(json.RawMessage(`{"level":1,"colors":[]}`))
		if len(violations) > 0 {
			t.Fatal(violations)
		}
		list := args["floats"].([]any)
		if list[0] != json.Number("1") {
			t.Fatalf("a default was changed: %v", list)
		}
		list[0] = nil
	}
}

func TestDurations(t *testing.T) {
	t.Parallel()
	s := structSchema[Durations](t)
	raw := `{"maybe":"1h","many":["1.5s","-2m"],"by_name":{"x":"0s"},"choice":"60s","inner":[{"every":"1000ms"},{}],"month":5}`
	_, canonical, violations := s.Decode(json.RawMessage(raw))
	want := `{"by_name":{"x":"0s"},"choice":"60s","inner":[{"every":"1s"},{}],"many":["1.5s","-2m0s"],"maybe":"1h0m0s","month":5,"wait":"1m30s"}`
	if string(canonical) != want {
		t.Fatalf("got  %s %v\nwant %s", canonical, violations, want)
	}
	values, violations := s.Values(canonical)
	if len(violations) > 0 {
		t.Fatal(violations)
	}
	d := values[0].Interface().(Durations)
	if d.Wait != 90*time.Second || *d.Maybe != time.Hour || d.Many[1] != -2*time.Minute || d.Choice != time.Minute || d.Inner[0].Every != time.Second {
		t.Errorf("%+v", d)
	}
}

func TestQuoted(t *testing.T) {
	t.Parallel()
	s := structSchema[Quoted](t)
	raw := `{"int":"4611686018427387904","uint":"7","float":"-0.5","bool":"true","text":"\"x\"","number":"1.50","wait":"90s","slice":[1]}`
	_, canonical, violations := s.Decode(json.RawMessage(raw))
	if len(violations) > 0 {
		t.Fatal(violations)
	}
	values, violations := s.Values(canonical)
	if len(violations) > 0 || values[0].Interface().(Quoted).Wait != 90*time.Second || values[0].Interface().(Quoted).Text != "x" {
		t.Errorf("%+v %v", values, violations)
	}
	_, canonical, _ = s.Decode(json.RawMessage(strings.Replace(raw, `"7"`, `"256"`, 1)))
	_, violations = s.Values(canonical)
	if got := texts(violations); !slices.Equal(got, []string{"/uint: number 256 does not fit: a value of kind uint8 is expected"}) {
		t.Errorf("%q", got)
	}
}

type Refusing struct{}

func (*Refusing) UnmarshalJSON([]byte) error { return errors.New("not today") }

type Panicking struct{}

func (*Panicking) UnmarshalJSON([]byte) error { panic("secret of /home/me") }

func TestValuesRefused(t *testing.T) {
	t.Parallel()
	type refused struct {
		Big    int64                `json:"big,omitempty"`
		Unsig  uint64               `json:"unsig,omitempty"`
		F32    float32              `json:"f32,omitempty"`
		F64    float64              `json:"f64,omitempty"`
		Own    []map[string]Celsius `json:"own,omitempty"`
		Keys   map[Celsius]int      `json:"keys,omitempty"`
		Small  map[int8]int         `json:"small,omitempty"`
		Refuse *Refusing            `json:"refuse,omitempty"`
		Panic  *Panicking           `json:"panic,omitempty"`
	}
	s := structSchema[refused](t)
	for raw, want := range map[string][]string{
		`{"big":9223372036854775807,"unsig":18446744073709551615}`: nil,
		`{"big":9223372036854775808,"unsig":18446744073709551616}`: {
			"/big: number 9223372036854775808 does not fit: a value of kind int64 is expected",
			"/unsig: number 18446744073709551616 does not fit: a value of kind uint64 is expected",
		},
		`{"f32":1e39,"f64":1e-400}`:         {"/f32: number 1" + strings.Repeat("0", 39) + " does not fit: a value of kind float32 is expected"},
		`{"own":[{"a":"1°C"},{"b/c":"1"}]}`: {"/own/1/b~1c: was refused: no unit °C"},
		`{"keys":{"hot":1}}`:                {"/keys: was refused: no unit °C"},
		`{"small":{"128":1}}`:               {"/small: number 128 does not fit: a value of kind int8 is expected"},
		`{"refuse":1}`:                      {"/refuse: was refused: not today"},
		`{"panic":1}`:                       {"/panic: was refused: the method that reads it panicked"},
	} {
		_, canonical, violations := s.Decode(json.RawMessage(raw))
		if len(violations) > 0 {
			t.Errorf("%s: %v", raw, violations)
			continue
		}
		_, violations = s.Values(canonical)
		if got := texts(violations); !slices.Equal(got, append([]string{}, want...)) {
			t.Errorf("%s: got %q, want %q", raw, got, want)
		}
	}
}

func TestPositionalArguments(t *testing.T) {
	t.Parallel()
	types := []reflect.Type{reflect.TypeFor[int64](), reflect.TypeFor[time.Duration](), reflect.TypeFor[*Base](), reflect.TypeFor[*string](), reflect.TypeFor[any]()}
	s, err := ForArguments([]string{"count", "wait", "base", "note", "extra"}, types)
	if err != nil {
		t.Fatal(err)
	}
	checkInputRules(t, "arguments", s)
	_, canonical, violations := s.Decode(json.RawMessage(`{"count":1.0e1,"wait":"2m","base":{"id":"1","kind":"k"},"extra":{"n":12345678901234567890}}`))
	if len(violations) > 0 {
		t.Fatal(violations)
	}
	values, violations := s.Values(canonical)
	if len(violations) > 0 {
		t.Fatal(violations)
	}
	for i, v := range values {
		if v.Type() != types[i] {
			t.Errorf("value %d is of type %v", i, v.Type())
		}
	}
	if values[0].Int() != 10 || values[1].Interface() != 2*time.Minute || values[2].Interface().(*Base).ID != "1" || !values[3].IsNil() {
		t.Errorf("%v", values)
	}
	if n := values[4].Interface().(map[string]any)["n"]; n != json.Number("12345678901234567890") {
		t.Errorf("%T %v", n, n)
	}
	if got, want := s.Properties(), []string{"count", "wait", "base", "note", "extra"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestEmptyAndAnything(t *testing.T) {
	t.Parallel()
	if got := string(Empty().JSON()); got != `{"type":"object","properties":{},"additionalProperties":false}` {
		t.Error(got)
	}
	if got := string(Anything().JSON()); got != `{"type":"object"}` {
		t.Error(got)
	}
	_, canonical, violations := Empty().Decode(nil)
	if values, more := Empty().Values(canonical); len(violations)+len(more)+len(values) > 0 || string(canonical) != "{}" {
		t.Errorf("%s %v %v %v", canonical, violations, more, values)
	}
	if _, _, violations := Empty().Decode(json.RawMessage(`{"x":1}`)); texts(violations)[0] != `arguments: unknown property "x"; none is known` {
		t.Error(violations)
	}
	_, canonical, _ = Anything().Decode(json.RawMessage(`{"b":1.0,"a":"<"}`))
	values, _ := Anything().Values(canonical)
	if got := values[0].Interface().(json.RawMessage); string(got) != `{"a":"<","b":1}` {
		t.Errorf("%s", got)
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	s := forecast(t)
	if v := s.Validate(map[string]any{"latitude": json.Number("1e999999999"), "longitude": json.Number("-1e-999999999")}); len(v) > 0 {
		t.Error(v)
	}
	if v := s.Validate(nil); len(v) != 1 || v[0].String() != "arguments: got null, want object" {
		t.Error(v)
	}
}

// Everything is safe for concurrent use.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	s, o := structSchema[Invoice](t), outputFor[*Comment](t)
	for i := range 8 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			for range 50 {
				_, canonical, violations := s.Decode(json.RawMessage(`{"id":"1","due":"2026-01-31T15:04:05Z","lines":[{"amount":1}]}`))
				if _, more := s.Values(canonical); len(violations)+len(more) > 0 {
					t.Error(violations, more)
				}
				if _, err := o.Structured(json.RawMessage(`{"text":"a","parent":{"text":"b","parent":null}}`)); err != nil {
					t.Error(err)
				}
				_, _, _ = s.Decode(json.RawMessage(`{"id":1}`))
			}
		})
	}
}

func BenchmarkDecodeForecast(b *testing.B) {
	s, raw := forecast(b), json.RawMessage(`{"latitude":40.7128,"longitude":-74.006}`)
	benchmarkDecode(b, s, raw)
}

func BenchmarkDecodeInvoice(b *testing.B) {
	s := structSchema[Invoice](b)
	lines := strings.TrimSuffix(strings.Repeat(`{"text":"a line","amount":12.50,"quantity":3},`, 10), ",")
	raw := json.RawMessage(`{"id":"R-17","due":"2026-01-31T15:04:05Z","grace":"90s","lines":[` + lines + `]}`)
	benchmarkDecode(b, s, raw)
}

func benchmarkDecode(b *testing.B, s *Schema, raw json.RawMessage) {
	b.Helper()
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, _, violations := s.Decode(raw); len(violations) > 0 {
				b.Fatal(violations)
			}
		}
	})
	_, canonical, _ := s.Decode(raw)
	b.Run("values", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, violations := s.Values(canonical); len(violations) > 0 {
				b.Fatal(violations)
			}
		}
	})
	b.Run("json.Unmarshal", func(b *testing.B) { // the part that is there anyway
		b.ReportAllocs()
		for b.Loop() {
			var v any
			dec := json.NewDecoder(bytes.NewReader(raw))
			if err := dec.Decode(&v); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// Text that json:",string" puts into a string is JSON of its own: what is no JSON
// string was accepted, and refused by Go with words that help nobody.
func TestQuotedTextIsJSON(t *testing.T) {
	t.Parallel()
	type quoted struct {
		Text string `json:"text,string"`
	}
	s := structSchema[quoted](t)
	for text, ok := range map[string]bool{
		`""`: true, `"say \"hi\""`: true, `"\\ \/ \b\f\n\r\t \u00e9 \ud800 é 😀"`: true, "\"\x7f\u2028\"": true,
		`say`: false, `"`: false, `"a"b"`: false, `"a\"`: false, "\"\b\"": false, "\"\n\"": false, `"\x"`: false, `"\u12"`: false, ` ""`: false, "\"\"\n": false,
	} {
		raw, err := json.Marshal(map[string]string{"text": text})
		if err != nil {
			t.Fatal(err)
		}
		_, canonical, violations := s.Decode(raw)
		if got := len(violations) == 0; got != ok {
			t.Errorf("%s: accepted %v, want %v: %v", raw, got, ok, violations)
		}
		if !ok || len(violations) > 0 {
			continue
		}
		if _, violations := s.Values(canonical); len(violations) > 0 {
			t.Errorf("%s is accepted, yet Go says %v", raw, violations)
		}
	}
}
