package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/serviceerror"

	"github.com/durablemcp/durablemcp/examples/internal/exampletest"
	"github.com/durablemcp/durablemcp/examples/invoice/billing"
	"github.com/durablemcp/durablemcp/examples/invoice/simulated"
	"github.com/durablemcp/durablemcp/taskclient"
)

// These tests are named after bugs of the well-known invoice examples that this
// one replaces. They run against all of it: MCP clients over HTTP, the library,
// a worker, and a Temporal server.

// A failed payment was reported as PAID: the parent compared the child's result
// with the wrong text, or swallowed its error.
func TestRegressionFailedPaymentIsNotPaid(t *testing.T) {
	t.Parallel()
	r := shared(t)
	client := r.connect(t, submitterToken)
	in := newInvoice(t, small, small)
	r.gateway.Charging.Fail(in.key(2), simulated.InsufficientFunds())
	client.submit(in)
	status := client.mustEnd(in, billing.Failed, "1 of 2 lines are paid; line 2 (item 2): INSUFFICIENT_FUNDS")
	for _, transition := range status.History {
		if transition.State == billing.Paid {
			t.Error("it was PAID on the way")
		}
	}
	if status.Lines[0].State != billing.LinePaid || status.Lines[1].State != billing.LineFailed || status.Lines[1].ChargeID != "" {
		t.Errorf("the lines are %+v", status.Lines)
	}
	r.mustHaveCharged(t, in, 1)
}

// Reject paid the invoice: the code waited for "not undecided" and never looked
// at the decision.
func TestRegressionRejectDoesNotPay(t *testing.T) {
	t.Parallel()
	r := shared(t)
	client := r.connect(t, submitterToken)
	in := newInvoice(t, large)
	client.submit(in)
	client.awaitState(in, billing.PendingApproval)
	r.connect(t, approverToken).call("reject_invoice", in.arg(`"reason":"never ordered"`)).mustBe(t, billing.Rejected, "never ordered")
	client.mustEnd(in, billing.Rejected, "rejected by approver: never ordered")
	if asked := r.gateway.Charging.Asked(in.key(1)); asked != 0 {
		t.Errorf("the gateway was asked %d times", asked)
	}
}

// The end of the time for approval raised an error in place of rejecting: the
// status stayed PENDING-APPROVAL on a run that had failed.
func TestRegressionApprovalTimeoutRejects(t *testing.T) {
	t.Parallel()
	r := newRig(t, "-approval-timeout", "1s", "-reminder", "0")
	client := r.connect(t, submitterToken)
	in := newInvoice(t, large)
	client.submit(in)
	client.mustEnd(in, billing.Rejected, "approval timed out")
	client.call("invoice_status", in.arg()).mustBe(t, billing.Rejected, "approval timed out")
	if got := client.call("inspect_invoice", in.arg()); !strings.Contains(got.Structured, `"status":"completed"`) {
		t.Errorf("the run is %s", got.Structured)
	}
	r.mustHaveCharged(t, in)
}

// Approve answered APPROVED when its signal was merely accepted. Late, double
// and contradicting decisions were last-write-wins, without a word.
func TestRegressionDecisionIsAnsweredWithTheResultingState(t *testing.T) {
	t.Parallel()
	r := shared(t)
	client, human := r.connect(t, submitterToken), r.connect(t, approverToken)
	const reason = `"reason":"never ordered"`

	in := newInvoice(t, large)
	checking, checked, answerERP := simulated.HoldAnswer()
	defer answerERP()
	charging, charged, answerGateway := simulated.HoldAnswer()
	defer answerGateway()
	r.erp.Matching.Fail(in.ID, checking)
	r.gateway.Charging.Fail(in.key(1), charging)

	client.submit(in)
	exampletest.Receive(t, checked, "the ERP to be asked")
	human.call("approve_invoice", in.arg()).mustFail(t, billing.DecisionTooEarly, "cannot be approved yet: it is PENDING-VALIDATION")
	human.call("reject_invoice", in.arg(reason)).mustFail(t, billing.DecisionTooEarly, "cannot be rejected yet: it is PENDING-VALIDATION")
	answerERP()
	client.awaitState(in, billing.PendingApproval)

	human.call("approve_invoice", in.arg(`"comment":"as agreed"`)).mustBe(t, billing.Approved, "as agreed")
	exampletest.Receive(t, charged, "the charge")
	human.call("approve_invoice", in.arg()).mustFail(t, billing.DecisionTooLate, "cannot be approved: it is PAYING since ")
	human.call("reject_invoice", in.arg(reason)).mustFail(t, billing.DecisionTooLate, "cannot be rejected: it is PAYING since ", "Nothing was changed")
	answerGateway()
	client.mustEnd(in, billing.Paid, "all lines are paid")
	human.call("reject_invoice", in.arg(reason)).mustFail(t, "WorkflowClosed", "has ended already")
	client.call("invoice_status", in.arg()).mustBe(t, billing.Paid, "all lines are paid")
	r.mustHaveCharged(t, in, 1)
}

