package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// A billing is an ERP to which all invoices are right, and a payment gateway
// that keeps the books.
type billing struct {
	url    string
	server *http.Server

	mu      sync.Mutex
	charges map[string]charge // by their idempotency keys
	reused  []string          // keys of one charge that came with another
	repeats int               // requests for what was charged already
}

// A charge is a payment that was made.
type charge struct {
	Amount      string `json:"amount"`
	Description string `json:"description"`
}

func startBilling(ctx context.Context, seed uint64) (*billing, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &billing{url: "http://" + listener.Addr().String(), charges: make(map[string]charge)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /invoices/{invoice}/match", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, object{"matches": true})
	})
	mux.HandleFunc("POST /invoices/{invoice}/reminders", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusCreated, object{})
	})
	mux.HandleFunc("POST /charges", b.charge)
	b.server = &http.Server{Handler: unreliable(mux, seed), ReadHeaderTimeout: time.Minute}
	go func() { _ = b.server.Serve(listener) }()
	return b, nil
}

func (b *billing) close() { _ = b.server.Close() }

// charge makes a charge, once for each idempotency key.
func (b *billing) charge(w http.ResponseWriter, r *http.Request) {
	var asked charge
	key := r.Header.Get(idempotencyKey)
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || key == "" {
		reply(w, http.StatusBadRequest, object{"code": "MALFORMED"})
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if made, ok := b.charges[key]; ok {
		b.repeats++
		if made != asked {
			b.reused = append(b.reused, key)
		}
	} else {
		b.charges[key] = asked
	}
	reply(w, http.StatusCreated, object{"charge_id": "ch-" + key})
}

// audit holds the books to what should have been paid: amounts by descriptions,
// of which each payment has one of its own.
func (b *billing) audit(due map[string]string) (duplicated, wrong []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	paid := make(map[string]bool)
	for key, made := range b.charges {
		amount, isDue := due[made.Description]
		switch {
		case !isDue:
			duplicated = append(duplicated, fmt.Sprintf("%s (%s): charged, and must not be", made.Description, key))
		case paid[made.Description]:
			duplicated = append(duplicated, fmt.Sprintf("%s (%s): charged twice", made.Description, key))
		case made.Amount != amount:
			wrong = append(wrong, fmt.Sprintf("%s (%s): charged %s for %s", made.Description, key, made.Amount, amount))
		}
		paid[made.Description] = true
	}
	for description := range due {
		if !paid[description] {
			wrong = append(wrong, description+": not charged")
		}
	}
	for _, key := range b.reused {
		wrong = append(wrong, key+": the idempotency key of another charge")
	}
	slices.Sort(duplicated)
	slices.Sort(wrong)
	return duplicated, wrong
}
