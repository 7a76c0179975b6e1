package schema

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/durablemcp/durablemcp/internal/jsonread"
	"github.com/durablemcp/durablemcp/internal/jsontree"
)

type sending struct {
	Name    string            `json:"name"`
	Note    string            `json:"note,omitempty"`
	Big     int64             `json:"big,omitempty"`
	Urgent  *bool             `json:"urgent"`
	Due     *time.Time        `json:"due"`
	Wait    time.Duration     `json:"wait,omitempty"`
	Class   string            `json:"class,omitempty" jsonschema:"default=second"`
	To      *place            `json:"to"`
	From    place             `json:"from,omitzero"`
	Stops   []place           `json:"stops,omitempty"`
	Tags    []string          `json:"tags,omitempty"`
	Labels  map[string]string `json:"labels,omitempty"`
	Offices map[string]place  `json:"offices,omitempty"`
	Floors  map[int]place     `json:"floors,omitempty"`
	Any     any               `json:"any,omitempty"`
	Raw     json.RawMessage   `json:"raw,omitempty"`
	Via     *sending          `json:"via,omitempty"`
}

type place struct {
	City string  `json:"city"`
	Zip  *string `json:"zip"`
	At   []int64 `json:"at,omitempty"`
}

// inString returns JSON as a JSON string.
func inString(raw string) string { return string(jsontree.AppendString(nil, raw)) }

