package billing_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/durablemcp/durablemcp/examples/invoice/billing"
	"github.com/durablemcp/durablemcp/examples/invoice/money"
	"github.com/durablemcp/durablemcp/examples/invoice/simulated"
)

const (
	initializing = billing.Initializing
	validating   = billing.PendingValidation
	pending      = billing.PendingApproval
	approved     = billing.Approved
	paying       = billing.Paying
	paid         = billing.Paid
	rejected     = billing.Rejected
	failed       = billing.Failed
)

const day = 24 * time.Hour

func TestSmallInvoiceIsApprovedByPolicy(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		total money.USD
		needs bool // a human
	}{
		"a cent below the limit": {100*money.Dollar - money.Cent, false},
		"the limit":              {100 * money.Dollar, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			in := invoice("INV-1", test.total-money.Dollar, money.Dollar)
			status := w.run(in)
			if test.needs {
				mustBe(t, status, "approval timed out", initializing, validating, pending, rejected)
				w.mustHaveCharged(in)
				return
			}
			mustBe(t, status, "all lines are paid", initializing, validating, approved, paying, paid)
			w.mustHaveCharged(in, 1, 2)
		})
	}
}

func TestHumanApproves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := invoice("INV-1", 500*money.Dollar)
	var answer *outcome
	w.after(2*day, func() {
		if got := w.status(); got.State != pending || got.Lines[0].State != billing.LineUnpaid {
			t.Errorf("before the decision it is %s, and line 1 %s", got.State, got.Lines[0].State)
		}
		answer = w.decide(billing.ApproveInvoice, billing.Approval{Comment: "as agreed"})
	})
	status := w.run(in)
	mustBe(t, answer.status, "approved by a human: as agreed", initializing, validating, pending, approved)
	mustBe(t, status, "all lines are paid", initializing, validating, pending, approved, paying, paid)
	w.mustHaveCharged(in, 1)
	if line := status.Lines[0]; line.State != billing.LinePaid || line.ChargeID != w.gateway.Charges()[0].ID {
		t.Errorf("line 1 is %+v", line)
	}
}

func TestHumanRejects(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := invoice("INV-1", 500*money.Dollar)
	var answer *outcome
	w.after(time.Hour, func() {
		answer = w.decide(billing.RejectInvoice, billing.Rejection{Reason: "never ordered"})
	})
	status := w.run(in)
	mustBe(t, answer.status, "rejected by a human: never ordered", initializing, validating, pending, rejected)
	mustBe(t, status, "rejected by a human: never ordered", initializing, validating, pending, rejected)
	w.mustHaveCharged(in)
}

func TestNobodyDecides(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	status := w.run(invoice("INV-1", 500*money.Dollar))
	mustBe(t, status, "approval timed out: nobody decided within 5 days", initializing, validating, pending, rejected)
	if took := status.History[3].At.Sub(status.History[2].At); took != 5*day {
		t.Errorf("it took %v", took)
	}
	reminders := w.erp.Reminders("INV-1")
	if len(reminders) != 4 || len(status.Notes) != 4 {
		t.Errorf("%d reminders and %d notes, want 4 each", len(reminders), len(status.Notes))
	}
	if want := "Without one, it is rejected on 2026-03-14 09:00:"; !strings.Contains(reminders[0], want) {
		t.Errorf("the reminder %q does not say %q", reminders[0], want)
	}
}

func TestRemindersAreOptional(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy.ReminderInterval = 0
	status := w.run(invoice("INV-1", 500*money.Dollar))
	mustBe(t, status, "approval timed out", initializing, validating, pending, rejected)
	if n := len(w.erp.Reminders("INV-1")); n != 0 {
		t.Errorf("%d reminders", n)
	}
}

// A decision is carried out also while a reminder is under way, and a reminder
// that fails changes nothing.
func TestRemindersDoNotGetInTheWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.erp.Reminding.FailEach(simulated.Always, simulated.Status(503))
	in := invoice("INV-1", 500*money.Dollar)
	w.after(day+500*time.Millisecond, func() { // between the attempts of the first reminder
		w.decide(billing.ApproveInvoice, billing.Approval{})
	})
	mustBe(t, w.run(in), "all lines are paid", initializing, validating, pending, approved, paying, paid)

	w = newWorld(t)
	w.erp.Reminding.FailEach(simulated.Always, simulated.Status(503))
	status := w.run(in)
	mustBe(t, status, "approval timed out", initializing, validating, pending, rejected)
	if len(status.Notes) != 4 || !strings.Contains(status.Notes[0].Text, "reminder 1 to the approvers failed: the ERP answered 503") {
		t.Errorf("the notes are %+v", status.Notes)
	}
}

