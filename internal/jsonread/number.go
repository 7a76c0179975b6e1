// Package jsonread reads JSON strictly: it rejects what encoding/json silently accepts (repeated
// members, invalid UTF-8), bounds its input, and gives each number one spelling.
package jsonread

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/durablemcp/durablemcp/internal/jsontree"
)

// The limits of numbers in arguments. They are beyond what a float64 holds, and keep
// exact arithmetic on them cheap.
const (
	maxExponent = 400
	maxDigits   = 1000
)

// maxZeros is how many zeros an integer is written with at its end, so that short
// numbers do not make long arguments. It is enough for integers of 256 bits.
const maxZeros = 100

// A decimal number is ±0.digits × 10^point. Its digits neither start nor end with 0; zero
// has none.
type number struct {
	negative bool
	digits   string
	point    int
}

// parseNumber takes a valid JSON number apart.
func parseNumber(s string) number {
	n := number{}
	s, n.negative = strings.CutPrefix(s, "-")
	mantissa, exponent := s, 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa, exponent = s[:i], saturate(s[i+1:])
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := whole + fraction
	n.digits = strings.TrimLeft(digits, "0")
	n.point = len(whole) + exponent - (len(digits) - len(n.digits))
	if n.digits = strings.TrimRight(n.digits, "0"); n.digits == "" {
		return number{}
	}
	return n
}

// saturate reads an exponent; one that does not fit an int is as good as the largest.
func saturate(s string) int {
	const most = 1 << 30
	n, err := strconv.Atoi(s)
	switch {
	case err != nil && strings.HasPrefix(s, "-"), n < -most:
		return -most
	case err != nil, n > most:
		return most
	}
	return n
}

func (n number) tooLarge() bool { return n.point > maxExponent+1 }
func (n number) tooSmall() bool { return n.point < -maxExponent }
func (n number) tooLong() bool  { return len(n.digits) > maxDigits }

// String writes the one spelling of a number: 1 for 1.0, 1000 for 1e3, 1.5e-9 for
// 0.0000000015. Integers are written with all their digits, which is how Go reads
// them, unless more than 100 zeros stand at their end.
func (n number) String() string {
	sign := ""
	if n.negative {
		sign = "-"
	}
	switch {
	case n.digits == "":
		return "0"
	case n.point >= len(n.digits) && n.point-len(n.digits) <= maxZeros:
		return sign + n.digits + strings.Repeat("0", n.point-len(n.digits))
	case n.point > 0 && n.point < len(n.digits):
		return sign + n.digits[:n.point] + "." + n.digits[n.point:]
	case n.point <= 0 && n.point > -6:
		return sign + "0." + strings.Repeat("0", -n.point) + n.digits
	}
	fraction := ""
	if len(n.digits) > 1 {
		fraction = "." + n.digits[1:]
	}
	return sign + n.digits[:1] + fraction + "e" + strconv.Itoa(n.point-1)
}

// CanonicalNumber returns the one spelling of a valid JSON number, or what is wrong with it.
func CanonicalNumber(s string) (spelling, problem string) {
	if isShortInteger(s) {
		return s, ""
	}
	n := parseNumber(s)
	switch {
	case n.tooLarge():
		return "", "number " + jsontree.Cut(s) + " is too large"
	case n.tooSmall():
		return "", "number " + jsontree.Cut(s) + " is too close to zero"
	case n.tooLong():
		return "", "number " + jsontree.Cut(s) + " has too many digits"
	}
	return n.String(), ""
}

// isShortInteger reports whether a valid JSON number is spelled canonically at a glance.
func isShortInteger(s string) bool {
	return len(s) <= maxZeros && s != "-0" && !strings.ContainsAny(s, ".eE")
}

// IsInteger reports whether a valid JSON number is an integer, in whichever spelling.
func IsInteger(s string) bool {
	if isShortInteger(s) {
		return true
	}
	n := parseNumber(s)
	return n.point >= len(n.digits)
}

// TameNumber returns a number with the sign and the integrality of n that is within the limits.
func TameNumber(s json.Number) json.Number {
	if isShortInteger(string(s)) {
		return s
	}
	n := parseNumber(string(s))
	if !n.tooLarge() && !n.tooSmall() && !n.tooLong() {
		return s
	}
	integer := n.point >= len(n.digits)
	n.point = max(-maxExponent, min(n.point, maxExponent))
	switch {
	case integer:
		n.digits = n.digits[:min(len(n.digits), n.point)]
	case len(n.digits) > maxDigits:
		n.digits = n.digits[:maxDigits] + "1" // still a fraction
	}
	return json.Number(n.String())
}
