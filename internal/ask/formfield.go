package ask

import (
	"encoding/json"
	"fmt"
	"slices"
)

// field is a property's schema in the parts that decide whether a form can have it.
type field struct {
	Type   any               `json:"type"`
	Format string            `json:"format"`
	Enum   []json.RawMessage `json:"enum"`
	OneOf  []choice          `json:"oneOf"`
	AnyOf  []choice          `json:"anyOf"`
	Items  *field            `json:"items"`
}

// choice is one value of an enum whose values have titles.
type choice struct {
	Const *string `json:"const"`
	Title string  `json:"title"`
}

// keywords are what each type of field may have beside type, title,
// description and default.
var keywords = map[string][]string{
	"string":  {"minLength", "maxLength", "pattern", "format", "enum", "enumNames", "oneOf"},
	"number":  {"minimum", "maximum"},
	"integer": {"minimum", "maximum"},
	"boolean": {},
	"array":   {"minItems", "maxItems", "uniqueItems", "items"},
}

var formats = []string{"", "email", "uri", "date", "date-time"}

// checkField says what keeps a property from being part of a form, "" if nothing does.
func checkField(property json.RawMessage) string {
	var f field
	var members map[string]json.RawMessage
	if json.Unmarshal(property, &f) != nil || json.Unmarshal(property, &members) != nil {
		return "has a schema of a form that people cannot fill in"
	}
	name, _ := f.Type.(string)
	allowed, known := keywords[name]
	if !known {
		return "is " + describe(f.Type)
	}
	for keyword := range members {
		if !slices.Contains(allowed, keyword) && !slices.Contains([]string{"type", "title", "description", "default"}, keyword) {
			return fmt.Sprintf("has the constraint %q", keyword)
		}
	}
	switch {
	case !slices.Contains(formats, f.Format):
		return fmt.Sprintf("has the format %q", f.Format)
	case name == "array" && !f.Items.choices():
		return "is a list of something else than an enum of strings"
	}
	return ""
}

// choices reports whether the items of a list are chosen from strings.
func (f *field) choices() bool {
	if f == nil {
		return false
	}
	for _, c := range append(f.OneOf, f.AnyOf...) {
		if c.Const == nil {
			return false
		}
	}
	return f.Type == "string" && len(f.Enum) > 0 || len(f.OneOf)+len(f.AnyOf) > 0
}

func describe(t any) string {
	switch t {
	case "object":
		return "an object"
	case nil:
		return "of any type"
	}
	return fmt.Sprintf("of type %v", t)
}
