package billing_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/durablemcp/durablemcp/examples/invoice/billing"
)

func TestDate(t *testing.T) {
	t.Parallel()
	var date billing.Date
	if err := json.Unmarshal([]byte(`"2028-02-29"`), &date); err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2028, 2, 29, 0, 0, 0, 0, time.UTC); !date.Midnight().Equal(want) {
		t.Errorf("it begins at %v", date.Midnight())
	}
	if text := mustJSON(t, date); text != `"2028-02-29"` {
		t.Errorf("it is written as %s", text)
	}
	for _, text := range []string{
		`"2026-02-29"`, `"2026-13-01"`, `"2026-1-1"`, `"1999-12-31"`, `"9999-12-31"`, `"2026-01-31T00:00:00Z"`,
		`"31.1.2026"`, `" 2026-01-31"`, `"tomorrow"`, `""`, `20260131`, `null`,
	} {
		if err := json.Unmarshal([]byte(text), &date); err == nil {
			t.Errorf("%s is read as %v", text, date)
		}
	}
}
