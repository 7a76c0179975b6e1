package idtemplate

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestRender(t *testing.T) {
	t.Parallel()
	args := map[string]any{
		"id": "INV-1/2 {a}", "n": json.Number("-74.5"), "ok": true,
		"city": "Zürich 50%", "percent": "50%",
		"outer": map[string]any{"inner": "x"}, "empty": "", "nl": "a\nb", "bad": "\xff",
		"long": strings.Repeat("x", 100_000), "list": []any{}, "null": nil,
	}
	builtin := func(name string) (string, error) {
		switch name {
		case Principal:
			return "", errors.New("is unknown")
		case UUID:
			return "50%é", nil
		}
		return strings.TrimPrefix(name, "@"), nil
	}
	for _, test := range []struct{ template, want, err string }{
		{"invoice-{id}", "invoice-INV-1/2 {a}", ""},
		{"{n}/{ok}/{outer.inner}", "-74.5/true/x", ""},
		{"{{{id}}}", "{INV-1/2 {a}}", ""},
		{"a-{@uuid}-{@input}", "a-50%25%C3%A9-input", ""},
		{"{city}-{percent}", "Z%C3%BCrich 50%25-50%", ""},
		{"{@principal}", "", "{@principal} is unknown"},
		{"{missing}", "", "{missing} is missing"},
		{"{id.inner}", "", "{id.inner} is missing"},
		{"{empty}", "", "is empty"},
		{"{nl}", "", "U+000A at byte 1"},
		{"{bad}", "", "not valid UTF-8"},
		{"x{n}{long}", "", "{long} is too long: it makes a workflow ID of 100006 bytes, and the limit is 1000"},
		{"{list}", "", "not a string, number or boolean"},
		{"{null}", "", "not a string, number or boolean"},
	} {
		template, err := Parse(test.template)
		if err != nil {
			t.Errorf("Parse(%q): %v", test.template, err)
			continue
		}
		got, err := template.Render(args, builtin)
		if got != test.want || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("Render(%q) = %.80q, %v; want %q, %q", test.template, got, err, test.want, test.err)
		}
		var valueErr *ValueError
		if err != nil && !errors.As(err, &valueErr) {
			t.Errorf("Render(%q): %T is no ValueError", test.template, err)
		}
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	for template, want := range map[string]string{
		"a-{}":       "an empty placeholder {} at byte 2",
		"a-{b":       "unclosed { at byte 2",
		"a-b}":       "a } without { at byte 3",
		"{a{b}":      "a { inside the placeholder {a{b} at byte 0",
		"{@host}":    "unknown placeholder {@host}",
		"{a..b}":     "an empty step",
		"{.a}":       "an empty step",
		"x{@input}}": "a } without {",
	} {
		if _, err := Parse(template); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q) = %v; want %q", template, err, want)
		}
	}
}

func TestArguments(t *testing.T) {
	t.Parallel()
	template, err := Parse("{b}-{@uuid}-{a.c}-{b}")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := template.Arguments(), []string{"b", "a.c"}; !slices.Equal(got, want) {
		t.Errorf("Arguments() = %q; want %q", got, want)
	}
	if !template.Uses(UUID) || template.Uses(Input) {
		t.Error("Uses does not tell {@uuid} from {@input}")
	}
}

// FuzzTemplate looks for templates or values that crash, or that render to
// something Temporal would refuse.
func FuzzTemplate(f *testing.F) {
	f.Add("invoice-{id}", "1")
	f.Add("{{{id}}}", "{}")
	f.Add("{id}{id}", "\x00")
	f.Fuzz(func(t *testing.T, template, value string) {
		parsed, err := Parse(template)
		if err != nil {
			return
		}
		id, err := parsed.Render(map[string]any{"id": value}, func(string) (string, error) { return "b", nil })
		if err == nil && len(id) > MaxLength {
			t.Errorf("rendered %d bytes", len(id))
		}
	})
}
