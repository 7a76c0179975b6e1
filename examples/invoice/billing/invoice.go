package billing

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/durablemcp/durablemcp/examples/invoice/money"
)

// MaxLines is the most lines that an invoice may have.
//
// Each line is paid by a child workflow of its own, and Temporal lets a
// workflow have 2,000 of them at a time and 51,200 events in its history. 200
// lines stay far below both, and their status is still short enough to read.
// A longer invoice is split by who sends it.
const MaxLines = 200

// An Invoice asks to be paid. It is the input of [ProcessInvoice].
type Invoice struct {
	ID       string `json:"invoice_id" jsonschema:"minLength=1,maxLength=64,pattern=^[A-Za-z0-9][A-Za-z0-9._-]*$" jsonschema_description:"The invoice's own number, such as INV-2026-0042. It names the invoice in all other tools"`
	Customer string `json:"customer" jsonschema:"maxLength=200,pattern=\\S" jsonschema_description:"Who sent the invoice and is paid"`
	Lines    []Line `json:"lines" jsonschema:"minItems=1,maxItems=200" jsonschema_description:"What is to be paid. Each line is paid by itself on its due date"`
}

// A Line is one position of an invoice.
type Line struct {
	Description string    `json:"description" jsonschema:"maxLength=200,pattern=\\S" jsonschema_description:"What was bought"`
	Amount      money.USD `json:"amount" jsonschema:"maxLength=12"`
	DueDate     Date      `json:"due_date" jsonschema_description:"When it is to be paid, as year-month-day in UTC. A line that is due already is paid at once"`
}

// Total is the sum of the lines.
func (i Invoice) Total() money.USD {
	var total money.USD
	for _, line := range i.Lines {
		total += line.Amount
	}
	return total
}

var validID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// check finds what the tool's schema refuses before a workflow starts. A
// workflow can also be started without the tool, and must not pay nonsense
// then.
func (i Invoice) check() error {
	switch {
	case !validID.MatchString(i.ID):
		return fmt.Errorf("%.80q is not an invoice ID", i.ID)
	case len(i.Lines) == 0:
		return errors.New("the invoice has no lines")
	case len(i.Lines) > MaxLines:
		return fmt.Errorf("the invoice has %d lines, and the limit is %d", len(i.Lines), MaxLines)
	}
	for n, line := range i.Lines {
		if line.Amount <= 0 || line.Amount >= maxAmount {
			return fmt.Errorf("line %d has the amount %v: want one between $0.01 and $999999999.99", n+1, line.Amount)
		}
		if line.DueDate == (Date{}) {
			return fmt.Errorf("line %d has no due date", n+1)
		}
	}
	return nil
}

// maxAmount is the first amount that is too long for the schema of a line.
const maxAmount = 1_000_000_000 * money.Dollar
