package call

import (
	"context"
	"math"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/redact"
)

func (o *observer) wantsProgress() bool { return o.token != nil && o.session != nil }

// nextProgress is what comes after told for news without a step: a thousandth more, so
// little that the workflow's own count, should it begin later, is beyond it.
func nextProgress(told float64) float64 {
	if told > 1e9 { // which has no exact thousandths
		return math.Nextafter(told, math.Inf(1))
	}
	return math.Round(told*1000+1) / 1000
}

// progress sends how far the workflow is, if the client wants to know. Numbers
// only grow (MCP 2025-11-25, utilities/progress): where there is news without a
// step, the number grows by next to nothing.
func (o *observer) progress(ctx context.Context, seen *execution.Snapshot) {
	if !o.wantsProgress() {
		return
	}
	said := seen.Memo.Progress
	message := redact.Cut(seen.Activity(seen.Now()), redact.MaxLength)
	stepped := said.Done > o.lastProgress
	if !stepped && message == o.lastMessage {
		return
	}
	next, total := said.Done, said.Total
	if !stepped && o.lastMessage != "" { // the first one may be zero
		next = nextProgress(o.lastProgress)
	}
	if next > total {
		total = 0 // not known: what is said goes on beyond it
	}
	err := o.session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{
		ProgressToken: o.token, Progress: next, Total: total, Message: message,
	})
	if err != nil && ctx.Err() == nil {
		o.log(ctx, "sending progress failed", "workflow_id", o.e.ID, "error", err)
	}
	o.lastProgress, o.lastMessage = next, message
}