// The policy is the one that was in force when the invoice arrived.
func TestPolicyOfTheArrivalCounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.after(day, func() { w.policy.ApprovalTimeout = time.Hour })
	status := w.run(invoice("INV-1", 500*money.Dollar))
	if took := status.History[3].At.Sub(status.History[2].At); took != 5*day {
		t.Errorf("it took %v", took)
	}
}

func TestMismatchHeals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.erp.Matching.Fail("INV-1", simulated.Mismatch("no such order"), simulated.Status(503), simulated.HangUp(), simulated.Mismatch("no such order"))
	in := invoice("INV-1", money.Dollar)
	mustBe(t, w.run(in), "all lines are paid", initializing, validating, approved, paying, paid)
	w.mustHaveCharged(in, 1)
}

func TestLinesArePaidOnTheirDueDates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := invoice("INV-1", money.Dollar, 2*money.Dollar, 3*money.Dollar)
	in.Lines[0].DueDate = mustParseDate(t, "2026-03-20")
	in.Lines[1].DueDate = mustParseDate(t, "2001-01-01") // long ago
	in.Lines[2].DueDate = mustParseDate(t, "2026-05-01")
	check := func(at time.Time, want string) {
		w.after(at.Sub(today), func() {
			var got []string
			for _, line := range w.status().Lines {
				got = append(got, fmt.Sprintf("%d %s", line.Number, line.State))
			}
			if states := strings.Join(got, ", "); states != want {
				t.Errorf("on %v the lines are %s, want %s", at, states, want)
			}
		})
	}
	check(time.Date(2026, 3, 19, 23, 59, 0, 0, time.UTC), "1 PAYING, 2 PAID, 3 PAYING")
	check(time.Date(2026, 3, 20, 0, 1, 0, 0, time.UTC), "1 PAID, 2 PAID, 3 PAYING")
	status := w.run(in)
	mustBe(t, status, "all lines are paid", initializing, validating, approved, paying, paid)
	if at := status.Since.Format(time.DateOnly); at != "2026-05-01" {
		t.Errorf("it was paid on %s", at)
	}
	w.mustHaveCharged(in, 1, 2, 3)
}

func TestPaymentIsRetriedWithOneKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.gateway.Charging.Fail("INV-1/1", simulated.LoseAnswer(), simulated.Status(503))
	in := invoice("INV-1", money.Dollar)
	mustBe(t, w.run(in), "all lines are paid", initializing, validating, approved, paying, paid)
	w.mustHaveCharged(in, 1)
	if asked := w.gateway.Charging.Asked("INV-1/1"); asked < 3 {
		t.Errorf("the gateway was asked %d times", asked)
	}
}

func TestFailedLineDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fault simulated.Fault
		asked int
		want  string
	}{
		"no money":    {simulated.InsufficientFunds(), 1, "INSUFFICIENT_FUNDS: the account has not enough money for this charge"},
		"unavailable": {simulated.Status(503), 3, "the payment gateway answered 503 Service Unavailable: SIMULATED: this service is simulated and was told to fail (tried 3 times)"},
		"refused":     {simulated.Status(403), 1, "the payment gateway answered 403 Forbidden: SIMULATED"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.gateway.Charging.Fail("INV-1/2", test.fault, test.fault, test.fault, test.fault)
			in := invoice("INV-1", money.Dollar, 2*money.Dollar, 3*money.Dollar)
			in.Lines[2].DueDate = mustParseDate(t, "2026-04-01") // after the failure
			status := w.run(in)
			mustBe(t, status, "2 of 3 lines are paid; line 2 (item 2): "+test.want, initializing, validating, approved, paying, failed)
			if line := status.Lines[1]; line.State != billing.LineFailed || !strings.Contains(line.Reason, test.want) || line.ChargeID != "" {
				t.Errorf("line 2 is %+v", line)
			}
			if asked := w.gateway.Charging.Asked("INV-1/2"); asked != test.asked {
				t.Errorf("the gateway was asked %d times, want %d", asked, test.asked)
			}
			w.mustHaveCharged(in, 1, 3)
		})
	}
}

// The most lines that the tool lets in.
func TestLongestInvoice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	amounts := make([]money.USD, billing.MaxLines)
	lines := make([]int, billing.MaxLines)
	for i := range amounts {
		amounts[i], lines[i] = 10*money.Cent, i+1
	}
	in := invoice("INV-1", amounts...)
	status := w.run(in)
	mustBe(t, status, "all lines are paid", initializing, validating, approved, paying, paid)
	w.mustHaveCharged(in, lines...)
	if text := status.ToolText(); !strings.Contains(text, "(and 180 lines more)") {
		t.Errorf("the text is %s", text)
	}
}
