package billing

import (
	"strings"
	"testing"
	"time"
)

// TestStatusTellsInTheOrderOfTime checks that a note stands in the text between the changes
// of state that it came between.
func TestStatusTellsInTheOrderOfTime(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	text := Status{
		History: []Transition{{PendingApproval, at, "too large"}, {Rejected, at.Add(2 * time.Minute), "nobody decided"}},
		Notes:   []Note{{at.Add(time.Minute), "reminder 1"}, {at.Add(2 * time.Minute), "closed"}},
	}.ToolText()
	want := `
2026-01-31 12:00:00  PENDING-APPROVAL: too large
2026-01-31 12:01:00  note: reminder 1
2026-01-31 12:02:00  REJECTED: nobody decided
2026-01-31 12:02:00  note: closed`
	if !strings.HasSuffix(text, want) {
		t.Errorf("got %s\nwant the end %s", text, want)
	}
}
