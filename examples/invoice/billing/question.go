package billing

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp"
)

// A Decision is an approver's answer to the question that an invoice asks. It
// is the form that the approver fills in.
type Decision struct {
	Decision string `json:"decision" jsonschema:"title=Decision,enum=approve,enum=reject"`
	Reason   string `json:"reason" jsonschema:"title=Reason,maxLength=500,pattern=\\S" jsonschema_description:"Why, for the record and for whoever submitted the invoice"`
}

// verdict makes it the same decision as one that a tool or a signal brings.
func (d Decision) verdict(by durablemcp.Sender) verdict {
	if d.Decision == "approve" {
		return Approval{Comment: d.Reason, By: by}.verdict()
	}
	return Rejection{Reason: d.Reason, By: by}.verdict()
}

// ask asks an approver for a decision, until there is one: this or another. It
// reaches whoever reviews the invoice; who that may be, [Tools] declares.
// Cancelling the context withdraws the question.
//
// An approver who declines to answer has not decided anything, nor has a client
// that declines automatically: the question stays open for the others.
func (p *process) ask(ctx workflow.Context, deadline time.Time) {
	question := fmt.Sprintf("Invoice %q of %q for %v (%s) waits for your decision. Without one, it is rejected on %s.",
		p.invoice.ID, p.invoice.Customer, p.status.Total, p.whatFor(), clock(deadline))
	var by durablemcp.Sender
	decision, err := durablemcp.ElicitWithOptions[Decision](ctx, question,
		durablemcp.ElicitOptions{Name: "approval", Title: "Approval of invoice " + p.invoice.ID, UntilAccepted: true, AnsweredBy: &by})
	switch {
	case err == nil:
		if _, err := p.decide(ctx, decision.verdict(by)); err != nil {
			p.note(ctx, "an approver's answer was ignored: "+message(err))
		}
	case ctx.Err() == nil:
		p.note(ctx, "the approvers cannot be asked: "+message(err))
	}
}

// whatFor names what was bought, or the most of it. It is quoted, like all that
// the submitter has written and the approver reads.
func (p *process) whatFor() string {
	const most = 3
	var names []string
	for i, line := range p.invoice.Lines {
		if i == most {
			names = append(names, fmt.Sprintf("and %d more", len(p.invoice.Lines)-most))
			break
		}
		names = append(names, strconv.Quote(line.Description))
	}
	return strings.Join(names, ", ")
}
