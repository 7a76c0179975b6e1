package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/durablemcp/durablemcp/internal/jsonread"
	"github.com/durablemcp/durablemcp/internal/jsontree"
)

// add adds what the validator has found, and reports whether it is about the value as a
// whole: then what is in it does not count.
func (w *walk) add(err error, path []string) (decisive bool) {
	if err == nil {
		return false
	}
	invalid, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		w.found = append(w.found, jsonread.Violation{Path: jsontree.Pointer(path), Message: "cannot be validated"})
		return true
	}
	if len(invalid.Causes) == 1 {
		switch invalid.Causes[0].ErrorKind.(type) {
		case *kind.Type, *kind.Const, *kind.Enum, *kind.Format, *kind.FalseSchema:
			decisive = true
		}
	}
	at := jsontree.Pointer(path)
	for _, v := range w.collect(invalid, nil) {
		v.Path = at + v.Path
		w.found = append(w.found, v)
	}
	return decisive
}

// collect turns the tree of a validation error into violations.
func (v validator) collect(e *jsonschema.ValidationError, list []jsonread.Violation) []jsonread.Violation {
	switch k := e.ErrorKind.(type) {
	case *kind.AnyOf:
		return v.collectBranch(e, list)
	case *kind.OneOf:
		if len(k.Subschemas) == 0 {
			return v.collectBranch(e, list)
		}
	case *kind.Required:
		for _, name := range k.Missing {
			list = append(list, violation(e, "missing required property "+jsontree.Quote(name)))
		}
		return list
	case *kind.AdditionalProperties:
		known := v.knownProperties(e)
		slices.Sort(k.Properties)
		for _, name := range k.Properties[:min(len(k.Properties), jsonread.MaxViolations+1)] {
			unknown := violation(e, "unknown property "+jsontree.Quote(name)+known)
			unknown.Unknown = jsontree.Cut(name)
			list = append(list, unknown)
		}
		return list
	case *kind.PropertyNames:
		// Its location shares memory with those of its siblings and may be one of theirs.
		return append(list, jsonread.Violation{Message: "property name " + jsontree.Quote(k.Property) + " is not allowed"})
	}
	if len(e.Causes) == 0 {
		return append(list, violation(e, message(e.ErrorKind)))
	}
	for _, cause := range e.Causes {
		list = v.collect(cause, list)
	}
	return list
}

// collectBranch explains a union by the branch that came closest: the one that failed
// deepest in the value, the first of those.
func (v validator) collectBranch(e *jsonschema.ValidationError, list []jsonread.Violation) []jsonread.Violation {
	if len(e.Causes) == 0 {
		return append(list, violation(e, "fits none of the allowed forms"))
	}
	best := slices.MaxFunc(e.Causes, func(a, b *jsonschema.ValidationError) int { return depth(a) - depth(b) })
	return v.collect(best, list)
}

// depth is how deep in the value the shallowest violation below e is.
func depth(e *jsonschema.ValidationError) int {
	if len(e.Causes) == 0 {
		return len(e.InstanceLocation)
	}
	least := depth(e.Causes[0])
	for _, c := range e.Causes[1:] {
		least = min(least, depth(c))
	}
	return least
}

func violation(e *jsonschema.ValidationError, message string) jsonread.Violation {
	return jsonread.Violation{Path: jsontree.Pointer(e.InstanceLocation), Message: message}
}

// knownProperties lists the properties of the object schema that refused one.
func (v validator) knownProperties(e *jsonschema.ValidationError) string {
	_, fragment, _ := strings.Cut(e.SchemaURL, "#")
	at, err := url.PathUnescape(fragment)
	if err != nil {
		return ""
	}
	n := v.document.Resolve(at)
	if n == nil {
		return ""
	}
	if patterns := n.Child("patternProperties"); patterns != nil {
		return "; expected a name like " + strings.Join(patterns.Keys(), " or ")
	}
	if properties := n.Child("properties"); properties != nil && !properties.Empty() {
		return "; known: " + listed(properties.Keys())
	}
	return "; none is known"
}

