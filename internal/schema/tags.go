package schema

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/invopop/jsonschema"

	"github.com/durablemcp/durablemcp/internal/jsontree"
)

// hidden reports whether a field is kept out of schemas.
func hidden(tag reflect.StructTag) bool {
	first, _, _ := strings.Cut(tag.Get("jsonschema"), ",")
	return first == "-"
}

// tagInfo is what the tags of a field say beside its schema.
type tagInfo struct {
	required bool
}

// tagged applies the jsonschema tags of a field to the schema of its type. Combinators
// that tags put on the struct (oneof_required, anyof_required) are added to parent.
//
// Output schemas take only text: Go enforces none of the constraints, so that a zero
// value would not validate. What an enum says goes into the description.
func (g *generator) tagged(n *jsontree.Node, f field, parent *jsontree.Node) (*jsontree.Node, tagInfo) {
	keywords, combined, err := g.readTags(n, f)
	if err != nil {
		g.fail(err.Error(), "tags that can be read")
		return n, tagInfo{}
	}
	n = n.Clone()
	if g.output {
		annotate(n, keywords)
		return n, tagInfo{}
	}
	g.constrain(n, keywords)
	mergeCombined(parent, combined)
	return n, tagInfo{required: slices.Contains(splitTag(f.tag.Get("jsonschema")), "required")}
}

// readTags lets invopop read the tags of a field, on a stand-in with the JSON type of
// its schema.
func (g *generator) readTags(n *jsontree.Node, f field) (keywords, combined *jsontree.Node, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("jsonschema tag %q that cannot be read", f.tag.Get("jsonschema"))
		}
	}()
	tag, description := f.tag.Get("jsonschema"), f.tag.Get("jsonschema_description")
	if isProse(tag) {
		tag, description = "", tag
	}
	if tag == "" && description == "" && f.tag.Get("jsonschema_extras") == "" {
		return &jsontree.Node{}, &jsontree.Node{}, nil
	}
	standIn := reflect.StructOf([]reflect.StructField{{
		Name: "F",
		Type: g.standIn(n, 0),
		Tag: reflect.StructTag(fmt.Sprintf("json:%q jsonschema:%q jsonschema_description:%q jsonschema_extras:%q",
			f.name, withoutNullable(tag), description, f.tag.Get("jsonschema_extras"))),
	}})
	whole, err := fromInvopop((&jsonschema.Reflector{Anonymous: true, DoNotReference: true}).ReflectFromType(standIn))
	if err != nil {
		return nil, nil, err
	}
	keywords = &jsontree.Node{}
	if properties := whole.Child("properties"); properties != nil && len(properties.Members) == 1 {
		keywords, _ = properties.Members[0].Value.(*jsontree.Node)
	}
	combined = &jsontree.Node{}
	for _, key := range []string{"oneOf", "anyOf"} {
		if whole.Has(key) {
			combined.Set(key, whole.Get(key))
		}
	}
	g.checkTag(tag, keywords, combined)
	return keywords, combined, nil
}

// isProse reports whether a tag is a description without keywords, as other libraries have it.
func isProse(tag string) bool {
	if tag == "" || keywordStart.MatchString(tag) {
		return false
	}
	for _, part := range splitTag(tag) {
		key, _, isKeyword := strings.Cut(part, "=")
		if isKeyword && tagKeywords[key] != "" || part == "required" || part == "nullable" || tagKeywords[part] != "" {
			return false
		}
	}
	return true
}

var keywordStart = regexp.MustCompile(`^\w+=`)

// withoutNullable drops a flag that invopop turns into a union with null. Whether null is
// possible follows from the Go type.
func withoutNullable(tag string) string {
	parts := slices.DeleteFunc(splitTag(tag), func(p string) bool { return p == "nullable" })
	for i, p := range parts {
		parts[i] = strings.ReplaceAll(p, ",", `\,`)
	}
	return strings.Join(parts, ",")
}

