package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// A story is a kind of call.
type story struct {
	name   string
	amount int  // of each line of the invoice, in dollars; without one there is no invoice
	paid   bool // what the invoice ends as
	play   func(context.Context, *call) error
}

// Amounts of lines. From $100 on, an invoice needs a human.
const (
	small = 5
	large = 150
)

var stories = []story{
	{name: "forecast", play: forecast},
	{name: "forecast of nowhere", play: forecastOfNowhere},
	{name: "alerts", play: alerts},
	{name: "small invoice", amount: small, paid: true, play: smallInvoice},
	{name: "approved invoice", amount: large, paid: true, play: approvedInvoice},
	{name: "reviewed invoice", amount: large, paid: true, play: reviewedInvoice},
	{name: "refused invoice", amount: large, play: refusedInvoice},
	{name: "withdrawn invoice", amount: large, play: withdrawnInvoice},
}

// ofWeather returns somebody who makes requests to the weather example.
func (c *call) ofWeather() *caller { return &caller{call: c, fleet: c.world.fleets[0], by: c.by} }

// text is a point as the weather service writes it.
func text(point [2]float64) string {
	return strconv.FormatFloat(point[0], 'f', -1, 64) + "," + strconv.FormatFloat(point[1], 'f', -1, 64)
}

func forecast(ctx context.Context, c *call) error {
	a, err := c.ofWeather().ask(ctx, "get_forecast", object{"latitude": c.point[0], "longitude": c.point[1]})
	if err != nil {
		return err
	}
	var got struct {
		Location string
		Periods  []struct{ DetailedForecast string }
	}
	if err := a.read(&got); err != nil {
		return err
	}
	at := text(c.point)
	if got.Location != placeOf(at) || len(got.Periods) != 1 || got.Periods[0].DetailedForecast != periodOf(at) {
		return fmt.Errorf("the forecast for %s is %s", at, a)
	}
	return nil
}

// forecastOfNowhere fails: the arguments are wrong.
func forecastOfNowhere(ctx context.Context, c *call) error {
	a, err := c.ofWeather().ask(ctx, "get_forecast", object{"latitude": c.point[0] - 20, "longitude": c.point[1]})
	if err == nil && (!a.isError || a.errorType != "InvalidLocation") {
		err = fmt.Errorf("there is a forecast for a place where there is none: %s", a)
	}
	return err
}

func alerts(ctx context.Context, c *call) error {
	a, err := c.ofWeather().ask(ctx, "get_alerts", object{"state": c.state})
	if err != nil {
		return err
	}
	var got struct {
		State  string
		Alerts []struct{ Description string }
	}
	if err := a.read(&got); err != nil {
		return err
	}
	if got.State != c.state || len(got.Alerts) != 1 || got.Alerts[0].Description != alertOf(c.state) {
		return fmt.Errorf("the alerts of %s are %s", c.state, a)
	}
	return nil
}

func smallInvoice(ctx context.Context, c *call) error {
	s, err := c.submit(ctx)
	if err != nil {
		return err
	}
	return s.mustEnd(ctx, "PAID", "all lines are paid")
}

// approvedInvoice is decided about by a tool.
func approvedInvoice(ctx context.Context, c *call) error {
	s, err := c.submit(ctx)
	if err != nil {
		return err
	}
	approver := c.ofBilling(c.approver, approverToken)
	for {
		now, err := s.awaitState(ctx, approver, func(s status) bool { return s.State != "INITIALIZING" && s.State != "PENDING-VALIDATION" })
		if err != nil {
			return err
		}
		if now.State != "PENDING-APPROVAL" { // an approval whose answer was lost
			return s.mustEnd(ctx, "PAID", "all lines are paid")
		}
		a, err := approver.ask(ctx, "approve_invoice", object{"invoice_id": c.invoice.ID, "comment": "ordered by me"})
		if err != nil {
			return err
		}
		if a.isError {
			c.note("approving failed: " + a.errorType)
		}
	}
}

// reviewedInvoice is decided about by the answer to a question.
func reviewedInvoice(ctx context.Context, c *call) error {
	return c.review(ctx, "approve", "PAID", "all lines are paid")
}

func refusedInvoice(ctx context.Context, c *call) error {
	return c.review(ctx, "reject", "REJECTED", "rejected by approver: not ordered")
}

func (c *call) review(ctx context.Context, decision, state, reason string) error {
	s, err := c.submit(ctx)
	if err != nil {
		return err
	}
	approver := c.ofBilling(c.approver, approverToken)
	misfit, strange := c.misfit, ""
	approver.person = func(question string) map[string]any {
		c.note("a person was asked")
		if !strings.Contains(question, "Invoice "+strconv.Quote(c.invoice.ID)+" of") {
			strange = question
		}
		if misfit {
			misfit = false
			return map[string]any{"decision": "perhaps", "reason": "not ordered"}
		}
		return map[string]any{"decision": decision, "reason": "not ordered"}
	}
	a, err := approver.ask(ctx, "review_invoice", object{"invoice_id": c.invoice.ID})
	if err != nil {
		return err
	}
	if strange != "" {
		return fmt.Errorf("the approver was asked %q", strange)
	}
	var seen status
	if err := a.read(&seen); err != nil {
		return err
	}
	if seen.State != state {
		return fmt.Errorf("reviewed, the invoice is %s, and must be %s", a, state)
	}
	return s.mustEnd(ctx, state, reason)
}

func withdrawnInvoice(ctx context.Context, c *call) error {
	s, err := c.submit(ctx)
	if err != nil {
		return err
	}
	if _, err := s.awaitState(ctx, s.submitter, func(s status) bool { return s.State == "PENDING-APPROVAL" }); err != nil {
		return err
	}
	if s.task != "" {
		err = s.submitter.again(ctx, func(ctx context.Context) (bool, error) {
			err := s.submitter.taskClient().Cancel(ctx, s.task)
			return err == nil, err
		})
	} else {
		var a *answer
		a, err = s.submitter.ask(ctx, "withdraw_invoice", object{"invoice_id": c.invoice.ID})
		if err == nil && a.isError {
			c.note("withdrawing failed: " + a.errorType)
		}
	}
	if err != nil {
		return err
	}
	return s.mustEnd(ctx, "REJECTED", "it was withdrawn")
}

// read reads the structured content of an answer that is no error.
func (a *answer) read(into any) error {
	if a.isError {
		return fmt.Errorf("the tool failed: %s", a)
	}
	if err := json.Unmarshal(a.structured, into); err != nil {
		return fmt.Errorf("%w in %s", err, a)
	}
	return nil
}
