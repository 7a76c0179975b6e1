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
			return "ann-b:c%", nil
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
		{"{@principal}", "ann-b:c%25", ""},
		{"{n}-{@principal}", "-74.5-ann%2Db:c%25", ""},
		{"{@principal}:{@input}:{n}", "ann-b%3Ac%25:input:-74.5", ""},
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

		"{a}-{@principal}-{b}":    "arguments on both sides of {@principal}",
		"{@principal}{a}":         "no text, such as a dash",
		"{a}-{@uuid}{@principal}": "no text, such as a dash",
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

// TestPerPrincipal checks that each principal has IDs of its own, and that who
// has no name has those of the template.
func TestPerPrincipal(t *testing.T) {
	t.Parallel()
	template, err := Parse("a-{id}")
	if err != nil {
		t.Fatal(err)
	}
	own := template.PerPrincipal()
	for principal, want := range map[string]string{"": "a-x:y", "ann": "a-x:y:ann", "y:ann": "a-x:y:y%3Aann"} {
		got, err := own.Render(map[string]any{"id": "x:y"}, func(string) (string, error) { return principal, nil })
		if got != want || err != nil {
			t.Errorf("for %q: %q, %v; want %q", principal, got, err, want)
		}
	}
	if _, err := mustParse(t, "{@principal}").Render(nil, func(string) (string, error) { return "", nil }); err == nil {
		t.Error("a principal that is not known was taken")
	}
	if template.Uses(Principal) || !own.Uses(Principal) {
		t.Error("PerPrincipal changes the template, or returns the same")
	}
}

func mustParse(t *testing.T, s string) *Template {
	t.Helper()
	template, err := Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return template
}

// FuzzPrincipals looks for two principals who can make the same ID.
func FuzzPrincipals(f *testing.F) {
	f.Add("{a}-{@principal}", "x", "ann-b", "x-ann", "b")
	f.Add("{@principal}/{a}-{b}", "x", "ann", "x", "ann/x")
	f.Add("{a}{b}", "x", "ann", "x:ann", "ann:x")
	f.Add("{@input}{@principal}{@principal}", "x", "a", "x", "aa")
	f.Fuzz(func(t *testing.T, template, x, ann, y, bob string) {
		parsed, err := Parse(template)
		if err != nil || ann == bob || ann == "" || bob == "" {
			return
		}
		if !parsed.Uses(Principal) {
			parsed = parsed.PerPrincipal()
		}
		render := func(value, principal string) (string, error) {
			return parsed.Render(map[string]any{"a": value, "b": value}, func(name string) (string, error) {
				if name == Principal {
					return principal, nil
				}
				return "digest", nil
			})
		}
		one, err := render(x, ann)
		other, err2 := render(y, bob)
		if err == nil && err2 == nil && one == other {
			t.Errorf("%q for %q and for %q, from %q", one, ann, bob, template)
		}
	})
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
