package money_test

import (
	"encoding/json"
	"math"
	"regexp"
	"testing"

	"github.com/durablemcp/durablemcp/examples/invoice/money"
)

func TestJSON(t *testing.T) {
	t.Parallel()
	tests := map[string]money.USD{
		`"0.00"`:             0,
		`"0.01"`:             money.Cent,
		`"0.10"`:             10 * money.Cent,
		`"1.00"`:             money.Dollar,
		`"125.50"`:           125*money.Dollar + 50*money.Cent,
		`"9999999999999.99"`: 999_999_999_999_999,
	}
	for text, want := range tests {
		var got money.USD
		if err := json.Unmarshal([]byte(text), &got); err != nil || got != want {
			t.Errorf("%s is read as %d, %v; want %d", text, got, err, want)
		}
		if back, err := json.Marshal(want); err != nil || string(back) != text {
			t.Errorf("%d is written as %s, %v; want %s", want, back, err, text)
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`"-1.00"`, `"-0.00"`, `"00.00"`, `"+1.00"`, `"1"`, `"1."`, `"1.0"`, `"1.000"`, `".50"`, `"01.00"`, `"1,000.00"`, `"1e3"`,
		`" 1.00"`, `"1.00\n"`, `"١.٠٠"`, `"NaN"`, `""`, `"10000000000000.00"`, `125.5`, `125`, `null`, `true`, `{}`,
	} {
		amount := 7 * money.Cent
		if err := json.Unmarshal([]byte(text), &amount); err == nil || amount != 7*money.Cent {
			t.Errorf("%s is read as %d, %v", text, amount, err)
		}
	}
}

func TestString(t *testing.T) {
	t.Parallel()
	tests := map[money.USD]string{0: "$0.00", 5: "$0.05", 12550: "$125.50", -1: "$-0.01", math.MaxInt64: "$92233720368547758.07"}
	for amount, want := range tests {
		if got := amount.String(); got != want {
			t.Errorf("%d is %s, want %s", int64(amount), got, want)
		}
	}
}

// The schema asks for what can be read, without zero.
func TestSchema(t *testing.T) {
	t.Parallel()
	pattern := regexp.MustCompile(money.USD(0).JSONSchema().Pattern)
	for _, text := range []string{"0.01", "0.10", "0.99", "1.00", "10.00", "125.50", "9999999999999.99"} {
		if _, err := money.Parse(text); err != nil || !pattern.MatchString(text) {
			t.Errorf("%s: %v, and the schema takes it: %v", text, err, pattern.MatchString(text))
		}
	}
	for _, text := range []string{"0.00", "-1.00", "0.1", "0", "1", "01.00", "10000000000000.00", "1.00\n", " 1.00"} {
		if pattern.MatchString(text) {
			t.Errorf("the schema takes %q", text)
		}
	}
}
