package billing

import (
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp"
)

// ProcessInvoice takes an invoice from its arrival to its end: it is compared
// with the ERP, approved by policy or by a human, and paid line by line.
//
// However that goes, the workflow completes, and its result says how. A failed
// payment or a rejection is an outcome of the business, not a failure of the
// program: a run that failed would have no result to read the outcome from.
// Queries are answered at all times, also after the end.
//
// If it is cancelled, it ends REJECTED, or if the payment is under way, as
// soon as it is known which lines were paid.
func ProcessInvoice(ctx workflow.Context, invoice Invoice) (Status, error) {
	p := newProcess(ctx, invoice)
	if err := p.listen(ctx); err != nil { // before the first wait: nobody finds the door closed
		return Status{}, err
	}
	for _, step := range []func(workflow.Context){p.prepare, p.validate, p.approve, p.pay} {
		step(ctx)
		if p.status.State.Final() {
			break
		}
	}
	return p.status, nil
}

// A process is an invoice on its way. Temporal runs all code of a workflow one
// at a time, so it needs no lock.
type process struct {
	invoice Invoice
	policy  Policy
	status  Status
}

func newProcess(ctx workflow.Context, invoice Invoice) *process {
	p := &process{invoice: invoice, status: Status{
		InvoiceID: invoice.ID, Customer: invoice.Customer, Total: invoice.Total(),
		Lines: make([]LineStatus, len(invoice.Lines)), Notes: []Note{},
	}}
	for i, line := range invoice.Lines {
		p.status.Lines[i] = LineStatus{Number: i + 1, Line: line, State: LineUnpaid}
	}
	p.moveTo(ctx, Initializing, "it has arrived")
	return p
}

// moveTo changes the state. It is the only place that does.
func (p *process) moveTo(ctx workflow.Context, state State, reason string) {
	now := workflow.Now(ctx).UTC()
	p.status.State, p.status.Since, p.status.Reason = state, now, reason
	p.status.History = append(p.status.History, Transition{State: state, At: now, Reason: reason})
	// For clients that wait, and for the Web UI. It fails for nonsense only,
	// and keeps what the invoice asks.
	_ = durablemcp.ReportProgress(ctx, state.steps(), steps, string(state)+": "+reason)
}

// maxNotes bounds the notes: signals cost their sender nothing.
const maxNotes = 50

// note records what happens without a change of state. The oldest notes give
// way.
func (p *process) note(ctx workflow.Context, text string) {
	p.status.Notes = append(p.status.Notes, Note{At: workflow.Now(ctx).UTC(), Text: text})
	if extra := len(p.status.Notes) - maxNotes; extra > 0 {
		p.status.Notes = p.status.Notes[extra:]
	}
}

// prepare reads the policy. Workflow code must do the same thing each time it
// is replayed, so it cannot read the worker's settings itself: a local
// activity does, once, and the history keeps its result.
func (p *process) prepare(ctx workflow.Context) {
	if err := p.invoice.check(); err != nil {
		p.moveTo(ctx, Failed, "it cannot be processed: "+err.Error())
		return
	}
	var activities *Activities // a nil one: Temporal needs only the names of its methods
	local := workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{StartToCloseTimeout: localTimeout})
	if err := workflow.ExecuteLocalActivity(local, activities.CurrentPolicy).Get(ctx, &p.policy); err != nil {
		p.giveUp(ctx, "the approval policy is not known", message(err))
	}
}

// validate compares the invoice with the ERP, which may need some time until
// it knows of the order.
func (p *process) validate(ctx workflow.Context) {
	p.moveTo(ctx, PendingValidation, "the ERP is asked whether it was ordered")
	var activities *Activities
	err := workflow.ExecuteActivity(withRetries(ctx, validationAttempts), activities.MatchInvoice, p.invoice).Get(ctx, nil)
	if err != nil {
		p.giveUp(ctx, "validation failed", explain(err, validationAttempts))
	}
}

// giveUp ends an invoice of which nothing has been paid: for a failure, or
// because whoever sent it has taken it back.
func (p *process) giveUp(ctx workflow.Context, what, why string) {
	if ctx.Err() != nil {
		p.moveTo(ctx, Rejected, "it was withdrawn")
		return
	}
	p.moveTo(ctx, Failed, what+": "+why)
}
