package redact

import (
	"slices"
	"strings"
	"unicode"
)

// What names of credentials have in them, whatever separates their words.
var sensitiveWords = []string{
	"password", "passwd", "passphrase", "passcode", "passwort", "kennwort", "contrasena", "contraseña", "motdepasse", "pwd",
	"secret", "token", "credential", "signature", "apikey", "accesskey", "accountkey", "privatekey", "secretkey", "encryptionkey",
	"signingkey", "masterkey", "sharedkey", "authkey", "sshkey", "sessionid", "sessionkey", "authorization", "cookie",
}

// Words that tell by themselves, but not as a part of others.
var sensitiveAbbreviations = []string{"pw", "otp", "jwt", "psk", "cred", "creds", "bearer"}

// Words that tell where a name ends with them: not in "pass_rate" or "auth_method".
var sensitiveEnds = []string{"pass", "auth"}

const keyWord = "key"

// Parameters of a URL's query that are credentials, though their names tell nothing elsewhere.
var sensitiveParameters = []string{keyWord, "sig", "code", "sid"}

// The beginnings of words that only look like sensitive ones.
var lookalikes = []string{"tokeniz", "tokenis", "secretar"}

// isSensitiveName reports whether a field's name says that its value is a credential.
func isSensitiveName(name string) bool {
	words := wordsOf(name)
	words = slices.DeleteFunc(words, func(word string) bool {
		return slices.ContainsFunc(lookalikes, func(prefix string) bool { return strings.HasPrefix(word, prefix) })
	})
	if len(words) == 0 {
		return false
	}
	if holds(strings.Join(words, ""), sensitiveWords...) || slices.Contains(sensitiveEnds, words[len(words)-1]) {
		return true
	}
	return slices.ContainsFunc(words, func(word string) bool { return slices.Contains(sensitiveAbbreviations, word) })
}

// headers are those whose whole value is a credential, with all its words.
var headers = []string{"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "x-auth-token", "x-auth", "x-access-token"}

func isHeader(name string) bool { return slices.Contains(headers, strings.ToLower(name)) }

// wordsOf splits a name such as DBPassword2 or db-password into its words, in lower case and
// without the numbers at their ends.
func wordsOf(name string) []string {
	var words []string
	var word []rune
	end := func() {
		if text := strings.TrimRight(strings.ToLower(string(word)), "0123456789"); text != "" {
			words = append(words, text)
		}
		word = word[:0]
	}
	runes := []rune(name)
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			end()
			continue
		case unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || unicode.IsUpper(runes[i-1]) && i+1 < len(runes) && unicode.IsLower(runes[i+1])):
			end()
		}
		word = append(word, r)
	}
	end()
	return words
}

// Words at the end of a name that make a number of something out of its value.
var countedBy = []string{"count", "length", "len", "size", "ttl", "age", "timeout", "expiry", "expires", "attempts", "retries", "limit", "index", "version"}

// counts reports whether a number under this name is not a credential: it says how many, how
// long, or which user.
func counts(name string) bool {
	words := wordsOf(name)
	if len(words) == 0 {
		return false
	}
	last := words[len(words)-1]
	isBounded := slices.ContainsFunc(words, func(word string) bool { return slices.Contains([]string{"max", "min", "num", "total"}, word) })
	return slices.Contains(countedBy, last) || slices.Contains(words, "tokens") || last == "token" && isBounded || last == "uid"
}
