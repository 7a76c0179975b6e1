package declare

import (
	"fmt"
	"reflect"
)

// senders finds the fields of type Sender, and checks that no model can fill them.
func (d *Declaration) senders(sig signature) map[int][][]int {
	found := make(map[int][][]int)
	for i, t := range sig.types {
		outer := t
		for outer.Kind() == reflect.Pointer {
			outer = outer.Elem()
		}
		if outer.Kind() != reflect.Struct || outer == d.Sender {
			d.noSenders(sig.field, t, make(map[reflect.Type]bool))
			continue
		}
		for _, f := range reflect.VisibleFields(outer) {
			switch {
			case f.Type != d.Sender && f.IsExported() && !f.Anonymous:
				d.noSenders(sig.field, f.Type, map[reflect.Type]bool{outer: true})
			case f.Type != d.Sender:
			case f.Tag.Get("jsonschema") != "-" || !f.IsExported() || f.Anonymous:
				d.Mistake(sig.field, fmt.Sprintf("the field %s of type durablemcp.Sender, which a model could fill", f.Name), "a field with a name, and with the tag `jsonschema:\"-\"`")
			default:
				found[i] = append(found[i], f.Index)
			}
		}
	}
	return found
}

// noSenders checks that there is no Sender where the library does not fill it.
func (d *Declaration) noSenders(field string, t reflect.Type, seen map[reflect.Type]bool) {
	if seen[t] {
		return
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		d.noSenders(field, t.Elem(), seen)
	case reflect.Struct:
		if t == d.Sender {
			d.Mistake(field, "a durablemcp.Sender inside of another value", "a field of that type in the struct that is the argument")
			return
		}
		for f := range t.Fields() {
			if f.IsExported() || f.Anonymous {
				d.noSenders(field, f.Type, seen)
			}
		}
	}
}
