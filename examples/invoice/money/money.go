// Package money holds exact amounts of money.
package money

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/invopop/jsonschema"
)

// A USD is an amount in US dollars, counted in cents: no float, which could
// not hold 0.10. In JSON it is a text with two digits after the point, such as
// "125.50", because JSON's numbers are floats to many who read them.
//
// There is one spelling of each amount, so that a repeated request is the same
// to the byte. Nothing below zero is read: credit notes are another business.
// The schema asks callers for more than zero, as whoever wants money does.
type USD int64

// Cent and Dollar make amounts in code: 125*Dollar + 50*Cent.
const (
	Cent   USD = 1
	Dollar USD = 100 * Cent
)

// With 13 digits before the point, sums stay far below what an int64 holds.
const (
	amount         = `^(0|[1-9][0-9]{0,12})\.[0-9]{2}$`
	positiveAmount = `^(0\.(0[1-9]|[1-9][0-9])|[1-9][0-9]{0,12}\.[0-9]{2})$`
)

var valid = regexp.MustCompile(amount)

// Parse reads the text that String writes, with or without the dollar sign.
func Parse(text string) (USD, error) {
	digits := strings.TrimPrefix(text, "$")
	if !valid.MatchString(digits) {
		return 0, fmt.Errorf(`%.40q is no amount of money: want dollars and cents, such as "125.50"`, text)
	}
	cents, err := strconv.ParseInt(strings.Replace(digits, ".", "", 1), 10, 64)
	return USD(cents), err
}

// String writes the amount for people, such as $125.50.
func (u USD) String() string { return "$" + u.decimal() }

func (u USD) decimal() string {
	sign := ""
	if u < 0 {
		sign, u = "-", -u
	}
	return fmt.Sprintf("%s%d.%02d", sign, u/Dollar, u%Dollar)
}

// MarshalJSON writes a decimal text.
func (u USD) MarshalJSON() ([]byte, error) { return json.Marshal(u.decimal()) }

// UnmarshalJSON reads a decimal text, and refuses all else: numbers too.
func (u *USD) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf(`an amount of money is a text such as "125.50": %w`, err)
	}
	parsed, err := Parse(text)
	if err == nil {
		*u = parsed
	}
	return err
}

// JSONSchema describes the JSON of an amount that is asked for.
func (USD) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{
		Type:        "string",
		Pattern:     positiveAmount,
		Description: "US dollars as text, with two digits for the cents, more than zero",
		Examples:    []any{"125.50"},
	}
}
