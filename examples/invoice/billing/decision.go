package billing

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp"
)

// The names by which clients talk to a running invoice. Decisions are updates,
// which answer; the signals of the same names are for senders that cannot wait
// for an answer.
const (
	ApproveInvoice   = "ApproveInvoice"
	RejectInvoice    = "RejectInvoice"
	GetInvoiceStatus = "GetInvoiceStatus"
)

// An Approval is the argument of [ApproveInvoice].
type Approval struct {
	Comment string `json:"comment,omitempty" jsonschema:"maxLength=500" jsonschema_description:"Why, for the record"`
	// By is who approves, by their access token: a model cannot say it.
	By durablemcp.Sender `json:"by,omitzero" jsonschema:"-"`
}

// A Rejection is the argument of [RejectInvoice].
type Rejection struct {
	Reason string `json:"reason" jsonschema:"maxLength=500,pattern=\\S" jsonschema_description:"Why, for the record and for whoever submitted the invoice"`
	// By is who rejects, by their access token.
	By durablemcp.Sender `json:"by,omitzero" jsonschema:"-"`
}

// listen opens the ways in which clients talk to the invoice.
func (p *process) listen(ctx workflow.Context) error {
	p.handleSignals(ctx)
	return errors.Join(
		workflow.SetQueryHandler(ctx, GetInvoiceStatus, func() (Status, error) { return p.status, nil }),
		workflow.SetUpdateHandlerWithOptions(ctx, ApproveInvoice,
			func(ctx workflow.Context, a Approval) (Status, error) { return p.decide(ctx, a.verdict()) },
			workflow.UpdateHandlerOptions{Validator: func(a Approval) error { return p.mayDecide(a.verdict()) }}),
		workflow.SetUpdateHandlerWithOptions(ctx, RejectInvoice,
			func(ctx workflow.Context, r Rejection) (Status, error) { return p.decide(ctx, r.verdict()) },
			workflow.UpdateHandlerOptions{Validator: func(r Rejection) error { return p.mayDecide(r.verdict()) }}),
	)
}

// A verdict is a decision of either kind.
type verdict struct {
	state  State
	word   string // "approved"
	reason string
	by     string // whose it is, empty over stdio and for signals
}

func (a Approval) verdict() verdict  { return verdict{Approved, "approved", a.Comment, a.By.Principal} }
func (r Rejection) verdict() verdict { return verdict{Rejected, "rejected", r.Reason, r.By.Principal} }

// decide carries a decision out, and answers with what became of the invoice.
// It does not wait: between the validator and the change of state, nothing
// else happens, and of two decisions that arrive together one comes second.
func (p *process) decide(ctx workflow.Context, v verdict) (Status, error) {
	if err := p.mayDecide(v); err != nil {
		return Status{}, err
	}
	p.moveTo(ctx, v.state, strings.TrimSuffix(v.word+" by "+cmp.Or(v.by, "a human")+": "+strings.TrimSpace(v.reason), ": "))
	return p.status, nil
}

// The types of the errors with which decisions are refused.
const (
	DecisionTooEarly = "DecisionTooEarly" // ask again when the invoice is PENDING-APPROVAL
	DecisionTooLate  = "DecisionTooLate"  // it has been decided
	DecisionInvalid  = "DecisionInvalid"  // the decision itself is wrong
)

// mayDecide checks a decision against the state. It changes nothing.
func (p *process) mayDecide(v verdict) error {
	switch p.status.State {
	case PendingApproval:
		if v.state == Rejected && strings.TrimSpace(v.reason) == "" {
			return temporal.NewNonRetryableApplicationError("a rejection needs a reason", DecisionInvalid, nil)
		}
		return nil
	case Initializing, PendingValidation:
		return temporal.NewApplicationError(fmt.Sprintf(
			"invoice %s cannot be %s yet: it is %s. Decide when it is %s",
			p.invoice.ID, v.word, p.status.State, PendingApproval), DecisionTooEarly)
	}
	return temporal.NewNonRetryableApplicationError(fmt.Sprintf(
		"invoice %s cannot be %s: it is %s since %s (%s). Nothing was changed",
		p.invoice.ID, v.word, p.status.State, clock(p.status.Since), p.status.Reason), DecisionTooLate, nil)
}

// handleSignals carries out decisions that arrive as signals. They pass the
// same guard; as nobody can be told that one was refused, that is noted.
//
// Each kind has a coroutine of its own: while one waits behind a signal whose
// payload cannot be read, which the SDK drops, the other goes on.
func (p *process) handleSignals(ctx workflow.Context) {
	workflow.Go(ctx, func(ctx workflow.Context) {
		for signals := workflow.GetSignalChannel(ctx, ApproveInvoice); ; {
			var approval Approval
			signals.Receive(ctx, &approval)
			p.decideBySignal(ctx, ApproveInvoice, approval.verdict())
		}
	})
	workflow.Go(ctx, func(ctx workflow.Context) {
		for signals := workflow.GetSignalChannel(ctx, RejectInvoice); ; {
			var rejection Rejection
			signals.Receive(ctx, &rejection)
			rejection.Reason = cmp.Or(strings.TrimSpace(rejection.Reason), "no reason was given") // a signal may have no payload
			p.decideBySignal(ctx, RejectInvoice, rejection.verdict())
		}
	})
}

func (p *process) decideBySignal(ctx workflow.Context, signal string, v verdict) {
	if _, err := p.decide(ctx, v); err != nil {
		p.note(ctx, fmt.Sprintf("the signal %s was ignored: %s", signal, message(err)))
	}
}
