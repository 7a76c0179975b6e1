package schema

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/big"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/durablemcp/durablemcp/internal/jsonread"
	"github.com/durablemcp/durablemcp/internal/jsontree"
)

// A source turns fuzz bytes into choices. At the end everything is zero.
type source struct{ data []byte }

func (s *source) byte() byte {
	if len(s.data) == 0 {
		return 0
	}
	b := s.data[0]
	s.data = s.data[1:]
	return b
}

func (s *source) uint64() (n uint64) {
	for range s.byte() % 9 {
		n = n<<8 | uint64(s.byte())
	}
	return n
}

func (s *source) text() string {
	n := min(int(s.byte()%16), len(s.data))
	t := s.data[:n]
	s.data = s.data[n:]
	return string(t)
}

// fill sets a value to what the source says. It leaves fields that it cannot set, and
// makes only what encoding/json can write.
func (s *source) fill(v reflect.Value, depth int) {
	if s.fillKnown(v) || depth > 6 {
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(s.byte()%2 == 1)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(s.uint64()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		v.SetUint(s.uint64())
	case reflect.Float32, reflect.Float64:
		v.SetFloat(float64(float32(int64(s.uint64())) / 64))
	case reflect.String:
		v.SetString(s.text())
	case reflect.Interface:
		s.fillInterface(v)
	case reflect.Pointer:
		if s.byte()%3 != 0 {
			v.Set(reflect.New(v.Type().Elem()))
			s.fill(v.Elem(), depth+1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				s.fill(v.Field(i), depth+1)
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			s.fill(v.Index(i), depth+1)
		}
	case reflect.Slice:
		s.fillSlice(v, depth)
	case reflect.Map:
		s.fillMap(v, depth)
	}
}

func (s *source) fillSlice(v reflect.Value, depth int) {
	n := int(s.byte() % 5)
	if n == 4 {
		return // nil
	}
	v.Set(reflect.MakeSlice(v.Type(), n, n))
	for i := range n {
		s.fill(v.Index(i), depth+1)
	}
}

func (s *source) fillMap(v reflect.Value, depth int) {
	n := int(s.byte() % 4)
	if n == 3 {
		return // nil
	}
	v.Set(reflect.MakeMap(v.Type()))
	for range n {
		key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		s.fill(key, depth+1)
		s.fill(elem, depth+1)
		v.SetMapIndex(key, elem)
	}
}

func (s *source) fillInterface(v reflect.Value) {
	if v.NumMethod() > 0 {
		return
	}
	choices := []any{nil, s.text(), 1.5, []any{nil, true}, map[string]any{"a": Base{}}, &Level{3}, time.Second, json.Number("7")}
	if c := choices[int(s.byte())%len(choices)]; c != nil {
		v.Set(reflect.ValueOf(c))
	}
}

// fillKnown sets values whose fields are not exported or whose text must be valid.
func (s *source) fillKnown(v reflect.Value) bool {
	switch p := v.Addr().Interface().(type) {
	case *time.Time:
		*p = time.Unix(int64(s.uint64()%200_000_000_000), int64(s.byte())).In(time.FixedZone("", int(int8(s.byte()))*600))
	case *json.Number:
		*p = json.Number([]string{"", "0", "-1.50", "1e400", "12345678901234567890", "1e-9"}[s.byte()%6])
	case *json.RawMessage:
		*p = json.RawMessage([]string{"null", `{"b":1,"a":[1e999999999]}`, `"x"`, "1.0", " [ ] ", `{"a":1,"a":2}`}[s.byte()%6])
		if s.byte()%8 == 1 {
			*p = nil
		}
	case *big.Int:
		p.SetUint64(s.uint64())
		p.Lsh(p, uint(s.byte()))
	case *big.Float:
		p.SetInt64(int64(s.uint64()))
	case *big.Rat:
		p.SetFrac64(int64(s.uint64()), 7)
	case *netip.Addr:
		*p = netip.AddrFrom4([4]byte{s.byte(), s.byte(), 0, 1})
	case *Level:
		p.n = int(s.uint64())
	case *Celsius:
		p.degrees = float64(s.byte()) / 4
	case *Upward:
		p.s = s.text()
	default:
		return false
	}
	return true
}

// Whatever Go writes for a type validates against the published output schema.
func FuzzOutputValidates(f *testing.F) {
	animals := append(zoo(), outputsOnly()...)
	outputs := make([]*Output, len(animals))
	for i, a := range animals {
		var err error
		if outputs[i], err = ForOutput(a.typ); err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(i), []byte("\x01\x02\x03\x04\x05\x06\x07\x08\x01\x02\x03\x04\x01\x02\x03\x01\x02\x03\x01\x02\x03\x01\x02\x03\x01\x02\x03\x01\x02\x03"))
	}
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		i := int(which) % len(animals)
		v := reflect.New(animals[i].typ).Elem()
		(&source{data}).fill(v, 0)
		raw, err := json.Marshal(v.Interface())
		if err != nil {
			t.Skip(err)
		}
		structured, err := outputs[i].Structured(raw)
		if err != nil {
			t.Fatalf("%s: %v\nvalue  %s\nschema %s", animals[i].typ, err, raw, outputs[i].JSON())
		}
		if !json.Valid(structured) || structured[0] != '{' {
			t.Fatalf("%s: published as %s", animals[i].typ, structured)
		}
	})
}

