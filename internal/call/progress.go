package call

import (
	"context"
	"math"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/redact"
)

func (a *observer) wantsProgress() bool { return a.token != nil && a.session != nil }

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
func (a *observer) progress(ctx context.Context, seen *execution.Snapshot) {
	if !a.wantsProgress() {
		return
	}
	said := seen.Memo.Progress
	message := redact.Cut(seen.Activity(seen.Now()), redact.MaxLength)
	stepped := said.Done > a.lastProgress
	if !stepped && message == a.lastMessage {
		return
	}
	next, total := said.Done, said.Total
	if !stepped && a.lastMessage != "" { // the first one may be zero
		next = nextProgress(a.lastProgress)
	}
	if next > total {
		total = 0 // not known: what is said goes on beyond it
	}
	err := a.session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{
		ProgressToken: a.token, Progress: next, Total: total, Message: message,
	})
	if err != nil && ctx.Err() == nil {
		a.log(ctx, "sending progress failed", "workflow_id", a.e.ID, "error", err)
	}
	a.lastProgress, a.lastMessage = next, message
}
