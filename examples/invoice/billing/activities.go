package billing

import (
	"context"

	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp/examples/invoice/erp"
	"github.com/durablemcp/durablemcp/examples/invoice/gateway"
)

// Activities are the steps of the workflows that touch the world outside. The
// methods' names are the activities' names in Temporal: renaming one breaks
// invoices that are on their way.
type Activities struct {
	// ERP knows what was ordered.
	ERP *erp.Client

	// Gateway moves the money.
	Gateway *gateway.Client

	// Policy is for invoices that arrive from now on.
	Policy Policy
}

// Register registers with a worker what the tools do not name: the activities,
// and the child workflow that pays a line.
func Register(w worker.Registry, activities *Activities) {
	w.RegisterWorkflowWithOptions(PayLine, workflow.RegisterOptions{Name: "PayLine"})
	w.RegisterActivity(activities)
}

// CurrentPolicy returns the policy.
func (a *Activities) CurrentPolicy(context.Context) (Policy, error) { return a.Policy, nil }

// MatchInvoice compares an invoice with what was ordered.
func (a *Activities) MatchInvoice(ctx context.Context, invoice Invoice) error {
	return failure(a.ERP.Match(ctx, erp.Claim{
		Invoice: invoice.ID, Customer: invoice.Customer, Total: invoice.Total(), Lines: len(invoice.Lines),
	}))
}

// RemindApprovers tells the approvers that an invoice waits.
func (a *Activities) RemindApprovers(ctx context.Context, invoiceID, text string) error {
	return failure(a.ERP.Remind(ctx, erp.Reminder{Invoice: invoiceID, Text: text}))
}

// ChargeLine pays a line. It may run several times, and charges once.
func (a *Activities) ChargeLine(ctx context.Context, payment Payment) (Receipt, error) {
	receipt, err := a.Gateway.Charge(ctx, gateway.Charge{
		Key: payment.idempotencyKey(), Amount: payment.Amount, Description: payment.Description,
	})
	if err != nil {
		return Receipt{}, failure(err)
	}
	return Receipt{ChargeID: receipt.ChargeID, Amount: payment.Amount}, nil
}
