package schema

import (
	"reflect"
	"strings"
)

// typeName names a definition after a type: Page[example.com/shop.Item] is Page_Item.
// No import path is left in it, and it needs no escaping in a reference.
func typeName(t reflect.Type) string {
	var parts []string
	for part := range strings.FieldsFuncSeq(t.Name(), func(r rune) bool { return strings.ContainsRune("[], *{};", r) }) {
		part = part[strings.LastIndexByte(part, '/')+1:]
		part = part[strings.LastIndexByte(part, '.')+1:]
		part, _, _ = strings.Cut(part, "·") // types of one function
		if part = plainName(part); part != "" {
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		return "Type"
	}
	return strings.Join(parts, "_")
}

// plainName keeps the characters of a name that mean nothing in URLs and pointers.
func plainName(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '-':
			return r
		}
		return -1
	}, s)
}
