package redact

import (
	"regexp"
	"slices"
	"strings"
)

// keyValueScanner looks for fields in a text of any notation, and collects the values that are
// credentials. It goes through the text once.
type keyValueScanner struct {
	text   string
	inDSN  bool // the text has a data source name in it, which names a user
	hide   []span
	paired []pair // of the objects that are open, the innermost last
}

// A pair is what is known of an object such as {"name": "DB_PASSWORD", "value": "…"}: either
// part can come first.
type pair struct {
	isSensitive   bool
	valueAt, from int // where the value begins, and its field
}

var (
	// Fields of an object that name what another of its fields holds.
	naming = []string{"name", keyWord, "k", "field", "header", "param", "parameter", "variable", "property", "id"}
	held   = []string{"value", "val", "v", "data", "content", "default"}

	dsn = regexp.MustCompile(`(?i)\b(?:host|hostaddr|server|data source|dbname|database|initial catalog|port|sslmode)\s*=`)
)

// withoutFields replaces the values of fields whose names tell that they are credentials.
func withoutFields(s string) string {
	f := &keyValueScanner{text: s, inDSN: dsn.MatchString(s), paired: make([]pair, 1)}
	for at := 0; at < len(s); {
		switch c := s[at]; {
		case c == '{':
			f.paired = append(f.paired, pair{})
		case c == '}':
			f.paired = f.paired[:max(1, len(f.paired)-1)]
		case c == '<' || c == '\n' && strings.HasPrefix(strings.TrimLeft(s[at:min(len(s), at+maxIndent)], " \t\r\n"), "- "):
			f.paired[len(f.paired)-1] = pair{}
		case isNameByte(c):
			at = f.field(at)
			continue
		}
		at++
	}
	return without(s, f.hide)
}

// separator is what can stand between a field's name and its value: an index, the end of
// quotes or brackets, and a sign.
var separator = regexp.MustCompile(`^(?:(?: (?:for|of)(?: [^\s:="']{1,60}){1,2})?|\[[^\]\s]{0,40}\])(?:\\*["'` + "`" + `]|%22|%27|&quot;|&#3[49];|\\+u0022)?\]?(?:[ \t]*(?:=>|:=|\?=|->|={1,3}|::|:|%3[DdAa])|\s+(?:=>|:=|=|:)|;s:\d+:)`)

// field reads the name that begins here, and what belongs to it. It returns where to go on.
func (f *keyValueScanner) field(from int) int {
	s := f.text
	to := from
	for to < len(s) && isNameByte(s[to]) {
		to++
	}
	if from > 0 && s[from-1] == '%' && to-from > 2 {
		from += 2 // %22 is a quotation mark
	}
	name := s[from:to]
	isSensitive := isSensitiveName(name) || f.isSensitiveHere(name, s[max(0, from-maxBefore):from])
	sign := separator.FindString(s[to:min(len(s), to+maxSeparator)])
	isQuoted := quotation.MatchString(sign)
	at := to + len(sign)
	switch {
	case sign == "" && isSensitive:
		return f.withoutSign(name, to)
	case sign == "":
		return to
	case !isSensitive:
		return f.part(name, at, from)
	case isHeader(name) && !isQuoted:
		return f.header(name, skipSpace(s, at))
	case !isQuoted && strings.HasSuffix(strings.ToLower(name), "token") && parsed.MatchString(s[at:min(len(s), at+maxSeparator)]):
		return at // of a parser: "unexpected token: [ at line 2"
	}
	value := readValue(s, at, from)
	if value.bare && strings.Contains(sign, ":") && !isQuoted {
		if end, is := f.prose(value.from); is {
			return end
		}
		if strings.Contains(strings.ToLower(name), "phrase") {
			value.to = clauseEnd(s, value.from)
			value.end = value.to
		}
	}
	return f.conceal(name, value)
}

// header has the value of an HTTP header concealed.
func (f *keyValueScanner) header(name string, at int) int {
	if !described.MatchString(firstWord(f.text[at:min(len(f.text), at+maxIndent)])) { // "Authorization: token …" has a scheme
		if end, is := f.prose(at); is {
			return end
		}
	}
	return f.conceal(name, headerEnd(f.text, at))
}

// quotation matches what separates a quoted name from its value.
var quotation = regexp.MustCompile("[\"'`]|quot;|&#3|%2[27]|u0022")

var parsed = regexp.MustCompile(`^\s*[\[\]{}(),:;]{1,2}(?:\s|$)`)

// conceal has a value replaced, unless it is harmless.
func (f *keyValueScanner) conceal(name string, value value) int {
	if value.to > value.from && !harmless(name, f.text[value.from:value.to]) {
		f.hide = append(f.hide, value.span)
	}
	return value.end
}

// isSensitiveHere reports whether a name is sensitive for what stands before it: another word of it, the
// beginning of a parameter, or a data source name.
func (f *keyValueScanner) isSensitiveHere(name, before string) bool {
	switch lower := strings.ToLower(name); lower {
	case keyWord, "id", "phrase", "word":
		if rest, isWord := strings.CutSuffix(before, " "); isWord {
			start := len(rest)
			for start > 0 && isNameByte(rest[start-1]) {
				start--
			}
			first := rest[start:]
			if first != "" && isSensitiveName(first+" "+lower) && (lower != "id" || !isSensitiveName(first)) {
				return true
			}
		}
		if lower == "id" && strings.HasSuffix(strings.ToLower(before), "user ") {
			return f.inDSN
		}
		return lower == keyWord && isParameter(before)
	case "user", "username", "uid":
		return f.inDSN
	default:
		return slices.Contains(sensitiveParameters, lower) && isParameter(before)
	}
}

