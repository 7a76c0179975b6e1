package main

import (
	"testing"

	"github.com/durablemcp/durablemcp/examples/internal/exampletest"
)

func TestDemo(t *testing.T) {
	t.Parallel()
	exampletest.MustTell(t, exampletest.Command(t, "-demo"), // in this order
		"SIMULATED",
		"DEMO only",
		"Temporal's Web UI at http://",
		`submitter calls process_invoice {"invoice_id":"INV-1"`,
		"/namespaces/default/workflows/invoice-INV-1/",
		"Invoice INV-1 of Acme Office Supplies, $64.50: PAID: all lines are paid.",
		"approver  calls review_invoice",
		`approver  is asked: Invoice "INV-2" of "Acme Office Supplies" for $320.00 ("chairs") waits for your decision.`,
		`approver  answers: accept {"decision":"approve","reason":"it was ordered"}`,
		"Invoice INV-2 of Acme Office Supplies, $320.00: PAID: all lines are paid.",
		"APPROVED: approved by approver: it was ordered",
		`submitter calls process_invoice {"invoice_id":"INV-3"`,
		"submitter has a task: ",
		"approver  calls review_invoice",
		"approver  has a task: ",
		"submitter polls the task: working: 1 of 3: PENDING-APPROVAL: ",
		"approver  polls the task: input_required: ",
		`approver  is asked: Invoice "INV-3"`,
		"approver  answers: accept",
		"approver  polls the task: completed",
		"submitter polls the task: completed",
		"Invoice INV-3 of Acme Office Supplies, $780.00: PAID: all lines are paid.",
		`{"matches":false,"reason":"no such order yet"}`,
		"$2348.90: PENDING-APPROVAL:",
		"submitter calls approve_invoice",
		"submitter may not approve anything",
		"is killed, and Temporal with it: kill -9 ",
		"is up again",
		"$2348.90: PENDING-APPROVAL:",
		"approver  calls approve_invoice",
		"APPROVED: approved by approver: as agreed",
		"Invoice INV-4 of Acme Office Supplies, $2348.90: PAID: all lines are paid.",
		"has charged 2 of the lines of INV-4, and none of them twice",
		"Invoice INV-5 of Acme Office Supplies, $950.00: REJECTED: rejected by approver: never ordered.",
		"has ended already",
		"has charged nothing for INV-5",
		"POST /invoices/INV-6/reminders: 201",
		"Invoice INV-6 of Acme Office Supplies, $700.00: REJECTED: approval timed out",
		"402 {\"code\":\"INSUFFICIENT_FUNDS\"",
		"Invoice INV-7 of Acme Office Supplies, $75.00: FAILED: 1 of 2 lines are paid",
		"Done in ",
	)
}
