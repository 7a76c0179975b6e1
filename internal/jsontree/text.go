package jsontree

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxShown is how much of a value from outside is repeated in a message.
const maxShown = 60

// Cut shortens text from outside to what a message may repeat.
func Cut(s string) string {
	if len(s) <= maxShown {
		return s
	}
	end := maxShown
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}

// Quote shows text from outside on one line.
func Quote(s string) string {
	return string(AppendString(nil, Cut(s)))
}

const hexDigits = "0123456789abcdef"

// AppendString writes a JSON string. It escapes what JSON demands and nothing else.
func AppendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		case '\t':
			b = append(b, `\t`...)
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}

// Append writes v without insignificant space. The members of a map are sorted,
// those of a node keep their order.
func Append(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...)
	case bool:
		if v {
			return append(b, "true"...)
		}
		return append(b, "false"...)
	case string:
		return AppendString(b, v)
	case json.Number:
		return append(b, v...)
	case json.RawMessage:
		return append(b, v...)
	case []any:
		return appendArray(b, v)
	case map[string]any:
		return AppendMap(b, v)
	case *Node:
		return appendNode(b, v)
	}
	panic("schema: not a decoded JSON value") // unreachable: all trees are made in this package
}

func appendArray(b []byte, list []any) []byte {
	b = append(b, '[')
	for i, e := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = Append(b, e)
	}
	return append(b, ']')
}

// AppendMap writes an object whose members are sorted.
func AppendMap(b []byte, m map[string]any) []byte {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	b = append(b, '{')
	for i, k := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(AppendString(b, k), ':')
		b = Append(b, m[k])
	}
	return append(b, '}')
}

func appendNode(b []byte, n *Node) []byte {
	b = append(b, '{')
	for i, m := range n.Members {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(AppendString(b, m.Key), ':')
		b = Append(b, m.Value)
	}
	return append(b, '}')
}

// Pointer writes a path the way a JSON Pointer does, with long steps cut.
func Pointer(path []string) string {
	var b strings.Builder
	for _, step := range path {
		b.WriteByte('/')
		b.WriteString(EscapeToken(Cut(step)))
	}
	return b.String()
}
