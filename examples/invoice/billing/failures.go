package billing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp/examples/invoice/erp"
	"github.com/durablemcp/durablemcp/examples/invoice/gateway"
	"github.com/durablemcp/durablemcp/examples/invoice/internal/rest"
)

// How often an activity is tried.
const (
	validationAttempts = 5
	paymentAttempts    = 3
	reminderAttempts   = 3
)

// localTimeout is for an activity that only reads memory.
const localTimeout = 5 * time.Second

// withRetries is how the activities deal with the services outside.
func withRetries(ctx workflow.Context, attempts int) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 30 * time.Second, // one attempt, and how long a dead worker goes unnoticed
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval:    time.Second,
			BackoffCoefficient: 2,
			MaximumInterval:    30 * time.Second,
			MaximumAttempts:    int32(attempts),
		},
	})
}

// The types of the errors with which activities fail.
const (
	Mismatch           = "MISMATCH"           // the invoice is not what was ordered, for now
	InsufficientFunds  = "INSUFFICIENT_FUNDS" // the account has not enough money
	ServiceRefused     = "ServiceRefused"     // a service refuses what it was asked: somebody has to look
	ServiceUnavailable = "ServiceUnavailable" // a service failed, for now
)

// failure turns an error of a service into what Temporal needs to know:
// whether a retry can help. No error is swallowed: an activity that returned
// nothing in its place would look like a success.
func failure(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err // Temporal ended the attempt itself
	}
	if _, ok := errors.AsType[*gateway.InsufficientFundsError](err); ok {
		return temporal.NewNonRetryableApplicationError(err.Error(), InsufficientFunds, nil)
	}
	if _, ok := errors.AsType[*erp.MismatchError](err); ok {
		return temporal.NewApplicationError(err.Error(), Mismatch)
	}
	if status, ok := errors.AsType[*rest.StatusError](err); ok && status.Permanent() {
		return temporal.NewNonRetryableApplicationError(err.Error(), ServiceRefused, nil)
	}
	return temporal.NewApplicationError(err.Error(), ServiceUnavailable)
}

// explain says in words why an activity failed, or the child workflow around
// it, and how often it was tried if that was more than once.
func explain(err error, attempts int) string {
	failure, ok := errors.AsType[*temporal.ApplicationError](err)
	_, inActivity := errors.AsType[*temporal.ActivityError](err)
	if !inActivity || ok && failure.NonRetryable() {
		return message(err)
	}
	return fmt.Sprintf("%s (tried %d times)", message(err), attempts)
}

func message(err error) string {
	if failure, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		return failure.Message()
	}
	if _, ok := errors.AsType[*temporal.TimeoutError](err); ok {
		return "it is not known whether it succeeded: no answer in time"
	}
	if _, ok := errors.AsType[*temporal.TerminatedError](err); ok {
		return "it was terminated"
	}
	return err.Error()
}
