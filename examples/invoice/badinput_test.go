package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/durablemcp/durablemcp/examples/internal/exampletest"
	"github.com/durablemcp/durablemcp/examples/invoice/billing"
	"github.com/durablemcp/durablemcp/examples/invoice/money"
	"github.com/durablemcp/durablemcp/examples/invoice/simulated"
)

// Arguments that cannot be right are refused before anything starts.
func TestBadInvoicesAreRefused(t *testing.T) {
	t.Parallel()
	r := shared(t)
	client := r.connect(t, submitterToken)
	in := newInvoice(t, small)
	replace := func(from, to string) string {
		arguments := strings.Replace(in.json(), from, to, 1)
		if arguments == in.json() {
			t.Fatalf("%s is not in %s", from, arguments)
		}
		return arguments
	}
	line := in.json()[strings.Index(in.json(), "[")+1 : strings.Index(in.json(), "]")]
	tests := map[string]struct {
		arguments string
		want      string
	}{
		"negative amount":  {replace(`"40.00"`, `"-40.00"`), `/lines/0/amount: "-40.00" does not match`},
		"no amount":        {replace(`"40.00"`, `"0.00"`), `/lines/0/amount: "0.00" does not match`},
		"a float":          {replace(`"40.00"`, `40.0`), "/lines/0/amount: got number, want string"},
		"no cents":         {replace(`"40.00"`, `"40"`), `/lines/0/amount: "40" does not match`},
		"half a cent":      {replace(`"40.00"`, `"40.005"`), `/lines/0/amount: "40.005" does not match`},
		"another currency": {replace(`"40.00"`, `"€40.00"`), `/lines/0/amount: "€40.00" does not match`},
		"too much":         {replace(`"40.00"`, `"1000000000.00"`), "/lines/0/amount: must have at most 12 characters"},
		"missing amount":   {replace(`"amount":"40.00",`, ``), `/lines/0: missing required property "amount"`},
		"empty lines":      {replace(line, ``), "/lines: must have at least 1 items but has 0"},
		"no lines":         {replace(`"lines":[`+line+`]`, `"lines":null`), "/lines: got null, want array"},
		"missing lines":    {fmt.Sprintf(`{"invoice_id":%q,"customer":"x"}`, in.ID), `missing required property "lines"`},
		"an empty line":    {replace(line, `{}`), `/lines/0: missing required property "description"`},
		"10,000 lines":     {replace(line, strings.TrimSuffix(strings.Repeat(line+",", 10_000), ",")), "/lines: must have at most 200 items but has 10000"},
		"blank text":       {replace(`"item 1"`, `"  "`), "/lines/0/description"},
		"blank customer":   {replace(`"Acme Ltd"`, `""`), "/customer"},
		"no ID":            {replace(in.ID, ``), "/invoice_id"},
		"an ID of another": {replace(in.ID, in.ID+"/line-1"), "/invoice_id"},
		"a long ID":        {replace(in.ID, strings.Repeat("9", 65)), "/invoice_id: must have at most 64 characters but has 65"},
		"unknown property": {replace(`"customer"`, `"approved":true,"customer"`), `unknown property "approved"`},
		"not an object":    {`[]`, "arguments"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client.call("process_invoice", test.arguments).mustFail(t, "InvalidArguments", test.want, "Nothing was done")
		})
	}
	t.Cleanup(func() { r.mustNotExist(t, in) }) // after all of them
}

