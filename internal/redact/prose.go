package redact

import (
	"strings"
)

// clauseEnd is where a clause ends: with its line, with the quotes that it is in, or with a
// semicolon or a full stop before a space.
func clauseEnd(s string, at int) int {
	for i := at; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\n' || c == '\r' || (c == ';' || c == '.') && isSpace(s, i+1):
			return i
		case c == '"' && i > 0 && isSpace(s, i-1):
			i = quotedEnd(s, i, `"`) - 1
		case c == '"':
			return i
		}
	}
	return len(s)
}

// prose looks whether a sentence stands in the place of a value, and conceals of it only what
// looks like one. It returns where the sentence ends.
func (f *keyValueScanner) prose(at int) (end int, is bool) {
	s := f.text
	first := firstWord(s[at:min(len(s), at+maxIndent)])
	if !prose.MatchString(first) && !status.MatchString(s[at:]) {
		return 0, false
	}
	end = clauseEnd(s, at)
	at += len(first)
	next := skipSpace(s[:end], at)
	second := firstWord(s[next:min(end, next+maxIndent)])
	if article.MatchString(first) && second != "" && !described.MatchString(second) {
		f.hide = append(f.hide, span{next, end})
		return end, true
	}
	for i := next; i < end; i = skipSpace(s[:end], i) {
		if quote := quoteAt(s, i); quote != "" {
			to := min(end, quotedEnd(s, i, quote))
			if text := s[i:to]; len(text) > 5 && !strings.Contains(text, " ") {
				f.hide = append(f.hide, span{i, to})
			}
			i = max(to, i+1)
			continue
		}
		to := i + 1
		for to < end && !isSpace(s, to) {
			to++
		}
		if word := trimmed(s[i:to]); looksRandom(word) || i == next && strings.ContainsAny(word, "_/+=~") {
			f.hide = append(f.hide, span{i, i + len(word)})
		}
		i = to
	}
	return end, true
}
