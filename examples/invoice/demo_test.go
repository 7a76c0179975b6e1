package main

import (
	"strings"
	"testing"
)

func TestDemo(t *testing.T) {
	t.Parallel()
	cmd := command(t, "-demo")
	var logs syncBuffer
	cmd.Stderr = &logs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, logs.String())
	}
	last := -1
	for _, want := range []string{ // in this order
		"SIMULATED",
		"DEMO only",
		"Temporal's Web UI at http://",
		`submitter calls process_invoice {"invoice_id":"INV-1"`,
		"/namespaces/default/workflows/invoice-INV-1/",
		"Invoice INV-1 of Acme Office Supplies, $64.50: PAID: all lines are paid.",
		`{"matches":false,"reason":"no such order yet"}`,
		"$2348.90: PENDING-APPROVAL:",
		"submitter calls approve_invoice",
		"submitter may not approve anything",
		"is killed, and Temporal with it: kill -9 ",
		"is up again",
		"$2348.90: PENDING-APPROVAL:",
		"approver  calls approve_invoice",
		"APPROVED: approved by a human: as agreed",
		"Invoice INV-2 of Acme Office Supplies, $2348.90: PAID: all lines are paid.",
		"has charged 2 of the lines of INV-2, and none of them twice",
		"Invoice INV-3 of Acme Office Supplies, $950.00: REJECTED: rejected by a human: never ordered.",
		"has ended already",
		"has charged nothing for INV-3",
		"POST /invoices/INV-4/reminders: 201",
		"Invoice INV-4 of Acme Office Supplies, $700.00: REJECTED: approval timed out",
		"402 {\"code\":\"INSUFFICIENT_FUNDS\"",
		"Invoice INV-5 of Acme Office Supplies, $75.00: FAILED: 1 of 2 lines are paid",
		"Done in ",
	} {
		at := strings.Index(string(out)[last+1:], want)
		if at < 0 {
			t.Errorf("%q is missing or too early", want)
			continue
		}
		last += 1 + at
	}
	if t.Failed() {
		t.Logf("%s", out)
	}
	if logs.String() != "" {
		t.Errorf("standard error: %s", logs.String())
	}
}
