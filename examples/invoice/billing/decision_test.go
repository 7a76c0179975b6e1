package billing_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/durablemcp/durablemcp/examples/invoice/billing"
	"github.com/durablemcp/durablemcp/examples/invoice/money"
	"github.com/durablemcp/durablemcp/examples/invoice/simulated"
)

func (w *world) approve() *outcome { return w.decide(billing.ApproveInvoice, billing.Approval{}) }

func (w *world) reject() *outcome {
	return w.decide(billing.RejectInvoice, billing.Rejection{Reason: "never ordered"})
}

// mustBeRefused checks that a decision was refused by the validator.
func (o *outcome) mustBeRefused(t *testing.T, errorType, text string) {
	t.Helper()
	if o == nil {
		t.Fatal("there was no decision")
	}
	failure, ok := errors.AsType[*temporal.ApplicationError](o.refused)
	if !ok || failure.Type() != errorType || !strings.Contains(failure.Message(), text) {
		t.Errorf("the decision was answered with %q and %v\nwant %s: …%s…", o.status.State, o.refused, errorType, text)
	}
}

func TestDecisionBeforeValidationIsTooEarly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.erp.Matching.Fail("INV-1", simulated.Status(503), simulated.Status(503))
	var approval, rejection *outcome
	w.after(500*time.Millisecond, func() { // between the attempts
		approval, rejection = w.approve(), w.reject()
		w.SignalWorkflow(billing.ApproveInvoice, billing.Approval{})
	})
	w.after(time.Hour, func() {
		status := w.status()
		if status.State != pending {
			t.Errorf("it is %s: an early decision counted", status.State)
		}
		if len(status.Notes) != 1 || !strings.HasPrefix(status.Notes[0].Text, "the signal ApproveInvoice was ignored: invoice INV-1 cannot be approved yet") {
			t.Errorf("the notes are %+v", status.Notes)
		}
		w.approve()
	})
	mustBe(t, w.run(invoice("INV-1", 500*money.Dollar)), "all lines are paid", initializing, validating, pending, approved, paying, paid)
	approval.mustBeRefused(t, billing.DecisionTooEarly,
		"invoice INV-1 cannot be approved yet: it is PENDING-VALIDATION. Decide when it is PENDING-APPROVAL")
	rejection.mustBeRefused(t, billing.DecisionTooEarly, "invoice INV-1 cannot be rejected yet")
}

func TestSecondDecisionIsTooLate(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		second func(*world) *outcome
		want   string
	}{
		"approve twice":        {(*world).approve, "invoice INV-1 cannot be approved: it is "},
		"approve, then reject": {(*world).reject, "invoice INV-1 cannot be rejected: it is "},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			var first, second *outcome
			w.after(time.Hour, func() { first, second = w.approve(), test.second(w) })
			status := w.run(invoice("INV-1", 500*money.Dollar))
			mustBe(t, first.status, "approved by a human", initializing, validating, pending, approved)
			second.mustBeRefused(t, billing.DecisionTooLate, test.want)
			mustBe(t, status, "all lines are paid", initializing, validating, pending, approved, paying, paid)
		})
	}
}

func TestDecisionWhilePayingIsTooLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := invoice("INV-1", 500*money.Dollar)
	in.Lines[0].DueDate = mustParseDate(t, "2026-04-01")
	var rejection, approval *outcome
	w.after(time.Hour, func() { w.approve() })
	w.after(2*time.Hour, func() {
		rejection, approval = w.reject(), w.approve()
		w.SignalWorkflow(billing.RejectInvoice, billing.Rejection{Reason: "too late"})
	})
	status := w.run(in)
	rejection.mustBeRefused(t, billing.DecisionTooLate,
		"invoice INV-1 cannot be rejected: it is PAYING since 2026-03-09 10:00:00 UTC (each line is paid on its due date). Nothing was changed")
	approval.mustBeRefused(t, billing.DecisionTooLate, "invoice INV-1 cannot be approved: it is PAYING")
	mustBe(t, status, "all lines are paid", initializing, validating, pending, approved, paying, paid)
	if len(status.Notes) != 1 || !strings.Contains(status.Notes[0].Text, "the signal RejectInvoice was ignored") {
		t.Errorf("the notes are %+v", status.Notes)
	}
	w.mustHaveCharged(in, 1)
}

func TestRejectionNeedsAReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var answer *outcome
	w.after(time.Hour, func() { answer = w.decide(billing.RejectInvoice, billing.Rejection{Reason: " "}) })
	mustBe(t, w.run(invoice("INV-1", 500*money.Dollar)), "approval timed out", initializing, validating, pending, rejected)
	answer.mustBeRefused(t, billing.DecisionInvalid, "a rejection needs a reason")
}

func TestSignalsDecide(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		signal  string
		payload any
		want    string
		states  []billing.State
	}{
		"approve":                   {billing.ApproveInvoice, billing.Approval{Comment: "fine"}, "all lines are paid", []billing.State{initializing, validating, pending, approved, paying, paid}},
		"approve without a payload": {billing.ApproveInvoice, nil, "all lines are paid", []billing.State{initializing, validating, pending, approved, paying, paid}},
		"reject":                    {billing.RejectInvoice, billing.Rejection{Reason: "never ordered"}, "rejected by a human: never ordered", []billing.State{initializing, validating, pending, rejected}},
		"reject without a payload":  {billing.RejectInvoice, nil, "rejected by a human: no reason was given", []billing.State{initializing, validating, pending, rejected}},
		"nonsense":                  {billing.RejectInvoice, "what?", "approval timed out", []billing.State{initializing, validating, pending, rejected}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.after(time.Hour, func() { w.SignalWorkflow(test.signal, test.payload) })
			mustBe(t, w.run(invoice("INV-1", 500*money.Dollar)), test.want, test.states...)
		})
	}
}

// Notes cost their sender nothing, so they are bounded.
func TestNotesAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.after(time.Hour, func() { w.approve() })
	w.after(2*time.Hour, func() {
		for range 200 {
			w.SignalWorkflow(billing.ApproveInvoice, nil)
		}
	})
	in := invoice("INV-1", 500*money.Dollar)
	in.Lines[0].DueDate = mustParseDate(t, "2026-04-01")
	if status := w.run(in); len(status.Notes) != 50 {
		t.Errorf("%d notes", len(status.Notes))
	}
}
