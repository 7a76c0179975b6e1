// Package gateway is a client of the payment gateway: the service that moves
// the money.
package gateway

import (
	"context"
	"errors"
	"net/http"

	"github.com/durablemcp/durablemcp/examples/invoice/internal/rest"
	"github.com/durablemcp/durablemcp/examples/invoice/money"
)

// A Client asks one gateway. It makes one request a call, and is safe for
// concurrent use.
type Client struct{ rest *rest.Client }

// New returns a client of the gateway at base.
func New(base string) (*Client, error) {
	c, err := rest.New("the payment gateway", base)
	if err != nil {
		return nil, err
	}
	return &Client{c}, nil
}

// KeyHeader is the header by which the gateway tells a repeated charge from a
// second one.
const KeyHeader = "Idempotency-Key"

// A Charge is a payment to make.
type Charge struct {
	// Key makes the charge idempotent: the gateway makes one charge for a key,
	// however often it is asked, and answers with the same receipt.
	Key string `json:"-"`

	Amount      money.USD `json:"amount"`
	Description string    `json:"description"`
}

// A Receipt says that a charge was made.
type Receipt struct {
	ChargeID string `json:"charge_id"`
}

// CodeInsufficientFunds is the gateway's code for an account without enough
// money.
const CodeInsufficientFunds = "INSUFFICIENT_FUNDS"

// An InsufficientFundsError says that the account has not enough money. The
// charge was not made, and the same charge again would not be either.
type InsufficientFundsError struct{ Message string }

func (e *InsufficientFundsError) Error() string { return CodeInsufficientFunds + ": " + e.Message }

// Charge makes a charge. After an error other than those that say the charge
// was refused, it may have been made: ask again with the same key.
func (c *Client) Charge(ctx context.Context, charge Charge) (Receipt, error) {
	var receipt Receipt
	err := c.rest.Post(ctx, []string{"charges"}, http.Header{KeyHeader: {charge.Key}}, charge, &receipt)
	if status, ok := errors.AsType[*rest.StatusError](err); ok && status.Code == CodeInsufficientFunds {
		return Receipt{}, &InsufficientFundsError{Message: status.Message}
	}
	if err == nil && receipt.ChargeID == "" {
		return Receipt{}, errors.New("the payment gateway sent an answer that cannot be used")
	}
	return receipt, err
}
