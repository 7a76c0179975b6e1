package schema

import (
	"encoding"
	"encoding/json"
	"math/big"
	"reflect"
	"time"
)

var (
	timeType       = reflect.TypeFor[time.Time]()
	durationType   = reflect.TypeFor[time.Duration]()
	rawMessageType = reflect.TypeFor[json.RawMessage]()
	numberType     = reflect.TypeFor[json.Number]()
	bigIntType     = reflect.TypeFor[big.Int]()

	marshalerType       = reflect.TypeFor[json.Marshaler]()
	unmarshalerType     = reflect.TypeFor[json.Unmarshaler]()
	textMarshalerType   = reflect.TypeFor[encoding.TextMarshaler]()
	textUnmarshalerType = reflect.TypeFor[encoding.TextUnmarshaler]()
	zeroerType          = reflect.TypeFor[interface{ IsZero() bool }]()
)

// has reports whether a value of type t, or its address, implements an interface.
func has(t, iface reflect.Type) bool {
	return t.Implements(iface) || t.Kind() != reflect.Interface && reflect.PointerTo(t).Implements(iface)
}

// A form is how the JSON of a type comes about.
type form int

const (
	formOfKind form = iota // encoding/json looks at its kind
	formOfText             // a string made by MarshalText or read by UnmarshalText
	formOfJSON             // whatever its own methods read and write
	formEither             // a string if the value is addressable, else the form of its kind
)

// readForm is the form that encoding/json reads, where values are always addressable.
func readForm(t reflect.Type) form {
	switch {
	case has(t, unmarshalerType), has(t, marshalerType):
		return formOfJSON
	case has(t, textUnmarshalerType):
		return formOfText
	case has(t, textMarshalerType) && t.Kind() != reflect.String:
		return formOfJSON // writes text that it cannot read: nothing is known
	}
	return formOfKind
}

// writeForm is the form that encoding/json writes. Methods with a pointer receiver are
// used only on addressable values.
func writeForm(t reflect.Type, addressable bool) form {
	switch {
	case has(t, marshalerType):
		return formOfJSON
	case t.Implements(textMarshalerType), addressable && has(t, textMarshalerType):
		return formOfText
	case has(t, textMarshalerType):
		return formEither
	}
	return formOfKind
}

// handwritten reports whether a type has JSON methods of its own, in either direction.
func handwritten(t reflect.Type) bool {
	return has(t, marshalerType) || has(t, unmarshalerType) || has(t, textMarshalerType) || has(t, textUnmarshalerType)
}

// writesNull reports whether encoding/json can write null for a value of type t.
func writesNull(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer:
		return true
	case reflect.Slice, reflect.Map:
		return writeForm(t, false) == formOfKind || writeForm(t, false) == formEither
	}
	return false
}

// writesNullField is writesNull for a struct field, where omitted values are not written.
func writesNullField(f field) bool {
	omitsNil := f.omitEmpty || f.omitZero && !has(f.typ, zeroerType)
	if omitsNil && f.typ.Kind() == reflect.Pointer {
		return writesNull(f.typ.Elem())
	}
	return !omitsNil && writesNull(f.typ)
}

// isBytes reports whether encoding/json writes a slice as base64.
func isBytes(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 &&
		!has(t.Elem(), marshalerType) && !has(t.Elem(), textMarshalerType)
}

// keyForm says how encoding/json writes and reads the keys of a map.
func keyForm(t reflect.Type, output bool) (pattern string, ok bool) {
	if output {
		if t.Kind() != reflect.String && t.Implements(textMarshalerType) {
			return "", true
		}
	} else if reflect.PointerTo(t).Implements(textUnmarshalerType) {
		return "", t.Kind() == reflect.String || t.Implements(textMarshalerType)
	}
	switch t.Kind() {
	case reflect.String:
		return "", true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "^(0|-?[1-9][0-9]*)$", true
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return "^(0|[1-9][0-9]*)$", true
	}
	return "", false
}
