package schema

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// maxViolations is how many violations are listed. That there are more is said, and not
// how many: to find them all is work for nothing.
const maxViolations = 20

// A Violation is one way in which a value does not fit its schema, said so that a model
// can repair it.
type Violation struct {
	Path    string // a JSON Pointer such as /lines/0/amount; "" for the root
	Message string
	Unknown string // the name of the property, if that is one which the schema does not have
}

func (v Violation) String() string {
	if v.Path == "" {
		return "arguments: " + v.Message
	}
	return v.Path + ": " + v.Message
}

// A validator is a published document and its compiled form.
type validator struct {
	document *node
	compiled *jsonschema.Schema
	levels   levels
	fits     fits
}

// location is the address of the document inside the compiler. It is never shown.
const location = "schema:///document.json"

// compile prepares a document for validation. Every default in it is held to the schema
// that it stands in.
func (g *generator) compile(document *node) validator {
	v := validator{document: document, levels: make(levels), fits: make(fits)}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.UseLoader(noLoader{})
	c.RegisterFormat(&jsonschema.Format{Name: "date-time", Validate: checkTime})
	c.AssertFormat()
	c.AssertContent()
	err := c.AddResource(location, plain(document))
	if err == nil {
		v.compiled, err = c.Compile(location)
	}
	if err != nil {
		if len(g.errs) > 0 { // which are the reason
			return v
		}
		g.fail("a schema that is not valid: "+compileMessage(err), "JSON Schema 2020-12")
		return v
	}
	v.levels.add(v.compiled)
	for s := range v.levels {
		v.fits.add(s)
	}
	document.walk(func(pointer string, n *node) {
		if !n.has("default") {
			return
		}
		if s, err := c.Compile(location + "#" + pointer); err == nil {
			v.levels.add(s)
			g.checkDefault(pointer, n.get("default"), validator{document, s, v.levels, v.fits})
		}
	})
	return v
}

func (g *generator) checkDefault(pointer string, value any, v validator) {
	for _, violation := range v.validate(plain(value)) {
		at := g.at
		g.at = []string{strings.TrimPrefix(propertyPath(pointer), "/")}
		g.fail("default "+cut(string(appendJSON(nil, value)))+" ("+violation.Message+")", "a default that its own schema allows")
		g.at = at
	}
}

// propertyPath turns the pointer of a schema into the path of the values it is about.
func propertyPath(pointer string) string {
	var path []string
	steps := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i := 0; i < len(steps); i++ {
		switch schemaKeywords[steps[i]] {
		case holdsNamed:
			if i++; i < len(steps) && steps[i-1] == "properties" {
				path = append(path, steps[i])
			}
		case holdsOne:
			path = append(path, "*")
		case holdsList:
			i++
		}
	}
	return "/" + strings.Join(path, "/")
}

// noLoader keeps references inside the document.
type noLoader struct{}

func (noLoader) Load(string) (any, error) { return nil, errors.New("references stay in the schema") }

// checkTime accepts the times that Go reads, which are fewer than those of RFC 3339.
func checkTime(v any) error {
	s, ok := v.(string)
	if !ok {
		return nil
	}
	return new(time.Time).UnmarshalText([]byte(s))
}

func compileMessage(err error) string {
	message := strings.ReplaceAll(err.Error(), location, "")
	return cut(strings.Join(strings.Fields(message), " "))
}

// smallValue is how many values are validated as a whole.
const smallValue = 256

// validate returns the violations of a decoded value whose numbers are tame, all of them
// or more than are shown.
func (v validator) validate(value any) []Violation {
	w := &walk{validator: v, small: smallValue}
	w.value(v.compiled, value, nil, 0)
	return limit(w.found)
}

// limit orders violations by path, and says if there are too many to list.
func limit(list []Violation) []Violation {
	slices.SortStableFunc(list, func(a, b Violation) int {
		if c := comparePaths(a.Path, b.Path); c != 0 {
			return c
		}
		return strings.Compare(a.Message, b.Message)
	})
	list = slices.Compact(list)
	if len(list) > maxViolations {
		list = append(list[:maxViolations:maxViolations], Violation{Message: "and more"})
	}
	return list
}

// comparePaths orders paths step by step, array indexes by number.
func comparePaths(a, b string) int {
	as, bs := strings.Split(a, "/"), strings.Split(b, "/")
	return slices.CompareFunc(as, bs, func(x, y string) int {
		if isIndex(x) && isIndex(y) && len(x) != len(y) {
			return len(x) - len(y)
		}
		return strings.Compare(x, y)
	})
}

func isIndex(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// tame returns v with numbers beyond the limits of arguments replaced by numbers of the
// same kind within them, for the validator computes with exact fractions.
func tame(v any) any {
	switch v := v.(type) {
	case json.Number:
		return tameNumber(v)
	case []any:
		for i, e := range v {
			v[i] = tame(e)
		}
	case map[string]any:
		for k, e := range v {
			v[k] = tame(e)
		}
	}
	return v
}
