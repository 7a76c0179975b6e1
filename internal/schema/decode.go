package schema

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/durablemcp/durablemcp/internal/jsonread"
	"github.com/durablemcp/durablemcp/internal/jsontree"
)

// Decode reads the arguments of a call. It applies the defaults of the schema and holds
// the result to the schema.
//
// No arguments at all, and null, are those of an empty object. An object or a list in a
// JSON string, and null in place of nothing, are read as what they stand for, where the
// schema leaves no other meaning. What does not fit is said in violations; then args and
// canonical are nil. Otherwise canonical is the one spelling of args: members sorted, no
// insignificant space, every number in one form (1.0 is 1) without loss.
// Decode(canonical) gives the same again.
func (s *Schema) Decode(raw json.RawMessage) (args map[string]any, canonical json.RawMessage, violations []jsonread.Violation) {
	args, violations = s.given(raw)
	if len(violations) > 0 {
		return nil, nil, violations
	}
	room := jsonread.MaxBytes
	if s.defaults.apply(args, &room); room < 0 {
		return nil, nil, []jsonread.Violation{{Message: fmt.Sprintf("longer than the %d bytes that can be sent, with their defaults", jsonread.MaxBytes)}}
	}
	if violations = s.validate(args); len(violations) > 0 {
		return nil, nil, violations
	}
	if violations = s.durations.normalise(args); len(violations) > 0 {
		return nil, nil, violations
	}
	return args, jsontree.AppendMap(nil, args), nil
}

// given reads arguments as the caller gave them, without defaults. They are not yet held
// to the schema.
func (s *Schema) given(raw json.RawMessage) (map[string]any, []jsonread.Violation) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" {
		raw = json.RawMessage("{}")
	}
	v, violations := jsonread.Read(raw, s.leniency.apply)
	if len(violations) > 0 {
		return nil, violations
	}
	args, ok := v.(map[string]any)
	if !ok {
		return nil, []jsonread.Violation{{Message: "got " + jsonType(v) + ", want object"}}
	}
	properties := s.Properties()
	for _, name := range s.ignored {
		if !slices.Contains(properties, name) {
			delete(args, name)
		}
	}
	return args, nil
}

// Digest identifies arguments by their canonical form. It is 43 characters long, all of
// them letters, digits, - and _.
func Digest(canonical json.RawMessage) string {
	sum := sha256.Sum256(canonical)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func jsonType(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case json.Number:
		return "number"
	case []any:
		return "array"
	}
	return "object"
}
