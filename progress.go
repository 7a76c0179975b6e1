package durablemcp

import (
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp/internal/ask"
)

// ReportProgress says how far the workflow is: done of total, both in whatever
// unit the workflow counts, and what it is doing. If total is zero, it is not
// known.
//
// Clients that wait for the workflow see it as notifications/progress, clients
// with tasks as the task's status message, and people in the Web UI as the
// workflow's current details, which it replaces but for open questions.
// Progress that is sent to clients never decreases: a done that does not exceed the one
// before is not forwarded to clients that count. A run that continues another
// as new has reported nothing yet.
//
// Reports within one workflow task are one, the last: it adds an event to the workflow's
// history. Of a message, the first 1000 bytes are shown. It is deterministic. An error
// says that done or total is not a number of zero or more.
func ReportProgress(ctx workflow.Context, done, total float64, message string) error {
	return ask.ReportProgress(ctx, done, total, message)
}
