package idtemplate

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
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
		{"a-{@uuid}-{@input}", "a-50%%C3%A9-input", ""},
		{"{city}-{percent}", "Z%C3%BCrich 50%-50%", ""},
		{"{@principal}", "ann-b:c%", ""},
		{"{n}-{@principal}", "%2D74.5-ann-b:c%", ""},
		{"{@principal}:{@input}:{n}", "ann-b%3Ac%:input:-74.5", ""},
		{"{missing}", "", "{missing} is missing"},
		{"{id.inner}", "", "{id.inner} is missing"},
		{"{empty}", "", "is empty"},
		{"{nl}", "", "U+000A at byte 1"},
		{"{bad}", "", "not valid UTF-8"},
		{"x{n}-{long}", "", "{long} is too long: it makes a workflow ID of 100009 bytes, and the limit is 1000"},
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

		"{@principal}{a}": "no text, such as a dash, between {@principal} and {a}",
		"{a}{b}":          "no text, such as a dash, between {a} and {b}",
		"{a}%{b}":         "a percent sign behind {a}",
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
// has no name has those of the template, of which nobody's name is a part.
func TestPerPrincipal(t *testing.T) {
	t.Parallel()
	template, err := Parse("a-{id}")
	if err != nil {
		t.Fatal(err)
	}
	own := template.PerPrincipal()
	for principal, want := range map[string]string{"": "a-x%3Ay", "ann": "a-x%3Ay:ann", "y:ann": "a-x%3Ay:y:ann"} {
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

// TestValuesImitateNothing checks that values cannot stand for what separates
// them, nor for its spelling, and that ordinary values stay as they are.
func TestValuesImitateNothing(t *testing.T) {
	t.Parallel()
	type values = map[string]any
	for _, test := range []struct {
		template string
		args     []values
		want     []string
	}{
		{"order-{customer}-{item}",
			[]values{{"customer": "acme-north", "item": "bolts"}, {"customer": "acme", "item": "north-bolts"}, {"customer": "acme%2Dnorth", "item": "bolts"}},
			[]string{"order-acme%2Dnorth-bolts", "order-acme-north-bolts", "order-acme%252Dnorth-bolts"}},
		{"{city}", []values{{"city": "Zürich"}, {"city": "Z%C3%BCrich"}, {"city": "Z%c3%bcrich 5%"}},
			[]string{"Z%C3%BCrich", "Z%25C3%25BCrich", "Z%c3%bcrich 5%"}},
		{"invoice-{id}", []values{{"id": "INV-1"}, {"id": "50% off: a/b {c}"}}, []string{"invoice-INV-1", "invoice-50% off: a/b {c}"}},
		{"{n}-{ok}", []values{{"n": json.Number("-1"), "ok": true}, {"n": json.Number("1e-5"), "ok": false}}, []string{"%2D1-true", "1e%2D5-false"}},
		{"{a}4{b}", []values{{"a": "%", "b": "1x"}, {"a": "A", "b": "x"}, {"a": "4", "b": "x"}}, []string{"%2541x", "A4x", "%344x"}},
		{"{@uuid}{a}-{@input}{b}", []values{{"a": "1-2", "b": "3"}, {"a": "1", "b": "2-3"}}, []string{"fixed1%2D2-fixed3", "fixed1-fixed2-3"}},
	} {
		template, err := Parse(test.template)
		if err != nil {
			t.Errorf("Parse(%q): %v", test.template, err)
			continue
		}
		for i, args := range test.args {
			got, err := template.Render(args, func(string) (string, error) { return "fixed", nil })
			if err != nil || got != test.want[i] {
				t.Errorf("%q of %v: %q, %v; want %q", test.template, args, got, err, test.want[i])
			}
		}
	}
}

// FuzzValues looks for two lists of values of which one ID is made: those of
// arguments and of the principal, in any template.
func FuzzValues(f *testing.F) {
	f.Add("order-{a}-{b}", "acme-north", "bolts", "", "acme", "north-bolts", "")
	f.Add("order-{a}-{b}", "acme-n", "b", "", "acme%2Dn", "b", "")
	f.Add("{a}", "Zürich", "", "", "Z%C3%BCrich", "", "")
	f.Add("{a}", "x:ann", "", "", "x", "", "ann")
	f.Add("{a}-{@principal}", "x", "", "ann-b", "x-ann", "", "b")
	f.Add("{@principal}/{a}-{b}", "x", "", "ann", "x", "", "ann/x")
	f.Add("{a}-{@principal}-{b}", "x", "y", "p-q", "x-p", "y", "q")
	f.Add("{@input}{@principal}", "x", "", "a", "x", "", "aa")
	f.Add("{a}4{b}", "%", "1x", "", "A", "x", "")
	f.Add("{@uuid}{a}-{@input}{b}", "%", "1x", "", "A", "x", "")
	f.Fuzz(func(t *testing.T, template, a1, b1, principal1, a2, b2, principal2 string) {
		parsed, err := Parse(template)
		if err != nil {
			return
		}
		if !parsed.Uses(Principal) {
			parsed = parsed.PerPrincipal()
		}
		render := func(a, b, principal string) (string, error) {
			return parsed.Render(map[string]any{"a": a, "b": b}, func(name string) (string, error) {
				if name == Principal {
					return principal, nil
				}
				return "digest", nil
			})
		}
		one, err1 := render(a1, b1, principal1)
		other, err2 := render(a2, b2, principal2)
		same := (a1 == a2 || !parsed.Uses("a")) && (b1 == b2 || !parsed.Uses("b")) && principal1 == principal2
		if err1 == nil && err2 == nil && (one == other) != same {
			t.Errorf("%q of %q, %q, %q and %q of %q, %q, %q, from %q", one, a1, b1, principal1, other, a2, b2, principal2, template)
		}
	})
}

// TestRandomValuesImitateNothing does what FuzzValues does, with short values of
// the characters that matter, many more of which meet.
func TestRandomValuesImitateNothing(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(from ...string) string { return from[random.IntN(len(from))] }
	word := func(most int) (s string) {
		for range random.IntN(most + 1) {
			s += pick("-", ":", "%", "2", "4", "D", "5", "ü", "3A", "x")
		}
		return s
	}
	for range 300 {
		text := ""
		for range 1 + random.IntN(4) {
			text += pick("{a}", "{b}", "{a}", "{@principal}", "{@input}", "{@uuid}") + pick("-", ":", "2", "4", "D-", "-%", "x:", "")
		}
		template, err := Parse(text)
		if err != nil {
			continue
		}
		if !template.Uses(Principal) {
			template = template.PerPrincipal()
		}
		made := make(map[string]string)
		for range 2000 {
			a, b, principal := "x"+word(3), word(3)+"-", word(2)
			id, err := template.Render(map[string]any{"a": a, "b": b}, func(name string) (string, error) {
				if name == Principal {
					return principal, nil
				}
				return "2D-fix", nil
			})
			if err != nil {
				continue
			}
			key := principal
			for name, value := range map[string]string{"a": a, "b": b} {
				if template.Uses(name) {
					key = name + "=" + value + " " + key
				}
			}
			key = strings.Join(slices.Sorted(strings.SplitSeq(key, " ")), " ")
			if first, ok := made[id]; ok && first != key {
				t.Fatalf("%q of %s and of %s, from %q", id, first, key, text)
			}
			made[id] = key
		}
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
