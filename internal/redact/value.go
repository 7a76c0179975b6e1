package redact

import (
	"math/bits"
	"regexp"
	"strings"
)

// A value is where the value of a field stands in a text, without its quotes, and where the
// text goes on. It is bare if nothing encloses it.
type value struct {
	span
	end  int
	bare bool
}

// readValue reads the value of the field whose name begins at name: the indented lines that
// belong to it, or what [inlineValue] reads.
func readValue(s string, at, name int) value {
	if end, is := indentedEnd(s, at, name); is {
		return value{span: span{skipSpace(s, at), end}, end: end}
	}
	start := skipSpace(s, at)
	if strings.Contains(s[at:start], "\n") && nextField.MatchString(s[start:min(len(s), start+maxNext)]) {
		return value{span: span{at, at}, end: at} // empty, before the next field
	}
	return inlineValue(s, at)
}

// inlineValue reads the value that begins behind a separator: what its quotes enclose, to the
// end of its brackets, or without them of the word. What is cut off goes to the end of the text.
func inlineValue(s string, at int) value {
	at = skipSpace(s, at)
	at += len(tagged.FindString(s[at:min(len(s), at+maxSeparator)]))
	if end := at + len(typed.FindString(s[at:min(len(s), at+maxSeparator)])); quoteAt(s, end) != "" {
		at = end
	}
	if quote := quoteAt(s, at); quote != "" {
		end := quotedEnd(s, at, quote)
		if isWordByte(s, end) { // the shell joins "a"b
			end = wordEnd(s, end)
			return value{span: span{at, end}, end: end}
		}
		at += len(quote)
		return value{span: span{at, at + len(strings.TrimSuffix(s[at:end], quote))}, end: end}
	}
	if at < len(s) && strings.IndexByte("[{", s[at]) >= 0 && !strings.HasPrefix(s[at:], redacted) {
		end := bracketsEnd(s, at)
		return value{span: span{at, end}, end: end}
	}
	end := wordEnd(s, at)
	return value{span: span{at, end}, end: end, bare: true}
}

// tagged is an anchor or a tag of YAML before a value.
var tagged = regexp.MustCompile(`^(?:[&!][\w!\-/.:]+[ \t]+)+`)

// typed is what dumps of values write before a string, as in string(6) "x", (len=1) "x" and
// b'x'.
var typed = regexp.MustCompile(`^(?:(?:\*?(?:string|str)(?:\(\d+\))?|\([\w.*]+\)|\(len=\d+[^)]{0,20}\))\s*)*(?:[bBuUrRfFN]{0,2})`)

const maxSlashes = 64 // six JSON texts, one in the other

// quoteAt returns the quotation mark that begins here, with the backslashes before it, or as
// XML, URLs and JSON write it.
func quoteAt(s string, at int) string {
	end := at
	for end < len(s) && s[end] == '\\' && end-at < maxSlashes {
		end++
	}
	if end < len(s) && strings.IndexByte("\"'`", s[end]) >= 0 {
		return s[at : end+1]
	}
	if end > at && strings.HasPrefix(s[end:], "u0022") {
		return s[at : end+len("u0022")]
	}
	for _, quote := range []string{"&quot;", "&#34;", "&#39;", "&apos;", "%22", "%27"} {
		if strings.HasPrefix(s[at:], quote) {
			return quote
		}
	}
	return ""
}

// quotedEnd is where the quotes close that open here with a mark: behind the same mark,
// unless that is escaped or doubled, or before one of an enclosing text.
func quotedEnd(s string, at int, quote string) int {
	mark := quote[len(quote)-1]
	start := at + len(quote)
	if strings.IndexByte("\"'`", mark) < 0 {
		return indexEnd(s, start, quote)
	}
	if len(quote) == 1 && strings.HasPrefix(s[at:], strings.Repeat(quote, 3)) {
		return indexEnd(s, at+3, strings.Repeat(quote, 3))
	}
	depth := bits.Len(uint(len(quote) - 1))
	for i, slashes := start, 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			slashes++
			continue
		case c == mark:
			switch closes(slashes, depth) {
			case outer:
				return i - slashes
			case here:
				if !strings.HasPrefix(s[i+1:], quote) || i == start {
					return i + 1
				}
				i += len(quote) // SQL doubles a mark to escape it
			}
		case c == '"' && slashes == 0 && depth > 0:
			return i
		}
		slashes = 0
	}
	return len(s)
}

// indexEnd is where the next such part of a text ends, or the text.
func indexEnd(s string, from int, part string) int {
	if i := strings.Index(s[from:], part); i >= 0 {
		return from + i + len(part)
	}
	return len(s)
}

// What a quotation mark closes.
type closing int

const (
	nothing closing = iota // it is escaped
	here
	outer // a text around this one
)

// closes says what a quotation mark with so many backslashes before it closes, in a text that
// is quoted so many times.
func closes(slashes, depth int) closing {
	for range depth {
		if slashes%2 == 0 {
			return outer
		}
		slashes /= 2
	}
	if slashes%2 == 0 {
		return here
	}
	return nothing
}

