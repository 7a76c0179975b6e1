package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/durablemcp/durablemcp/examples/invoice/billing"
	"github.com/durablemcp/durablemcp/examples/invoice/simulated"
)

// The process, Temporal and all, is killed while an invoice waits for a human.
// The next one approves it, and it is paid, each line once.
func TestKillNineWhileAnInvoiceWaits(t *testing.T) {
	t.Parallel()
	s := newServices(t)
	args := append([]string{"-data", filepath.Join(t.TempDir(), "invoice.db")}, s.args()...)
	in := newInvoice(t, large, small)

	first := startProcess(t, args...)
	model := connectHTTP(t, first.mcpURL, submitterToken)
	submitted := model.submit(in)
	model.awaitState(in, billing.PendingApproval)
	before := model.call("invoice_status", in.arg())
	first.kill(t)
	if got := model.call("invoice_status", in.arg()); got.err == nil {
		t.Fatalf("the dead server says %s", got.text)
	}

	// Another time for approval: what counts is the one at the arrival.
	second := startProcess(t, append(args, "-approval-timeout", "1ms", "-reminder", "0")...)
	model, human := connectHTTP(t, second.mcpURL, submitterToken), connectHTTP(t, second.mcpURL, approverToken)
	if after := model.call("invoice_status", in.arg()); after.structured != before.structured {
		t.Errorf("the status was %s\nand is %s", before.structured, after.structured)
	}
	if again := model.submit(in); again.runID != submitted.runID {
		t.Errorf("submitted again, it is run %s, and before the kill it was %s", again.runID, submitted.runID)
	}
	human.call("approve_invoice", in.arg()).mustBe(t, billing.Approved, "approved by a human")
	status := model.mustEnd(in, billing.Paid, "all lines are paid")
	if len(status.History) != 6 {
		t.Errorf("its history is %+v", status.History)
	}
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

	first := startProcess(t, args...)
	model := connectHTTP(t, first.mcpURL, submitterToken)
	model.submit(in)
	receive(t, charged, "the charge")
	model.awaitState(in, billing.Paying)
	first.kill(t)

	second := startProcess(t, args...)
	model = connectHTTP(t, second.mcpURL, submitterToken)
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
	first := startProcess(t, "-data", data)
	model := connectHTTP(t, first.mcpURL, submitterToken)
	model.submit(in)
	before := model.mustEnd(in, billing.Paid, "all lines are paid")
	first.kill(t)

	second := startProcess(t, "-data", data)
	model = connectHTTP(t, second.mcpURL, submitterToken)
	model.mustEnd(in, billing.Paid, "all lines are paid")
	next := newInvoice(t, small)
	next.ID += ".next"
	model.submit(next)
	after := model.mustEnd(next, billing.Paid, "all lines are paid")
	if before.Lines[0].ChargeID == after.Lines[0].ChargeID {
		t.Errorf("both charges are %s: the ledger is lost", after.Lines[0].ChargeID)
	}
	if text := second.stderr.String(); strings.Contains(text, "level=ERROR") {
		t.Errorf("standard error: %s", text)
	}
}