// The same, with decisions that contradict each other at the same moment: one
// counts, and only its sender is told so.
func TestRegressionContradictingDecisions(t *testing.T) {
	t.Parallel()
	r := shared(t)
	client, human, other := r.connect(t, submitterToken), r.connect(t, approverToken), r.connect(t, approverToken)
	in := newInvoice(t, large)
	client.submit(in)
	client.awaitState(in, billing.PendingApproval)
	approval, rejection := human.start("approve_invoice", in.arg()), other.start("reject_invoice", in.arg(`"reason":"never ordered"`))
	approved, rejected := exampletest.Receive(t, approval, "the approval"), exampletest.Receive(t, rejection, "the rejection")
	switch {
	case !approved.IsError && rejected.IsError:
		approved.mustBe(t, billing.Approved, "approved by approver")
		client.mustEnd(in, billing.Paid, "all lines are paid")
		r.mustHaveCharged(t, in, 1)
	case approved.IsError && !rejected.IsError:
		rejected.mustBe(t, billing.Rejected, "never ordered")
		client.mustEnd(in, billing.Rejected, "never ordered")
		r.mustHaveCharged(t, in)
	default:
		t.Errorf("the approval was answered with %s, the rejection with %s", approved.Text, rejected.Text)
	}
}

// Validation that had failed for good left PENDING-VALIDATION on a run that had
// failed.
func TestRegressionExhaustedValidationEndsFailed(t *testing.T) {
	t.Parallel()
	r := shared(t)
	client := r.connect(t, submitterToken)
	in := newInvoice(t, small)
	no := simulated.Mismatch("no such order")
	r.erp.Matching.Fail(in.ID, no, no, no, no, no, no)
	client.submit(in)
	client.mustEnd(in, billing.Failed, "validation failed: the invoice does not match what the ERP knows: no such order (tried 5 times)")
	client.call("invoice_status", in.arg()).mustBe(t, billing.Failed, "validation failed")
	if asked := r.erp.Matching.Asked(in.ID); asked != 5 {
		t.Errorf("the ERP was asked %d times, want 5", asked)
	}
	r.mustHaveCharged(t, in)
}

// A due date that was malformed or missing made the workflow task fail and be
// retried for ever.
func TestRegressionBadDueDateIsRefusedBeforeAWorkflowStarts(t *testing.T) {
	t.Parallel()
	r := shared(t)
	client := r.connect(t, submitterToken)
	in := newInvoice(t, small)
	good := fmt.Sprintf(`"due_date":"%v"`, in.Lines[0].DueDate)
	for _, bad := range []string{
		`"due_date":"tomorrow"`, `"due_date":"31.01.2026"`, `"due_date":"2026-02-30"`, `"due_date":"2026-13-01"`,
		`"due_date":"2026-1-1"`, `"due_date":"2026-01-31T00:00:00Z"`, `"due_date":""`, `"due_date":null`, `"due_date":20260131`,
		`"due_date":"9999-12-31"`, `"due_date":"0026-01-31"`, ``,
	} {
		arguments := strings.Replace(in.json(), ","+good, strings.TrimSuffix(","+bad, ","), 1)
		got := client.call("process_invoice", arguments)
		got.mustFail(t, "InvalidArguments", "/lines/0", "Nothing was done")
		if t.Failed() {
			t.Fatalf("with %s", arguments)
		}
	}
	r.mustNotExist(t, in)
	client.submit(in) // nothing stands in the way of the right one
	client.mustEnd(in, billing.Paid, "all lines are paid")
}

