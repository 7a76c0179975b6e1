package schema

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/invopop/jsonschema"
)

type (
	Stringer interface{ String() string }
	Loop     *Loop
	Wide7    struct{ A, B, C, D Wide6 }
	Wide6    struct{ A, B, C, D Wide5 }
	Wide5    struct{ A, B, C, D Wide4 }
	Wide4    struct{ A, B, C, D Wide3 }
	Wide3    struct{ A, B, C, D Wide2 }
	Wide2    struct{ A, B, C, D Wide1 }
	Wide1    struct{ A, B, C, D int }

	hiddenBase struct{ Inherited string }
	Self       struct {
		*Self
		X int
	}
	PanicSchema struct{}
	PanicExtend struct{ A int }
	SelfAlias   int
	FarRef      struct{}
	RootUnion   struct{}
	RefLoop     struct{}
)

func (PanicSchema) JSONSchema() *jsonschema.Schema         { panic("secret") }
func (*PanicExtend) JSONSchemaExtend(s *jsonschema.Schema) { s.Properties.Value("nope").Title = "x" }
func (SelfAlias) JSONSchemaAlias() any                     { return SelfAlias(0) }
func (FarRef) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Ref: "https://example.com/schema.json"}
}
func (RootUnion) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "object", OneOf: []*jsonschema.Schema{{Required: []string{"a"}}, {Required: []string{"b"}}}}
}
func (RefLoop) JSONSchema() *jsonschema.Schema { return &jsonschema.Schema{Ref: "#"} }

