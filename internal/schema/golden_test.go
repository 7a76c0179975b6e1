package schema

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/durablemcp/durablemcp/internal/jsonread"
	"github.com/durablemcp/durablemcp/internal/jsontree"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// Golden files hold, for each type of the zoo, its input and its output schema.
func TestGolden(t *testing.T) {
	t.Parallel()
	for _, a := range append(zoo(), outputsOnly()...) {
		t.Run(fileName(a.typ), func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			fmt.Fprintf(&b, "-- input --\n%s\n", pretty(inputOf(a.typ)))
			fmt.Fprintf(&b, "-- output --\n%s\n", pretty(outputOf(a.typ)))
			checkGolden(t, fileName(a.typ), b.Bytes())
		})
	}
}

func checkGolden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n"))) {
		t.Errorf("%s has changed; if rightly so, run with -update. Now:\n%s", path, got)
	}
}

var notInFileNames = regexp.MustCompile(`[^A-Za-z0-9]+`)

func fileName(t reflect.Type) string {
	name := strings.ReplaceAll(t.String(), "schema.", "")
	name = strings.ReplaceAll(name, reflect.TypeFor[Schema]().PkgPath(), "")
	return strings.ToLower(strings.Trim(notInFileNames.ReplaceAllString(strings.ReplaceAll(name, "*", "ptr_"), "_"), "_"))
}

func inputOf(t reflect.Type) []byte {
	s, err := ForStruct(t)
	if err != nil {
		return []byte(err.Error())
	}
	return s.JSON()
}

func outputOf(t reflect.Type) []byte {
	o, err := ForOutput(t)
	if err != nil {
		return []byte(err.Error())
	}
	return o.JSON()
}

func pretty(raw []byte) string {
	var b bytes.Buffer
	if json.Indent(&b, raw, "", "  ") != nil {
		return string(raw)
	}
	return b.String()
}

// The bytes are the same on every run, whatever the order of maps.
func TestDeterministic(t *testing.T) {
	t.Parallel()
	for _, a := range zoo() {
		in, out := inputOf(a.typ), outputOf(a.typ)
		for range 3 {
			if !bytes.Equal(in, inputOf(a.typ)) || !bytes.Equal(out, outputOf(a.typ)) {
				t.Errorf("%s: the schema differs between runs", a.typ)
			}
		}
	}
}

// What every provider of models accepts.
func TestInputRules(t *testing.T) {
	t.Parallel()
	for _, a := range zoo() {
		s, err := ForStruct(a.typ)
		if err != nil {
			t.Errorf("%s: %v", a.typ, err)
			continue
		}
		checkInputRules(t, a.typ.String(), s)
	}
}

func checkInputRules(t *testing.T, name string, s *Schema) {
	t.Helper()
	root, err := parseNode(s.JSON())
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if root.Text("type") != "object" {
		t.Errorf("%s: the root is not of type object", name)
	}
	for _, key := range append([]string{"$ref", "$schema"}, rootCombinators...) {
		if root.Has(key) {
			t.Errorf("%s: %s at the root", name, key)
		}
	}
	walkSchemas(root, func(at string, n *jsontree.Node) {
		if n.Has("$id") {
			t.Errorf("%s%s: $id", name, at)
		}
		if _, list := n.Get("type").([]any); list || n.Text("type") == "null" {
			t.Errorf("%s%s: type %v", name, at, n.Get("type"))
		}
	})
	for _, leak := range []string{"github.com", "durablemcp", "internal/"} {
		if strings.Contains(string(s.JSON()), leak) {
			t.Errorf("%s: leaks %q: %s", name, leak, s.JSON())
		}
	}
}

// What Go writes validates against the published output schema.
func TestOutputsValidate(t *testing.T) {
	t.Parallel()
	for _, a := range append(zoo(), outputsOnly()...) {
		o, err := ForOutput(a.typ)
		if err != nil {
			t.Errorf("%s: %v", a.typ, err)
			continue
		}
		checkOutput(t, o, a.typ, reflect.Zero(a.typ))
		checkOutput(t, o, a.typ, reflect.ValueOf(a.populated))
	}
}

