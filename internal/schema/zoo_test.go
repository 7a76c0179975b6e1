package schema

import (
	"encoding/json"
	"errors"
	"math/big"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/invopop/jsonschema"
)

// The zoo: types of every sort that a workflow may take or return. Each is an input and
// an output, with a populated value beside its zero value.

type (
	Booleans struct {
		Plain   bool  `json:"plain"`
		Pointer *bool `json:"pointer"`
	}
	Integers struct {
		Int   int   `json:"int"`
		I8    int8  `json:"i8"`
		I16   int16 `json:"i16"`
		I32   int32 `json:"i32"`
		I64   int64 `json:"i64"`
		Small int   `json:"small" jsonschema:"minimum=1,maximum=9,default=3"`
	}
	Unsigneds struct {
		Uint uint    `json:"uint"`
		U8   uint8   `json:"u8"`
		U16  uint16  `json:"u16"`
		U32  uint32  `json:"u32"`
		U64  uint64  `json:"u64"`
		Ptr  uintptr `json:"ptr"`
	}
	Floats struct {
		F32 float32 `json:"f32"`
		F64 float64 `json:"f64" jsonschema:"exclusiveMinimum=-1.5,multipleOf=0.5"`
	}
	Texts struct {
		Plain  string `json:"plain" jsonschema:"minLength=1,maxLength=20,pattern=^[a-z]+$"`
		Format string `json:"format" jsonschema:"format=email,example=a@example.com"`
		Titled string `json:"titled" jsonschema:"title=Title,description=with\\, comma"`
	}
	Prose struct {
		Latitude float64 `json:"latitude" jsonschema:"Degrees north, between -90 and 90"`
		Note     string  `json:"note" jsonschema_description:"A note, of any length"`
	}
	Pointers struct {
		Text   *string   `json:"text"`
		Number *float64  `json:"number,omitempty"`
		Deep   **int     `json:"deep"`
		Struct *Booleans `json:"struct"`
		Zero   *int      `json:"zero,omitzero"`
		Lazy   **int     `json:"lazy,omitempty"`
	}
	Slices struct {
		Texts    []string   `json:"texts"`
		Pointers []*int     `json:"pointers"`
		Nested   [][]int    `json:"nested,omitempty"`
		Structs  []Booleans `json:"structs" jsonschema:"minItems=1,maxItems=3"`
		Unique   []int      `json:"unique,omitzero" jsonschema:"uniqueItems=true"`
		Pointer  *[]int     `json:"pointer,omitempty"`
	}
	Arrays struct {
		Three [3]int     `json:"three"`
		Bytes [2]byte    `json:"bytes"`
		None  [0]string  `json:"none"`
		Lists [2][]int   `json:"lists"`
		Grid  [2][2]bool `json:"grid"`
	}
	Maps struct {
		Texts   map[string]string          `json:"texts"`
		Anys    map[string]any             `json:"anys"`
		Ints    map[int]string             `json:"ints"`
		Uints   map[uint8]bool             `json:"uints,omitempty"`
		Keyed   map[netip.Addr]int         `json:"keyed"`
		Named   map[Color]float64          `json:"named"`
		Nested  map[string]map[string]*int `json:"nested"`
		Structs map[string]Booleans        `json:"structs"`
	}
	Base struct {
		ID   string `json:"id" jsonschema:"description=identifier"`
		Kind string `json:"kind"`
	}
	Embedding struct {
		Base
		Kind int `json:"kind"`
	}
	EmbeddingPointer struct {
		*Base
		Own string `json:"own"`
	}
	lower            struct{ Shown int }
	EmbeddingUnshown struct{ lower }
	EmbeddingTagged  struct {
		Base `json:"base"`
	}
	Middle            struct{ Base }
	EmbeddingDeep     struct{ Middle }
	Named             string
	EmbeddingNonPlain struct{ Named }
	Anonymous         struct {
		Inner struct {
			A int `json:"a"`
			B []struct {
				C string `json:"c"`
			} `json:"b"`
		} `json:"inner"`
	}
	Omitted struct {
		Text  string         `json:"text,omitempty"`
		Time  time.Time      `json:"time,omitzero"`
		Slice []int          `json:"slice,omitempty"`
		Map   map[string]int `json:"map,omitzero"`
		Inner Base           `json:"inner,omitempty"` //nolint:modernize // without effect, which is the point
		Skip  string         `json:"-"`
		//lint:ignore SA5008 a property may be called -
		Dash string `json:"-,"` //nolint:staticcheck // as above
		own  string
		Bare int
		Hide string `json:"hide,omitempty" jsonschema:"-"`
	}
	Quoted struct {
		Int    int64         `json:"int,string"`
		Uint   uint8         `json:"uint,string"`
		Float  float64       `json:"float,string"`
		Bool   bool          `json:"bool,string"`
		Text   string        `json:"text,string"`
		Ptr    *int          `json:"ptr,string"`
		Number json.Number   `json:"number,string"`
		Wait   time.Duration `json:"wait,string"`
		//lint:ignore SA5008 the option has no effect here
		Slice []int `json:"slice,string"` //nolint:staticcheck // as above
	}
	Times struct {
		At     time.Time            `json:"at"`
		Maybe  *time.Time           `json:"maybe"`
		Many   []time.Time          `json:"many"`
		ByName map[string]time.Time `json:"by_name"`
	}
	Durations struct {
		Wait    time.Duration            `json:"wait" jsonschema:"default=90s"`
		Maybe   *time.Duration           `json:"maybe"`
		Many    []time.Duration          `json:"many"`
		ByName  map[string]time.Duration `json:"by_name"`
		Choice  time.Duration            `json:"choice" jsonschema:"enum=60s,enum=5m,description=How long"`
		Choices []time.Duration          `json:"choices,omitempty" jsonschema:"enum=60s,enum=5m"`
		Inner   []struct {
			Every time.Duration `json:"every,omitempty"`
		} `json:"inner"`
		Month time.Month `json:"month"`
	}
	Raws struct {
		Raw   json.RawMessage  `json:"raw"`
		Maybe *json.RawMessage `json:"maybe,omitempty"`
		Num   json.Number      `json:"num"`
		Nums  []json.Number    `json:"nums"`
	}
	Octets     []byte
	ByteSlices struct {
		Bytes []byte   `json:"bytes"`
		Own   Octets   `json:"own,omitempty"`
		Many  [][]byte `json:"many"`
	}
	Bigs struct {
		Ptr   *big.Int   `json:"ptr"`
		Value big.Int    `json:"value"`
		Many  []big.Int  `json:"many"`
		Float *big.Float `json:"float"`
		Rat   *big.Rat   `json:"rat,omitempty"`
		Plain big.Float  `json:"plain"`
	}
	Color string
	Enums struct {
		Color  Color   `json:"color" jsonschema:"enum=red,enum=green,default=green"`
		Level  int     `json:"level" jsonschema:"enum=1,enum=2,enum=3"`
		Colors []Color `json:"colors" jsonschema:"enum=red,enum=green"`
		Floats []int   `json:"floats" jsonschema:"default=1,default=2"`
	}
	Page[T any] struct {
		Items []T `json:"items"`
		Next  *T  `json:"next"`
	}
	Pair[K comparable, V any] struct {
		Key   K `json:"key"`
		Value V `json:"value"`
	}
	Tree[T any] struct {
		Value    T          `json:"value"`
		Children []*Tree[T] `json:"children"`
	}
	Generics struct {
		Page Page[Base]                           `json:"page"`
		Pair Pair[string, Page[Pair[int, *Base]]] `json:"pair"`
		Tree Tree[url.URL]                        `json:"tree"`
		Anon Tree[struct{ X int }]                `json:"anon"`
	}
	Interfaces struct {
		Any   any            `json:"any"`
		Maybe any            `json:"maybe,omitempty"`
		List  []any          `json:"list"`
		Map   map[string]any `json:"map"`
		Ptr   *any           `json:"ptr"`
	}
	Comment struct {
		Text    string    `json:"text" jsonschema:"description=what is said"`
		Replies []Comment `json:"replies,omitempty"`
		Parent  *Comment  `json:"parent" jsonschema:"description=what it answers"`
	}
	Person struct {
		Name string  `json:"name"`
		Home *House  `json:"home"`
		Pets []Named `json:"pets"`
	}
	House struct {
		Owner   Person            `json:"owner"`
		Tenants map[string]Person `json:"tenants"`
	}
	Forest   map[string]Forest
	Onion    []Onion
	Recursed struct {
		Forest Forest `json:"forest"`
		Onion  Onion  `json:"onion"`
	}
	Level struct{ n int }
	Own   struct {
		Value   Level  `json:"value"`
		Pointer *Level `json:"pointer"`
	}
	Celsius struct{ degrees float64 }
	Upward  struct{ s string }
	Textual struct {
		Value   Celsius            `json:"value"`
		Pointer *Celsius           `json:"pointer"`
		Upward  Upward             `json:"upward"`
		Upwards []Upward           `json:"upwards"`
		IP      net.IP             `json:"ip"`
		Addr    netip.Addr         `json:"addr"`
		Map     map[Celsius]string `json:"map"`
	}
	Money struct {
		Cents int `json:"-"`
	}
	Nested struct {
		A Inner  `json:"a"`
		B *Inner `json:"b"`
	}
	Inner   struct{ X, Y int }
	Schemed struct {
		Money  Money   `json:"money" jsonschema:"description=the price"`
		Many   []Money `json:"many"`
		Nested Filter  `json:"nested"`
		Alias  Aliased `json:"alias"`
		Rule   Rule    `json:"rule"`
	}
	Extended struct {
		Low  int           `json:"low" jsonschema:"default=9007199254740993,example=-9007199254740993"`
		High int           `json:"high"`
		Wait time.Duration `json:"wait"`
		Sub  Booleans      `json:"sub"`
	}
	Aliased int
	Filter  struct{}
	Rule    struct{}
	URLs    struct {
		Value url.URL  `json:"value"`
		Ptr   *url.URL `json:"ptr"`
	}
	Grouped struct {
		Inner struct {
			Mail  string `json:"mail,omitempty" jsonschema:"oneof_required=mail"`
			Phone string `json:"phone,omitempty" jsonschema:"oneof_required=phone"`
		} `json:"inner"`
	}
	Required struct {
		Must *int   `json:"must" jsonschema:"required"`
		Also string `json:"also,omitempty" jsonschema:"required"`
		Null *int   `json:"null" jsonschema:"nullable"`
	}
	Line struct {
		Text     string  `json:"text" jsonschema:"default=item"`
		Amount   float64 `json:"amount" jsonschema:"minimum=0"`
		Quantity int     `json:"quantity" jsonschema:"default=1,minimum=1"`
	}
	Invoice struct {
		ID    string          `json:"id" jsonschema:"description=The invoice's own number,example=R-17"`
		Lines []Line          `json:"lines"`
		ByTag map[string]Line `json:"by_tag,omitempty"`
		Due   time.Time       `json:"due"`
		Grace time.Duration   `json:"grace" jsonschema:"default=72h"`
		Memo  *string         `json:"memo"`
	}
	ZeroByOwnRule []int
	OddZero       struct {
		List ZeroByOwnRule `json:"list,omitzero"`
	}
)

