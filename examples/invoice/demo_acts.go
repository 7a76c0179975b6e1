package main

import (
	"context"
	"time"

	"github.com/durablemcp/durablemcp/examples/invoice/billing"
	"github.com/durablemcp/durablemcp/examples/invoice/money"
	"github.com/durablemcp/durablemcp/examples/invoice/simulated"
)

// showSmall submits an invoice that is approved by policy.
func (d *demo) showSmall(ctx context.Context) error {
	d.Heading("1. A small invoice: approved by policy, and paid\n")
	if err := d.submit(ctx, "INV-1", line("pens", 24*money.Dollar+50*money.Cent), line("paper", 40*money.Dollar)); err != nil {
		return err
	}
	if err := d.mustEnd(ctx, "INV-1", billing.Paid, "all lines are paid"); err != nil {
		return err
	}
	return d.mustHaveCharged("INV-1", 2)
}

// showReview submits an invoice that asks a human, by elicitation.
func (d *demo) showReview(ctx context.Context) error {
	d.Heading("2. A large invoice: it asks the human whose client reviews it\n")
	if err := d.submit(ctx, "INV-2", line("chairs", 320*money.Dollar)); err != nil {
		return err
	}
	result, err := d.approver.Call(ctx, "review_invoice", `{"invoice_id":"INV-2"}`)
	if err != nil {
		return err
	}
	d.Say(approver, "is told:")
	d.Quote(result.Text())
	if err := check(result, billing.Paid, "all lines are paid"); err != nil {
		return err
	}
	return d.mustHaveCharged("INV-2", 1)
}

// showTasks does the same with clients that know tasks. The submitter's sees
// that a human has to decide, and is not asked itself.
func (d *demo) showTasks(ctx context.Context) error {
	d.Heading("3. The same with tasks: one is working, the other one requires input\n")
	model := d.ConnectTasks(d.server.MCPURL, submitter, submitterToken, approve) // it would if it could
	human := d.ConnectTasks(d.server.MCPURL, approver, approverToken, approve)
	submitted, err := model.Call(ctx, "process_invoice", arguments("INV-3", line("desks", 780*money.Dollar)))
	if err != nil {
		return err
	}
	reviewed, err := human.Call(ctx, "review_invoice", `{"invoice_id":"INV-3"}`)
	if err != nil {
		return err
	}
	if err := model.Poll(ctx, submitted); err != nil {
		return err
	}
	if _, err := human.Wait(ctx, reviewed); err != nil {
		return err
	}
	result, err := model.Wait(ctx, submitted)
	if err != nil {
		return err
	}
	d.Say(submitter, "is told:")
	d.Quote(result.Text())
	if err := check(result, billing.Paid, "all lines are paid"); err != nil {
		return err
	}
	return d.mustHaveCharged("INV-3", 1)
}

// showLarge submits an invoice that waits for a human, and kills the server in
// the meantime.
func (d *demo) showLarge(ctx context.Context) error {
	d.Heading("4. A large invoice: it waits for a human, and the server is killed\n")
	d.erp.Matching.Fail("INV-4", simulated.Mismatch("no such order yet")) // which heals
	if err := d.submit(ctx, "INV-4", line("laptop", 1899*money.Dollar), line("monitor", 449*money.Dollar+90*money.Cent)); err != nil {
		return err
	}
	if err := d.awaitApproval(ctx, "INV-4"); err != nil {
		return err
	}
	if err := d.mustRefuse(ctx, "INV-4"); err != nil {
		return err
	}
	if err := d.submitForRejection(ctx); err != nil {
		return err
	}
	d.server.KillNine()
	// The invoices that wait keep the five days that they were promised: these
	// are for those that come later.
	if err := d.start(ctx, "is up again, with a short time for approval", "-approval-timeout", "2s", "-reminder", "800ms"); err != nil {
		return err
	}
	if err := d.tellState(ctx, "INV-4", billing.PendingApproval); err != nil {
		return err
	}
	if err := d.decide(ctx, "approve_invoice", `{"invoice_id":"INV-4","comment":"as agreed"}`, billing.Approved); err != nil {
		return err
	}
	if err := d.mustEnd(ctx, "INV-4", billing.Paid, "all lines are paid"); err != nil {
		return err
	}
	return d.mustHaveCharged("INV-4", 2)
}

// submitForRejection submits the invoice of the next act: it waits through the
// kill, too.
func (d *demo) submitForRejection(ctx context.Context) error {
	if err := d.submit(ctx, "INV-5", line("golden stapler", 950*money.Dollar)); err != nil {
		return err
	}
	return d.awaitApproval(ctx, "INV-5")
}

// showRejected rejects an invoice, and tries to approve it after that.
func (d *demo) showRejected(ctx context.Context) error {
	d.Heading("5. A large invoice that is rejected\n")
	if err := d.decide(ctx, "reject_invoice", `{"invoice_id":"INV-5","reason":"never ordered"}`, billing.Rejected); err != nil {
		return err
	}
	result, err := d.approver.Call(ctx, "approve_invoice", `{"invoice_id":"INV-5"}`)
	if err != nil {
		return err
	}
	if !result.IsError {
		return unexpected("INV-5 was approved after it was rejected: %s", result.Text())
	}
	d.Say(approver, "is told:")
	d.Quote(result.Text())
	if err := d.mustEnd(ctx, "INV-5", billing.Rejected, "never ordered"); err != nil {
		return err
	}
	return d.mustHaveCharged("INV-5", 0)
}

// showTimeout submits an invoice about which nobody decides.
func (d *demo) showTimeout(ctx context.Context) error {
	d.Heading("6. A large invoice about which nobody decides: 2 seconds stand for 5 days\n")
	if err := d.submit(ctx, "INV-6", line("sofa", 700*money.Dollar)); err != nil {
		return err
	}
	if err := d.mustEnd(ctx, "INV-6", billing.Rejected, "approval timed out"); err != nil {
		return err
	}
	if n := len(d.erp.Reminders("INV-6")); n == 0 {
		return unexpected("nobody was reminded")
	}
	return d.mustHaveCharged("INV-6", 0)
}

// showFailedPayment submits an invoice of which one line cannot be paid.
func (d *demo) showFailedPayment(ctx context.Context) error {
	d.Heading("7. An invoice of which one line cannot be paid: FAILED, not PAID\n")
	d.gateway.Charging.Fail("INV-7/1", simulated.Status(503)) // which heals
	d.gateway.Charging.Fail("INV-7/2", simulated.InsufficientFunds())
	if err := d.submit(ctx, "INV-7", line("coffee", 30*money.Dollar), line("cake", 45*money.Dollar)); err != nil {
		return err
	}
	if err := d.mustEnd(ctx, "INV-7", billing.Failed, "1 of 2 lines are paid; line 2 (cake): INSUFFICIENT_FUNDS"); err != nil {
		return err
	}
	return d.mustHaveCharged("INV-7", 1)
}

// line makes a line that is due today.
func line(description string, amount money.USD) billing.Line {
	return billing.Line{Description: description, Amount: amount, DueDate: billing.DateOf(time.Now())}
}
