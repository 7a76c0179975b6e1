package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// The invoice example's callers.
const (
	submitterToken = "demo-submitter"
	approverToken  = "demo-approver"
)

// ofBilling returns somebody who makes requests to the invoice example.
func (c *call) ofBilling(by generation, token string) *caller {
	return &caller{call: c, fleet: c.world.fleets[1], by: by, token: token}
}

// A status is what the tools say of an invoice.
type status struct {
	InvoiceID string `json:"invoice_id"`
	State     string `json:"state"`
	Reason    string `json:"reason"`
	Lines     []struct {
		State    string `json:"state"`
		ChargeID string `json:"charge_id"`
	} `json:"lines"`
}

// A submission is an invoice on its way.
type submission struct {
	call      *call
	submitter *caller
	task      string  // the ID of the task that the submission has become
	ended     *answer // the answer of one that has ended at once
}

// submit submits the call's invoice.
func (c *call) submit(ctx context.Context) (*submission, error) {
	s := &submission{call: c, submitter: c.ofBilling(c.by, submitterToken)}
	if c.by != tasks {
		a, err := s.submitter.ask(ctx, "process_invoice", c.invoice)
		if err != nil {
			return nil, err
		}
		var handle struct {
			WorkflowID string `json:"workflow_id"`
		}
		if err := a.read(&handle); err != nil {
			return nil, err
		}
		if handle.WorkflowID != "invoice-"+c.invoice.ID {
			return nil, fmt.Errorf("submitted, and answered: %s", a)
		}
		return s, nil
	}
	err := s.submitter.again(ctx, func(ctx context.Context) (bool, error) {
		outcome, err := s.submitter.taskClient().CallTool(ctx, &mcp.CallToolParams{Name: "process_invoice", Arguments: c.invoice})
		if err != nil {
			return false, err
		}
		if outcome.Task != nil {
			s.task = outcome.Task.ID
			return true, nil
		}
		a, err := answerOf(outcome.Result)
		if err != nil || a.isError && a.retryable {
			return false, err
		}
		s.ended = a
		return true, nil
	})
	return s, err
}

// awaitState asks for the invoice's status until it is one that is wanted.
func (s *submission) awaitState(ctx context.Context, asks *caller, wanted func(status) bool) (status, error) {
	for {
		a, err := asks.ask(ctx, "invoice_status", object{"invoice_id": s.call.invoice.ID})
		if err != nil {
			return status{}, err
		}
		var now status
		if err := a.read(&now); err != nil {
			return status{}, err
		}
		if wanted(now) {
			return now, nil
		}
		select {
		case <-ctx.Done():
			return status{}, fmt.Errorf("%w; the invoice is %s", ctx.Err(), now.State)
		case <-time.After(pause):
		}
	}
}

// mustEnd waits until the invoice has ended, and checks how. Whoever asks
// afterwards must be told the same.
func (s *submission) mustEnd(ctx context.Context, state, reason string) error {
	a, err := s.end(ctx)
	if err != nil {
		return err
	}
	var end status
	if err := a.read(&end); err != nil {
		return err
	}
	later, err := s.awaitState(ctx, s.call.ofBilling(s.call.approver, approverToken), func(status) bool { return true })
	if err != nil {
		return err
	}
	if end.InvoiceID != s.call.invoice.ID || end.State != state || end.Reason != reason || later.State != state {
		return fmt.Errorf("the invoice must end %s (%s), and has ended %s; later it is %s", state, reason, a, later.State)
	}
	for _, l := range end.Lines {
		if (l.State == "PAID") != (state == "PAID") || (l.ChargeID != "") != (state == "PAID") {
			return fmt.Errorf("the lines have ended %s", a)
		}
	}
	if len(end.Lines) != len(s.call.invoice.Lines) {
		return errors.New("there are lines too many or too few")
	}
	return nil
}

func (s *submission) end(ctx context.Context) (*answer, error) {
	switch {
	case s.ended != nil:
		return s.ended, nil
	case s.task != "":
		return s.submitter.await(ctx, s.task)
	}
	return s.submitter.ask(ctx, "await_invoice", object{"invoice_id": s.call.invoice.ID})
}
