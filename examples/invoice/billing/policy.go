package billing

import (
	"time"

	"github.com/durablemcp/durablemcp/examples/invoice/money"
)

// A Policy says how invoices are approved. An invoice keeps to the policy that
// was in force when it arrived, also after the worker is started with another
// one.
type Policy struct {
	// AutoApproveBelow is the total from which on a human has to decide.
	AutoApproveBelow money.USD `json:"auto_approve_below"`

	// ApprovalTimeout is how long a human has for that. Then the invoice is
	// rejected.
	ApprovalTimeout time.Duration `json:"approval_timeout"`

	// ReminderInterval is how often the approvers are reminded in the
	// meantime. If zero, they are not.
	ReminderInterval time.Duration `json:"reminder_interval"`
}

// DefaultPolicy leaves five days for invoices of 100 dollars or more.
var DefaultPolicy = Policy{
	AutoApproveBelow: 100 * money.Dollar,
	ApprovalTimeout:  5 * 24 * time.Hour,
	ReminderInterval: 24 * time.Hour,
}
