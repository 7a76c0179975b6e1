package redact

import (
	"regexp"
	"slices"
	"strings"
)

func holds(s string, parts ...string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(s, part) })
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// replaceGroups is ReplaceAllStringFunc with the groups of each match.
func replaceGroups(re *regexp.Regexp, s string, replace func(groups []string) string) string {
	var b strings.Builder
	end := 0
	for _, at := range re.FindAllStringSubmatchIndex(s, -1) {
		groups := make([]string, len(at)/2)
		for i := range groups {
			if at[2*i] >= 0 {
				groups[i] = s[at[2*i]:at[2*i+1]]
			}
		}
		b.WriteString(s[end:at[0]])
		b.WriteString(replace(groups))
		end = at[1]
	}
	b.WriteString(s[end:])
	return b.String()
}

// A span is a part of a text.
type span struct{ from, to int }

// without replaces the parts of a text that are listed in any order, and may overlap.
func without(s string, parts []span) string {
	if len(parts) == 0 {
		return s
	}
	slices.SortFunc(parts, func(a, b span) int { return a.from - b.from })
	var b strings.Builder
	end := 0
	for _, part := range parts {
		if part.from >= end {
			b.WriteString(s[end:part.from])
			b.WriteString(redacted)
		}
		end = max(end, part.to)
	}
	b.WriteString(s[end:])
	return b.String()
}

const (
	maxBefore    = 40  // how far is looked back for another word of a name
	maxIndent    = 100 // how far indentation is looked at
	maxSeparator = 120 // how long what stands between a name and its value can be
)

func isNameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '.' || c == '-' || c >= 0x80
}

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

const (
	hidden   = "[address]"  // stands in the place of an address
	redacted = "[redacted]" // stands in the place of a credential
)

func isSpace(s string, at int) bool { return at < len(s) && strings.IndexByte(" \t\r\n", s[at]) >= 0 }

func skipSpace(s string, at int) int {
	for isSpace(s, at) {
		at++
	}
	return at
}

func isWordByte(s string, at int) bool {
	return at < len(s) && isNameByte(s[at]) && s[at] != '.' && s[at] != '-'
}

// trimmed is a word without the punctuation that follows it.
func trimmed(word string) string {
	short := strings.TrimRight(word, ",;.:!?)]}")
	if strings.HasPrefix(word[len(short):], "]") && strings.HasSuffix(short, strings.TrimSuffix(redacted, "]")) {
		short += "]"
	}
	return short
}