// mustNotExist checks that Temporal has never heard of an invoice, and neither
// has anybody else.
func (r *rig) mustNotExist(t *testing.T, in invoice) {
	t.Helper()
	_, err := r.service.temporal.Client.DescribeWorkflowExecution(context.Background(), "invoice-"+in.ID, "")
	if _, notFound := err.(*serviceerror.NotFound); !notFound { //nolint:errorlint // as the client returns it
		t.Errorf("a workflow was started: %v", err)
	}
	if asked := r.erp.Matching.Asked(in.ID); asked != 0 {
		t.Errorf("the ERP was asked %d times", asked)
	}
}

// The submitter and the approver shared one set of tools: a model could approve
// its own invoice.
func TestRegressionSubmitterCannotApprove(t *testing.T) {
	t.Parallel()
	r := shared(t)
	model, human := r.connect(t, submitterToken), r.connect(t, approverToken)
	in := newInvoice(t, large)
	model.submit(in)
	model.awaitState(in, billing.PendingApproval)
	unknown := model.call("approve_invoice", `{"invoice_id":"unknown"}`)
	for _, tool := range []string{"approve_invoice", "reject_invoice"} {
		arguments := in.arg()
		if tool == "reject_invoice" {
			arguments = in.arg(`"reason":"mine"`)
		}
		model.call(tool, arguments).mustFail(t, "NotFound", "Nothing was done")
	}
	// It looks as if there were no such invoice, so nothing can be learned.
	got := model.call("approve_invoice", in.arg())
	if want := strings.ReplaceAll(unknown.Text, "unknown", in.ID); got.Text != want {
		t.Errorf("refused with %q, and for an invoice that is not there with %q", got.Text, want)
	}
	human.mustBePending(in)
	human.call("approve_invoice", in.arg()).mustBe(t, billing.Approved, "approved by approver")
	model.mustEnd(in, billing.Paid, "all lines are paid")
}

// The same, by answering the question that the invoice asks: whatever the
// submitter's client claims to be, it is not asked, and what it answers does not
// count.
func TestRegressionSubmitterCannotAnswer(t *testing.T) {
	t.Parallel()
	r := shared(t)
	in := newInvoice(t, large)
	p := newPerson() // who is never asked
	model := connectTasks(r.url, submitterToken, p)
	task := exampletest.MustBecomeTask(t, model, "process_invoice", in.json())
	human := connectTasks(r.url, approverToken, nil)
	reviewed := exampletest.MustBecomeTask(t, human, "review_invoice", in.arg())
	_, err := human.Wait(t.Context(), reviewed.ID)
	review, ok := errors.AsType[*taskclient.TaskError](err)
	if !ok || len(review.Task.InputRequests) != 1 {
		t.Fatalf("the approver is asked nothing: %v", err)
	}

	forged := mcp.InputResponseMap{}
	for key := range review.Task.InputRequests {
		forged[key] = decision("approve", "mine")
	}
	mine := exampletest.MustGet(t, model, task.ID)
	if mine.Status != taskclient.Working || len(mine.InputRequests) > 0 || !strings.Contains(mine.StatusMessage, "PENDING-APPROVAL") {
		t.Errorf("the submitter's task is %s: %s: %s", mine.Status, mine.StatusMessage, mustJSON(t, mine.InputRequests))
	}
	if err := model.Update(t.Context(), task.ID, forged); err != nil {
		t.Errorf("an answer to a question that the task does not ask: %v", err)
	}
	exampletest.MustBeUnknown(t, model, reviewed.ID)
	if err := model.Update(t.Context(), reviewed.ID, forged); err == nil {
		t.Error("the submitter has answered through the approver's task")
	}
	var waiting []<-chan answer
	for _, version := range []string{sessions, rounds} {
		c := connectPerson(t, r.url, submitterToken, version, p)
		c.call("review_invoice", in.arg()).mustFail(t, "NotFound", "Nothing was done")
		waiting = append(waiting, c.startAndFollow("await_invoice", in.arg()))
		for !strings.Contains(exampletest.Receive(t, p.progress, "await_invoice to be told of the state"), "PENDING-APPROVAL") {
			continue
		}
		c.mustAnswerNothing(in, forged)
	}
	r.connect(t, approverToken).mustBePending(in)

	if err := human.Update(t.Context(), reviewed.ID, forged); err != nil { // from the approver, it counts
		t.Fatal(err)
	}
	answerOf(model.Wait(t.Context(), task.ID)).mustBe(t, billing.Paid, "all lines are paid")
	for _, answers := range waiting {
		exampletest.Receive(t, answers, "await_invoice").mustBe(t, billing.Paid, "all lines are paid")
	}
	select {
	case question := <-p.asked:
		t.Errorf("the submitter was asked %q", question.Message)
	default:
	}
}

