package main

import (
	"context"
	"log/slog"
	"testing"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp"
	"github.com/durablemcp/durablemcp/examples/internal/exampletest"
	"github.com/durablemcp/durablemcp/examples/invoice/billing"
	"github.com/durablemcp/durablemcp/examples/invoice/simulated"
)

// The workflows do the same thing each time that they are replayed, whatever
// happened to them: a worker that takes an invoice over relies on that.
func TestHistoriesReplay(t *testing.T) {
	t.Parallel()
	r := newRig(t, "-reminder", "200ms", "-approval-timeout", "1m")
	model, human := r.connect(t, submitterToken), r.connect(t, approverToken)
	c := r.service.temporal.Client

	eventful := newInvoice(t, large, small)
	r.erp.Matching.Fail(eventful.ID, simulated.Mismatch("no such order"))
	r.gateway.Charging.Fail(eventful.key(1), simulated.LoseAnswer())
	r.gateway.Charging.Fail(eventful.key(2), simulated.InsufficientFunds())
	model.submit(eventful)
	model.awaitState(eventful, billing.PendingApproval)
	exampletest.Eventually(t, "a reminder", func() bool { return len(r.erp.Reminders(eventful.ID)) > 0 })
	human.call("reject_invoice", eventful.arg(`"reason":" "`)).mustFail(t, "InvalidArguments")
	human.call("approve_invoice", eventful.arg()).mustBe(t, billing.Approved, "")
	if err := c.SignalWorkflow(t.Context(), "invoice-"+eventful.ID, "", billing.RejectInvoice, "nonsense"); err != nil {
		t.Fatal(err)
	}
	model.mustEnd(eventful, billing.Failed, "1 of 2 lines are paid")

	withdrawn := newInvoice(t, large)
	withdrawn.ID += ".withdrawn"
	model.submit(withdrawn)
	model.awaitState(withdrawn, billing.PendingApproval)
	model.call("withdraw_invoice", withdrawn.arg())
	model.mustEnd(withdrawn, billing.Rejected, "withdrawn")

	answered := newInvoice(t, large)
	answered.ID += ".answered"
	model.submit(answered)
	p := newPerson()
	p.answers <- decision("approve", "as agreed")
	reviewed := r.review(t, sessions, answered, p)
	exampletest.Receive(t, reviewed, "the end of the review").mustBe(t, billing.Paid, "all lines are paid")

	replayer := worker.NewWorkflowReplayer()
	registry, err := durablemcp.New(nil, billing.Tools(access())...)
	if err != nil {
		t.Fatal(err)
	}
	if err := registry.RegisterWorkflows(replayer, billing.TaskQueue); err != nil {
		t.Fatal(err)
	}
	replayer.RegisterWorkflowWithOptions(billing.PayLine, workflow.RegisterOptions{Name: "PayLine"})
	quiet := log.NewStructuredLogger(slog.New(slog.DiscardHandler))
	for _, id := range []string{
		"invoice-" + eventful.ID, "invoice-" + eventful.ID + "/line-1", "invoice-" + eventful.ID + "/line-2", "invoice-" + withdrawn.ID, "invoice-" + answered.ID,
	} {
		if err := replayer.ReplayWorkflowHistory(quiet, historyOf(t, c, id)); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func historyOf(t *testing.T, c client.Client, workflowID string) *history.History {
	t.Helper()
	all := &history.History{}
	events := c.GetWorkflowHistory(context.Background(), workflowID, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			t.Fatal(err)
		}
		all.Events = append(all.Events, event)
	}
	return all
}