func TestTypeMistakes(t *testing.T) {
	t.Parallel()
	type deep struct {
		Lines []struct {
			ByName map[string]chan int `json:"by_name"`
		} `json:"lines"`
	}
	type sameA struct{ Same int }
	type sameB struct{ Same int }
	type clash struct {
		Base
		Middle
		sameA
		sameB
	}
	type tags struct {
		Default  int           `json:"default" jsonschema:"default=abc"`
		Range    int           `json:"range" jsonschema:"minimum=5,default=3"`
		Enum     string        `json:"enum" jsonschema:"enum=a,enum=b,default=c"`
		Pattern  string        `json:"pattern" jsonschema:"pattern=("`
		Minimum  int           `json:"minimum" jsonschema:"minimum=low"`
		Length   int           `json:"length" jsonschema:"minLength=1"`
		Typo     string        `json:"typo" jsonschema:"nonsense=x"`
		Comma    string        `json:"comma" jsonschema:"description=one, two"`
		Time     time.Time     `json:"time" jsonschema:"default=now"`
		Wait     time.Duration `json:"wait" jsonschema:"default=soon"`
		List     []int         `json:"list" jsonschema:"default=x"`
		EnumInt  int           `json:"enum_int" jsonschema:"enum=1,enum=x"`
		Type     int           `json:"type" jsonschema:"type=nonsense"`
		InnerTag []struct {
			Deep int `json:"deep" jsonschema:"maximum=1,default=2"`
		} `json:"inner_tag"`
	}
	type several struct {
		Chan    chan int        `json:"chan"`
		Func    func()          `json:"func"`
		Complex complex128      `json:"complex"`
		Pointer unsafe.Pointer  `json:"pointer"`
		Keys    map[float64]int `json:"keys"`
		Bools   map[bool]int    `json:"bools"`
		Iface   Stringer        `json:"iface"`
		Loop    Loop            `json:"loop"`
		Ok      string          `json:"ok"`
		None    chan int        `json:"-"`
	}
	for name, c := range map[string]struct {
		typ  reflect.Type
		want []string
	}{
		"nil":    {nil, []string{"arguments: found no type, expected a struct or a map"}},
		"scalar": {reflect.TypeFor[int](), []string{"int: found int, whose JSON is of type integer, expected a struct or a map with string keys"}},
		"text":   {reflect.TypeFor[time.Time](), []string{"time.Time: found time.Time, whose JSON is of type string, expected a struct or a map with string keys"}},
		"slice":  {reflect.TypeFor[[]Base](), []string{"[]schema.Base: found []schema.Base, whose JSON is of type array, expected a struct or a map with string keys"}},
		"loop":   {reflect.TypeFor[Loop](), []string{"schema.Loop: found schema.Loop, a pointer to itself, expected a type that ends"}},
		"deep":   {reflect.TypeFor[deep](), []string{"schema.deep at /lines/*/by_name/*: found chan int, expected a type that has a JSON form"}},
		"several": {reflect.TypeFor[*several](), []string{
			"*schema.several at /chan: found chan int, expected a type that has a JSON form",
			"*schema.several at /func: found func(), expected a type that has a JSON form",
			"*schema.several at /complex: found complex128, expected a type that has a JSON form",
			"*schema.several at /pointer: found unsafe.Pointer, expected a type that has a JSON form",
			"*schema.several at /keys: found map[float64]int with keys of type float64, expected keys that are strings, integers or have text methods",
			"*schema.several at /bools: found map[bool]int with keys of type bool, expected keys that are strings, integers or have text methods",
			"*schema.several at /iface: found schema.Stringer, an interface with methods, expected a concrete type that JSON can be read into, or any",
			"*schema.several at /loop: found schema.Loop, a pointer to itself, expected a type that ends",
		}},
		"clash": {reflect.TypeFor[clash](), []string{
			"schema.clash at /Same: found fields sameA.Same and sameB.Same of one JSON name, which Go leaves out, expected different names",
		}},
		"sealed": {reflect.TypeFor[struct{ *hiddenBase }](), []string{
			"struct { *schema.hiddenBase } at /Inherited: found a field of an embedded pointer to an unexported struct, which Go cannot fill, expected an exported or a plain embedded struct",
		}},
		"tags": {reflect.TypeFor[tags](), []string{
			`schema.tags at /default: found jsonschema tag "default=abc" on integer, expected a keyword of that type with a value that fits it`,
			`schema.tags at /pattern: found pattern "(", expected a regular expression of Go's syntax`,
			`schema.tags at /minimum: found jsonschema tag "minimum=low" on integer, expected a keyword of that type with a value that fits it`,
			`schema.tags at /length: found jsonschema tag "minLength=1" on integer, expected a keyword of that type with a value that fits it`,
			`schema.tags at /typo: found jsonschema tag "nonsense=x" with an unknown keyword, expected a keyword such as description, enum or minimum`,
			`schema.tags at /comma: found jsonschema tag with " two", which is not a keyword, expected key=value, with commas in values written \\,`,
			`schema.tags at /enum_int: found jsonschema tag "enum=x" on integer, expected a keyword of that type with a value that fits it`,
			`schema.tags at /type: found jsonschema tag "type=nonsense", expected a type of JSON Schema`,
			`schema.tags at /range: found default 3 (must be >= 5 but is 3), expected a default that its own schema allows`,
			`schema.tags at /enum: found default "c" (must be one of "a", "b" but is "c"), expected a default that its own schema allows`,
			`schema.tags at /time: found default "now" ("now" is not a valid date-time, such as 2026-01-31T15:04:05Z), expected a default that its own schema allows`,
			`schema.tags at /wait: found default "soon" ("soon" is not a duration such as "90s" or "1h30m"), expected a default that its own schema allows`,
			`schema.tags at /list: found default ["x"] (got string, want integer), expected a default that its own schema allows`,
			`schema.tags at /inner_tag/*/deep: found default 2 (must be <= 1 but is 2), expected a default that its own schema allows`,
		}},
		"wide":         {reflect.TypeFor[Wide7](), []string{"schema.Wide7: found a schema of more than 5000 parts, expected a smaller type"}},
		"panic":        {reflect.TypeFor[struct{ P PanicSchema }](), []string{"struct { P schema.PanicSchema } at /P: found schema.PanicSchema with a JSONSchema method that panics: secret, expected a method that works on a zero value"}},
		"panic extend": {reflect.TypeFor[PanicExtend](), []string{"schema.PanicExtend: found schema.PanicExtend with a JSONSchemaExtend method that panics: runtime error: invalid memory address or nil pointer derefer…, expected a method that works on a zero value"}},
		"self alias":   {reflect.TypeFor[struct{ A SelfAlias }](), []string{"struct { A schema.SelfAlias } at /A: found schema.SelfAlias with a JSONSchemaAlias method that names no other type, expected a value of another type"}},
		"far ref":      {reflect.TypeFor[struct{ F FarRef }](), []string{`struct { F schema.FarRef } at /F: found reference "https://example.com/schema.json", expected a reference to a definition of the same schema`}},
		"root union":   {reflect.TypeFor[RootUnion](), []string{"schema.RootUnion: found oneOf at the root, expected plain properties, for providers of models refuse it there"}},
		"ref loop":     {reflect.TypeFor[RefLoop](), []string{"schema.RefLoop: found schema.RefLoop, whose schema is not of type object, expected a struct or a map with string keys"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := ForStruct(c.typ)
			if err == nil || s != nil {
				t.Fatalf("got a schema")
			}
			got := strings.Split(err.Error(), "\n")
			if !slices.Equal(got, c.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
			var e *TypeError
			if !errors.As(err, &e) || e.Type != c.typ {
				t.Errorf("%#v", e)
			}
		})
	}
}

func TestArgumentMistakes(t *testing.T) {
	t.Parallel()
	text, channel := reflect.TypeFor[string](), reflect.TypeFor[struct{ C chan int }]()
	for _, c := range []struct {
		names []string
		types []reflect.Type
		want  string
	}{
		{[]string{"a"}, []reflect.Type{text, text}, "arguments: found 1 names for 2 arguments, expected one name for each"},
		{[]string{"a", "a"}, []reflect.Type{text, text}, "string at /a: found a second property of that name, expected different names"},
		{[]string{""}, []reflect.Type{text}, "arguments: found a property without a name, expected a name"},
		{[]string{"a"}, []reflect.Type{nil}, "arguments at /a: found neither a type nor a schema, expected one of them"},
		{[]string{"a", "b"}, []reflect.Type{channel, channel}, "struct { C chan int } at /a/C: found chan int, expected a type that has a JSON form"},
	} {
		_, err := ForArguments(c.names, c.types)
		if err == nil || err.Error() != c.want {
			t.Errorf("%q: got %v, want %s", c.names, err, c.want)
		}
	}
}

// Types that contain themselves end, however they do it.
func TestRecursionEnds(t *testing.T) {
	t.Parallel()
	type viaAnonymous struct {
		Next []struct {
			Again map[string]*viaAnonymous `json:"again"`
		} `json:"next"`
	}
	for _, typ := range []reflect.Type{
		reflect.TypeFor[viaAnonymous](), reflect.TypeFor[Forest](), reflect.TypeFor[Person](), reflect.TypeFor[House](),
		reflect.TypeFor[Tree[Tree[int]]](), reflect.TypeFor[*Recursed](),
	} {
		if _, err := ForStruct(typ); err != nil {
			t.Errorf("%s: %v", typ, err)
		}
	}
	if _, err := ForOutput(reflect.TypeFor[Self]()); err != nil {
		t.Error(err)
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	type inner struct {
		ID    string         `json:"id"`
		Maybe string         `json:"maybe,omitempty"`
		Count int            `json:"count" jsonschema:"default=1"`
		Self  *inner         `json:"self"`
		Tags  map[string]int `json:"tags"`
	}
	type outer struct {
		Inner  inner   `json:"inner"`
		Maybe  *inner  `json:"maybe"`
		Number float64 `json:"number"`
		Yes    bool    `json:"yes"`
		List   []int   `json:"list"`
		Any    any     `json:"any"`
	}
	s := structSchema[outer](t)
	for path, want := range map[string]Node{
		"inner":              {Kind: "object", Always: true},
		"inner.id":           {"string", true, json.RawMessage(`{"type":"string"}`)},
		"inner.maybe":        {"string", false, json.RawMessage(`{"type":"string"}`)},
		"inner.count":        {"integer", true, json.RawMessage(`{"type":"integer","default":1}`)},
		"inner.self.self.id": {"string", false, json.RawMessage(`{"type":"string"}`)},
		"inner.self.self":    {Kind: "object"},
		"inner.tags.x":       {"integer", false, json.RawMessage(`{"type":"integer"}`)},
		"maybe.id":           {"string", false, json.RawMessage(`{"type":"string"}`)},
		"number":             {"number", true, json.RawMessage(`{"type":"number"}`)},
		"yes":                {"boolean", true, json.RawMessage(`{"type":"boolean"}`)},
		"list":               {Kind: "array", Always: true},
		"any":                {"", true, json.RawMessage(`{}`)},
	} {
		got, ok := s.Lookup(strings.Split(path, "."))
		if !ok || got.Kind != want.Kind || got.Always != want.Always || want.JSON != nil && string(got.JSON) != string(want.JSON) {
			t.Errorf("%s: %+v %s", path, got, got.JSON)
		}
		if scalar := want.Kind != "" && want.Kind != "object" && want.Kind != "array"; got.Scalar() != scalar {
			t.Errorf("%s: scalar %v", path, got.Scalar())
		}
		if _, err := Object(Property{Name: "p", Schema: got.JSON}); err != nil {
			t.Errorf("%s: not complete in itself: %v", path, err)
		}
	}
	for _, path := range []string{"none", "inner.none", "number.x", "list.0", "any.x"} {
		if got, ok := s.Lookup(strings.Split(path, ".")); ok {
			t.Errorf("%s: %+v", path, got)
		}
	}
	if _, ok := Anything().Lookup([]string{"x"}); ok {
		t.Error("found in anything")
	}
}

func TestWith(t *testing.T) {
	t.Parallel()
	base := structSchema[Comment](t)
	node, _ := structSchema[Person](t).Lookup([]string{"home"})
	s, err := base.With(
		Property{Name: "workflow_id", Type: reflect.TypeFor[string](), Required: true, Description: "Which one"},
		Property{Name: "wait", Type: reflect.TypeFor[time.Duration]()},
		Property{Name: "home", Schema: node.JSON},
	)
	if err != nil {
		t.Fatal(err)
	}
	checkInputRules(t, "with", s)
	checkGolden(t, "with", []byte(pretty(s.JSON())+"\n"))
	args, canonical, violations := s.Decode(json.RawMessage(`{"text":"a","workflow_id":"w","wait":"60s","parent":{"text":"b"}}`))
	if len(violations) > 0 || args["workflow_id"] != "w" || args["wait"] != "1m0s" {
		t.Fatal(args, violations)
	}
	if got := string(s.Payload(canonical)); got != `{"parent":{"text":"b"},"text":"a"}` {
		t.Error(got)
	}
	values, violations := s.Values(canonical)
	if len(violations) > 0 || values[0].Interface().(Comment).Parent.Text != "b" {
		t.Error(values, violations)
	}
	if _, _, violations := s.Decode(json.RawMessage(`{"text":"a"}`)); !slices.Equal(texts(violations), []string{`arguments: missing required property "workflow_id"`}) {
		t.Error(violations)
	}
	if _, err := s.With(Property{Name: "wait", Type: reflect.TypeFor[int]()}); err == nil {
		t.Error("a name twice")
	}
	if string(base.JSON()) != string(structSchema[Comment](t).JSON()) {
		t.Error("With changed the schema that it was called on")
	}
}

// Added properties never reach a payload that takes any name.
func TestWithOnOpenPayloads(t *testing.T) {
	t.Parallel()
	id := Property{Name: "id", Type: reflect.TypeFor[string](), Required: true}
	for _, s := range []*Schema{structSchema[map[string]int](t), Anything(), structSchema[any](t), structSchema[*map[string]int](t)} {
		s, err := s.With(id)
		if err != nil {
			t.Fatal(err)
		}
		if s, err = s.With(Property{Name: "run", Type: reflect.TypeFor[string]()}); err != nil {
			t.Fatal(err)
		}
		_, canonical, violations := s.Decode(json.RawMessage(`{"id":"x","n":1,"run":"r"}`))
		values, more := s.Values(canonical)
		if len(violations)+len(more) > 0 {
			t.Fatal(violations, more)
		}
		if got, _ := json.Marshal(values[0].Interface()); string(got) != `{"n":1}` {
			t.Errorf("%s", got)
		}
	}
}

func TestPropertyMistakes(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{`[]`, `{`, `{"type":7}`, `{"$ref":"#/$defs/x"}`, `{"type":"string","pattern":"("}`} {
		if _, err := Object(Property{Name: "p", Schema: json.RawMessage(raw)}); err == nil {
			t.Errorf("%s is accepted", raw)
		}
	}
}

func TestTypeNames(t *testing.T) {
	t.Parallel()
	type local struct{ Next *local }
	for want, typ := range map[string]reflect.Type{
		"Page_Base":                reflect.TypeFor[Page[Base]](),
		"Pair_string_Page_Comment": reflect.TypeFor[Pair[string, Page[Comment]]](),
		"Pair_int_map_string_Base": reflect.TypeFor[Pair[int, map[string]*Base]](),
		"Page_local":               reflect.TypeFor[Page[local]](),
		"Type":                     reflect.TypeFor[struct{}](),
	} {
		if got := typeName(typ); got != want {
			t.Errorf("%s: got %s, want %s", typ, got, want)
		}
	}
}

// Two types of one name stay two definitions.
func TestSameNames(t *testing.T) {
	t.Parallel()
	other := func() reflect.Type {
		type Comment struct{ Next *Comment }
		return reflect.TypeFor[Comment]()
	}()
	s, err := ForArguments([]string{"a", "b"}, []reflect.Type{reflect.TypeFor[Comment](), other})
	if err != nil {
		t.Fatal(err)
	}
	root, err := parseNode(s.JSON())
	if err != nil {
		t.Fatal(err)
	}
	if got := root.Child("$defs").Keys(); !slices.Equal(got, []string{"Comment", "Comment_2"}) {
		t.Errorf("%q", got)
	}
}

// The validator confuses the places of property names that a schema refuses.
func TestPropertyNames(t *testing.T) {
	t.Parallel()
	s, err := Object(Property{Name: "a", Schema: json.RawMessage(`{"properties":{"b":{"propertyNames":{"maxLength":1}},"c":{"type":"object"},"d":{"type":"string"}}}`)})
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		_, _, violations := s.Decode(json.RawMessage(`{"a":{"b":{"long":{}},"c":{},"d":1}}`))
		if got := texts(violations); !slices.Equal(got, []string{`arguments: property name "long" is not allowed`, `/a/d: got number, want string`}) {
			t.Fatalf("%q", got)
		}
	}
}

// A schema may have every keyword that invopop knows, and each has a message.
func TestMessages(t *testing.T) {
	t.Parallel()
	for schema, value := range map[string][2]string{
		`{"const":"a"}`:                                 {`"b"`, `must be "a" but is "b"`},
		`{"enum":[{"a":1},[1],null,true]}`:              {`7`, `must be one of an object, an array, null, true but is 7`},
		`{"exclusiveMinimum":0.10}`:                     {`0.1`, `must be > 0.1 but is 0.1`},
		`{"maximum":9007199254740993}`:                  {`9007199254740994`, `must be <= 9007199254740993 but is 9007199254740994`},
		`{"multipleOf":0.01}`:                           {`1.005`, `must be a multiple of 0.01 but is 1.005`},
		`{"minItems":2}`:                                {`[]`, `must have at least 2 items but has 0`},
		`{"minProperties":1}`:                           {`{}`, `must have at least 1 properties but has 0`},
		`{"maxProperties":1}`:                           {`{"a":1,"b":2}`, `must have at most 1 properties but has 2`},
		`{"dependentRequired":{"a":["b"]}}`:             {`{"a":1}`, `missing b, required beside "a"`},
		`{"not":{"type":"string"}}`:                     {`"x"`, `is of a form that is not allowed`},
		`{"contains":{"type":"string"}}`:                {`[]`, `does not fit the keyword contains`},
		`{"oneOf":[{"type":"string"},{"minLength":1}]}`: {`"x"`, `fits several of the allowed forms, expected one`},
		`{"oneOf":[{"type":"string"},{"type":"null"}]}`: {`1`, `got number, want string`},
		`{"anyOf":[{"type":"string"},{"type":"array","items":{"type":"integer"}}]}`: {`["x"]`, `got string, want integer`},
		`{"allOf":[{"type":"string"},{"minLength":3}]}`:                             {`"x"`, `must have at least 3 characters but has 1`},
		`{"properties":{"b":false}}`:                                                {`{"b":1}`, `is not allowed`},
		`{"format":"date"}`:                                                         {`"x"`, `"x" is not a valid date, such as 2026-01-31`},
		`{"if":{"type":"string"},"then":{"minLength":2}}`:                           {`"x"`, `must have at least 2 characters but has 1`},
	} {
		s, err := Object(Property{Name: "a", Schema: json.RawMessage(schema)})
		if err != nil {
			t.Errorf("%s: %v", schema, err)
			continue
		}
		_, _, violations := s.Decode(json.RawMessage(`{"a":` + value[0] + `}`))
		if len(violations) != 1 || violations[0].Message != value[1] {
			t.Errorf("%s: got %q, want %q", schema, violations, value[1])
		}
	}
}

func TestOutputTypeMistakes(t *testing.T) {
	t.Parallel()
	type result struct {
		Chan  []chan int       `json:"chan"`
		Keys  map[Stringer]int `json:"keys"`
		Iface Stringer         `json:"iface"` // written as what is in it
		Loop  Loop             `json:"loop"`
	}
	_, err := ForOutput(reflect.TypeFor[result]())
	want := `schema.result at /chan/*: found chan int, expected a type that has a JSON form
schema.result at /keys: found map[schema.Stringer]int with keys of type schema.Stringer, expected keys that are strings, integers or have text methods
schema.result at /loop: found schema.Loop, a pointer to itself, expected a type that ends`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	if _, err := ForOutput(reflect.TypeFor[chan int]()); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v, want one mistake", err)
	}
}