// startAndFollow calls a tool in the background, and wants to know how far the
// work is.
func (c *caller) startAndFollow(tool, arguments string) <-chan answer {
	answers := make(chan answer, 1)
	params := exampletest.Params(tool, arguments)
	params.SetProgressToken(tool)
	go func() { answers <- answerOf(c.session.CallTool(c.t.Context(), params)) }()
	return answers
}

// mustAnswerNothing sends answers with calls that are not asked anything.
func (c *caller) mustAnswerNothing(in invoice, answers mcp.InputResponseMap) {
	c.t.Helper()
	for tool, arguments := range map[string]string{"process_invoice": in.json(), "invoice_status": in.arg()} {
		params := exampletest.Params(tool, arguments)
		params.InputResponses = answers
		if got := answerOf(c.session.CallTool(c.t.Context(), params)); got.Err != nil || got.IsError {
			c.t.Errorf("%s with an answer: %v %s", tool, got.Err, got.Text)
		}
	}
}

// mustBePending checks that nobody has decided about an invoice.
func (c *caller) mustBePending(in invoice) {
	c.t.Helper()
	if state := c.state(in); state != billing.PendingApproval {
		c.t.Fatalf("it is %s", state)
	}
}

// An approver who submits an invoice is a submitter of that one.
func TestRegressionApproverCannotApproveOwnInvoice(t *testing.T) {
	t.Parallel()
	r := shared(t)
	human := r.connect(t, approverToken)
	in := newInvoice(t, large)
	human.submit(in)
	human.awaitState(in, billing.PendingApproval)
	human.call("approve_invoice", in.arg()).mustFail(t, "NotFound")
	human.call("review_invoice", in.arg()).mustFail(t, "NotFound")
	human.mustBePending(in)
	// Nor does the submitter see it.
	r.connect(t, submitterToken).call("invoice_status", in.arg()).mustFail(t, "NotFound")
}

// A random workflow ID made a second invoice of a submit that was retried.
func TestRegressionResubmittingIsOneInvoice(t *testing.T) {
	t.Parallel()
	r := shared(t)
	in := newInvoice(t, small, small)
	submits := make([]<-chan answer, 5)
	for i := range submits {
		submits[i] = r.connect(t, submitterToken).start("process_invoice", in.json())
	}
	runs := map[string]bool{}
	for _, submit := range submits {
		got := exampletest.Receive(t, submit, "a submit")
		if got.Err != nil || got.IsError {
			t.Fatalf("a submit failed: %v %s", got.Err, got.Text)
		}
		runs[got.RunID] = true
	}
	client := r.connect(t, submitterToken)
	client.mustEnd(in, billing.Paid, "all lines are paid")
	again := client.submit(in) // also when it is paid long since
	if runs[again.RunID] = true; len(runs) != 1 {
		t.Errorf("it ran %d times", len(runs))
	}
	if !strings.Contains(again.Structured, `"status":"completed"`) {
		t.Errorf("submitting again says %s", again.Structured)
	}

	other := in
	other.Customer = "Somebody Else Ltd"
	client.call("process_invoice", other.json()).mustFail(t, "Conflict", "was started with other arguments", "Nothing was started or changed")
	r.mustHaveCharged(t, in, 1, 2)
}
