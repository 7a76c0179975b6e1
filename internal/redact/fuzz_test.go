package redact

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzJSONText holds that a password in JSON passes in no form, however often the JSON is
// quoted, whatever it holds and stands beside it, and wherever it is cut off.
func FuzzJSONText(f *testing.F) {
	f.Add("a", "b\"]", "x", "y", uint8(1), uint16(0))
	f.Add(`\`, `'`, `{"`, `\"`, uint8(3), uint16(40))
	f.Fuzz(func(t *testing.T, head, tail, before, after string, depth uint8, cut uint16) {
		const marker = "geheim"
		if strings.Contains(before+after, marker) || len(head)+len(tail)+len(before)+len(after) > 500 || !utf8.ValidString(head+tail+before+after) {
			t.Skip()
		}
		secret := head + marker + tail
		data, err := json.Marshal([]any{map[string]any{"a": before, "password": []any{secret, map[string]any{"x": secret}}, "z": after}, map[string]any{"token": secret}})
		if err != nil {
			t.Fatal(err)
		}
		for range depth % 4 {
			if data, err = json.Marshal(map[string]string{"b": string(data)}); err != nil {
				t.Fatal(err)
			}
		}
		text := string(data)
		if len(text) > MaxLength {
			t.Skip()
		}
		if cut > 0 {
			text = text[:int(cut)%len(text)]
		}
		if got := Text(text); strings.Contains(got, marker) {
			t.Errorf("Text(%s)\n = %s", text, got)
		}
		if got := JSON(data); strings.Contains(string(got), marker) {
			t.Errorf("JSON(%s)\n = %s", data, got)
		}
	})
}