// isParameter reports whether a parameter of a URL's query begins behind a text.
func isParameter(before string) bool {
	return strings.HasSuffix(before, "?") || strings.HasSuffix(before, "&") || strings.HasSuffix(before, "&amp;") ||
		strings.HasSuffix(before, "%26") || strings.HasSuffix(before, "%3F") || strings.HasSuffix(before, `\u0026`)
}

// part looks at a field whose name is not sensitive, but which can say what another field of
// its object is, or be that field. It returns where to go on.
func (f *keyValueScanner) part(name string, at, from int) int {
	known := &f.paired[len(f.paired)-1]
	switch lower := strings.ToLower(name); {
	case slices.Contains(naming, lower):
		known.isSensitive = namesCredential(f.text[at:min(len(f.text), at+maxSeparator)])
		if known.isSensitive && known.valueAt > 0 {
			f.hide = append(f.hide, readValue(f.text, known.valueAt, known.from).span)
		}
	case slices.Contains(held, lower):
		if known.isSensitive {
			return f.conceal(name, readValue(f.text, at, from))
		}
		known.valueAt, known.from = at, from
	}
	return at
}

// namesCredential reports whether a text begins with a value that is the name of a credential.
func namesCredential(s string) bool {
	at := skipSpace(s, 0)
	if at < len(s) && strings.IndexByte("[{", s[at]) >= 0 {
		return false
	}
	value := inlineValue(s, at)
	text := strings.Trim(s[value.from:value.to], `"'\`+"`")
	return !strings.ContainsAny(text, " \t\r\n") && (isSensitiveName(text) || isHeader(text))
}

var (
	call = regexp.MustCompile(`^\(\s*\\*["']`)
	verb = regexp.MustCompile(`^\s+(?:is|was|were|=)\s+`)
	// The names of algorithms have digits, and stand behind "password" and "token".
	algorithm = regexp.MustCompile(`(?i)^(?:sha|md|hs|rs|es|ps|aes|rsa|bcrypt|scrypt|argon|pbkdf|oauth|base|utf|x|rfc|http|v)[-_]?\d+$`)
	date      = regexp.MustCompile(`^\d{4}-\d\d-\d\d`)
)

// withoutSign looks for the value of a sensitive name behind which there is no sign: a flag's
// argument, a function's, or a word that looks like a value.
func (f *keyValueScanner) withoutSign(name string, to int) int {
	s := f.text
	rest := s[to:min(len(s), to+maxSeparator)]
	if call.MatchString(rest) {
		return f.conceal(name, inlineValue(s, to+1))
	}
	if strings.HasPrefix(name, "-") {
		return f.argument(name, to)
	}
	at := to + len(verb.FindString(rest))
	start := skipSpace(s, at)
	if start == to || start == len(s) || strings.IndexByte("[{", s[start]) >= 0 {
		return to
	}
	value := inlineValue(s, at)
	text := s[value.from:value.to]
	if value.bare && (looksRandom(text) || s[at] == '\t' && !prose.MatchString(text)) || !value.bare && isShown(name) && len(text) > 2 {
		return f.conceal(name, value)
	}
	return to
}

// argument has the argument of a flag concealed, which stands behind a space, or is the next
// of a list.
func (f *keyValueScanner) argument(name string, to int) int {
	s := f.text
	at := to
	if quote := quoteAt(s, at); quote != "" {
		at += len(quote)
		if isSpace(s, at) || at < len(s) && s[at] == ',' {
			at++
		}
	}
	start := skipSpace(s, at)
	if start == to || start == len(s) || s[start] == '-' {
		return to
	}
	return f.conceal(name, inlineValue(s, at))
}

// isShown reports whether what is quoted behind a name is its value: a parser quotes tokens,
// and Kubernetes the names of secrets.
func isShown(name string) bool {
	words := wordsOf(name)
	return len(words) > 0 && (words[len(words)-1] == keyWord || strings.HasPrefix(words[len(words)-1], "pass") || words[len(words)-1] == "pwd")
}

// looksRandom reports whether a word is more likely to be a key than one of a language.
func looksRandom(word string) bool {
	word = strings.Trim(word, `.,;:!?()"'`)
	const digits = "0123456789"
	return len(word) >= 6 && strings.ContainsAny(word, digits) && !date.MatchString(word) && !algorithm.MatchString(word) && strings.Trim(word, digits+"-.:%") != ""
}

// harmless reports whether the value of a field with a sensitive name is not a credential:
// a number of something, the name of an error, or what has been replaced before.
func harmless(name, value string) bool {
	switch {
	case value == redacted:
		return true
	case noValue.MatchString(value):
		return true
	case isNumber(value):
		return len(value) < 10 && counts(name)
	case strings.EqualFold(name, "code"):
		return constant.MatchString(value) && !isSensitiveName(value)
	}
	return false
}

var noValue = regexp.MustCompile(`(?i)^(?:yes|no|true|false|none|null|nil)$`)

var constant = regexp.MustCompile(`^[A-Z]+(?:_[A-Z]+)+$`)