func checkOutput(t *testing.T, o *Output, typ reflect.Type, v reflect.Value) {
	t.Helper()
	var value any
	if v.IsValid() {
		value = v.Interface()
	}
	raw, err := json.Marshal(value)
	if err != nil {
		t.Fatalf("%s: %v", typ, err)
	}
	structured, err := o.Structured(raw)
	if err != nil {
		t.Errorf("%s: %v\nvalue  %s\nschema %s", typ, err, raw, o.JSON())
		return
	}
	if !bytes.HasPrefix(structured, []byte("{")) {
		t.Errorf("%s: published as %s, which is no object", typ, structured)
	}
	if o.plan == nil && !o.Wrapped && string(raw) != "null" && !bytes.Equal(raw, structured) {
		t.Errorf("%s: bytes changed from %s to %s", typ, raw, structured)
	}
}

// notArguments are the types whose populated value is not valid as arguments.
var notArguments = map[reflect.Type]string{
	reflect.TypeFor[Slices]():        "nil in a list",
	reflect.TypeFor[Arrays]():        "nil in a list",
	reflect.TypeFor[Maps]():          "nil in a map",
	reflect.TypeFor[Omitted]():       "a field that is not published",
	reflect.TypeFor[Durations]():     "an enum of durations in another spelling",
	reflect.TypeFor[Raws]():          "a number that is too large",
	reflect.TypeFor[ByteSlices]():    "nil in a list",
	reflect.TypeFor[Bigs]():          "methods with pointer receivers, which Go does not use",
	reflect.TypeFor[Generics]():      "nil lists",
	reflect.TypeFor[Page[Invoice]](): "nil lists",
	reflect.TypeFor[Person]():        "nil lists",
	reflect.TypeFor[Tree[int]]():     "nil in a list",
	reflect.TypeFor[Recursed]():      "nil in a map",
	reflect.TypeFor[Forest]():        "nil in a map",
	reflect.TypeFor[Textual]():       "methods with pointer receivers, which Go does not use",
	reflect.TypeFor[Grouped]():       "neither of two properties",
	reflect.TypeFor[Invoice]():       "a quantity of 0",
}

// A populated value that Go writes is accepted as arguments and comes back as
// encoding/json reads it, which is the same but for nil behind a pointer.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, a := range zoo() {
		s, err := ForStruct(a.typ)
		if err != nil {
			t.Errorf("%s: %v", a.typ, err)
			continue
		}
		raw, err := json.Marshal(a.populated)
		if err != nil {
			t.Fatal(err)
		}
		_, canonical, violations := s.Decode(s.durations.fromGo(raw))
		if (len(violations) > 0) != (notArguments[a.typ] != "") {
			t.Errorf("%s: %s: got %v, because of %q", a.typ, raw, violations, notArguments[a.typ])
		}
		if len(violations) > 0 {
			continue
		}
		values, violations := s.Values(canonical)
		if len(violations) > 0 {
			t.Errorf("%s: %v", a.typ, violations)
			continue
		}
		again, err := json.Marshal(values[0].Interface())
		if err != nil {
			t.Fatal(err)
		}
		read := reflect.New(a.typ)
		if err := json.Unmarshal(raw, read.Interface()); err != nil {
			t.Fatal(err)
		}
		want, err := json.Marshal(read.Elem().Interface())
		if err != nil {
			t.Fatal(err)
		}
		if !equalJSON(t, want, again) {
			t.Errorf("%s: %s came back as %s, want %s", a.typ, raw, again, want)
		}
	}
}

func equalJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	x, vx := jsonread.Read(a, nil)
	y, vy := jsonread.Read(b, nil)
	if len(vx)+len(vy) > 0 {
		t.Fatal(vx, vy)
	}
	return bytes.Equal(jsontree.Append(nil, x), jsontree.Append(nil, y))
}
