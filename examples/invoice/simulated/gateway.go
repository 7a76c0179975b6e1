package simulated

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/durablemcp/durablemcp/examples/invoice/gateway"
	"github.com/durablemcp/durablemcp/examples/invoice/money"
)

// A Gateway is a running payment gateway. It makes every charge, unless it is
// told otherwise.
type Gateway struct {
	*server
	Charging *Faults // the key is the idempotency key

	ledger *ledger
}

// A Charge is a charge that was made.
type Charge struct {
	Key         string    `json:"key"`
	ID          string    `json:"charge_id"`
	Amount      money.USD `json:"amount"`
	Description string    `json:"description"`
}

// StartGateway starts a gateway that keeps its charges in a file, so that it
// remembers idempotency keys after a restart, as a real one does. Without a
// file it keeps them in memory.
func StartGateway(ctx context.Context, file string) (*Gateway, error) {
	ledger, err := openLedger(file)
	if err != nil {
		return nil, err
	}
	s, err := start(ctx, "payment gateway")
	if err != nil {
		ledger.close()
		return nil, err
	}
	g := &Gateway{server: s, Charging: newFaults(), ledger: ledger}
	s.handle("POST /charges", g.Charging, func(r *http.Request) string { return r.Header.Get(gateway.KeyHeader) }, g.serveCharge)
	return g, nil
}

// Close stops the gateway.
func (g *Gateway) Close() {
	g.server.Close()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ledger.close()
}

// Charges returns the charges that were made, in their order.
func (g *Gateway) Charges() []Charge {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.ledger.charges)
}

func (g *Gateway) serveCharge(w http.ResponseWriter, r *http.Request) {
	charge := Charge{Key: r.Header.Get(gateway.KeyHeader)}
	if !readJSON(w, r, &charge) {
		return
	}
	if charge.Key == "" {
		writeJSON(w, http.StatusBadRequest, problem{Code: "NO_KEY", Message: "a charge needs the header " + gateway.KeyHeader})
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if made, ok := g.ledger.find(charge.Key); ok {
		repeat(w, made, charge)
		return
	}
	charge.ID = fmt.Sprintf("ch_%d", len(g.ledger.charges)+1)
	if err := g.ledger.add(charge); err != nil {
		writeJSON(w, http.StatusInternalServerError, problem{Code: "LEDGER", Message: "the charge cannot be recorded"})
		return
	}
	writeJSON(w, http.StatusCreated, gateway.Receipt{ChargeID: charge.ID})
}

// repeat answers a request whose key was used before.
func repeat(w http.ResponseWriter, made, asked Charge) {
	if made.Amount != asked.Amount || made.Description != asked.Description {
		writeJSON(w, http.StatusUnprocessableEntity, problem{Code: "KEY_REUSED", Message: "the idempotency key is that of another charge"})
		return
	}
	writeJSON(w, http.StatusOK, gateway.Receipt{ChargeID: made.ID})
}

func readJSON(w http.ResponseWriter, r *http.Request, into any) bool {
	if err := json.NewDecoder(r.Body).Decode(into); err != nil {
		writeJSON(w, http.StatusBadRequest, problem{Code: "MALFORMED", Message: "the request cannot be read"})
		return false
	}
	return true
}