// listed joins words, up to a number that helps.
func listed(words []string) string {
	const most = 30
	shown := make([]string, 0, most+1)
	for i, w := range words {
		if i == most {
			shown = append(shown, fmt.Sprintf("and %d more", len(words)-most))
			break
		}
		shown = append(shown, jsontree.Cut(w))
	}
	return strings.Join(shown, ", ")
}

// message says what one keyword found wrong.
func message(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.Type:
		return fmt.Sprintf("got %s, want %s", k.Got, strings.Join(k.Want, " or "))
	case *kind.Enum:
		return "must be one of " + listed(shownAll(k.Want)) + " but is " + shown(k.Got)
	case *kind.Const:
		return "must be " + shown(k.Want) + " but is " + shown(k.Got)
	case *kind.Format:
		return shown(k.Got) + " is not a valid " + k.Want + formatHint[k.Want]
	case *kind.Pattern:
		if k.Want == durationPattern {
			return notDuration(k.Got)
		}
		return jsontree.Quote(k.Got) + " does not match the pattern " + k.Want
	case *kind.ContentEncoding:
		return "is not valid " + k.Want
	case *kind.FalseSchema:
		return "is not allowed"
	case *kind.Not:
		return "is of a form that is not allowed"
	}
	return sizeMessage(k)
}

const severalForms = "fits several of the allowed forms, expected one"

var formatHint = map[string]string{
	"date-time": ", such as 2026-01-31T15:04:05Z",
	"date":      ", such as 2026-01-31",
	"time":      ", such as 15:04:05Z",
}

func sizeMessage(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.Minimum:
		return "must be >= " + decimal(k.Want) + " but is " + decimal(k.Got)
	case *kind.Maximum:
		return "must be <= " + decimal(k.Want) + " but is " + decimal(k.Got)
	case *kind.ExclusiveMinimum:
		return "must be > " + decimal(k.Want) + " but is " + decimal(k.Got)
	case *kind.ExclusiveMaximum:
		return "must be < " + decimal(k.Want) + " but is " + decimal(k.Got)
	case *kind.MultipleOf:
		return "must be a multiple of " + decimal(k.Want) + " but is " + decimal(k.Got)
	case *kind.MinLength:
		return fmt.Sprintf("must have at least %d characters but has %d", k.Want, k.Got)
	case *kind.MaxLength:
		return fmt.Sprintf("must have at most %d characters but has %d", k.Want, k.Got)
	case *kind.MinItems:
		return fmt.Sprintf("must have at least %d items but has %d", k.Want, k.Got)
	case *kind.MaxItems:
		return fmt.Sprintf("must have at most %d items but has %d", k.Want, k.Got)
	case *kind.MinProperties:
		return fmt.Sprintf("must have at least %d properties but has %d", k.Want, k.Got)
	case *kind.MaxProperties:
		return fmt.Sprintf("must have at most %d properties but has %d", k.Want, k.Got)
	case *kind.UniqueItems:
		return fmt.Sprintf("items %d and %d are equal", k.Duplicates[0], k.Duplicates[1])
	case *kind.OneOf:
		return severalForms
	case *kind.DependentRequired:
		return "missing " + listed(k.Missing) + ", required beside " + jsontree.Quote(k.Prop)
	}
	return "does not fit the keyword " + strings.Join(k.KeywordPath(), " ")
}

// shown repeats a value in a message, if it is short.
func shown(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return jsontree.Quote(v)
	case json.Number:
		return jsontree.Cut(string(v))
	case map[string]any:
		return "an object"
	case []any:
		return "an array"
	}
	return fmt.Sprint(v)
}

func shownAll(values []any) []string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = shown(v)
	}
	return words
}

// decimal writes an exact fraction that came from a decimal number.
func decimal(r *big.Rat) string {
	digits, _ := r.FloatPrec()
	return jsontree.Cut(r.FloatString(digits))
}
