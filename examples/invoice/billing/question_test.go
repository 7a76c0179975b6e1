package billing_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/testsuite"

	"github.com/durablemcp/durablemcp"
	"github.com/durablemcp/durablemcp/examples/invoice/billing"
	"github.com/durablemcp/durablemcp/examples/invoice/money"
)

// answer answers what the invoice asks, as an MCP server does.
func (w *world) answer(action, decision, reason string) *outcome {
	a := durablemcp.Answer{Key: "approval", Action: action}
	if action == "accept" {
		a.Content = map[string]json.RawMessage{
			"decision": json.RawMessage(mustJSON(w.t, decision)), "reason": json.RawMessage(mustJSON(w.t, reason)),
		}
	}
	o := &outcome{}
	w.UpdateWorkflow(durablemcp.AnswerUpdate, "", &testsuite.TestUpdateCallback{
		OnAccept: func() {},
		OnReject: func(err error) { o.refused = err },
		OnComplete: func(_ any, err error) {
			if err != nil {
				w.t.Errorf("the answer was accepted, and then failed: %v", err)
			}
		},
	}, a)
	return o
}

const notAsked = "QuestionNotAsked"

func TestAnswersDecide(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		decision string
		want     string
		states   []billing.State
	}{
		"approve": {"approve", "all lines are paid", []billing.State{initializing, validating, pending, approved, paying, paid}},
		"reject":  {"reject", "rejected by a human: as discussed", []billing.State{initializing, validating, pending, rejected}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			var answer *outcome
			w.after(time.Hour, func() { answer = w.answer("accept", test.decision, " as discussed ") })
			status := w.run(invoice("INV-1", 500*money.Dollar))
			mustBe(t, status, test.want, test.states...)
			if answer.refused != nil {
				t.Errorf("the answer was refused: %v", answer.refused)
			}
			if got := status.History[3]; !strings.HasSuffix(got.Reason, "by a human: as discussed") {
				t.Errorf("the decision is recorded as %+v", got)
			}
		})
	}
}

// An answer that is not a decision is refused, and the question is not asked again.
func TestWrongAnswersAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var blank, maybe *outcome
	w.after(time.Hour, func() {
		blank, maybe = w.answer("accept", "reject", " "), w.answer("accept", "maybe", "why not")
		w.answer("accept", "approve", "as agreed")
	})
	mustBe(t, w.run(invoice("INV-1", 500*money.Dollar)), "all lines are paid", initializing, validating, pending, approved, paying, paid)
	blank.mustBeRefused(t, "InvalidAnswer", "/reason")
	maybe.mustBeRefused(t, "InvalidAnswer", "/decision")
}

// Nothing is asked before it is time, where the policy decides, and after the
// end of the time for approval.
func TestOnlyPendingInvoicesAsk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := invoice("INV-1", 500*money.Dollar)
	in.Lines[0].DueDate = mustParseDate(t, "2026-04-01")
	var during, after *outcome
	w.after(time.Hour, func() { during = w.answer("accept", "approve", "as agreed") })
	w.after(2*time.Hour, func() { after = w.answer("accept", "reject", "too late") })
	mustBe(t, w.run(in), "all lines are paid", initializing, validating, pending, approved, paying, paid)
	if during.refused != nil {
		t.Errorf("the answer was refused: %v", during.refused)
	}
	after.mustBeRefused(t, notAsked, "not open")
}

// Of a decision by a tool and one by an answer, the first one counts.
func TestFirstDecisionCounts(t *testing.T) {
	t.Parallel()
	in := invoice("INV-1", 500*money.Dollar)
	in.Lines[0].DueDate = mustParseDate(t, "2026-04-01")

	t.Run("tool", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		var answer *outcome
		w.after(time.Hour, func() { w.approve() })
		w.after(2*time.Hour, func() { answer = w.answer("accept", "reject", "never ordered") })
		mustBe(t, w.run(in), "all lines are paid", initializing, validating, pending, approved, paying, paid)
		answer.mustBeRefused(t, notAsked, "not open")
	})
	t.Run("answer", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		var rejection *outcome
		w.after(time.Hour, func() { w.answer("accept", "approve", "as agreed") })
		w.after(2*time.Hour, func() { rejection = w.reject() })
		mustBe(t, w.run(in), "all lines are paid", initializing, validating, pending, approved, paying, paid)
		rejection.mustBeRefused(t, billing.DecisionTooLate, "invoice INV-1 cannot be rejected: it is PAYING")
	})
	// An answer that arrives in the same moment is taken, and then ignored.
	t.Run("at once", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.after(time.Hour, func() {
			w.SignalWorkflow(billing.ApproveInvoice, nil)
			w.answer("accept", "reject", "never ordered")
		})
		status := w.run(in)
		mustBe(t, status, "all lines are paid", initializing, validating, pending, approved, paying, paid)
		for _, note := range status.Notes {
			if !strings.HasPrefix(note.Text, "an approver's answer was ignored: invoice INV-1 cannot be rejected: it is APPROVED") {
				t.Errorf("note: %s", note.Text)
			}
		}
	})
}

// Who declines to answer decides nothing, nor does a client that declines by
// itself: the question stays open for others.
func TestDecliningIsNoDecision(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"decline", "cancel"} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			var declined *outcome
			w.after(time.Hour, func() { declined = w.answer(action, "", "") })
			w.after(2*time.Hour, func() {
				if status := w.status(); status.State != pending || len(status.Notes) > 0 {
					t.Errorf("it is %s, with the notes %+v", status.State, status.Notes)
				}
				w.answer("accept", "approve", "as agreed")
			})
			status := w.run(invoice("INV-1", 500*money.Dollar))
			mustBe(t, status, "all lines are paid", initializing, validating, pending, approved, paying, paid)
			declined.mustBeRefused(t, "QuestionStaysOpen", "until a person accepts")
		})
	}
}

// Who has declined can still decide with the tools, and the time for approval
// goes on.
func TestDecliningKeepsTheToolsAndTheDeadline(t *testing.T) {
	t.Parallel()
	for _, reminder := range []time.Duration{day, 0} {
		w := newWorld(t)
		w.policy.ReminderInterval = reminder
		w.after(time.Hour, func() { w.answer("decline", "", "") })
		w.after(2*time.Hour, func() { w.reject() })
		mustBe(t, w.run(invoice("INV-1", 500*money.Dollar)), "rejected by a human: never ordered", initializing, validating, pending, rejected)

		w = newWorld(t)
		w.policy.ReminderInterval = reminder
		w.after(time.Hour, func() { w.answer("decline", "", "") })
		status := w.run(invoice("INV-1", 500*money.Dollar))
		mustBe(t, status, "approval timed out", initializing, validating, pending, rejected)
		if took := status.History[3].At.Sub(status.History[2].At); took != 5*day {
			t.Errorf("it took %v", took)
		}
	}
}