// TestArgumentsAsClientsSendThem holds what is read as something else than it is, and what
// is not.
func TestArgumentsAsClientsSendThem(t *testing.T) {
	t.Parallel()
	s := structSchema[sending](t)
	const city = `{"city":"Rome","at":[9007199254740993]}`
	for name, test := range map[string]struct{ sent, meant string }{
		"an object":                     {`{"name":"a","to":` + inString(city) + `}`, `{"name":"a","to":` + city + `}`},
		"an object with space":          {`{"name":"a","to":" \n{ \"city\" : \"Rome\" } "}`, `{"name":"a","to":{"city":"Rome"}}`},
		"a list":                        {`{"name":"a","tags":"[\"x\",\"[]\"]"}`, `{"name":"a","tags":["x","[]"]}`},
		"a list of objects":             {`{"name":"a","stops":` + inString(`[`+city+`]`) + `}`, `{"name":"a","stops":[` + city + `]}`},
		"objects in a list":             {`{"name":"a","stops":[` + inString(city) + `]}`, `{"name":"a","stops":[` + city + `]}`},
		"a string in a string":          {`{"name":"a","via":` + inString(`{"name":"b","to":`+inString(city)+`}`) + `}`, `{"name":"a","via":{"name":"b","to":` + city + `}}`},
		"a map":                         {`{"name":"a","labels":"{\"x\":\"{}\"}"}`, `{"name":"a","labels":{"x":"{}"}}`},
		"objects in a map":              {`{"name":"a","offices":{"x":` + inString(city) + `}}`, `{"name":"a","offices":{"x":` + city + `}}`},
		"objects by number":             {`{"name":"a","floors":{"7":` + inString(city) + `}}`, `{"name":"a","floors":{"7":` + city + `}}`},
		"all arguments":                 {inString(`{"name":"a","to":` + city + `}`), `{"name":"a","to":` + city + `}`},
		"null":                          {`{"name":"a","note":null,"big":null,"urgent":null,"due":null,"wait":null,"to":null,"from":null,"stops":null,"labels":null,"via":null}`, `{"name":"a"}`},
		"null for a default":            {`{"name":"a","class":null}`, `{"name":"a"}`},
		"null below":                    {`{"name":"a","stops":[{"city":"Rome","zip":null}],"to":"{\"city\":\"Rome\",\"zip\":null}"}`, `{"name":"a","stops":[{"city":"Rome"}],"to":{"city":"Rome"}}`},
		"JSON where text is meant":      {`{"name":"{\"a\":1}","note":"[1]","tags":["{}"]}`, `{"name":"{\"a\":1}","note":"[1]","tags":["{}"]}`},
		"JSON where anything is meant":  {`{"name":"a","any":"{}","raw":"[null]"}`, `{"name":"a","any":"{}","raw":"[null]"}`},
		"null where anything is meant":  {`{"name":"a","any":null,"raw":{"x":null}}`, `{"name":"a","any":null,"raw":{"x":null}}`},
		"digits where text is meant":    {`{"name":"9007199254740993"}`, `{"name":"9007199254740993"}`},
		"a number that is not a double": {`{"name":"a","big":9007199254740993}`, `{"name":"a","big":9007199254740993}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args, canonical, violations := s.Decode(json.RawMessage(test.sent))
			if len(violations) > 0 {
				t.Fatal(violations)
			}
			want, wantCanonical, violations := s.Decode(json.RawMessage(test.meant))
			if len(violations) > 0 {
				t.Fatal(violations)
			}
			if string(canonical) != string(wantCanonical) || !reflect.DeepEqual(args, want) {
				t.Errorf("%s is read as %s, want %s", test.sent, canonical, wantCanonical)
			}
			if a, b := identify(t, s, test.sent), identify(t, s, test.meant); !reflect.DeepEqual(a, b) {
				t.Errorf("the identity of %s is %+v, of %s %+v", test.sent, a, test.meant, b)
			}
		})
	}
}

// TestArgumentsThatStayRefused holds what could mean several things, or none.
func TestArgumentsThatStayRefused(t *testing.T) {
	t.Parallel()
	s := structSchema[sending](t)
	for sent, want := range map[string]string{
		`{"name":null}`:                                       `/name: got null, want string`,
		`{"name":"a","to":{"city":null}}`:                     `/to/city: got null, want string`,
		`{"name":"a","tags":[null]}`:                          `/tags/0: got null, want string`,
		`{"name":"a","stops":[null]}`:                         `/stops/0: got null, want object`,
		`{"name":"a","labels":{"x":null}}`:                    `/labels/x: got null, want string`,
		`{"name":"a","more":null}`:                            `arguments: unknown property "more"`,
		`{"name":"a","big":"7"}`:                              `/big: got string, want integer`,
		`{"name":"a","urgent":"true"}`:                        `/urgent: got string, want boolean`,
		`{"name":7}`:                                          `/name: got number, want string`,
		`{"name":"a","tags":"x"}`:                             `/tags: got string, want array`,
		`{"name":"a","tags":""}`:                              `/tags: got string, want array`,
		`{"name":"a","tags":"null"}`:                          `/tags: got string, want array`,
		`{"name":"a","tags":"{}"}`:                            `/tags: got string, want array`,
		`{"name":"a","to":"[]"}`:                              `/to: got string, want object`,
		`{"name":"a","to":"{\"city\":\"Rome\""}`:              `/to: got string, want object`,
		`{"name":"a","to":"{\"city\":\"Rome\"} {}"}`:          `/to: got string, want object`,
		`{"name":"a","to":` + inString(inString(`{}`)) + `}`:  `/to: got string, want object`,
		`{"name":"a","to":"{\"city\":1}"}`:                    `/to/city: got number, want string`,
		`{"name":"a","to":"{\"town\":\"Rome\"}"}`:             `/to: missing required property "city"`,
		`{"name":"a","to":"{\"city\":\"a\",\"city\":\"b\"}"}`: `/to: duplicate property "city"`,
		`{"name":"a","stops":["{\"city\":\"\\ud800\"}"]}`:     `/stops/0/city: text that is not valid UTF-8`,
		`{"name":"a","to":"{\"at\":[1e999]}"}`:                `/to/at/0: number 1e999 is too large`,
		inString(`[]`):                                        `arguments: got string, want object`,
		inString(inString(`{"name":"a"}`)):                    `arguments: got string, want object`,
	} {
		_, _, violations := s.Decode(json.RawMessage(sent))
		if !slices.ContainsFunc(texts(violations), func(v string) bool { return strings.HasPrefix(v, want) }) {
			t.Errorf("%s: %q, want %s", sent, texts(violations), want)
		}
	}
}

// TestLimitsHoldInsideStrings holds that strings do not get around the limits of arguments.
func TestLimitsHoldInsideStrings(t *testing.T) {
	t.Parallel()
	s := structSchema[sending](t)
	many := inString(`[` + strings.Repeat(`1,`, jsonread.MaxValues/2) + `1]`)
	deep := inString(`{"city":"x","at":` + strings.Repeat("[", jsonread.MaxDepth) + strings.Repeat("]", jsonread.MaxDepth) + `}`)
	for sent, want := range map[string]string{
		`{"name":"a","to":{"city":"x","at":` + many + `},"from":{"city":"x","at":` + many + `}}`: "arguments: more than 100000 values",
		`{"name":"a","to":` + deep + `}`: "arguments: nested deeper than 200 levels",
	} {
		if _, _, violations := s.Decode(json.RawMessage(sent)); !slices.Contains(texts(violations), want) {
			t.Errorf("%q, want %s", texts(violations), want)
		}
	}
}

// TestLeniencyOfSchemasByHand holds what is read in schemas that no Go type makes.
func TestLeniencyOfSchemasByHand(t *testing.T) {
	t.Parallel()
	const object = `{"type":"object","properties":{"x":{"type":"integer"},"y":{"type":"string"}},"required":["y"]}`
	const sent, meant, kept = `{"p":"{\"x\":null,\"y\":\"[]\"}"}`, `{"p":{"y":"[]"}}`, `{"p":"{\"x\":null,\"y\":\"[]\"}"}`
	for name, test := range map[string]struct{ schema, sent, read string }{
		"an object":                  {object, sent, meant},
		"an object or null":          {`{"anyOf":[` + object + `,{"type":"null"}]}`, sent, meant},
		"one of two kinds":           {`{"oneOf":[{"type":"array"},` + object + `]}`, sent, meant},
		"an object or text":          {`{"anyOf":[` + object + `,{"type":"string"}]}`, sent, kept},
		"several types":              {`{"type":["object","integer"]}`, `{"p":"{}"}`, `{"p":{}}`},
		"text among several types":   {`{"type":["object","string"]}`, `{"p":"{}"}`, `{"p":"{}"}`},
		"two kinds of objects":       {`{"oneOf":[` + object + `,{"type":"object","required":["z"]}]}`, `{"p":"{\"x\":null,\"y\":\"a\"}"}`, `{"p":{"x":null,"y":"a"}}`},
		"a reference":                {`{"$ref":"#/$defs/T","$defs":{"T":` + object + `}}`, sent, meant},
		"all of":                     {`{"allOf":[` + object + `,{"required":["x"]}]}`, `{"p":{"x":null,"y":"a"}}`, `{"p":{"x":null,"y":"a"}}`},
		"a property described twice": {`{"allOf":[` + object + `,{"properties":{"x":{"minimum":1}}}]}`, `{"p":{"x":null,"y":"a"}}`, `{"p":{"x":null,"y":"a"}}`},
		"a list of values":           {`{"enum":[{"a":1},[2]]}`, `{"p":"[2]"}`, `{"p":[2]}`},
		"one value":                  {`{"const":{"a":1}}`, `{"p":"{\"a\":1}"}`, `{"p":{"a":1}}`},
		"text in a list of values":   {`{"enum":["[2]",[2]]}`, `{"p":"[2]"}`, `{"p":"[2]"}`},
		"null is allowed":            {`{"type":["string","null"]}`, `{"p":null}`, `{"p":null}`},
		"null is allowed by a list":  {`{"enum":["a",null]}`, `{"p":null}`, `{"p":null}`},
		"null is not":                {`{"enum":["a","b"]}`, `{"p":null}`, `{}`},
		"anything":                   {`{"description":"anything"}`, `{"p":null}`, `{"p":null}`},
		"nothing":                    {`{"anyOf":[]}`, `{"p":"{}"}`, `{"p":"{}"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			document, err := parseNode([]byte(`{"type":"object","properties":{"p":` + strings.ReplaceAll(test.schema, `#/$defs`, `#/properties/p/$defs`) + `}}`))
			if err != nil {
				t.Fatal(err)
			}
			got, violations := jsonread.Read([]byte(test.sent), newLeniency(document).apply)
			if text := string(jsontree.Append(nil, got)); text != test.read || len(violations) > 0 {
				t.Errorf("%s is read as %s %v, want %s", test.sent, text, violations, test.read)
			}
		})
	}
}

