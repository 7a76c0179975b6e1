package billing_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp/examples/invoice/billing"
	"github.com/durablemcp/durablemcp/examples/invoice/erp"
	"github.com/durablemcp/durablemcp/examples/invoice/gateway"
	"github.com/durablemcp/durablemcp/examples/invoice/money"
	"github.com/durablemcp/durablemcp/examples/invoice/simulated"
)

// today is the day on which the invoices of these tests arrive.
var today = time.Date(2026, 3, 9, 9, 0, 0, 0, time.UTC)

// A world is a Temporal without a server, in which time flies, and the
// services around it.
type world struct {
	*testsuite.TestWorkflowEnvironment
	t       *testing.T
	erp     *simulated.ERP
	gateway *simulated.Gateway
	policy  *billing.Policy
}

func newWorld(t *testing.T) *world {
	t.Helper()
	ledger, erpService := startServices(t)
	w := &world{t: t, erp: erpService, gateway: ledger}
	erpClient, err := erp.New(w.erp.URL())
	if err != nil {
		t.Fatal(err)
	}
	gatewayClient, err := gateway.New(w.gateway.URL())
	if err != nil {
		t.Fatal(err)
	}
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler))) // most of these tests fail on purpose
	w.TestWorkflowEnvironment = suite.NewTestWorkflowEnvironment()
	w.SetStartTime(today)
	w.SetTestTimeout(time.Minute)
	w.RegisterWorkflowWithOptions(billing.ProcessInvoice, workflow.RegisterOptions{Name: billing.WorkflowType})
	activities := &billing.Activities{ERP: erpClient, Gateway: gatewayClient, Policy: billing.DefaultPolicy}
	w.policy = &activities.Policy
	billing.Register(registry{w.TestWorkflowEnvironment}, activities)
	return w
}

func startServices(t *testing.T) (*simulated.Gateway, *simulated.ERP) {
	t.Helper()
	ledger, err := simulated.StartGateway(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ledger.Close)
	service, err := simulated.StartERP(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(service.Close)
	return ledger, service
}

// run takes an invoice to its end.
func (w *world) run(invoice billing.Invoice) billing.Status {
	w.t.Helper()
	w.ExecuteWorkflow(billing.WorkflowType, invoice)
	var status billing.Status
	if err := w.GetWorkflowResult(&status); err != nil {
		w.t.Fatal(err)
	}
	return status
}

// after does something when some time has passed since the start.
func (w *world) after(d time.Duration, do func()) { w.RegisterDelayedCallback(do, d) }

// status asks for the status.
func (w *world) status() billing.Status {
	w.t.Helper()
	value, err := w.QueryWorkflow(billing.GetInvoiceStatus)
	if err != nil {
		w.t.Fatal(err)
	}
	var status billing.Status
	if err := value.Get(&status); err != nil {
		w.t.Fatal(err)
	}
	return status
}

// An outcome is what became of a decision.
type outcome struct {
	status  billing.Status
	refused error // by the validator
}

// decide sends a decision. The outcome is known after the workflow has had its
// turn.
func (w *world) decide(update string, argument any) *outcome {
	o := &outcome{}
	w.UpdateWorkflow(update, "", &testsuite.TestUpdateCallback{
		OnAccept: func() {},
		OnReject: func(err error) { o.refused = err },
		OnComplete: func(value any, err error) {
			if err != nil {
				w.t.Errorf("%s was accepted, and then failed: %v", update, err)
				return
			}
			o.status = value.(billing.Status)
		},
	}, argument)
	return o
}

// mustBe checks how an invoice ended, and that its history is in order.
func mustBe(t *testing.T, status billing.Status, reason string, states ...billing.State) {
	t.Helper()
	last := states[len(states)-1]
	if status.State != last || !strings.Contains(status.Reason, reason) {
		t.Errorf("the invoice is %s: %s\nwant %s: …%s…", status.State, status.Reason, last, reason)
	}
	var got []billing.State
	for i, transition := range status.History {
		got = append(got, transition.State)
		if transition.At.IsZero() || transition.Reason == "" || i > 0 && transition.At.Before(status.History[i-1].At) {
			t.Errorf("transition %d is %+v", i, transition)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(states) {
		t.Errorf("its states were %v, want %v", got, states)
	}
}

// mustHaveCharged checks that each line of an invoice was charged once, and
// nothing else was.
func (w *world) mustHaveCharged(invoice billing.Invoice, lines ...int) {
	w.t.Helper()
	want := map[string]money.USD{}
	for _, n := range lines {
		want[fmt.Sprintf("%s/%d", invoice.ID, n)] = invoice.Lines[n-1].Amount
	}
	got := map[string]money.USD{}
	for _, charge := range w.gateway.Charges() {
		if _, twice := got[charge.Key]; twice {
			w.t.Errorf("%s was charged twice", charge.Key)
		}
		got[charge.Key] = charge.Amount
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		w.t.Errorf("charged: %v, want %v", got, want)
	}
}

// invoice makes an invoice with lines that are due already.
func invoice(id string, amounts ...money.USD) billing.Invoice {
	in := billing.Invoice{ID: id, Customer: "Acme Ltd"}
	for i, amount := range amounts {
		in.Lines = append(in.Lines, billing.Line{
			Description: fmt.Sprintf("item %d", i+1), Amount: amount, DueDate: billing.DateOf(today),
		})
	}
	return in
}

func mustParseDate(t *testing.T, text string) billing.Date {
	t.Helper()
	date, err := billing.ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return date
}

// registry lets the test environment pass as a worker.
type registry struct {
	*testsuite.TestWorkflowEnvironment
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
