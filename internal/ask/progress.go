package ask

import (
	"fmt"
	"math"

	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp/internal/memo"
	"github.com/durablemcp/durablemcp/internal/redact"
)

// ReportProgress is durablemcp.ReportProgress.
func ReportProgress(ctx workflow.Context, done, total float64, message string) error {
	for _, n := range []float64{done, total} {
		if math.IsNaN(n) || math.IsInf(n, 0) || n < 0 {
			return misuse("ReportProgress", fmt.Sprintf("%v of %v is not progress", done, total))
		}
	}
	p := memo.Progress{Done: done, Total: total, Message: message, At: workflow.Now(ctx).UTC()}
	run := publisherOf(ctx)
	if run.bounded {
		p.Message = redact.Cut(message, maxProgressText)
	}
	return run.report(ctx, p)
}
