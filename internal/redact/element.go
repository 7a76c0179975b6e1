package redact

import (
	"slices"
	"strings"
)

// A bracketing is how a text writes the brackets of XML.
type bracketing struct{ left, right string }

var bracketings = []bracketing{{"<", ">"}, {"&lt;", "&gt;"}, {`\u003c`, `\u003e`}}

// withoutElements replaces the contents of XML elements with sensitive names, and of those that
// follow an element that holds such a name.
func withoutElements(s string) string {
	for _, brackets := range bracketings {
		if strings.Contains(s, brackets.left) {
			s = brackets.without(s)
		}
	}
	return s
}

func (b bracketing) without(s string) string {
	lower := strings.ToLower(s)
	if len(lower) != len(s) {
		lower = s // letters whose cases differ in length: names are looked for as they are
	}
	var hide []span
	isNamed := false              // by the element before
	unclosed := map[string]bool{} // so that each is looked for once
	for at := 0; ; {
		i := strings.Index(lower[at:], b.left)
		if i < 0 {
			return without(s, hide)
		}
		at += i + len(b.left)
		name, start, is := b.opening(lower, at)
		if !is {
			continue
		}
		local := name[strings.LastIndexByte(name, ':')+1:]
		if slices.Contains(naming, local) {
			end, _, _ := strings.Cut(lower[start:min(len(lower), start+maxSeparator)], b.left)
			isNamed = namesCredential(end)
			at = start
			continue
		}
		if !isSensitiveName(s[at:at+len(name)]) && !isNamed {
			continue
		}
		isNamed = false
		end := -1
		if !unclosed[name] {
			end = strings.Index(lower[start:], b.left+"/"+name)
			unclosed[name] = end < 0
		}
		switch {
		case end >= 0:
			end += start
		case isSpace(s, start) && s[start] == ' ':
			at = start // a placeholder: "login <token> <host>"
			continue
		default:
			end = len(s) // cut off
		}
		if end > start {
			hide = append(hide, span{start, end})
		}
		at = end
	}
}

const maxAttributes = 1000

// opening reads the name of the element that opens here, and where its content begins.
func (b bracketing) opening(s string, at int) (name string, start int, is bool) {
	end := at
	for end < len(s) && (isNameByte(s[end]) || s[end] == ':') {
		end++
	}
	if end == at {
		return "", 0, false
	}
	attributes, _, closed := strings.Cut(s[end:min(len(s), end+maxAttributes)], b.right)
	if !closed || strings.HasSuffix(attributes, "/") || attributes != "" && !isSpace(attributes, 0) || strings.Contains(attributes, b.left) {
		return "", 0, false
	}
	return s[at:end], end + len(attributes) + len(b.right), true
}
