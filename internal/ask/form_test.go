package ask

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

type level string

type everything struct {
	Approve bool      `json:"approve" jsonschema:"title=Approve?,default=false"`
	Email   string    `json:"email" jsonschema:"format=email"`
	Note    string    `json:"note,omitempty" jsonschema:"description=Why,maxLength=20"`
	Count   int       `json:"count,omitempty" jsonschema:"minimum=1,maximum=5"`
	Ratio   float64   `json:"ratio,omitempty"`
	Level   level     `json:"level" jsonschema:"enum=low,enum=high"`
	Tags    []string  `json:"tags,omitempty" jsonschema:"enum=a,enum=b"`
	Day     time.Time `json:"day,omitzero"`
	Maybe   *string   `json:"maybe,omitempty"`
}

func formOf[T any](t *testing.T) *Form {
	t.Helper()
	f, err := FormOf(reflect.TypeFor[T]())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestRequested(t *testing.T) {
	t.Parallel()
	const want = `{"properties":{` +
		`"approve":{"type":"boolean","title":"Approve?","default":false},` +
		`"email":{"type":"string","format":"email"},` +
		`"note":{"type":"string","description":"Why","maxLength":20},` +
		`"count":{"type":"integer","minimum":1,"maximum":5},` +
		`"ratio":{"type":"number"},` +
		`"level":{"type":"string","enum":["low","high"]},` +
		`"tags":{"type":"array","items":{"type":"string","enum":["a","b"]}},` +
		`"day":{"type":"string","format":"date-time"},` +
		`"maybe":{"type":"string"}` +
		`},"required":["email","level"],"type":"object"}`
	if got := string(formOf[everything](t).Requested()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := string(formOf[struct{}](t).Requested()); got != `{"properties":{},"type":"object"}` {
		t.Errorf("an empty form is %s", got)
	}
}

func TestWhatNoFormCanHave(t *testing.T) {
	t.Parallel()
	for want, typ := range map[string]reflect.Type{
		"is not a struct":          reflect.TypeFor[string](),
		"map[string]string is not": reflect.TypeFor[map[string]string](),
		`the field "a" is an object`: reflect.TypeFor[struct {
			A struct{ B string } `json:"a"`
		}](),
		`the field "a" is a list of something else`: reflect.TypeFor[struct {
			A []string `json:"a"`
		}](),
		`the field "a" is of any type`: reflect.TypeFor[struct {
			A any `json:"a"`
		}](),
		`the field "a" has the format "ipv4"`: reflect.TypeFor[struct {
			A string `json:"a" jsonschema:"format=ipv4"`
		}](),
		`the field "a" has the constraint "multipleOf"`: reflect.TypeFor[struct {
			A int `json:"a" jsonschema:"multipleOf=2"`
		}](),
		"chan int": reflect.TypeFor[struct {
			A chan int `json:"a"`
		}](),
	} {
		if _, err := FormOf(typ); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Of(%v): error %v does not contain %q", typ, err, want)
		}
	}
}

func TestAllMistakesOfATypeAreSaid(t *testing.T) {
	t.Parallel()
	_, err := FormOf(reflect.TypeFor[struct {
		A any      `json:"a"`
		B []string `json:"b"`
	}]())
	if err == nil || !strings.Contains(err.Error(), `"a"`) || !strings.Contains(err.Error(), `"b"`) {
		t.Errorf("error %v", err)
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	f := formOf[everything](t)
	canonical, violations := f.Read(json.RawMessage(`{"email":"a@b.c","level":"low","stranger":1}`))
	if len(violations) > 0 {
		t.Fatal(violations)
	}
	value, err := f.Value(canonical)
	if err != nil {
		t.Fatal(err)
	}
	if got := value.Interface().(everything); got.Email != "a@b.c" || got.Level != "low" || got.Maybe != nil {
		t.Errorf("value %+v", got)
	}
	for content, want := range map[string]string{
		`{"email":"a@b.c","level":"medium"}`:          "/level",
		`{"email":"a@b.c"}`:                           "level",
		`{"email":"nobody","level":"low"}`:            "/email",
		`{"email":"a@b.c","level":"low","count":9}`:   "/count",
		`{"email":"a@b.c","level":"low","count":"1"}`: "/count",
		`{"email":1,"level":"low"}`:                   "/email",
		`[]`:                                          "not an object",
		`"x"`:                                         "not an object",
		`{`:                                           "not an object",
		`null`:                                        "email",
		``:                                            "email",
	} {
		if _, violations := f.Read(json.RawMessage(content)); !strings.Contains(strings.Join(violations, "; "), want) {
			t.Errorf("Read(%s): violations %q do not contain %q", content, violations, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{`{}`, `null`, `{"email":"a@b.c","level":"low"}`, `{"level":{"level":1}}`, `[1]`, `{"count":1e999}`, "\x00"} {
		f.Add(seed)
	}
	form, err := FormOf(reflect.TypeFor[everything]())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, content string) {
		canonical, violations := form.Read(json.RawMessage(content))
		if len(violations) > 0 {
			return
		}
		if _, err := form.Value(canonical); err != nil {
			t.Fatalf("Read takes %q, and Value refuses it: %v", content, err)
		}
	})
}