// Every tool says the same of what is not there, and of what is no invoice.
func TestUnknownInvoices(t *testing.T) {
	t.Parallel()
	r := shared(t)
	clients := map[string]*caller{"submitter": r.connect(t, submitterToken), "approver": r.connect(t, approverToken)}
	other := newInvoice(t, small)
	_, err := r.service.temporal.Client.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: "invoice-" + other.ID, TaskQueue: billing.TaskQueue,
	}, billing.PayLine, billing.Payment{InvoiceID: other.ID, Number: 1, Line: billing.Line{
		Description: "x", Amount: money.Dollar, DueDate: mustParseDate(t, "2099-01-01"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	// A submit does not take the other workflow for the invoice.
	clients["submitter"].call("process_invoice", other.json()).mustFail(t, "Conflict", "belongs to work that this tool did not start")
	for what, id := range map[string]string{"not there": "never-seen", "wrong type of workflow": other.ID} {
		for _, tool := range []string{"invoice_status", "await_invoice", "inspect_invoice", "withdraw_invoice", "approve_invoice", "reject_invoice"} {
			for who, client := range clients {
				t.Run(what+"/"+tool+"/"+who, func(t *testing.T) {
					t.Parallel()
					arguments := fmt.Sprintf(`{"invoice_id":%q}`, id)
					if tool == "reject_invoice" {
						arguments = fmt.Sprintf(`{"invoice_id":%q,"reason":"x"}`, id)
					}
					client.call(tool, arguments).mustFail(t, "NotFound",
						fmt.Sprintf("There is no workflow %q that %s can act on. Nothing was done.", "invoice-"+id, tool))
				})
			}
		}
	}
}

func mustParseDate(t *testing.T, text string) billing.Date {
	t.Helper()
	date, err := billing.ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return date
}

func TestBadDecisions(t *testing.T) {
	t.Parallel()
	r := shared(t)
	model, human := r.connect(t, submitterToken), r.connect(t, approverToken)
	in := newInvoice(t, large)
	model.submit(in)
	model.awaitState(in, billing.PendingApproval)
	human.call("reject_invoice", in.arg()).mustFail(t, "InvalidArguments", `missing required property "reason"`)
	human.call("reject_invoice", in.arg(`"reason":"   "`)).mustFail(t, "InvalidArguments", "/reason")
	human.call("approve_invoice", `{}`).mustFail(t, "InvalidArguments", `missing required property "invoice_id"`)
	human.call("approve_invoice", in.arg(`"amount":"1.00"`)).mustFail(t, "InvalidArguments", `unknown property "amount"`)
	if state := model.state(in); state != billing.PendingApproval {
		t.Fatalf("it is %s", state)
	}
	human.call("reject_invoice", in.arg(`"reason":"never ordered"`)).mustBe(t, billing.Rejected, "never ordered")
	human.call("approve_invoice", in.arg()).mustFail(t, "WorkflowClosed", "has ended already", "Nothing was done")
	human.call("reject_invoice", in.arg(`"reason":"again"`)).mustFail(t, "WorkflowClosed", "has ended already", "Nothing was done")
	model.mustEnd(in, billing.Rejected, "never ordered")
	model.call("withdraw_invoice", in.arg()).mustFail(t, "WorkflowClosed", "has ended already")
	r.mustHaveCharged(t, in)
}

// What arrives at the workflow without the tools cannot make its task fail.
func TestNonsenseDoesNotWedgeAWorkflow(t *testing.T) {
	t.Parallel()
	r := shared(t)
	c := r.service.temporal.Client
	model := r.connect(t, submitterToken)
	in := newInvoice(t, large)
	workflowID := "invoice-" + in.ID
	model.submit(in)
	model.awaitState(in, billing.PendingApproval)
	for _, nonsense := range []any{"what?", 42, []string{"a"}, map[string]any{"comment": 1, "reason": 2}, nil} {
		for _, name := range []string{billing.ApproveInvoice, billing.RejectInvoice} {
			if nonsense != nil { // without a payload, a signal is a decision
				if err := c.SignalWorkflow(t.Context(), workflowID, "", name, nonsense); err != nil {
					t.Fatal(err)
				}
				mustRefuse(t, c, workflowID, name, nonsense)
			}
		}
		mustRefuse(t, c, workflowID, "Nonsense", nonsense)
		if err := c.SignalWorkflow(t.Context(), workflowID, "", "Nonsense", nonsense); err != nil {
			t.Fatal(err)
		}
	}
	if state := model.state(in); state != billing.PendingApproval {
		t.Fatalf("it is %s", state)
	}
	if err := c.SignalWorkflow(t.Context(), workflowID, "", billing.ApproveInvoice, billing.Approval{Comment: "by signal"}); err != nil {
		t.Fatal(err)
	}
	model.mustEnd(in, billing.Paid, "all lines are paid")
	r.mustHaveNoFailedTask(t, workflowID)
}

// mustRefuse checks that an update of a workflow is refused.
func mustRefuse(t *testing.T, c client.Client, workflowID, update string, arguments any) {
	t.Helper()
	handle, err := c.UpdateWorkflow(t.Context(), client.UpdateWorkflowOptions{
		WorkflowID: workflowID, UpdateName: update, Args: []any{arguments}, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err == nil {
		err = handle.Get(t.Context(), nil)
	}
	if err == nil {
		t.Errorf("%s took %v", update, arguments)
	}
}

// mustHaveNoFailedTask checks that the workflow's code never failed.
func (r *rig) mustHaveNoFailedTask(t *testing.T, workflowID string) {
	t.Helper()
	events := r.service.temporal.Client.GetWorkflowHistory(t.Context(), workflowID, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			t.Fatal(err)
		}
		if failed := event.GetWorkflowTaskFailedEventAttributes(); failed != nil {
			t.Errorf("a workflow task of %s failed: %s", workflowID, failed.GetFailure().GetMessage())
		}
	}
}

// A workflow that is started without the tool, with arguments that the tool
// refuses, ends at once.
func TestNonsenseStartedByHandEnds(t *testing.T) {
	t.Parallel()
	r := shared(t)
	c := r.service.temporal.Client
	tests := map[string]struct {
		input any
		want  string // the reason of a result that is FAILED, or "" for a run that fails
	}{
		"bad due date": {map[string]any{"invoice_id": "A", "customer": "x", "lines": []any{
			map[string]any{"description": "x", "amount": "1.00", "due_date": "soon"},
		}}, ""},
		"a float":      {map[string]any{"invoice_id": "A", "lines": []any{map[string]any{"amount": 1.5}}}, ""},
		"a text":       {"invoice", ""},
		"no lines":     {map[string]any{"invoice_id": "A", "customer": "x", "lines": []any{}}, "the invoice has no lines"},
		"a blank line": {map[string]any{"invoice_id": "A", "customer": "x", "lines": []any{map[string]any{}}}, "line 1 has the amount $0.00"},
		"nothing":      {map[string]any{}, `"" is not an invoice ID`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id := "by-hand-" + newInvoice(t, small).ID
			run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: id, TaskQueue: billing.TaskQueue}, billing.WorkflowType, test.input)
			if err != nil {
				t.Fatal(err)
			}
			var status billing.Status
			err = run.Get(t.Context(), &status)
			_, failed := errors.AsType[*temporal.ApplicationError](err)
			switch {
			case test.want == "" && !failed:
				t.Errorf("it ended with %v, %v", status, err)
			case test.want != "" && (status.State != billing.Failed || !strings.Contains(status.Reason, test.want)):
				t.Errorf("it ended %s (%s), %v", status.State, status.Reason, err)
			}
			r.mustHaveNoFailedTask(t, id)
		})
	}
}

