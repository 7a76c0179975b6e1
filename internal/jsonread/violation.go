package jsonread

import (
	"slices"
	"strings"
)

// MaxViolations is how many violations are listed. That there are more is said, and not
// how many: to find them all is work for nothing.
const MaxViolations = 20

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

// Limit orders violations by path, and says if there are too many to list.
func Limit(list []Violation) []Violation {
	slices.SortStableFunc(list, func(a, b Violation) int {
		if c := comparePaths(a.Path, b.Path); c != 0 {
			return c
		}
		return strings.Compare(a.Message, b.Message)
	})
	list = slices.Compact(list)
	if len(list) > MaxViolations {
		list = append(list[:MaxViolations:MaxViolations], Violation{Message: "and more"})
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