func (l Level) MarshalJSON() ([]byte, error) { return []byte(strconv.Itoa(l.n)), nil }
func (l *Level) UnmarshalJSON(b []byte) (err error) {
	l.n, err = strconv.Atoi(string(b))
	return err
}

func (c Celsius) MarshalText() ([]byte, error) {
	return []byte(strconv.FormatFloat(c.degrees, 'f', -1, 64) + "°C"), nil
}
func (c *Celsius) UnmarshalText(b []byte) (err error) {
	number, ok := strings.CutSuffix(string(b), "°C")
	if !ok {
		return errors.New("no unit °C")
	}
	c.degrees, err = strconv.ParseFloat(number, 64)
	return err
}

func (u *Upward) MarshalText() ([]byte, error) { return []byte(u.s), nil }
func (u *Upward) UnmarshalText(b []byte) error { u.s = string(b); return nil }

func (m Money) MarshalJSON() ([]byte, error) { return json.Marshal(strconv.Itoa(m.Cents) + " ct") }
func (m *Money) UnmarshalJSON(b []byte) (err error) {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	m.Cents, err = strconv.Atoi(strings.TrimSuffix(s, " ct"))
	return err
}

func (Money) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: "^-?[0-9]+ ct$", Description: "cents"}
}

// A schema as invopop makes it by default: with an $id that leaks the import path and a
// root that refers to a definition.
func (Filter) JSONSchema() *jsonschema.Schema { return jsonschema.Reflect(Nested{}) }

