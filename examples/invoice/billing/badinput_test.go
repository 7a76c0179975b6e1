package billing_test

import (
	"strings"
	"testing"

	"github.com/durablemcp/durablemcp/examples/invoice/billing"
	"github.com/durablemcp/durablemcp/examples/invoice/money"
)

// A workflow can be started without the tool that checks its arguments. Then
// it ends at once, and does not get stuck.

func TestNonsenseFails(t *testing.T) {
	t.Parallel()
	long := invoice("INV-1", make([]money.USD, billing.MaxLines+1)...)
	tests := map[string]struct {
		invoice billing.Invoice
		want    string
	}{
		"no ID":     {invoice("", money.Dollar), `"" is not an invoice ID`},
		"path":      {invoice("../1", money.Dollar), `"../1" is not an invoice ID`},
		"no lines":  {invoice("INV-1"), "the invoice has no lines"},
		"too long":  {long, "the invoice has 201 lines, and the limit is 200"},
		"no amount": {invoice("INV-1", 0), "line 1 has the amount $0.00"},
		"too much":  {invoice("INV-1", money.Dollar, 1_000_000_000*money.Dollar), "line 2 has the amount $1000000000.00"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			mustBe(t, w.run(test.invoice), test.want, initializing, failed)
			if n := w.erp.Matching.Asked(test.invoice.ID); n != 0 {
				t.Errorf("the ERP was asked %d times", n)
			}
		})
	}
}

func TestUnreadableInputEndsTheWorkflow(t *testing.T) {
	t.Parallel()
	for name, line := range map[string]map[string]any{
		"due date":         {"description": "x", "amount": "1.00", "due_date": "next tuesday"},
		"impossible date":  {"description": "x", "amount": "1.00", "due_date": "2026-02-30"},
		"negative amount":  {"description": "x", "amount": "-1.00", "due_date": "2026-01-31"},
		"amount as number": {"description": "x", "amount": 1.0, "due_date": "2026-01-31"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.ExecuteWorkflow(billing.WorkflowType, map[string]any{"invoice_id": "INV-1", "customer": "x", "lines": []any{line}})
			if err := w.GetWorkflowError(); !w.IsWorkflowCompleted() || err == nil || !strings.Contains(err.Error(), "unable to decode") {
				t.Errorf("completed %v, %v", w.IsWorkflowCompleted(), err)
			}
		})
	}
}
