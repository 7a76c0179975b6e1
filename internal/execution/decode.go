package execution

import (
	"context"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/client"

	"github.com/durablemcp/durablemcp/internal/memo"
)

// Decode reads one payload of an execution.
func (c *Client) Decode(ctx context.Context, e *Execution, payload *common.Payload, into any) error {
	of := &common.WorkflowExecution{WorkflowId: e.ID, RunId: e.RunID}
	return c.read(ctx, of, &common.Memo{Fields: map[string]*common.Payload{memo.RecordField: payload}}, func(desc *client.WorkflowExecutionDescription) error {
		return desc.GetMemoValue(memo.RecordField, into)
	})
}

// read lets a function read memo fields with the client's data converter. It makes a
// request only if there has been none before whose answer could serve as the decoder,
// or if the client's data converter goes by workflow ID.
func (c *Client) read(ctx context.Context, of *common.WorkflowExecution, fields *common.Memo, read func(*client.WorkflowExecutionDescription) error) error {
	if known := c.decoder.Load(); known != nil {
		desc := *known
		desc.Memo = fields
		if read(&desc) == nil {
			return nil
		}
	}
	desc, err := c.DescribeWorkflow(ctx, of.GetWorkflowId(), of.GetRunId())
	if err != nil {
		return err
	}
	c.decoder.Store(desc)
	own := *desc
	own.Memo = fields
	if err := read(&own); err != nil {
		return &UnreadableError{err}
	}
	return nil
}
