// Package redact removes from error texts what must not reach a model or its user:
// credentials, stack traces, internal addresses, and the hosts and process numbers
// of workers.
//
// A credential is recognized by its position (the user part of a URL, an Authorization
// header, the value of a field such as password) or by its format (keys of well-known
// services, JSON Web Tokens, PEM blocks). Where prose cannot be distinguished from a
// credential, it is removed, too. A credential with neither is not found.
package redact

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxLength is the longest text, in bytes, that [Text] returns.
const MaxLength = 4000

// maxRead is how much of a text is looked at: an error can hold megabytes of
// what others sent, and its reader polls.
const maxRead = 4 * MaxLength

// Temporal's SDK puts the worker's identity (process and host name) and
// event numbers into the texts of these errors.
var sdkError = regexp.MustCompile(`(activity error|child workflow execution error|nexus operation error) \((?:type|workflowType): ([^,)]*)(?:, [A-Za-z]+: [^,)]*)*\)`)

// Text returns s without what the package's comment lists, cut to [MaxLength]
// bytes.
func Text(s string) string {
	s = beginning(s)
	s = withoutStack(s)
	s = sdkError.ReplaceAllString(s, "$1 ($2)")
	s = withoutCredentials(s)
	s = withoutAddresses(s)
	return Cut(strings.ToValidUTF8(s, "\uFFFD"), MaxLength)
}

// beginning returns what is looked at of s, cut between words if that loses
// little: half an address would not be recognized.
func beginning(s string) string {
	if len(s) <= maxRead {
		return s
	}
	s = s[:maxRead]
	if end := strings.LastIndexAny(s, " \t\r\n"); end >= maxRead-MaxLength {
		s = s[:end]
	}
	return s + " …"
}

// Cut shortens s to at most limit bytes, at a rune's edge, and shows that it did.
func Cut(s string, limit int) string {
	const mark = "…"
	if len(s) <= limit {
		return s
	}
	end := limit - len(mark)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + mark
}

// JSON returns a JSON value whose texts went through [Text], and whose members with
// sensitive names have no value. It returns nil for what is not JSON.
func JSON(data []byte) json.RawMessage {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil || dec.More() {
		return nil
	}
	out, err := json.Marshal(clean(v))
	if err != nil {
		return nil
	}
	return out
}

func clean(v any) any {
	switch v := v.(type) {
	case string:
		return Text(v)
	case []any:
		return cleanList(v)
	case map[string]any:
		named := namesOther(v)
		for name, e := range v {
			if isSensitiveName(name) && isCredential(name, e) || named && slices.Contains(held, strings.ToLower(name)) && isCredential("", e) {
				v[name] = redacted
				continue
			}
			v[name] = clean(e)
		}
	}
	return v
}

// cleanList cleans the elements of a list, which can be a header or the arguments of a command.
func cleanList(list []any) any {
	before := ""
	for i, e := range list {
		text, isText := e.(string)
		isFlag := strings.HasPrefix(before, "-") && !strings.Contains(before, "=") && isSensitiveName(before)
		if isText && (isFlag || len(list) == 2 && i == 1 && (isHeader(before) || isSensitiveName(before))) {
			list[i] = redacted
		} else {
			list[i] = clean(e)
		}
		before = text
	}
	return list
}

// namesOther reports whether an object is a pair of a sensitive name and a value.
func namesOther(object map[string]any) bool {
	for name, e := range object {
		if text, isText := e.(string); isText && slices.Contains(naming, strings.ToLower(name)) && !strings.ContainsAny(text, " \t\r\n") && isSensitiveName(text) {
			return true
		}
	}
	return false
}

// isCredential reports whether the value of a member with a sensitive name can be a credential.
func isCredential(name string, value any) bool {
	switch value := value.(type) {
	case nil, bool:
		return false
	case string:
		return value != "" && !harmless(name, value)
	case json.Number:
		return !harmless(name, value.String())
	}
	return true
}
