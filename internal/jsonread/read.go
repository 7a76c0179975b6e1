package jsonread

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/durablemcp/durablemcp/internal/jsontree"
)

const (
	// MaxBytes is how long the arguments of one call may be. It is beyond what Temporal
	// takes as a payload, so that nothing is refused here that could be sent.
	MaxBytes = 4 << 20

	// MaxValues is how many values the arguments of one call may hold in all.
	MaxValues = 100_000

	// MaxDepth is how deep arguments may be nested.
	MaxDepth = 200
)

// A Cursor moves over bytes that are valid JSON.
type Cursor struct {
	Data []byte
	Pos  int
}

func (c *Cursor) space() {
	for c.Pos < len(c.Data) {
		switch c.Data[c.Pos] {
		case ' ', '\t', '\n', '\r':
			c.Pos++
		default:
			return
		}
	}
}

// Peek skips space and returns the next byte, 0 at the end.
func (c *Cursor) Peek() byte {
	c.space()
	if c.Pos < len(c.Data) {
		return c.Data[c.Pos]
	}
	return 0
}

// Literal moves over a string, number or word and returns it.
func (c *Cursor) Literal() []byte {
	start := c.Pos
	if c.Data[c.Pos] == '"' {
		c.Pos++
		for c.Data[c.Pos] != '"' {
			if c.Data[c.Pos] == '\\' {
				c.Pos++
			}
			c.Pos++
		}
		c.Pos++
		return c.Data[start:c.Pos]
	}
	if end := bytes.IndexAny(c.Data[c.Pos:], ",]} \t\r\n"); end >= 0 {
		c.Pos += end
	} else {
		c.Pos = len(c.Data)
	}
	return c.Data[start:c.Pos]
}

// More reports whether another element follows in an array or object that ends with
// end, and moves onto it. Before the first element it moves over the opening bracket.
func (c *Cursor) More(first bool, end byte) bool {
	if first {
		c.Pos++
	}
	next := c.Peek()
	if next == ',' {
		c.Pos++
		c.space()
		return true
	}
	if next == end {
		c.Pos++
		return false
	}
	return true
}

// Key moves over a member's name and the colon, and returns the name as it is spelled.
func (c *Cursor) Key() []byte {
	name := c.Literal()
	c.space()
	c.Pos++ // the colon
	return name
}

// Skip moves over a value of any kind.
func (c *Cursor) Skip() {
	depth := 0
	for {
		switch c.Peek() {
		case '{', '[':
			depth++
			c.Pos++
		case '}', ']':
			depth--
			c.Pos++
		case ',', ':':
			c.Pos++
			continue
		default:
			c.Literal()
		}
		if depth == 0 {
			return
		}
	}
}

// A Reader makes a tree of arguments and finds what encoding/json would pass over in
// silence: duplicate names and text that is not UTF-8.
type Reader struct {
	Cursor
	path       []string
	violations []Violation
	values     int
	Stopped    bool // too deep, too many values or too many violations to go on
}

// Read decodes JSON text strictly. Its numbers are in their one spelling. What is read goes
// through the function rewrite, if there is one, which can report more by the reader.
func Read(raw []byte, rewrite func(r *Reader, v any) any) (any, []Violation) {
	if !json.Valid(raw) {
		return nil, []Violation{{Message: "not valid JSON: " + SyntaxProblem(raw)}}
	}
	r := &Reader{Cursor: Cursor{Data: raw}}
	v := r.Value()
	if rewrite != nil {
		v = rewrite(r, v)
	}
	if len(raw) > MaxBytes && len(r.violations) == 0 {
		r.path = nil
		r.reportf("%d bytes of arguments, at most %d can be sent", len(raw), MaxBytes)
	}
	return v, Limit(r.violations)
}

// SyntaxProblem says where JSON text is not valid.
func SyntaxProblem(raw []byte) string {
	err := json.Unmarshal(raw, new(json.RawMessage))
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Sprintf("%s at byte %d", syntax.Error(), syntax.Offset)
	}
	return "unreadable"
}

func (r *Reader) reportf(format string, args ...any) {
	r.violations = append(r.violations, Violation{Path: jsontree.Pointer(r.path), Message: fmt.Sprintf(format, args...)})
	r.Stopped = r.Stopped || len(r.violations) > MaxViolations
}

// stop ends reading with a violation of the arguments as a whole.
func (r *Reader) stop(format string, limit int) {
	r.Stopped, r.path = true, nil
	r.reportf(format, limit)
}

// Value reads the next value.
func (r *Reader) Value() any {
	if r.values++; r.values > MaxValues && !r.Stopped {
		r.stop("more than %d values", MaxValues)
		return nil
	}
	switch r.Peek() {
	case '{':
		return r.nested(r.object)
	case '[':
		return r.nested(r.array)
	}
	lit := r.Literal()
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
	spelling, problem := CanonicalNumber(string(lit))
	if problem != "" {
		r.reportf("%s", problem)
	}
	return json.Number(spelling)
}

func (r *Reader) nested(read func() any) any {
	if len(r.path) >= MaxDepth && !r.Stopped {
		r.stop("nested deeper than %d levels", MaxDepth)
	}
	if r.Stopped {
		return nil
	}
	return read()
}

func (r *Reader) object() any {
	m := map[string]any{}
	for first := true; !r.Stopped && r.More(first, '}'); first = false {
		name := r.text(r.Key())
		if _, twice := m[name]; twice {
			r.reportf("duplicate property %s", jsontree.Quote(name))
		}
		r.Enter(name)
		m[name] = r.Value()
		r.Leave()
	}
	return m
}

func (r *Reader) array() any {
	list := []any{}
	for first := true; !r.Stopped && r.More(first, ']'); first = false {
		r.Enter(strconv.Itoa(len(list)))
		list = append(list, r.Value())
		r.Leave()
	}
	return list
}

// Enter notes that what follows is read below a step of the path.
func (r *Reader) Enter(step string) {
	if !r.Stopped {
		r.path = append(r.path, step)
	}
}

// Leave is the end of what [Reader.Enter] began.
func (r *Reader) Leave() {
	if !r.Stopped {
		r.path = r.path[:len(r.path)-1]
	}
}

// text decodes a string as it is spelled.
func (r *Reader) text(lit []byte) string {
	if !utf8.Valid(lit) || hasLoneSurrogate(lit) {
		r.reportf("text that is not valid UTF-8")
		return ""
	}
	if len(lit) > MaxBytes {
		r.reportf("text of %d bytes, at most %d can be sent in all arguments together", len(lit), MaxBytes)
		return ""
	}
	return Unquote(lit)
}

// Unquote decodes a valid JSON string.
func Unquote(lit []byte) string {
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