// standIn returns a Go type whose schema has the JSON type of n.
func (g *generator) standIn(n *jsontree.Node, depth int) reflect.Type {
	n = g.deref(n)
	switch n.Text("type") {
	case "string":
		return reflect.TypeFor[string]()
	case "integer":
		return reflect.TypeFor[int]()
	case "number":
		return reflect.TypeFor[float64]()
	case "boolean":
		return reflect.TypeFor[bool]()
	case "object":
		return reflect.TypeFor[map[string]any]()
	case "array":
		if items := n.Child("items"); items != nil && depth < 8 {
			if anyOf := items.List("anyOf"); g.output && len(anyOf) > 0 { // nullable
				items, _ = anyOf[0].(*jsontree.Node)
			}
			return reflect.SliceOf(g.standIn(items, depth+1))
		}
		return reflect.TypeFor[[]any]()
	}
	return reflect.TypeFor[any]()
}

// tagKeywords maps the keys of a jsonschema tag to the keywords of a schema.
var tagKeywords = map[string]string{
	"title": "title", "description": "description", "type": "type", "anchor": "$anchor",
	"oneof_required": "oneOf", "anyof_required": "anyOf", "oneof_ref": "oneOf", "anyof_ref": "anyOf",
	"oneof_type": "oneOf", "anyof_type": "anyOf", "minLength": "minLength", "maxLength": "maxLength",
	"pattern": "pattern", "format": "format", "readOnly": "readOnly", "writeOnly": "writeOnly",
	"default": "default", "example": "examples", "enum": "enum", "multipleOf": "multipleOf",
	"minimum": "minimum", "maximum": "maximum", "exclusiveMinimum": "exclusiveMinimum",
	"exclusiveMaximum": "exclusiveMaximum", "minItems": "minItems", "maxItems": "maxItems",
	"uniqueItems": "uniqueItems",
}

// checkTag reports the parts of a tag that invopop passed over in silence: unknown
// keywords, keywords that the type does not have, values that are not of the type.
func (g *generator) checkTag(tag string, keywords, combined *jsontree.Node) {
	if tag == "" {
		return
	}
	counts := map[string]int{}
	for _, part := range splitTag(tag) {
		key, _, isKeyword := strings.Cut(part, "=")
		if !isKeyword {
			if part != "required" && part != "nullable" && part != "" {
				g.fail(fmt.Sprintf("jsonschema tag with %s, which is not a keyword", jsontree.Quote(part)), `key=value, with commas in values written \\,`)
			}
			continue
		}
		keyword, known := tagKeywords[key]
		if !known {
			g.fail(fmt.Sprintf("jsonschema tag %s with an unknown keyword", jsontree.Quote(part)), "a keyword such as description, enum or minimum")
			continue
		}
		counts[keyword]++
		if taken(keyword, counts[keyword], keywords, combined) {
			continue
		}
		kind := keywords.Text("type")
		if kind == "" {
			kind = "a value of any type"
		}
		g.fail(fmt.Sprintf("jsonschema tag %s on %s", jsontree.Quote(part), kind), "a keyword of that type with a value that fits it")
	}
}

// taken reports whether the count-th value of a keyword has arrived in a schema.
func taken(keyword string, count int, keywords, combined *jsontree.Node) bool {
	for _, n := range []*jsontree.Node{keywords, keywords.Child("items"), combined} {
		if n == nil || !n.Has(keyword) {
			continue
		}
		list, isList := n.Get(keyword).([]any)
		return !isList || len(list) >= count || strings.HasSuffix(keyword, "Of")
	}
	return keyword == "readOnly" || keyword == "writeOnly" // false is not written
}

