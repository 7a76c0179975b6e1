package durablemcp

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp/internal/redact"
)

// progress is how far a workflow says that it is, as its memo shows it.
type progress struct {
	Done    float64   `json:"done"`
	Total   float64   `json:"total,omitempty"`
	Message string    `json:"message,omitempty"`
	At      time.Time `json:"at"`
}

// ReportProgress says how far the workflow is: done of total, both in whatever
// unit the workflow counts, and what it is doing. If total is zero, it is not
// known.
//
// Clients that wait for the workflow see it as notifications/progress, clients
// with tasks as the task's status message, and people in the Web UI as the
// workflow's current details, which it replaces but for open questions.
// Clients never see progress go back: a done that does not exceed that of the
// report before is not passed on to those that count. A run that continues another
// as new has reported nothing yet.
//
// Reports within one workflow task are one, the last: it adds an event to the workflow's
// history. Of a message, the first 1000 bytes are shown. It is deterministic. An error
// says that done or total is not a number of zero or more.
func ReportProgress(ctx workflow.Context, done, total float64, message string) error {
	for _, n := range []float64{done, total} {
		if math.IsNaN(n) || math.IsInf(n, 0) || n < 0 {
			return misuse("ReportProgress", fmt.Sprintf("%v of %v is no progress", done, total))
		}
	}
	p := progress{Done: done, Total: total, Message: message, At: workflow.Now(ctx).UTC()}
	b := boardOf(ctx)
	if b.bounded {
		p.Message = redact.Cut(message, mostProgressText)
	}
	return b.report(ctx, p)
}

func number(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// String is the progress in words, such as "3 of 10: fetching".
func (p progress) String() string {
	var parts []string
	switch {
	case p.Total > 0:
		parts = append(parts, number(p.Done)+" of "+number(p.Total))
	case p.Done > 0:
		parts = append(parts, number(p.Done))
	}
	if p.Message != "" {
		parts = append(parts, p.Message)
	}
	return strings.Join(parts, ": ")
}
