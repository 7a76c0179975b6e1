package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// Place is a struct argument, Greeting a struct result.
type Place struct {
	City string `json:"city" jsonschema:"description=The city."`
	Zip  int64  `json:"zip,omitempty"`
}

type Greeting struct {
	Text string `json:"text"`
	Zip  int64  `json:"zip"`
}

// Greet takes a struct and returns a struct.
func Greet(_ workflow.Context, p Place) (Greeting, error) {
	return Greeting{Text: "hello " + p.City, Zip: p.Zip}, nil
}

// Add takes positional arguments and returns a scalar.
func Add(_ workflow.Context, a, b int64) (int64, error) { return a + b, nil }

// Nothing takes and returns nothing.
func Nothing(workflow.Context) error { return nil }

// Echo returns what it gets, whatever that is.
func Echo(_ workflow.Context, v json.RawMessage) (json.RawMessage, error) { return v, nil }

// Find returns a pointer, which is nil for an empty city.
func Find(_ workflow.Context, p Place) (*Greeting, error) {
	if p.City == "nowhere" {
		return nil, nil
	}
	return &Greeting{Text: p.City}, nil
}

// Prose has a text for people.
type Prose struct {
	Temperature int `json:"temperature"`
}

// ToolText is what a model reads in place of the JSON.
func (p Prose) ToolText() string { return fmt.Sprintf("It is %d degrees.", p.Temperature) }

func Tell(workflow.Context) (Prose, error) { return Prose{21}, nil }

// Gate waits for the signal "open", and answers with its argument and the
// number of the run.
func Gate(ctx workflow.Context, name string) (string, error) {
	workflow.GetSignalChannel(ctx, "open").Receive(ctx, nil)
	return "opened " + name, nil
}

// Nap sleeps.
func Nap(ctx workflow.Context, d time.Duration) (string, error) {
	return "rested", workflow.Sleep(ctx, d)
}

// Again continues as new until n is 0.
func Again(ctx workflow.Context, n int) (string, error) {
	if n > 0 {
		return "", workflow.NewContinueAsNewError(ctx, Again, n-1)
	}
	return workflow.GetInfo(ctx).FirstRunID, nil
}

// Fail fails in the way that kind names.
func Fail(ctx workflow.Context, kind string) (string, error) {
	switch kind {
	case "plain":
		return "", errors.New("the printer is on fire")
	case "retryable":
		return "", temporal.NewApplicationError("the printer is busy", "Busy", map[string]int{"queue": 7})
	case "final":
		return "", temporal.NewNonRetryableApplicationError("no such printer", "NoPrinter", errors.New("looked at dial tcp 10.0.0.7:631: refused"))
	case "panic":
		panic("printer exploded")
	case "canceled":
		return "", temporal.NewCanceledError()
	case "wrapped":
		return "", fmt.Errorf("printing: %w", failingActivity(ctx, "final", 1))
	case "activity":
		return "", failingActivity(ctx, "final", 5)
	case "exhausted":
		return "", failingActivity(ctx, "retryable", 2)
	case "activitypanic":
		return "", failingActivity(ctx, "panic", 1)
	case "slow":
		return "", failingActivity(ctx, "slow", 1)
	case "child":
		return "", workflow.ExecuteChildWorkflow(ctx, Fail, "final").Get(ctx, nil)
	}
	return "", workflow.Sleep(ctx, time.Hour)
}

func failingActivity(ctx workflow.Context, kind string, attempts int32) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 200 * time.Millisecond,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: 10 * time.Millisecond, MaximumAttempts: attempts,
		},
	})
	return workflow.ExecuteActivity(ctx, FailActivity, kind).Get(ctx, nil)
}

// FailActivity is the activity of [Fail].
func FailActivity(ctx context.Context, kind string) error {
	switch kind {
	case "final":
		return temporal.NewNonRetryableApplicationError("out of paper", "Paper", nil)
	case "panic":
		panic("paper jam")
	case "slow":
		<-ctx.Done()
		return ctx.Err()
	}
	return temporal.NewApplicationError("paper is coming", "Delay")
}

// Retry runs one activity that fails until it is told not to.
func Retry(ctx workflow.Context, name string) (string, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 10 * time.Second,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Minute},
	})
	var out string
	err := workflow.ExecuteActivity(ctx, "Unlucky", name).Get(ctx, &out)
	return out, err
}