// readByHand are the types with methods that refuse what their schema allows.
var readByHand = map[reflect.Type]bool{
	reflect.TypeFor[Own]():     true,
	reflect.TypeFor[Textual](): true,
	reflect.TypeFor[Schemed](): true, // too many cents
	reflect.TypeFor[Maps]():    true, // keys are addresses
	reflect.TypeFor[Bigs]():    true, // no more than 100 zeros, texts that are numbers
}

// checkRefused allows Go to refuse what the schema accepts where no schema can say it:
// numbers that are too large, and what methods refuse.
func checkRefused(t *testing.T, typ reflect.Type, canonical []byte, violations []jsonread.Violation) {
	t.Helper()
	checkViolations(t, violations)
	for _, v := range violations {
		tooLarge := strings.HasPrefix(v.Message, "number") && strings.Contains(v.Message, "does not fit")
		if !tooLarge && !readByHand[typ] {
			t.Fatalf("%s: %s is accepted, yet Go says %v", typ, canonical, v)
		}
	}
}

// Whatever bytes arrive as arguments, nothing panics, what is accepted has one spelling,
// and Go takes what the schema accepts.
func FuzzDecode(f *testing.F) {
	animals := zoo()
	schemas := make([]*Schema, len(animals))
	outputs := make([]*Output, len(animals))
	for i, a := range animals {
		var err error
		if schemas[i], err = ForStruct(a.typ); err != nil {
			f.Fatal(err)
		}
		if outputs[i], err = ForOutput(a.typ); err != nil {
			f.Fatal(err)
		}
		raw, err := json.Marshal(a.populated)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(i), schemas[i].durations.fromGo(raw))
	}
	for _, raw := range []string{"", "null", "[]", `{"a":1e400}`, `{"a":"\ud800"}`, "{\"a\":\"\xff\"}", `{"a":1,"a":2}`, `{"a":-0.0}`} {
		f.Add(uint8(0), []byte(raw))
	}
	f.Fuzz(func(t *testing.T, which uint8, raw []byte) {
		i := int(which) % len(animals)
		_, _ = outputs[i].Structured(raw)
		checkReader(t, raw)
		s := schemas[i]
		if tree, violations := jsonread.Read(raw, nil); len(violations) == 0 {
			checkFit(t, s.validator, tree)
		}
		args, canonical, violations := s.Decode(raw)
		if len(violations) > 0 {
			checkViolations(t, violations)
			return
		}
		again, same, violations := s.Decode(canonical)
		if len(violations) > 0 || !bytes.Equal(canonical, same) || !reflect.DeepEqual(args, again) {
			t.Fatalf("%s: %s is decoded as %s, that as %s %v", animals[i].typ, raw, canonical, same, violations)
		}
		if Digest(canonical) != Digest(same) {
			t.Fatal("digests differ")
		}
		if _, violations := s.Values(canonical); len(violations) > 0 {
			checkRefused(t, animals[i].typ, canonical, violations)
		}
	})
}

// checkFit compares what a fit takes with what the validator does.
func checkFit(t *testing.T, v validator, value any) {
	t.Helper()
	err := v.compiled.Validate(value)
	if takes := v.fits[v.compiled].takes(value); takes != (err == nil) {
		t.Fatalf("%s is taken: %v; the validator says %v", jsontree.Append(nil, value), takes, err)
	}
}

func checkViolations(t *testing.T, violations []jsonread.Violation) {
	t.Helper()
	if len(violations) > jsonread.MaxViolations+1 {
		t.Fatalf("%d violations", len(violations))
	}
	for _, v := range violations {
		if len(v.Message) > 3000 || v.Message == "" {
			t.Fatalf("a message of %d bytes: %s", len(v.Message), jsontree.Cut(v.Message))
		}
	}
}

