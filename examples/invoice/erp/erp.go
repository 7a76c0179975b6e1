// Package erp is a client of the system that knows what was ordered: the ERP.
package erp

import (
	"context"

	"github.com/durablemcp/durablemcp/examples/invoice/internal/rest"
	"github.com/durablemcp/durablemcp/examples/invoice/money"
)

// A Client asks one ERP. It makes one request a call, and is safe for
// concurrent use.
type Client struct{ rest *rest.Client }

// New returns a client of the ERP at base.
func New(base string) (*Client, error) {
	c, err := rest.New("the ERP", base)
	if err != nil {
		return nil, err
	}
	return &Client{c}, nil
}

// A Claim is what an invoice says, to be compared with what was ordered.
type Claim struct {
	Invoice  string    `json:"-"`
	Customer string    `json:"customer"`
	Total    money.USD `json:"total"`
	Lines    int       `json:"lines"`
}

// A MismatchError says that an invoice does not match what was ordered. That
// can heal: the order may be on its way into the ERP.
type MismatchError struct{ Reason string }

func (e *MismatchError) Error() string {
	return "the invoice does not match what the ERP knows: " + e.Reason
}

// Match compares an invoice with what was ordered. It returns a
// [*MismatchError] if they differ.
func (c *Client) Match(ctx context.Context, claim Claim) error {
	var answer struct {
		Matches bool   `json:"matches"`
		Reason  string `json:"reason"`
	}
	if err := c.rest.Post(ctx, []string{"invoices", claim.Invoice, "match"}, nil, claim, &answer); err != nil {
		return err
	}
	if !answer.Matches {
		return &MismatchError{Reason: rest.Line(answer.Reason)}
	}
	return nil
}

// A Reminder asks the approvers for a decision.
type Reminder struct {
	Invoice string `json:"-"`
	Text    string `json:"text"`
}

// Remind puts a reminder into the approvers' inbox, which the ERP keeps.
func (c *Client) Remind(ctx context.Context, reminder Reminder) error {
	return c.rest.Post(ctx, []string{"invoices", reminder.Invoice, "reminders"}, nil, reminder, &struct{}{})
}
