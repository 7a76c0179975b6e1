package billing

import (
	"encoding/json"
	"fmt"
	"regexp"
	"time"

	"github.com/invopop/jsonschema"
)

// A Date is a day of this century, such as 2026-01-31. It begins at midnight
// in UTC: one clock for everybody who reads a due date.
//
// Other centuries are typing errors. Temporal would take a timer until the
// year 9999 at its word.
type Date struct{ midnight time.Time }

// datePattern stands beside the format "date", which allows any year.
const datePattern = `^20[0-9]{2}-[0-9]{2}-[0-9]{2}$`

var validDate = regexp.MustCompile(datePattern)

// ParseDate reads a date such as 2026-01-31.
func ParseDate(text string) (Date, error) {
	midnight, err := time.Parse(time.DateOnly, text)
	if err != nil || !validDate.MatchString(text) {
		return Date{}, fmt.Errorf("%.40q is no date of this century: want year-month-day, such as 2026-01-31", text)
	}
	return Date{midnight}, nil
}

// DateOf returns the day of a time, in UTC.
func DateOf(t time.Time) Date { return Date{t.UTC().Truncate(24 * time.Hour)} }

// Midnight is when the day begins.
func (d Date) Midnight() time.Time { return d.midnight }

func (d Date) String() string { return d.midnight.Format(time.DateOnly) }

// MarshalJSON writes the date as a text.
func (d Date) MarshalJSON() ([]byte, error) { return json.Marshal(d.String()) }

// UnmarshalJSON reads what MarshalJSON writes, and nothing else.
func (d *Date) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("a date is a text such as 2026-01-31: %w", err)
	}
	date, err := ParseDate(text)
	if err == nil {
		*d = date
	}
	return err
}

// JSONSchema describes the JSON of a date.
func (Date) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{
		Type:        "string",
		Format:      "date",
		Pattern:     datePattern,
		Description: "A day, as year-month-day in UTC",
		Examples:    []any{"2026-01-31"},
	}
}
