// Package idtemplate parses and renders workflow ID templates such as
// "invoice-{invoice_id}" or "search-{@principal}-{@input}".
//
// A placeholder names a tool argument by its dotted path, or, behind an @,
// something that the library knows about the call. "{{" and "}}" stand for
// literal braces.
//
// IDs are printable ASCII (see [Printable]), and different values never make the
// same ID. For that, some bytes of a value are percent-encoded as in URLs:
//
//   - those beyond printable ASCII, so that "{city}" is Z%C3%BCrich for Zürich,
//   - a percent sign that two hexadecimal digits follow: %2F is %252F,
//   - the first character of the text behind the placeholder, if another value
//     comes after it: "{customer}-{item}" is acme%2Dnorth-bolts for acme-north and
//     bolts, and acme-north-bolts for acme and north-bolts.
//
// Digests and UUIDs, whose length is fixed, need no spelling.
package idtemplate

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The placeholders that do not name an argument.
const (
	Input     = "@input"     // digest of the canonical arguments
	Principal = "@principal" // the caller's name
	UUID      = "@uuid"      // a fresh UUID for each call
)

// MaxLength is the longest workflow ID, in bytes, that a Temporal server
// accepts by default (dynamic configuration limit.maxIDLength).
const MaxLength = 1000

// A Template is a parsed workflow ID template. It is immutable.
type Template struct {
	parts []part
}

// A part is literal text, or a placeholder when name is not empty.
type part struct {
	text string
	name string

	optional  bool   // nothing stands for it, and for the text, if it has no value
	separator string // what the value must not contain: it tells where the value ends, if another one follows
}

// Parse parses a template. The error says at which byte the template is wrong.
func Parse(s string) (*Template, error) {
	t := new(Template)
	var text strings.Builder
	flush := func() {
		if text.Len() > 0 {
			t.parts = append(t.parts, part{text: text.String()})
			text.Reset()
		}
	}
	for i := 0; i < len(s); {
		switch {
		case strings.HasPrefix(s[i:], "{{"), strings.HasPrefix(s[i:], "}}"):
			text.WriteByte(s[i])
			i += 2
		case s[i] == '}':
			return nil, fmt.Errorf("a } without { at byte %d (write }} for a literal brace)", i)
		case s[i] == '{':
			end := strings.IndexByte(s[i:], '}')
			if end < 0 {
				return nil, fmt.Errorf("an unclosed { at byte %d (write {{ for a literal brace)", i)
			}
			name := s[i+1 : i+end]
			if err := checkName(name); err != nil {
				return nil, fmt.Errorf("%w at byte %d", err, i)
			}
			flush()
			t.parts = append(t.parts, part{name: name})
			i += end + 1
		case !Printable(s[i : i+1]):
			return nil, fmt.Errorf("a character other than printable ASCII at byte %d", i)
		default:
			text.WriteByte(s[i])
			i++
		}
	}
	flush()
	return t, t.separate()
}

// separate sets what values must not contain, which tells where they end. The
// last one ends where the text behind it begins, seen from the end of the ID.
func (t *Template) separate() error {
	for i, p := range t.parts {
		if !p.free() || !slices.ContainsFunc(t.parts[i+1:], part.placeholder) {
			continue
		}
		next := t.parts[i+1]
		switch {
		case next.text == "":
			return fmt.Errorf("no text, such as a dash, between {%s} and {%s}, to tell where one ends and the other begins", p.name, next.name)
		case next.text[0] == '%':
			return fmt.Errorf("a percent sign behind {%s}, which looks like part of its value", p.name)
		}
		t.parts[i].separator = next.text[:1]
	}
	return nil
}

func (p part) placeholder() bool { return p.name != "" }

// argument reports whether a part's value is up to the caller.
func (p part) argument() bool { return p.name != "" && p.name[0] != '@' }

// free reports whether the length of a part's value can be anything.
func (p part) free() bool { return p.argument() || p.name == Principal }

// PerPrincipal returns a template whose IDs are another for each principal: the
// same one, with a colon and the principal behind it for callers that have one.
func (t *Template) PerPrincipal() *Template {
	own := &Template{append(slices.Clone(t.parts), part{text: ":", name: Principal, optional: true})}
	if err := own.separate(); err != nil {
		panic(err) // the colon separates
	}
	return own
}

func checkName(name string) error {
	switch {
	case name == "":
		return errors.New("an empty placeholder {}")
	case strings.Contains(name, "{"):
		return fmt.Errorf("a { inside the placeholder {%s}", name)
	case name[0] == '@' && name != Input && name != Principal && name != UUID:
		return fmt.Errorf("the unknown placeholder {%s}", name)
	}
	for step := range strings.SplitSeq(name, ".") {
		if step == "" {
			return fmt.Errorf("an empty step in the placeholder {%s}", name)
		}
	}
	return nil
}

