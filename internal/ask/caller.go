package ask

import (
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp/internal/memo"
)

// CallerOf reads who started a workflow from its memo.
func CallerOf(ctx workflow.Context) (memo.Sender, bool) {
	payload := workflow.GetInfo(ctx).Memo.GetFields()[memo.RecordField]
	var r memo.Record
	if payload == nil || converter.GetDefaultDataConverter().FromPayload(payload, &r) != nil { //workflowcheck:ignore // it depends on the memo alone
		return memo.Sender{}, false
	}
	return memo.Sender{Principal: r.Owner, Claims: r.Claims}, true
}
