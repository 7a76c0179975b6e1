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
func (g *generator) tagged(n *node, f field, parent *node) (*node, tagInfo) {
	keywords, combined, err := g.readTags(n, f)
	if err != nil {
		g.fail(err.Error(), "tags that can be read")
		return n, tagInfo{}
	}
	n = n.clone()
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
func (g *generator) readTags(n *node, f field) (keywords, combined *node, err error) {
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
		return &node{}, &node{}, nil
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
	keywords = &node{}
	if properties := whole.child("properties"); properties != nil && len(properties.members) == 1 {
		keywords, _ = properties.members[0].value.(*node)
	}
	combined = &node{}
	for _, key := range []string{"oneOf", "anyOf"} {
		if whole.has(key) {
			combined.set(key, whole.get(key))
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

// splitTag splits a tag at the commas that are not escaped.
func splitTag(tag string) []string {
	var parts []string
	var part strings.Builder
	for i := 0; i < len(tag); i++ {
		switch {
		case tag[i] == '\\' && i+1 < len(tag) && tag[i+1] == ',':
			part.WriteByte(',')
			i++
		case tag[i] == ',':
			parts = append(parts, part.String())
			part.Reset()
		default:
			part.WriteByte(tag[i])
		}
	}
	return append(parts, part.String())
}

// standIn returns a Go type whose schema has the JSON type of n.
func (g *generator) standIn(n *node, depth int) reflect.Type {
	n = g.deref(n)
	switch n.text("type") {
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
		if items := n.child("items"); items != nil && depth < 8 {
			if anyOf := items.list("anyOf"); g.output && len(anyOf) > 0 { // nullable
				items, _ = anyOf[0].(*node)
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
func (g *generator) checkTag(tag string, keywords, combined *node) {
	if tag == "" {
		return
	}
	counts := map[string]int{}
	for _, part := range splitTag(tag) {
		key, _, isKeyword := strings.Cut(part, "=")
		if !isKeyword {
			if part != "required" && part != "nullable" && part != "" {
				g.fail(fmt.Sprintf("jsonschema tag with %s, which is no keyword", quote(part)), `key=value, with commas in values written \\,`)
			}
			continue
		}
		keyword, known := tagKeywords[key]
		if !known {
			g.fail(fmt.Sprintf("jsonschema tag %s with an unknown keyword", quote(part)), "a keyword such as description, enum or minimum")
			continue
		}
		counts[keyword]++
		if taken(keyword, counts[keyword], keywords, combined) {
			continue
		}
		kind := keywords.text("type")
		if kind == "" {
			kind = "a value of any type"
		}
		g.fail(fmt.Sprintf("jsonschema tag %s on %s", quote(part), kind), "a keyword of that type with a value that fits it")
	}
}

// taken reports whether the count-th value of a keyword has arrived in a schema.
func taken(keyword string, count int, keywords, combined *node) bool {
	for _, n := range []*node{keywords, keywords.child("items"), combined} {
		if n == nil || !n.has(keyword) {
			continue
		}
		list, isList := n.get(keyword).([]any)
		return !isList || len(list) >= count || strings.HasSuffix(keyword, "Of")
	}
	return keyword == "readOnly" || keyword == "writeOnly" // false is not written
}

// constrain applies everything that tags say to an input schema.
func (g *generator) constrain(n, keywords *node) {
	if def := g.deref(n); keywords.has("items") && def != n && def.has("items") {
		*n = *overlay(def.clone(), n) // the tags are about the elements of this field only
	}
	for _, m := range keywords.members {
		switch m.key {
		case "$anchor", "properties":
		case "items":
			items, ok := m.value.(*node)
			if ok && n.child("items") != nil {
				g.constrain(n.child("items"), items)
			}
		case "type":
			g.retype(n, m.value)
		case "additionalProperties":
		case "pattern":
			if g.checkPattern(m.value) {
				n.set(m.key, m.value)
			}
		case "default":
			n.set(m.key, typedDefault(m.value, g.deref(n)))
		default:
			n.set(m.key, m.value)
		}
	}
}

func (g *generator) checkPattern(v any) bool {
	s, _ := v.(string)
	_, err := regexp.Compile(s)
	if err != nil {
		g.fail("pattern "+quote(s), "a regular expression of Go's syntax")
	}
	return err == nil
}

var jsonTypes = []any{"string", "integer", "number", "boolean", "object", "array", "null"}

// retype sets the type that a tag says, unless it is the one that the schema has.
func (g *generator) retype(n *node, kind any) {
	switch {
	case kind == g.deref(n).get("type"):
	case slices.Contains(jsonTypes, kind):
		n.set("type", kind)
	default:
		g.fail(fmt.Sprintf("jsonschema tag \"type=%v\"", kind), "a type of JSON Schema")
	}
}

// typedDefault turns the elements of a default for an array, which invopop leaves as
// text, into values of the element type.
func typedDefault(v any, n *node) any {
	list, ok := v.([]any)
	items := n.child("items")
	if !ok || items == nil {
		return v
	}
	typed := make([]any, len(list))
	for i, e := range list {
		typed[i] = typedElement(e, items.text("type"))
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
func annotate(n, keywords *node) {
	for _, m := range keywords.members {
		switch {
		case m.key == "title", m.key == "description", m.key == "examples", m.key == "deprecated", strings.HasPrefix(m.key, "x-"):
			n.set(m.key, m.value)
		case m.key == "enum":
			note(n, "Known values", m.value)
		case m.key == "items":
			if items, ok := m.value.(*node); ok && items.has("enum") {
				note(n, "Known elements", items.get("enum"))
			}
		}
	}
}

// note adds a list of values to the description.
func note(n *node, label string, values any) {
	list, _ := values.([]any)
	words := make([]string, len(list))
	for i, v := range list {
		words[i] = string(appendJSON(nil, v))
	}
	sentence := label + ": " + strings.Join(words, ", ") + "."
	if d := n.text("description"); d != "" {
		sentence = strings.TrimRight(d, ". ") + ". " + sentence
	}
	n.set("description", sentence)
}

// mergeCombined adds the groups of oneof_required and anyof_required of one field to
// those of the other fields of the struct.
func mergeCombined(parent, combined *node) {
	for _, m := range combined.members {
		groups, _ := m.value.([]any)
		for _, group := range groups {
			g, ok := group.(*node)
			if !ok {
				continue
			}
			if same := groupOf(parent.list(m.key), g.text("title")); same != nil {
				same.set("required", append(same.list("required"), g.list("required")...))
			} else {
				parent.set(m.key, append(parent.list(m.key), g))
			}
		}
	}
}

func groupOf(groups []any, title string) *node {
	for _, v := range groups {
		if n, ok := v.(*node); ok && n.text("title") == title {
			return n
		}
	}
	return nil
}
