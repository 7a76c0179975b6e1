package billing_test

import (
	"testing"
	"time"

	"github.com/durablemcp/durablemcp/examples/invoice/billing"
	"github.com/durablemcp/durablemcp/examples/invoice/money"
	"github.com/durablemcp/durablemcp/examples/invoice/simulated"
)

func TestWithdrawnBeforePayment(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		after  time.Duration
		states []billing.State
	}{
		"during validation": {500 * time.Millisecond, []billing.State{initializing, validating, rejected}},
		"before a decision": {time.Hour, []billing.State{initializing, validating, pending, rejected}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.erp.Matching.Fail("INV-1", simulated.Status(503))
			w.after(test.after, w.CancelWorkflow)
			in := invoice("INV-1", 500*money.Dollar)
			mustBe(t, w.run(in), "it was withdrawn", test.states...)
			w.mustHaveCharged(in)
		})
	}
}

// What is paid stays paid, and what is not due yet will not be.
func TestWithdrawnWhilePaying(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := invoice("INV-1", money.Dollar, 2*money.Dollar)
	in.Lines[1].DueDate = mustParseDate(t, "2026-04-01")
	w.after(time.Hour, w.CancelWorkflow)
	status := w.run(in)
	mustBe(t, status, "1 of 2 lines are paid; line 2 (item 2): the invoice was withdrawn before the line was paid",
		initializing, validating, approved, paying, failed)
	if status.Lines[1].State != billing.LineUnpaid {
		t.Errorf("line 2 is %s", status.Lines[1].State)
	}
	w.mustHaveCharged(in, 1)
}

// A charge that is under way is seen through, so that its outcome is known.
func TestWithdrawnDuringACharge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.gateway.Charging.Fail("INV-1/1", simulated.LoseAnswer())
	w.after(500*time.Millisecond, w.CancelWorkflow) // between its attempts
	in := invoice("INV-1", money.Dollar)
	mustBe(t, w.run(in), "all lines are paid", initializing, validating, approved, paying, paid)
	w.mustHaveCharged(in, 1)
}
