package redact

import (
	"regexp"
	"strings"
)

// What stands before the value of a field. The groups are its name, and what separates it
// from the value.
var (
	field = regexp.MustCompile(`(?i)([A-Za-z0-9_.\-]*(?:` + telling + `)[A-Za-z0-9_.\-]*)((?:\[[^\]\s]*\])?(?:\\*["']|%22|\])?\s*(?:=>|:=|==?|:|%3D|%3A)\s*(?:%22)?)`)
	flag  = regexp.MustCompile(`(?i)(--?[a-z\-]*(?:` + telling + `))(\s+)`)
	// Short names are telling in few places only.
	short = regexp.MustCompile(`(?i)\b(pass|pw|otp|jwt|auth)(\\*["']?\s*[:=]\s*)`)
	place = regexp.MustCompile(`(?i)(\b(?:user|username|uid|user id)|[?&](?:key|sig|code|auth|jwt|sid|pw|pass))(=)`)
)

var (
	quoted   = regexp.MustCompile(`^(?:\\+"(?:[^"\\]|\\+[^"\\])*(?:\\+")?|"(?:[^"\\]|\\.)*"?|\\+'(?:[^'\\]|\\+[^'\\])*(?:\\+')?|'(?:[^'\\]|\\.)*'?|` + "`[^`]*`?)")
	block    = regexp.MustCompile(`^[|>][+\-0-9]*[ \t]*(?:\r?\n[ \t]+[^\r\n]*)+`) // of YAML
	bareWord = regexp.MustCompile(`^[^\s&"'` + "`" + `<>]+`)
	// A value without quotes ends where another field begins.
	nextField = regexp.MustCompile(`[,;][A-Za-z_][\w.\-]*[=:]`)

	prose     = regexp.MustCompile(`^(?i:must|is|was|not|has|have|invalid|expired|required|missing|unexpected|cannot|may|should|too|the|a|an|no|unknown|wrong|empty|does|malformed|unauthorized|rejected|denied|incorrect|ok|failed|passed)$`)
	counts    = regexp.MustCompile(`(?i)tokens(?:$|_)|_tokens|count|(?:^|[_\-])(?:max|min|num|total)(?:[_\-]|$)`)
	tokenizer = regexp.MustCompile(`(?i)tokeni[sz]`)
	constant  = regexp.MustCompile(`^[A-Z]+(?:_[A-Z]+)*$`)
)

// withoutValues replaces the values of fields.
func withoutValues(fields *regexp.Regexp, s string) string {
	var b strings.Builder
	for {
		at := fields.FindStringSubmatchIndex(s)
		if at == nil {
			return b.String() + s
		}
		name, separator, rest := s[at[2]:at[3]], s[at[4]:at[5]], s[at[1]:]
		n := valueEnd(rest)
		if n > 0 && strings.Contains(separator, ":") && prose.MatchString(rest[:n]) {
			n = afterProse(rest, n)
		}
		b.WriteString(s[:at[1]])
		if n > 0 && !harmless(name, rest[:n]) {
			b.WriteString(redacted)
			rest = rest[n:]
		}
		s = rest
	}
}

// valueEnd is how long the value is with which a text begins: to the end of its quotes, of
// its brackets, of its indented lines, or of the word, unless another field begins in it.
func valueEnd(s string) int {
	if s == "" {
		return 0
	}
	if at := quoted.FindStringIndex(s); at != nil {
		return at[1]
	}
	if at := block.FindStringIndex(s); at != nil {
		return at[1]
	}
	if s[0] == '[' || s[0] == '{' {
		if end := bracketsEnd(s); end > 0 && !strings.HasPrefix(s, redacted) {
			return end
		}
	}
	word := bareWord.FindString(s)
	if at := nextField.FindStringIndex(word); at != nil {
		word = word[:at[0]]
	}
	return len(strings.TrimRight(word, ",;.)]}"))
}

// bracketsEnd is where the bracket closes with which a text begins, 0 if it does not.
func bracketsEnd(s string) int {
	depth, inString := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}

// afterProse decides over what begins with a word of prose, as in "token: expired": it is no
// value, unless what follows looks like one. It returns the length of the value, 0 for none.
func afterProse(s string, n int) int {
	rest := strings.TrimLeft(s[n:], " \t")
	next := len(strings.TrimRight(bareWord.FindString(rest), ",;.)]}"))
	if next > 1 && strings.ContainsAny(rest[:next], "0123456789_/+=~") {
		return len(s) - len(rest) + next
	}
	return 0
}

// harmless reports whether the value of a field with a telling name is none of a credential:
// a number of tokens, the name of a tokenizer, the user with a number, or an error code.
func harmless(name, value string) bool {
	lower := strings.ToLower(name)
	switch {
	case value == redacted || strings.HasPrefix(value, redacted):
		return true
	case isNumber(value):
		return counts.MatchString(name) || strings.HasSuffix(lower, "uid")
	case tokenizer.MatchString(name):
		return true
	case lower[0] == '?' || lower[0] == '&':
		return constant.MatchString(value)
	}
	return false
}