// TestIgnoredArguments holds that they are dropped at the top only, and never the tool's own.
func TestIgnoredArguments(t *testing.T) {
	t.Parallel()
	base := structSchema[place](t).Ignoring([]string{"toolCallId", "city", "id"})
	s, err := base.With(Property{Name: "id", Type: reflect.TypeFor[string](), Required: true})
	if err != nil {
		t.Fatal(err)
	}
	sent, meant := `{"id":"1","city":"Rome","toolCallId":"call_7"}`, `{"id":"1","city":"Rome"}`
	if a, b := identify(t, s, sent), identify(t, s, meant); !reflect.DeepEqual(a, b) {
		t.Errorf("the identity of %s is %+v, of %s %+v", sent, a, meant, b)
	}
	for _, sent := range []string{`{"id":"1","city":"Rome","toolCallID":""}`, `{"id":"1","city":{"toolCallId":""}}`} {
		if _, _, violations := s.Decode(json.RawMessage(sent)); len(violations) == 0 {
			t.Errorf("%s is taken", sent)
		}
	}
	if _, _, violations := base.Decode(json.RawMessage(`{"city":"Rome","id":"1","toolCallId":{}}`)); len(violations) > 0 {
		t.Error(violations)
	}
	open := Anything().Ignoring([]string{"toolCallId"})
	if args, _, _ := open.Decode(json.RawMessage(`{"a":null,"toolCallId":"x"}`)); !reflect.DeepEqual(args, map[string]any{"a": nil}) {
		t.Errorf("open arguments are %v", args)
	}
}

func TestUnquoted(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`"{\"a\":1}"`: `{"a":1}`, `"{"`: `"{"`, `"[]"`: `"[]"`, `{"a":"{}"}`: `{"a":"{}"}`, `7`: `7`, `"x"`: `"x"`, ``: ``,
	} {
		if got := string(Unquoted(json.RawMessage(raw))); got != want {
			t.Errorf("%s is read as %s, want %s", raw, got, want)
		}
	}
}

// TestLenient holds that answers which the MCP SDK has read are read as arguments are.
func TestLenient(t *testing.T) {
	t.Parallel()
	s := structSchema[sending](t)
	got := Lenient(s.JSON(), map[string]any{"name": "a", "note": nil, "tags": `["x"]`, "big": 1.5})
	if want := map[string]any{"name": "a", "tags": []any{"x"}, "big": 1.5}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := Lenient(nil, nil); got != nil {
		t.Errorf("nothing is read as %v", got)
	}
}