func TestWithdraw(t *testing.T) {
	t.Parallel()
	r := shared(t)
	model, human := r.connect(t, submitterToken), r.connect(t, approverToken)
	in := newInvoice(t, large)
	model.submit(in)
	model.awaitState(in, billing.PendingApproval)
	human.call("withdraw_invoice", in.arg()).mustFail(t, "NotFound") // it is the submitter's
	if got := model.call("withdraw_invoice", in.arg(`"reason":"a mistake"`)); got.Err != nil || got.IsError {
		t.Fatalf("%v %s", got.Err, got.Text)
	}
	model.mustEnd(in, billing.Rejected, "it was withdrawn")
	r.mustHaveCharged(t, in)
}

// While a line is charged, a withdrawal comes too late for that line.
func TestWithdrawWhilePaying(t *testing.T) {
	t.Parallel()
	r := shared(t)
	model := r.connect(t, submitterToken)
	in := newInvoice(t, small, small)
	in.Lines[1].DueDate = mustParseDate(t, "2099-12-31")
	hold, charged, release := simulated.HoldAnswer()
	defer release()
	r.gateway.Charging.Fail(in.key(1), hold)
	model.submit(in)
	exampletest.Receive(t, charged, "the charge")
	if got := model.call("withdraw_invoice", in.arg()); got.Err != nil || got.IsError {
		t.Fatalf("%v %s", got.Err, got.Text)
	}
	release()
	status := model.mustEnd(in, billing.Failed, "1 of 2 lines are paid; line 2 (item 2): the invoice was withdrawn before the line was paid")
	if status.Lines[0].State != billing.LinePaid || status.Lines[1].State != billing.LineUnpaid {
		t.Errorf("the lines are %+v", status.Lines)
	}
	r.mustHaveCharged(t, in, 1)
}

// Many lines at once, on a real server. How long an invoice can be is tested
// where time costs nothing: in package billing.
func TestManyLines(t *testing.T) {
	t.Parallel()
	r := shared(t)
	model := r.connect(t, submitterToken)
	amounts, lines := make([]money.USD, 40), make([]int, 40)
	for i := range amounts {
		amounts[i], lines[i] = money.Dollar, i+1
	}
	in := newInvoice(t, amounts...)
	model.submit(in)
	for { // as a model does, whose call is answered that it is still running
		if got := model.call("await_invoice", in.arg()); !strings.Contains(got.Structured, `"running"`) {
			got.mustBe(t, billing.Paid, "all lines are paid")
			break
		}
	}
	r.mustHaveCharged(t, in, lines...)
	r.mustHaveNoFailedTask(t, "invoice-"+in.ID)
}
