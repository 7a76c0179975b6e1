package simulated

import (
	"context"
	"net/http"
	"slices"
)

// An ERP is a running ERP. All invoices match what was ordered, unless it is
// told otherwise.
type ERP struct {
	*server
	Matching  *Faults // of comparing an invoice; the key is its ID
	Reminding *Faults // of taking a reminder; the same

	reminders map[string][]string
}

// match is the answer whether an invoice is what was ordered.
type match struct {
	Matches bool   `json:"matches"`
	Reason  string `json:"reason,omitempty"`
}

// StartERP starts an ERP.
func StartERP(ctx context.Context) (*ERP, error) {
	s, err := start(ctx, "ERP")
	if err != nil {
		return nil, err
	}
	e := &ERP{server: s, Matching: newFaults(), Reminding: newFaults(), reminders: map[string][]string{}}
	invoice := func(r *http.Request) string { return r.PathValue("invoice") }
	s.handle("POST /invoices/{invoice}/match", e.Matching, invoice, e.serveMatch)
	s.handle("POST /invoices/{invoice}/reminders", e.Reminding, invoice, e.serveReminder)
	return e, nil
}

// Reminders returns the reminders about an invoice.
func (e *ERP) Reminders(invoice string) []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.reminders[invoice])
}

func (e *ERP) serveMatch(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, match{Matches: true})
}

func (e *ERP) serveReminder(w http.ResponseWriter, r *http.Request) {
	var reminder struct {
		Text string `json:"text"`
	}
	if !readJSON(w, r, &reminder) {
		return
	}
	e.mu.Lock()
	e.reminders[r.PathValue("invoice")] = append(e.reminders[r.PathValue("invoice")], reminder.Text)
	e.mu.Unlock()
	writeJSON(w, http.StatusCreated, struct{}{})
}