// Arguments returns the placeholders that name arguments, in order of first
// appearance and without repetition.
func (t *Template) Arguments() []string {
	var names []string
	seen := make(map[string]bool)
	for _, p := range t.parts {
		if p.name != "" && p.name[0] != '@' && !seen[p.name] {
			seen[p.name] = true
			names = append(names, p.name)
		}
	}
	return names
}

// Uses reports whether the template has the placeholder name.
func (t *Template) Uses(name string) bool {
	for _, p := range t.parts {
		if p.name == name {
			return true
		}
	}
	return false
}

// Equal reports whether the templates make the same IDs of the same arguments.
func (t *Template) Equal(other *Template) bool { return slices.Equal(t.parts, other.parts) }

// Path splits a placeholder into the steps of its path.
func Path(placeholder string) []string { return strings.Split(placeholder, ".") }

// A ValueError says that a placeholder's value cannot be part of a workflow ID.
type ValueError struct {
	Placeholder string
	Problem     string
}

func (e *ValueError) Error() string { return "{" + e.Placeholder + "} " + e.Problem }

// Render fills the template. Arguments come from args, decoded from JSON with
// numbers as [json.Number]; the placeholders behind @ come from builtin, which
// returns nothing for what is not known. Every error is a [*ValueError].
func (t *Template) Render(args map[string]any, builtin func(name string) (string, error)) (string, error) {
	var id strings.Builder
	longest := part{}
	for _, p := range t.parts {
		text := p.text
		if p.name != "" {
			value, err := value(p, args, builtin)
			if err != nil {
				return "", &ValueError{p.name, err.Error()}
			}
			text = value
			if p.argument() && len(text) > len(longest.text) {
				longest = part{text: text, name: p.name}
			}
		}
		id.WriteString(text)
	}
	if n := id.Len(); n > MaxLength {
		return "", &ValueError{longest.name, fmt.Sprintf(
			"is too long: it makes a workflow ID of %d bytes, and the limit is %d", n, MaxLength)}
	}
	return id.String(), nil
}

func value(p part, args map[string]any, builtin func(string) (string, error)) (string, error) {
	if !p.argument() {
		text, err := builtin(p.name)
		switch {
		case err != nil || p.optional && text == "":
			return "", err
		case text == "":
			return "", errors.New("is unknown")
		}
		return p.text + escape(text, p.separator), nil
	}
	text, err := p.lookUp(args)
	return escape(text, p.separator), err
}

// lookUp returns the value of an argument as text.
func (p part) lookUp(args map[string]any) (string, error) {
	var v any = args
	for _, step := range Path(p.name) {
		object, ok := v.(map[string]any)
		if !ok {
			return "", errors.New("is missing")
		}
		if v, ok = object[step]; !ok {
			return "", errors.New("is missing")
		}
	}
	return scalar(v)
}

func scalar(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, checkText(v)
	case json.Number:
		return v.String(), nil
	case bool:
		return strconv.FormatBool(v), nil
	}
	return "", errors.New("is not a string, number or boolean")
}

// Printable reports whether s can be an ID as far as its characters go. The
// Temporal SDK (v1.50, proxy.ExtractTemporalRequestHeaders) sends IDs in a gRPC
// header, too, which takes printable ASCII only.
func Printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// escape spells s in printable ASCII without the separator: each s in a way of
// its own, whatever comes behind the separator. Most values stay as they are: the
// ID may be that of a workflow which no tool started.
func escape(s, separator string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ', c > '~', separator != "" && c == separator[0],
			c == '%' && (spelled(s[i:]) || separator != "" && hexDigit(separator[0])):
			fmt.Fprintf(&b, "%%%02X", c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// spelled reports whether s, which begins with a percent sign, reads as a byte
// that escape has spelled.
func spelled(s string) bool { return len(s) > 2 && hexDigit(s[1]) && hexDigit(s[2]) }

func hexDigit(c byte) bool { return '0' <= c && c <= '9' || 'A' <= c && c <= 'F' }

// checkText refuses what would make an ID that people cannot read, type or
// tell from another: nothing at all, and characters that do not print.
func checkText(s string) error {
	if s == "" {
		return errors.New("is empty, and it names the workflow")
	}
	if !utf8.ValidString(s) {
		return errors.New("is not valid UTF-8")
	}
	for i, r := range s {
		if !unicode.IsPrint(r) {
			return fmt.Errorf("has the character %U at byte %d, which cannot be part of a workflow ID", r, i)
		}
	}
	return nil
}
