package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/durablemcp/durablemcp/examples/internal/story"
	"github.com/durablemcp/durablemcp/examples/invoice/billing"
)

// submit submits an invoice, and gets a handle at once.
func (d *demo) submit(ctx context.Context, id string, lines ...billing.Line) error {
	result, err := d.submitter.Call(ctx, "process_invoice", arguments(id, lines...))
	if err != nil {
		return err
	}
	if result.IsError {
		return unexpected("%s was not accepted: %s", id, result.Text())
	}
	d.Say(submitter, "has a handle: %s", result.Text())
	d.Say("Web UI", "shows it: %s", result.Link())
	return nil
}

// arguments are those that submit an invoice.
func arguments(id string, lines ...billing.Line) string {
	data, _ := json.Marshal(billing.Invoice{ID: id, Customer: "Acme Office Supplies", Lines: lines}) // never fails
	return string(data)
}

// awaitApproval waits until an invoice needs a human.
func (d *demo) awaitApproval(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		result, err := d.submitter.Quietly(ctx, "invoice_status", fmt.Sprintf(`{"invoice_id":%q}`, id))
		if err != nil {
			return err
		}
		var status billing.Status
		if err := result.Decode(&status); err != nil {
			return err
		}
		switch {
		case status.State == billing.PendingApproval:
			return d.tellState(ctx, id, billing.PendingApproval)
		case status.State.Final():
			return unexpected("%s is %s: %s", id, status.State, status.Reason)
		}
		select {
		case <-ctx.Done():
			return unexpected("%s is still %s", id, status.State)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// mustRefuse lets the submitter try to approve its own invoice.
func (d *demo) mustRefuse(ctx context.Context, id string) error {
	result, err := d.submitter.Call(ctx, "approve_invoice", fmt.Sprintf(`{"invoice_id":%q}`, id))
	if err != nil {
		return err
	}
	if !result.IsError {
		return unexpected("the submitter has approved %s: %s", id, result.Text())
	}
	d.Say(submitter, "may not approve anything, least of all its own invoice:")
	d.Quote(result.Text())
	return nil
}

// decide lets the approver decide.
func (d *demo) decide(ctx context.Context, tool, arguments string, want billing.State) error {
	result, err := d.approver.Call(ctx, tool, arguments)
	if err != nil {
		return err
	}
	firstLine, _, _ := strings.Cut(result.Text(), "\n")
	d.Say(approver, "is told: %s", firstLine)
	return check(result, want, "")
}

// tellState asks for the state of an invoice, which must be the given one.
func (d *demo) tellState(ctx context.Context, id string, want billing.State) error {
	result, err := d.submitter.Call(ctx, "invoice_status", fmt.Sprintf(`{"invoice_id":%q}`, id))
	if err != nil {
		return err
	}
	firstLine, _, _ := strings.Cut(result.Text(), "\n")
	d.Say(submitter, "is told: %s", firstLine)
	return check(result, want, "")
}

// mustEnd waits for the end of an invoice.
func (d *demo) mustEnd(ctx context.Context, id string, want billing.State, reason string) error {
	result, err := d.submitter.Call(ctx, "await_invoice", fmt.Sprintf(`{"invoice_id":%q}`, id))
	if err != nil {
		return err
	}
	d.Say(submitter, "is told:")
	d.Quote(result.Text())
	return check(result, want, reason)
}

// check holds an answer to what it must be.
func check(result *story.Result, want billing.State, reason string) error {
	var status billing.Status
	if err := result.Decode(&status); err != nil {
		return unexpected("%w", err)
	}
	if status.State != want || !strings.Contains(status.Reason, reason) {
		return unexpected("%s is %s (%s), not %s (%s)", status.InvoiceID, status.State, status.Reason, want, reason)
	}
	return nil
}

// mustHaveCharged checks how many charges the gateway has made for an invoice.
func (d *demo) mustHaveCharged(id string, want int) error {
	made := map[string]int{}
	for _, charge := range d.gateway.Charges() {
		if strings.HasPrefix(charge.Key, id+"/") {
			made[charge.Key]++
		}
	}
	for key, times := range made {
		if times != 1 {
			return unexpected("%s was charged %d times", key, times)
		}
	}
	if len(made) != want {
		return unexpected("%d lines of %s were charged, not %d", len(made), id, want)
	}
	if want == 0 {
		d.Say("gateway", "has charged nothing for %s", id)
	} else {
		d.Say("gateway", "has charged %d of the lines of %s, and none of them twice", want, id)
	}
	return nil
}
