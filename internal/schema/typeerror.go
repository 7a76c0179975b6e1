package schema

import (
	"errors"
	"fmt"
	"reflect"
)

// A TypeError says why a Go type has no schema. Functions of this package that make
// schemas report all of them at once, joined by [errors.Join].
type TypeError struct {
	Type     reflect.Type // the type that a schema was asked for; nil if the mistake is in none
	Path     string       // where in it, as a JSON Pointer with * for any element; "" for the type itself
	Found    string
	Expected string
}

func (e *TypeError) Error() string {
	where := "arguments"
	if e.Type != nil {
		where = e.Type.String()
	}
	if e.Path != "" {
		where += " at " + e.Path
	}
	return fmt.Sprintf("%s: found %s, expected %s", where, e.Found, e.Expected)
}

func join(errs []*TypeError) error {
	var list []error
	said := map[string]bool{}
	for _, e := range errs {
		if text := e.Error(); !said[text] {
			said[text] = true
			list = append(list, e)
		}
	}
	return errors.Join(list...)
}