// checkReader compares the strict reader with encoding/json where both accept.
func checkReader(t *testing.T, raw []byte) {
	t.Helper()
	got, violations := jsonread.Read(raw, nil)
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var want any
	if err := dec.Decode(&want); err != nil || dec.More() {
		if len(violations) == 0 {
			t.Fatalf("%q is accepted, encoding/json says %v", raw, err)
		}
		return
	}
	if len(violations) == 0 && !sameTree(got, want) {
		t.Fatalf("%q is read as %v, by encoding/json as %v", raw, got, want)
	}
}

func sameTree(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for k, v := range a {
			if w, ok := b[k]; !ok || !sameTree(v, w) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !sameTree(a[i], b[i]) {
				return false
			}
		}
		return true
	case json.Number:
		b, ok := b.(json.Number)
		if !ok {
			return false
		}
		x, ok1 := rational(a)
		y, ok2 := rational(b)
		return ok1 && ok2 && x.Cmp(y) == 0
	}
	return reflect.DeepEqual(a, b)
}

// rational is a number's value. Of zeros, math/big refuses some exponents.
func rational(n json.Number) (*big.Rat, bool) {
	if mantissa, _, _ := strings.Cut(strings.ToLower(string(n)), "e"); strings.Trim(mantissa, "-0.") == "" {
		return new(big.Rat), true
	}
	return new(big.Rat).SetString(string(n))
}

// Arguments that a Go value makes, spelled in other ways and with some values changed,
// are refused by the schema or taken by Go, and make a payload that the worker can read.
func FuzzAccepted(f *testing.F) {
	animals := zoo()
	schemas := make([]*Schema, len(animals))
	for i, a := range animals {
		var err error
		if schemas[i], err = ForStruct(a.typ); err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(i), []byte("\x01\x02\x03\x04\x05\x06\x07\x08\x01\x02\x03\x04\x01\x02\x03\x01\x02\x03\x01\x02\x03"))
	}
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		i := int(which) % len(animals)
		s, src := schemas[i], &source{data}
		v := reflect.New(animals[i].typ).Elem()
		src.fill(v, 0)
		raw, err := json.Marshal(v.Interface())
		if err != nil {
			t.Skip(err)
		}
		tree, violations := jsonread.Read(s.durations.fromGo(raw), nil)
		if len(violations) > 0 {
			t.Skip(violations)
		}
		_, canonical, violations := s.Decode(src.respell(nil, tree))
		if len(violations) > 0 {
			checkViolations(t, violations)
			return // a constraint of a tag, a null in a list
		}
		_, same, violations := s.Decode(canonical)
		if len(violations) > 0 || !bytes.Equal(canonical, same) {
			t.Fatalf("%s: %s is decoded as %s %v", animals[i].typ, canonical, same, violations)
		}
		values, violations := s.Values(canonical)
		if len(violations) > 0 {
			checkRefused(t, animals[i].typ, canonical, violations)
			return
		}
		if payload, err := json.Marshal(values[0].Interface()); err != nil {
			t.Fatalf("%s: %s makes a value that has no JSON: %v", animals[i].typ, canonical, err)
		} else if err := json.Unmarshal(payload, reflect.New(animals[i].typ).Interface()); err != nil {
			t.Fatalf("%s: %s makes the payload %s, which the worker cannot read: %v", animals[i].typ, canonical, payload, err)
		}
	})
}

// respell writes arguments with other spellings of numbers, with space, without members
// that are null, and with some texts and numbers changed.
func (s *source) respell(b []byte, v any) []byte {
	switch v := v.(type) {
	case map[string]any:
		b = append(b, "{ "...)
		for _, name := range slices.Sorted(maps.Keys(v)) {
			e := v[name]
			if e == nil {
				continue
			}
			if b[len(b)-1] != ' ' {
				b = append(b, ", "...)
			}
			b = append(jsontree.AppendString(b, name), ':')
			b = s.respell(b, e)
		}
		return append(b, '}')
	case []any:
		b = append(b, '[')
		for i, e := range v {
			if i > 0 {
				b = append(b, '\n', ',')
			}
			b = s.respell(b, e)
		}
		return append(b, ']')
	case string:
		if s.byte()%16 == 7 {
			v = strings.ToValidUTF8(s.text(), "?")
		}
		return jsontree.AppendString(b, v)
	case json.Number:
		if s.byte()%16 == 7 {
			v = json.Number([]string{"1.5", "-1", "1e20", "1e300", "1e-300", "256"}[s.byte()%6])
		}
		if strings.ContainsAny(string(v), ".e") {
			return append(b, v...)
		}
		return append(append(b, v...), []string{"", ".0", "e0", ".00E+0", "0e-1"}[s.byte()%5]...)
	}
	return jsontree.Append(b, v)
}
