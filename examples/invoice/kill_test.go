package main

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/durablemcp/durablemcp/examples/internal/exampletest"
	"github.com/durablemcp/durablemcp/examples/invoice/billing"
	"github.com/durablemcp/durablemcp/examples/invoice/simulated"
	"github.com/durablemcp/durablemcp/taskclient"
)

// The process, Temporal and all, is killed while an invoice waits for a human.
// The next one approves it, and it is paid, each line once.
func TestKillNineWhileAnInvoiceWaits(t *testing.T) {
	t.Parallel()
	s := newServices(t)
	args := append([]string{"-data", filepath.Join(t.TempDir(), "invoice.db")}, s.args()...)
	in := newInvoice(t, large, small)

	first := exampletest.Start(t, args...)
	model := connectHTTP(t, first.MCPURL, submitterToken)
	submitted := model.submit(in)
	model.awaitState(in, billing.PendingApproval)
	before := model.call("invoice_status", in.arg())
	first.Kill(t)
	if got := model.call("invoice_status", in.arg()); got.Err == nil {
		t.Fatalf("the dead server says %s", got.Text)
	}

	// Another time for approval: what counts is the one at the arrival.
	second := exampletest.Start(t, append(args, "-approval-timeout", "1ms", "-reminder", "0")...)
	model, human := connectHTTP(t, second.MCPURL, submitterToken), connectHTTP(t, second.MCPURL, approverToken)
	if after := model.call("invoice_status", in.arg()); after.Structured != before.Structured {
		t.Errorf("the status was %s\nand is %s", before.Structured, after.Structured)
	}
	if again := model.submit(in); again.RunID != submitted.RunID {
		t.Errorf("submitted again, it is run %s, and before the kill it was %s", again.RunID, submitted.RunID)
	}
	human.call("approve_invoice", in.arg()).mustBe(t, billing.Approved, "approved by approver")
	status := model.mustEnd(in, billing.Paid, "all lines are paid")
	if len(status.History) != 6 {
		t.Errorf("its history is %+v", status.History)
	}
	s.mustHaveCharged(t, in, 1, 2)
	if n := s.erp.Matching.Asked(in.ID); n != 1 {
		t.Errorf("it was validated %d times", n)
	}
}

// The same, with a task of the model's and one of the human's: both outlast the
// process that made them, and the question waits for its answer.
func TestKillNineInTheMiddleOfTasks(t *testing.T) {
	t.Parallel()
	s := newServices(t)
	args := append([]string{"-data", filepath.Join(t.TempDir(), "invoice.db")}, s.args()...)
	in := newInvoice(t, large, small)

	first := exampletest.Start(t, args...)
	model, human := connectTasks(first.MCPURL, submitterToken, nil), connectTasks(first.MCPURL, approverToken, nil)
	submitted := exampletest.MustBecomeTask(t, model, "process_invoice", in.json())
	reviewed := exampletest.MustBecomeTask(t, human, "review_invoice", in.arg())
	_, err := human.Wait(t.Context(), reviewed.ID)
	before, ok := errors.AsType[*taskclient.TaskError](err)
	if !ok || before.Task.Status != taskclient.InputRequired {
		t.Fatalf("the review ended with %v", err)
	}
	first.Kill(t)

	second := exampletest.Start(t, append(args, "-approval-timeout", "1ms", "-reminder", "0")...)
	p := newPerson()
	p.answers <- decision("approve", "as agreed")
	model, human = connectTasks(second.MCPURL, submitterToken, nil), connectTasks(second.MCPURL, approverToken, p)
	after := exampletest.MustGet(t, human, reviewed.ID)
	if was, is := mustJSON(t, before.Task.InputRequests), mustJSON(t, after.InputRequests); was != is {
		t.Errorf("it asked %s\nand asks %s", was, is)
	}
	answerOf(human.Wait(t.Context(), reviewed.ID)).mustBe(t, billing.Paid, "all lines are paid")
	answerOf(model.Wait(t.Context(), submitted.ID)).mustBe(t, billing.Paid, "all lines are paid")
	s.mustHaveCharged(t, in, 1, 2)
	if n := s.erp.Matching.Asked(in.ID); n != 1 {
		t.Errorf("it was validated %d times", n)
	}
}

// The process is killed after the gateway has made a charge, and before anybody
// has heard of it. The charge is asked for again, and made once.
func TestKillNineWhilePaying(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("the attempt that was killed counts as running for 30 seconds")
	}
	s := newServices(t)
	args := append([]string{"-data", filepath.Join(t.TempDir(), "invoice.db")}, s.args()...)
	in := newInvoice(t, small, small)
	hold, charged, release := simulated.HoldAnswer()
	defer release()
	s.gateway.Charging.Fail(in.key(1), hold)

	first := exampletest.Start(t, args...)
	model := connectHTTP(t, first.MCPURL, submitterToken)
	model.submit(in)
	exampletest.Receive(t, charged, "the charge")
	model.awaitState(in, billing.Paying)
	first.Kill(t)

	second := exampletest.Start(t, args...)
	model = connectHTTP(t, second.MCPURL, submitterToken)
	model.mustEnd(in, billing.Paid, "all lines are paid")
	s.mustHaveCharged(t, in, 1, 2)
	if n := s.gateway.Charging.Asked(in.key(1)); n < 2 {
		t.Errorf("the gateway was asked %d times for the line that was under way", n)
	}
}

// The simulated gateway itself remembers what it has charged, for readers who
// kill the example with everything in it.
func TestKillNineWithTheGateway(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "invoice.db")
	in := newInvoice(t, small)
	first := exampletest.Start(t, "-data", data)
	model := connectHTTP(t, first.MCPURL, submitterToken)
	model.submit(in)
	before := model.mustEnd(in, billing.Paid, "all lines are paid")
	first.Kill(t)

	second := exampletest.Start(t, "-data", data)
	model = connectHTTP(t, second.MCPURL, submitterToken)
	model.mustEnd(in, billing.Paid, "all lines are paid")
	next := newInvoice(t, small)
	next.ID += ".next"
	model.submit(next)
	after := model.mustEnd(next, billing.Paid, "all lines are paid")
	if before.Lines[0].ChargeID == after.Lines[0].ChargeID {
		t.Errorf("both charges are %s: the ledger is lost", after.Lines[0].ChargeID)
	}
	if text := second.Stderr.String(); strings.Contains(text, "level=ERROR") {
		t.Errorf("standard error: %s", text)
	}
}