// constrain applies everything that tags say to an input schema.
func (g *generator) constrain(n, keywords *jsontree.Node) {
	if def := g.deref(n); keywords.Has("items") && def != n && def.Has("items") {
		*n = *overlay(def.Clone(), n) // the tags are about the elements of this field only
	}
	for _, m := range keywords.Members {
		switch m.Key {
		case "$anchor", "properties":
		case "items":
			items, ok := m.Value.(*jsontree.Node)
			if ok && n.Child("items") != nil {
				g.constrain(n.Child("items"), items)
			}
		case "type":
			g.retype(n, m.Value)
		case "additionalProperties":
		case "pattern":
			if g.checkPattern(m.Value) {
				n.Set(m.Key, m.Value)
			}
		case "default":
			n.Set(m.Key, typedDefault(m.Value, g.deref(n)))
		default:
			n.Set(m.Key, m.Value)
		}
	}
}

func (g *generator) checkPattern(v any) bool {
	s, _ := v.(string)
	_, err := regexp.Compile(s)
	if err != nil {
		g.fail("pattern "+jsontree.Quote(s), "a regular expression of Go's syntax")
	}
	return err == nil
}

var jsonTypes = []any{"string", "integer", "number", "boolean", "object", "array", "null"}

// retype sets the type that a tag says, unless it is the one that the schema has.
func (g *generator) retype(n *jsontree.Node, kind any) {
	switch {
	case kind == g.deref(n).Get("type"):
	case slices.Contains(jsonTypes, kind):
		n.Set("type", kind)
	default:
		g.fail(fmt.Sprintf("jsonschema tag \"type=%v\"", kind), "a type of JSON Schema")
	}
}

// typedDefault turns the elements of a default for an array, which invopop leaves as
// text, into values of the element type.
func typedDefault(v any, n *jsontree.Node) any {
	list, ok := v.([]any)
	items := n.Child("items")
	if !ok || items == nil {
		return v
	}
	typed := make([]any, len(list))
	for i, e := range list {
		typed[i] = typedElement(e, items.Text("type"))
	}
	return typed
}

func typedElement(v any, kind string) any {
	s, ok := v.(string)
	if !ok || kind == "string" {
		return v
	}
	if kind == "boolean" {
		if b, err := strconv.ParseBool(s); err == nil {
			return b
		}
	}
	if (kind == "integer" || kind == "number") && json.Valid([]byte(s)) {
		return json.Number(s)
	}
	return v
}

// annotate applies what tags say in words to an output schema.
func annotate(n, keywords *jsontree.Node) {
	for _, m := range keywords.Members {
		switch {
		case m.Key == "title", m.Key == "description", m.Key == "examples", m.Key == "deprecated", strings.HasPrefix(m.Key, "x-"):
			n.Set(m.Key, m.Value)
		case m.Key == "enum":
			note(n, "Known values", m.Value)
		case m.Key == "items":
			if items, ok := m.Value.(*jsontree.Node); ok && items.Has("enum") {
				note(n, "Known elements", items.Get("enum"))
			}
		}
	}
}

// note adds a list of values to the description.
func note(n *jsontree.Node, label string, values any) {
	list, _ := values.([]any)
	words := make([]string, len(list))
	for i, v := range list {
		words[i] = string(jsontree.Append(nil, v))
	}
	sentence := label + ": " + strings.Join(words, ", ") + "."
	if d := n.Text("description"); d != "" {
		sentence = strings.TrimRight(d, ". ") + ". " + sentence
	}
	n.Set("description", sentence)
}

// mergeCombined adds the groups of oneof_required and anyof_required of one field to
// those of the other fields of the struct.
func mergeCombined(parent, combined *jsontree.Node) {
	for _, m := range combined.Members {
		groups, _ := m.Value.([]any)
		for _, group := range groups {
			g, ok := group.(*jsontree.Node)
			if !ok {
				continue
			}
			if same := groupOf(parent.List(m.Key), g.Text("title")); same != nil {
				same.Set("required", append(same.List("required"), g.List("required")...))
			} else {
				parent.Set(m.Key, append(parent.List(m.Key), g))
			}
		}
	}
}

func groupOf(groups []any, title string) *jsontree.Node {
	for _, v := range groups {
		if n, ok := v.(*jsontree.Node); ok && n.Text("title") == title {
			return n
		}
	}
	return nil
}
