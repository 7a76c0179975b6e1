package main

import (
	"testing"

	"go.temporal.io/api/enums/v1"

	"github.com/durablemcp/durablemcp/examples/internal/exampletest"
	"github.com/durablemcp/durablemcp/examples/invoice/billing"
)

// An operator who terminates a line ends that line, and not the invoice's
// bookkeeping.
func TestTerminatedLine(t *testing.T) {
	t.Parallel()
	r := shared(t)
	model := r.connect(t, submitterToken)
	in := newInvoice(t, small, small)
	in.Lines[1].DueDate = mustParseDate(t, "2099-12-31")
	model.submit(in)
	line := "invoice-" + in.ID + "/line-2"
	r.awaitStatus(t, line, enums.WORKFLOW_EXECUTION_STATUS_RUNNING)
	if err := r.service.temporal.Client.TerminateWorkflow(t.Context(), line, "", "test"); err != nil {
		t.Fatal(err)
	}
	status := model.mustEnd(in, billing.Failed, "1 of 2 lines are paid; line 2 (item 2): it was terminated")
	if status.Lines[1].State != billing.LineFailed {
		t.Errorf("line 2 is %+v", status.Lines[1])
	}
	r.mustHaveCharged(t, in, 1)
}

// If the whole invoice is terminated, no line of it is paid on its own one day.
func TestTerminatedInvoice(t *testing.T) {
	t.Parallel()
	r := shared(t)
	model := r.connect(t, submitterToken)
	in := newInvoice(t, small)
	in.Lines[0].DueDate = mustParseDate(t, "2099-12-31")
	model.submit(in)
	line := "invoice-" + in.ID + "/line-1"
	r.awaitStatus(t, line, enums.WORKFLOW_EXECUTION_STATUS_RUNNING)
	if err := r.service.temporal.Client.TerminateWorkflow(t.Context(), "invoice-"+in.ID, "", "test"); err != nil {
		t.Fatal(err)
	}
	r.awaitStatus(t, line, enums.WORKFLOW_EXECUTION_STATUS_CANCELED)
	r.mustHaveCharged(t, in)
}

// awaitStatus waits until Temporal says that a workflow is in a status.
func (r *rig) awaitStatus(t *testing.T, workflowID string, want enums.WorkflowExecutionStatus) {
	t.Helper()
	exampletest.Eventually(t, workflowID+" to be "+want.String(), func() bool {
		description, err := r.service.temporal.Client.DescribeWorkflowExecution(t.Context(), workflowID, "")
		return err == nil && description.GetWorkflowExecutionInfo().GetStatus() == want
	})
}
