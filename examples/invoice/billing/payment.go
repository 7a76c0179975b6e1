package billing

import (
	"fmt"
	"strings"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp/examples/invoice/money"
)

// pay pays all lines in parallel, each in a child workflow: a line that is due
// in two months has a history and a timer of its own, and one line that fails
// does not keep the others from being paid.
func (p *process) pay(ctx workflow.Context) {
	p.moveTo(ctx, Paying, "each line is paid on its due date")
	lines := workflow.NewWaitGroup(ctx)
	for i := range p.status.Lines {
		lines.Go(ctx, func(ctx workflow.Context) { p.payLine(ctx, &p.status.Lines[i]) })
	}
	lines.Wait(ctx)
	p.settle(ctx)
}

// payLine pays one line and records what became of it.
func (p *process) payLine(ctx workflow.Context, line *LineStatus) {
	payment := Payment{InvoiceID: p.invoice.ID, Number: line.Number, Line: line.Line}
	child := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID: payment.workflowID(),
		// If the invoice is terminated, lines that wait for their due date must
		// not be paid on their own one day. A line that is being charged sees
		// it through.
		ParentClosePolicy: enums.PARENT_CLOSE_POLICY_REQUEST_CANCEL,
		// If it is cancelled, what became of the line still counts.
		WaitForCancellation: true,
		StaticSummary:       fmt.Sprintf("%v for %s, due on %v", line.Amount, line.Description, line.DueDate),
	})
	line.State = LinePaying
	var receipt Receipt
	err := workflow.ExecuteChildWorkflow(child, PayLine, payment).Get(ctx, &receipt)
	switch {
	case err == nil:
		line.State, line.ChargeID = LinePaid, receipt.ChargeID
	case temporal.IsCanceledError(err):
		line.State, line.Reason = LineUnpaid, "the invoice was withdrawn before the line was paid"
	default:
		line.State, line.Reason = LineFailed, explain(err, paymentAttempts)
	}
}

// settle ends the invoice: it is PAID if every line is, and only then.
func (p *process) settle(ctx workflow.Context) {
	paid, problems := 0, []string{}
	for _, line := range p.status.Lines {
		if line.State == LinePaid {
			paid++
			continue
		}
		problems = append(problems, fmt.Sprintf("line %d (%s): %s", line.Number, line.Description, line.Reason))
	}
	if len(problems) == 0 {
		p.moveTo(ctx, Paid, "all lines are paid")
		return
	}
	const most = 3
	if more := len(problems) - most; more > 0 {
		problems = append(problems[:most], fmt.Sprintf("and %d more", more))
	}
	p.moveTo(ctx, Failed, fmt.Sprintf("%d of %d lines are paid; %s", paid, len(p.status.Lines), strings.Join(problems, "; ")))
}

// A Payment is the payment of one line of an invoice.
type Payment struct {
	InvoiceID string `json:"invoice_id"`
	Number    int    `json:"number"`
	Line
}

// A Receipt says that a line was paid.
type Receipt struct {
	ChargeID string    `json:"charge_id"`
	Amount   money.USD `json:"amount"`
}

// workflowID is the ID of the child workflow. The slash is not part of any
// invoice's ID, so that it is no other invoice's, either.
func (p Payment) workflowID() string { return fmt.Sprintf("invoice-%s/line-%d", p.InvoiceID, p.Number) }

// idempotencyKey is the same for each attempt to pay this line, in whatever
// process and workflow: the gateway makes one charge of them.
func (p Payment) idempotencyKey() string { return fmt.Sprintf("%s/%d", p.InvoiceID, p.Number) }

// PayLine sleeps until a line's due date, and pays it. It is the child
// workflow of [ProcessInvoice].
//
// It can be cancelled while it sleeps. Once the charge is under way, it is
// carried to its end: nobody could say whether a charge that was broken off
// has been made.
func PayLine(ctx workflow.Context, payment Payment) (Receipt, error) {
	if err := sleepUntil(ctx, payment.DueDate); err != nil {
		return Receipt{}, err
	}
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	var activities *Activities
	var receipt Receipt
	err := workflow.ExecuteActivity(withRetries(ctx, paymentAttempts), activities.ChargeLine, payment).Get(ctx, &receipt)
	return receipt, err
}

// sleepUntil sleeps until a day begins. The sleep is Temporal's: no process has
// to survive it.
func sleepUntil(ctx workflow.Context, day Date) error {
	if wait := day.Midnight().Sub(workflow.Now(ctx)); wait > 0 {
		return workflow.NewTimerWithOptions(ctx, wait, workflow.TimerOptions{Summary: "until the due date " + day.String()}).Get(ctx, nil)
	}
	return ctx.Err() // cancelled before it began
}