func (Filter) MarshalJSON() ([]byte, error) { return json.Marshal(Nested{B: &Inner{}}) }
func (*Filter) UnmarshalJSON([]byte) error  { return nil }

// A schema that refers to its own root.
func (Rule) JSONSchema() *jsonschema.Schema {
	p := jsonschema.NewProperties()
	p.Set("all", &jsonschema.Schema{Type: "array", Items: &jsonschema.Schema{Ref: "#"}})
	return &jsonschema.Schema{Type: "object", Properties: p}
}

func (Rule) MarshalJSON() ([]byte, error) { return []byte(`{"all":[{},{"all":[]}]}`), nil }
func (*Rule) UnmarshalJSON([]byte) error  { return nil }

func (Aliased) JSONSchemaAlias() any { return int64(0) }

func (Extended) JSONSchemaExtend(s *jsonschema.Schema) {
	s.Title = "A range"
	low, _ := s.Properties.Get("low")
	low.Description = "the lower end"
}

func (z ZeroByOwnRule) IsZero() bool { return len(z) == 1 }

// An animal is one type of the zoo.
type animal struct {
	typ       reflect.Type
	populated any
}

func sample[T any](populated T) animal { return animal{reflect.TypeFor[T](), populated} }

func zoo() []animal {
	now := time.Date(2026, 1, 31, 15, 4, 5, 123456789, time.FixedZone("", 3600))
	bigInt, _ := new(big.Int).SetString("123456789012345678901234567890", 10)
	base := Base{ID: "1", Kind: "k"}
	quoted := Quoted{1 << 62, 7, -0.5, true, `say "hi"`, new(3), "12.50", 90 * time.Second, []int{1}}
	return []animal{
		sample(Booleans{true, new(true)}),
		sample(Integers{1, -128, 1 << 14, -1 << 31, 1<<63 - 1, 4}),
		sample(Unsigneds{1, 255, 1, 1, 1<<64 - 1, 9}),
		sample(Floats{0.1, 1e300}),
		sample(Texts{"abc", "a@example.com", "<&>\u2028"}),
		sample(Prose{1, "x"}),
		sample(Pointers{new("x"), new(1.5), new(new(3)), &Booleans{}, new(0), new((*int)(nil))}),
		sample(Slices{[]string{"a"}, []*int{nil, new(1)}, [][]int{nil, {1}}, []Booleans{{}}, []int{}, new([]int(nil))}),
		sample(Arrays{[3]int{1, 2, 3}, [2]byte{1, 2}, [0]string{}, [2][]int{nil, {1}}, [2][2]bool{}}),
		sample(Maps{map[string]string{"a": "b"}, map[string]any{"x": nil}, map[int]string{-1: "a", 0: "b"}, map[uint8]bool{3: true},
			map[netip.Addr]int{netip.MustParseAddr("::1"): 1}, map[Color]float64{"red": 1},
			map[string]map[string]*int{"a": nil, "b": {"c": nil}}, map[string]Booleans{"x": {}}}),
		sample(Embedding{base, 3}),
		sample(EmbeddingPointer{&base, "x"}),
		sample(EmbeddingUnshown{lower{3}}),
		sample(EmbeddingTagged{base}),
		sample(EmbeddingDeep{Middle{base}}),
		sample(EmbeddingNonPlain{"x"}),
		sample(func() (a Anonymous) {
			a.Inner.B = append(a.Inner.B, struct {
				C string `json:"c"`
			}{"x"})
			return a
		}()),
		sample(Omitted{"x", now, []int{1}, map[string]int{}, base, "no", "dash", "no", 1, "hidden"}),
		sample(quoted),
		sample(Times{now, &now, []time.Time{now.UTC()}, map[string]time.Time{"a": now}}),
		sample(Durations{90 * time.Second, new(time.Duration(1)), []time.Duration{-time.Hour}, map[string]time.Duration{"a": 1<<63 - 1},
			time.Minute, []time.Duration{time.Minute}, []struct {
				Every time.Duration `json:"every,omitempty"`
			}{{time.Hour}, {}}, time.May}),
		sample(Raws{json.RawMessage(`{"a":[1e999999999, 1.50]}`), new(json.RawMessage("null")), "1.50", []json.Number{"0", "1e400"}}),
		sample(ByteSlices{[]byte{0, 255}, Octets("x"), [][]byte{nil, {1}}}),
		sample(Bigs{bigInt, *bigInt, []big.Int{*bigInt}, big.NewFloat(1.5), big.NewRat(1, 3), *big.NewFloat(2)}),
		sample(Enums{"red", 2, []Color{"green"}, []int{1}}),
		sample(Generics{Page: Page[Base]{[]Base{base}, &base}, Tree: Tree[url.URL]{Children: []*Tree[url.URL]{nil, {}}}}),
		sample(Page[Invoice]{Items: []Invoice{{}}}),
		sample(Interfaces{base, 1, []any{nil, "x"}, map[string]any{"a": 1}, new(any(1))}),
		sample(Comment{"a", []Comment{{Text: "b"}}, &Comment{}}),
		sample(Person{"p", &House{Tenants: map[string]Person{"x": {}}}, []Named{"rex"}}),
		sample(Tree[int]{1, []*Tree[int]{nil, {2, nil}}}),
		sample(Recursed{Forest{"a": Forest{"b": nil}}, Onion{nil, {}}}),
		sample(Forest{"a": nil}),
		sample(map[string]time.Duration{"a": time.Minute}),
		sample(map[string]any{"a": 1}),
		sample(Own{Level{3}, &Level{4}}),
		sample(Textual{Celsius{1.5}, &Celsius{}, Upward{"x"}, []Upward{{"y"}}, net.IPv4(1, 2, 3, 4), netip.MustParseAddr("::1"), map[Celsius]string{{2}: "x"}}),
		sample(Schemed{Money{5}, []Money{{1}}, Filter{}, 3, Rule{}}),
		sample(Extended{1, 2, time.Second, Booleans{}}),
		sample(URLs{url.URL{Host: "example.com"}, &url.URL{User: url.User("u")}}),
		sample(Grouped{}),
		sample(Required{new(1), "x", nil}),
		sample(Invoice{"R-1", []Line{{"a", 1.25, 2}}, map[string]Line{"a": {}}, now, time.Hour, new("x")}),
		sample(OddZero{ZeroByOwnRule{1, 2}}),
		sample(struct{}{}),
	}
}

// Outputs may be of any type; inputs are objects.
func outputsOnly() []animal {
	return []animal{
		sample("text"),
		sample(42),
		sample(true),
		sample(1.5),
		sample([]Base{{}}),
		sample(&Invoice{}),
		sample(&Comment{Text: "x"}),
		sample(new(new(Comment{}))),
		sample(time.Now()),
		sample(new(time.Minute)),
		sample([]time.Duration{1}),
		sample(json.RawMessage(`[1]`)),
		sample(json.Number("1")),
		sample([]byte("x")),
		sample(bigOf(7)),
		sample(new(map[string]int{})),
		sample(Onion{nil}),
		sample(Level{1}),
		sample(Celsius{1}),
		sample(Money{1}),
		sample([2]Page[string]{}),
		{reflect.TypeFor[any](), map[string]any{"a": 1}},
		{reflect.TypeFor[error](), errors.New("x")},
	}
}

func bigOf(i int64) *big.Int { return big.NewInt(i) }
