package schema

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/durablemcp/durablemcp/internal/jsonread"
	"github.com/durablemcp/durablemcp/internal/jsontree"
)

// A Violation is one way in which a value does not fit its schema.
type Violation = jsonread.Violation

// A validator is a published document and its compiled form.
type validator struct {
	document *jsontree.Node
	compiled *jsonschema.Schema
	levels   levels
	fits     fits
}

// location is the address of the document inside the compiler. It is never shown.
const location = "schema:///document.json"

// compile prepares a document for validation. Every default in it is validated against the schema
// that it stands in.
func (g *generator) compile(document *jsontree.Node) validator {
	v := validator{document: document, levels: make(levels), fits: make(fits)}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.UseLoader(noLoader{})
	c.RegisterFormat(&jsonschema.Format{Name: "date-time", Validate: checkTime})
	c.AssertFormat()
	c.AssertContent()
	err := c.AddResource(location, jsontree.Plain(document))
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
	walkSchemas(document, func(pointer string, n *jsontree.Node) {
		if !n.Has("default") {
			return
		}
		if s, err := c.Compile(location + "#" + pointer); err == nil {
			v.levels.add(s)
			g.checkDefault(pointer, n.Get("default"), validator{document, s, v.levels, v.fits})
		}
	})
	return v
}

func (g *generator) checkDefault(pointer string, value any, v validator) {
	for _, violation := range v.validate(jsontree.Plain(value)) {
		at := g.at
		g.at = []string{strings.TrimPrefix(propertyPath(pointer), "/")}
		g.fail("default "+jsontree.Cut(string(jsontree.Append(nil, value)))+" ("+violation.Message+")", "a default that its own schema allows")
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
	return jsontree.Cut(strings.Join(strings.Fields(message), " "))
}

// smallValue is how many values are validated as a whole.
const smallValue = 256

// validate returns the violations of a decoded value whose numbers are tame, all of them
// or more than are shown.
func (v validator) validate(value any) []jsonread.Violation {
	w := &walk{validator: v, small: smallValue}
	w.value(v.compiled, value, nil, 0)
	return jsonread.Limit(w.found)
}

// tame returns v with numbers beyond the limits of arguments replaced by numbers of the
// same kind within them, for the validator computes with exact fractions.
func tame(v any) any {
	switch v := v.(type) {
	case json.Number:
		return jsonread.TameNumber(v)
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