// bracketsEnd is where the bracket closes that opens here, or the end of the text.
func bracketsEnd(s string, at int) int {
	depth := 0
	for i := at; i < len(s); {
		if quote := quoteAt(s, i); quote != "" && opens(s, at, i, quote) {
			i = quotedEnd(s, i, quote)
			continue
		}
		switch s[i] {
		case '[', '{':
			depth++
		case ']', '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
		i++
	}
	return len(s)
}

// opens reports whether a quotation mark opens quotes: an apostrophe within a word does not.
func opens(s string, start, at int, quote string) bool {
	if strings.HasSuffix(quote, `"`) {
		return true
	}
	before := strings.TrimRight(s[max(start, at-maxIndent):at], " \t\r\n")
	return before != "" && strings.IndexByte("[{(,:=>", before[len(before)-1]) >= 0
}

const maxNext = 64 // how far is looked for another field

// nextField is what ends a value without quotes, behind a comma or a semicolon.
var nextField = regexp.MustCompile(`^[A-Za-z_][\w.\-]{0,60}[=:]`)

// wordEnd is where a word ends that nothing encloses.
func wordEnd(s string, at int) int {
	i, open := at, 0
	for i < len(s) && (open > 0 || !isSpace(s, i)) && !endsWord(s, at, i) {
		if quote := quoteAt(s, i); quote != "" {
			switch {
			case i > at && strings.IndexByte("(=,[{:", s[i-1]) >= 0:
				i = quotedEnd(s, i, quote)
			case i > at && isWordByte(s, i+len(quote)):
				i += len(quote) // within the word
			default:
				return at + len(trimmed(s[at:i]))
			}
			continue
		}
		switch {
		case s[i] == '\\' && isSpace(s, i+1):
			i++ // escaped
		case s[i] == '(' && closesSoon(s, i):
			open++
		case s[i] == ')':
			open = max(0, open-1)
		}
		i++
	}
	return at + len(trimmed(s[at:i]))
}

// endsWord reports whether a word that began at start ends here with a sign: of a URL's query,
// of XML, or before the next field.
func endsWord(s string, start, at int) bool {
	next := s[at+1 : min(len(s), at+1+maxNext)]
	switch s[at] {
	case ',', ';', '&':
		return nextField.MatchString(next) || s[at] == '&' && strings.HasPrefix(next, "amp;")
	case '<':
		return strings.HasPrefix(next, "/")
	case '>':
		return !strings.Contains(s[max(start, at-maxNext):at], "<")
	}
	return false
}

// closesSoon reports whether a parenthesis closes in its line.
func closesSoon(s string, at int) bool {
	line, _, _ := strings.Cut(s[at:min(len(s), at+maxSeparator)], "\n")
	return strings.Contains(line, ")")
}

// indentedEnd is where the lines end that belong to a field of YAML: those indented deeper
// than its name, the items of a list, and the empty ones between.
func indentedEnd(s string, at, name int) (end int, is bool) {
	first, rest, hasMore := strings.Cut(s[at:], "\n")
	if mark, _, escaped := strings.Cut(first[:min(len(first), maxIndent)], `\n`); escaped && blockMark.MatchString(mark) {
		return escapedEnd(s, at), true
	}
	if !hasMore {
		return 0, false
	}
	line := s[max(0, name-maxIndent):name]
	line = line[strings.LastIndexByte(line, '\n')+1:]
	isFirst := strings.Trim(line, " \t-") == ""
	isBlock := len(first) <= maxIndent && blockMark.MatchString(first)
	if !isBlock && (!isFirst && !strings.HasSuffix(line, ": ") || !isPlain(first)) {
		return 0, false
	}
	indent := len(line)
	if !isFirst {
		indent -= len(strings.TrimLeft(line, " \t"))
	}
	isList := strings.TrimSpace(first) == ""
	at += len(first) + 1
	for rest != "" {
		next, after, _ := strings.Cut(rest, "\n")
		bare := strings.TrimLeft(next, " \t")
		deep := len(next) - len(bare)
		switch {
		case strings.TrimSpace(next) == "":
		case deep > indent, isList && deep == indent && strings.HasPrefix(bare, "- "):
			end, is = at+len(strings.TrimRight(next, "\r")), true
		default:
			return end, is
		}
		at += len(next) + 1
		rest = after
	}
	return end, is
}

var blockMark = regexp.MustCompile(`^[ \t]*(?:[|>][+\-0-9]{0,3})?[ \t]*(?:#.*)?\r?$`)

// isPlain reports whether the value of a field of YAML can go on in the next line.
func isPlain(line string) bool {
	line = strings.TrimSpace(line)
	return line != "" && strings.IndexByte("\"'`[{&*!", line[0]) < 0 && !prose.MatchString(firstWord(line))
}

// escapedEnd is where the text ends in which line breaks are escaped.
func escapedEnd(s string, at int) int {
	for i := at; i < len(s); i++ {
		if s[i] == '"' && s[i-1] != '\\' {
			return i
		}
	}
	return len(s)
}

// headerEnd is where the value of an HTTP header ends: at the end of the line, of the quotes
// or of the brackets that it is in. It has quoted parameters.
func headerEnd(s string, at int) value {
	if at < len(s) && s[at] == '[' && !strings.HasPrefix(s[at:], redacted) {
		end := bracketsEnd(s, at)
		return value{span: span{at, end}, end: end}
	}
	i, depth := at, 0
	for i < len(s) && s[i] != '\n' && s[i] != '\r' {
		if quote := quoteAt(s, i); quote != "" {
			if i > at && s[i-1] != '=' {
				break
			}
			i = quotedEnd(s, i, quote)
			continue
		}
		switch s[i] {
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		}
		if depth < 0 {
			break
		}
		i++
	}
	return value{span: span{at, i}, end: i}
}
