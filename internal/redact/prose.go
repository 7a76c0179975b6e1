package redact

import (
	"regexp"
	"strings"
)

var (
	// What an error says of a credential, as in "token: expired", in place of its value.
	prose = regexp.MustCompile(`(?i)^(?:must|is|was|are|were|not|has|have|had|can|could|cannot|can't|will|would|may|should|does|do|did|too|no|only|already|please|` +
		`the|a|an|your|invalid|expired|required|missing|unexpected|unknown|wrong|empty|malformed|unauthorized|rejected|denied|incorrect|ok|failed|passed|` +
		`permission|mismatch|mismatched|verification|authentication|error|timeout|bad|revoked|disabled|absent|undefined|contains|lookup|` +
		`tokens?|passwords?|secrets?|keys?|credentials?|signatures?|session|user|account|request)$`)
	// The status of an HTTP response, as in "cannot fetch token: 400 Bad Request".
	status = regexp.MustCompile(`^[1-5]\d\d [A-Z][a-z]`)
	// After an article, a sentence goes on with such a word. What else follows can be a passphrase.
	article   = regexp.MustCompile(`(?i)^(?:the|a|an|your)$`)
	described = regexp.MustCompile(`(?i)^(?:tokens?|passwords?|secrets?|keys?|credentials?|values?|signatures?|session|sessions|one|ones|given|provided|supplied|specified|request|user|account|header|field|server|client|service|same|new|old|current|previous|name|length|format|number|minimum|maximum|valid|invalid|string|character|characters|digit|letter|different|longer|shorter|stronger)$`)
)

// firstWord is the word with which a text begins, without the punctuation behind it.
func firstWord(s string) string {
	for i := range len(s) {
		if isSpace(s, i) || strings.IndexByte("&<>\"'`", s[i]) >= 0 && !isWordByte(s, i+1) {
			return trimmed(s[:i])
		}
	}
	return trimmed(s)
}

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
func (f *fields) prose(at int) (end int, is bool) {
	s := f.text
	first := firstWord(s[at:min(len(s), at+mostIndent)])
	if !prose.MatchString(first) && !status.MatchString(s[at:]) {
		return 0, false
	}
	end = clauseEnd(s, at)
	at += len(first)
	next := skipSpace(s[:end], at)
	second := firstWord(s[next:min(end, next+mostIndent)])
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
