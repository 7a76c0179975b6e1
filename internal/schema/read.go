package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

const (
	// MaxBytes is how long the arguments of one call may be. It is beyond what Temporal
	// takes as a payload, so that nothing is refused here that could be sent.
	MaxBytes = 4 << 20

	// MaxValues is how many values the arguments of one call may hold in all.
	MaxValues = 100_000

	// maxDepth is how deep arguments may be nested.
	maxDepth = 200
)

// A cursor moves over bytes that are valid JSON.
type cursor struct {
	data []byte
	pos  int
}

func (c *cursor) space() {
	for c.pos < len(c.data) {
		switch c.data[c.pos] {
		case ' ', '\t', '\n', '\r':
			c.pos++
		default:
			return
		}
	}
}

// peek skips space and returns the next byte, 0 at the end.
func (c *cursor) peek() byte {
	c.space()
	if c.pos < len(c.data) {
		return c.data[c.pos]
	}
	return 0
}

// literal moves over a string, number or word and returns it.
func (c *cursor) literal() []byte {
	start := c.pos
	if c.data[c.pos] == '"' {
		c.pos++
		for c.data[c.pos] != '"' {
			if c.data[c.pos] == '\\' {
				c.pos++
			}
			c.pos++
		}
		c.pos++
		return c.data[start:c.pos]
	}
	if end := bytes.IndexAny(c.data[c.pos:], ",]} \t\r\n"); end >= 0 {
		c.pos += end
	} else {
		c.pos = len(c.data)
	}
	return c.data[start:c.pos]
}

// more reports whether another element follows in an array or object that ends with
// end, and moves onto it. Before the first element it moves over the opening bracket.
func (c *cursor) more(first bool, end byte) bool {
	if first {
		c.pos++
	}
	next := c.peek()
	if next == ',' {
		c.pos++
		c.space()
		return true
	}
	if next == end {
		c.pos++
		return false
	}
	return true
}

// key moves over a member's name and the colon, and returns the name as it is spelled.
func (c *cursor) key() []byte {
	name := c.literal()
	c.space()
	c.pos++ // the colon
	return name
}

// skip moves over a value of any kind.
func (c *cursor) skip() {
	depth := 0
	for {
		switch c.peek() {
		case '{', '[':
			depth++
			c.pos++
		case '}', ']':
			depth--
			c.pos++
		case ',', ':':
			c.pos++
			continue
		default:
			c.literal()
		}
		if depth == 0 {
			return
		}
	}
}

// A reader makes a tree of arguments and finds what encoding/json would pass over in
// silence: duplicate names and text that is not UTF-8.
type reader struct {
	cursor
	path       []string
	violations []Violation
	values     int
	stopped    bool // too deep, too many values or too many violations to go on
}

// read decodes JSON text strictly. Its numbers are in their one spelling.
func read(raw []byte) (any, []Violation) { return readAs(raw, nil) }

// readAs is read for what clients send in place of what they mean.
func readAs(raw []byte, l *leniency) (any, []Violation) {
	if !json.Valid(raw) {
		return nil, []Violation{{Message: "not valid JSON: " + syntaxProblem(raw)}}
	}
	r := &reader{cursor: cursor{data: raw}}
	v := l.apply(r, r.value())
	if len(raw) > MaxBytes && len(r.violations) == 0 {
		r.path = nil
		r.reportf("%d bytes of arguments, at most %d can be sent", len(raw), MaxBytes)
	}
	return v, limit(r.violations)
}

func syntaxProblem(raw []byte) string {
	err := json.Unmarshal(raw, new(json.RawMessage))
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Sprintf("%s at byte %d", syntax.Error(), syntax.Offset)
	}
	return "unreadable"
}

func (r *reader) reportf(format string, args ...any) {
	r.violations = append(r.violations, Violation{Path: pointer(r.path), Message: fmt.Sprintf(format, args...)})
	r.stopped = r.stopped || len(r.violations) > maxViolations
}

// stop ends reading with a violation of the arguments as a whole.
func (r *reader) stop(format string, limit int) {
	r.stopped, r.path = true, nil
	r.reportf(format, limit)
}

func (r *reader) value() any {
	if r.values++; r.values > MaxValues && !r.stopped {
		r.stop("more than %d values", MaxValues)
		return nil
	}
	switch r.peek() {
	case '{':
		return r.nested(r.object)
	case '[':
		return r.nested(r.array)
	}
	lit := r.literal()
	switch lit[0] {
	case '"':
		return r.text(lit)
	case 't':
		return true
	case 'f':
		return false
	case 'n':
		return nil
	}
	spelling, problem := canonicalNumber(string(lit))
	if problem != "" {
		r.reportf("%s", problem)
	}
	return json.Number(spelling)
}

func (r *reader) nested(read func() any) any {
	if len(r.path) >= maxDepth && !r.stopped {
		r.stop("nested deeper than %d levels", maxDepth)
	}
	if r.stopped {
		return nil
	}
	return read()
}

func (r *reader) object() any {
	m := map[string]any{}
	for first := true; !r.stopped && r.more(first, '}'); first = false {
		name := r.text(r.key())
		if _, twice := m[name]; twice {
			r.reportf("duplicate property %s", quote(name))
		}
		r.enter(name)
		m[name] = r.value()
		r.leave()
	}
	return m
}

func (r *reader) array() any {
	list := []any{}
	for first := true; !r.stopped && r.more(first, ']'); first = false {
		r.enter(strconv.Itoa(len(list)))
		list = append(list, r.value())
		r.leave()
	}
	return list
}

func (r *reader) enter(step string) {
	if !r.stopped {
		r.path = append(r.path, step)
	}
}

func (r *reader) leave() {
	if !r.stopped {
		r.path = r.path[:len(r.path)-1]
	}
}

// text decodes a string as it is spelled.
func (r *reader) text(lit []byte) string {
	if !utf8.Valid(lit) || hasLoneSurrogate(lit) {
		r.reportf("text that is not valid UTF-8")
		return ""
	}
	if len(lit) > MaxBytes {
		r.reportf("text of %d bytes, at most %d can be sent in all arguments together", len(lit), MaxBytes)
		return ""
	}
	return unquote(lit)
}

// unquote decodes a valid JSON string.
func unquote(lit []byte) string {
	if bytes.IndexByte(lit, '\\') < 0 {
		return string(lit[1 : len(lit)-1])
	}
	var s string
	_ = json.Unmarshal(lit, &s) // cannot fail: lit is valid
	return s
}

// hasLoneSurrogate reports whether a string escapes half of a character beyond 16 bits,
// which has no UTF-8 form.
func hasLoneSurrogate(lit []byte) bool {
	for i := bytes.IndexByte(lit, '\\'); i >= 0 && i < len(lit); i++ {
		if lit[i] != '\\' {
			continue
		}
		i++
		if lit[i] != 'u' {
			continue
		}
		switch high := hexValue(lit[i+1:]); {
		case high >= 0xdc00 && high <= 0xdfff:
			return true
		case high >= 0xd800 && high <= 0xdbff:
			rest := lit[i+5:]
			if len(rest) < 6 || rest[0] != '\\' || rest[1] != 'u' {
				return true
			}
			if low := hexValue(rest[2:]); low < 0xdc00 || low > 0xdfff {
				return true
			}
			i += 6
		}
		i += 4
	}
	return false
}

func hexValue(b []byte) uint64 {
	v, _ := strconv.ParseUint(string(b[:4]), 16, 32)
	return v
}
