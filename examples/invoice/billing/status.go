package billing

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/durablemcp/durablemcp/examples/invoice/money"
)

// A State is where an invoice is on its way.
type State string

// The states, in their order. An invoice ends in one of the last three.
const (
	Initializing      State = "INITIALIZING"
	PendingValidation State = "PENDING-VALIDATION"
	PendingApproval   State = "PENDING-APPROVAL"
	Approved          State = "APPROVED"
	Paying            State = "PAYING"
	Paid              State = "PAID"
	Rejected          State = "REJECTED"
	Failed            State = "FAILED"
)

// Final reports whether an invoice stays in the state.
func (s State) Final() bool { return s == Paid || s == Rejected || s == Failed }

// steps is how many steps an invoice goes through: it is validated, decided
// about, and paid.
const steps = 3

// steps is how many of them are done in the state.
func (s State) steps() float64 {
	switch s {
	case PendingApproval:
		return 1
	case Approved, Paying:
		return 2
	case Paid, Rejected, Failed:
		return steps
	case Initializing, PendingValidation:
	}
	return 0
}

// A LineState is where one line of an invoice is on its way.
type LineState string

// The states of a line.
const (
	LineUnpaid LineState = "UNPAID" // nothing was tried
	LinePaying LineState = "PAYING" // waits for its due date, or is being paid
	LinePaid   LineState = "PAID"
	LineFailed LineState = "FAILED"
)

// A Status is all that there is to know about an invoice. It is the result of
// [ProcessInvoice], the answer of its query, and the answer to a decision.
type Status struct {
	InvoiceID string       `json:"invoice_id"`
	Customer  string       `json:"customer"`
	Total     money.USD    `json:"total"`
	State     State        `json:"state" jsonschema:"enum=INITIALIZING,enum=PENDING-VALIDATION,enum=PENDING-APPROVAL,enum=APPROVED,enum=PAYING,enum=PAID,enum=REJECTED,enum=FAILED"`
	Since     time.Time    `json:"since" jsonschema_description:"When the invoice came into this state"`
	Reason    string       `json:"reason" jsonschema_description:"Why the invoice is in this state"`
	Lines     []LineStatus `json:"lines"`
	History   []Transition `json:"history" jsonschema_description:"Every state that the invoice has been in, the first one first"`
	Notes     []Note       `json:"notes" jsonschema_description:"What else happened, such as reminders"`
}

// A LineStatus is a line of an invoice and what became of it.
type LineStatus struct {
	Number int `json:"number"`
	Line
	State    LineState `json:"state" jsonschema:"enum=UNPAID,enum=PAYING,enum=PAID,enum=FAILED"`
	Reason   string    `json:"reason,omitempty" jsonschema_description:"Why it is not paid"`
	ChargeID string    `json:"charge_id,omitempty" jsonschema_description:"The payment gateway's number of the charge"`
}

// A Transition is a change of state.
type Transition struct {
	State  State     `json:"state"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
}

// A Note is something that happened without a change of state.
type Note struct {
	At   time.Time `json:"at"`
	Text string    `json:"text"`
}

// shownLines is how many lines the text lists: the structured content has all.
const shownLines = 20

// ToolText is the status as a model reads it.
func (s Status) ToolText() string {
	var text strings.Builder
	fmt.Fprintf(&text, "Invoice %s of %s, %v: %s: %s.\n", s.InvoiceID, s.Customer, s.Total, s.State, s.Reason)
	for i, line := range s.Lines {
		if i == shownLines {
			fmt.Fprintf(&text, "\n(and %d lines more)", len(s.Lines)-i)
			break
		}
		fmt.Fprintf(&text, "\n%d. %s, %v, due on %v: %s", line.Number, line.Description, line.Amount, line.DueDate, line.State)
		if line.Reason != "" {
			text.WriteString(": " + line.Reason)
		}
	}
	text.WriteString("\n")
	for _, what := range s.story() {
		fmt.Fprintf(&text, "\n%s  %s", what.At.Format(time.DateTime), what.Text)
	}
	return text.String()
}

// story is all that happened, in the order of time.
func (s Status) story() []Note {
	story := make([]Note, 0, len(s.History)+len(s.Notes))
	for _, t := range s.History {
		story = append(story, Note{At: t.At, Text: fmt.Sprintf("%s: %s", t.State, t.Reason)})
	}
	for _, n := range s.Notes {
		story = append(story, Note{At: n.At, Text: "note: " + n.Text})
	}
	slices.SortStableFunc(story, func(a, b Note) int { return a.At.Compare(b.At) })
	return story
}
