package main

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// A generation is a kind of client, by the protocol that it speaks.
type generation string

const (
	sessions  generation = "session"   // 2025-11-25
	stateless generation = "stateless" // 2026-07-28
	tasks     generation = "tasks"     // 2026-07-28, with the tasks extension
)

var generations = []generation{sessions, stateless, tasks}

// A call is one call as whoever makes it sees it: something that has to be done,
// in however many requests.
type call struct {
	number   int
	story    story
	by       generation // of who makes it
	approver generation // of who decides about it
	misfit   bool       // the first answer to a question does not fit it, and the client lets it pass

	point   [2]float64
	state   string
	invoice invoice

	world *world

	// What has become of it.
	took time.Duration
	err  error // nil if it has ended with the right outcome
	lost bool  // it has not ended
	notes
}

func (c *call) String() string {
	return fmt.Sprintf("call %d (%s, %s, approver %s, invoice %s)", c.number, c.story.name, c.by, c.approver, c.invoice.ID)
}

// An invoice is the argument of process_invoice.
type invoice struct {
	ID       string `json:"invoice_id"`
	Customer string `json:"customer"`
	Lines    []line `json:"lines"`
}

type line struct {
	Description string `json:"description"`
	Amount      string `json:"amount"`
	DueDate     string `json:"due_date"`
}

// plan decides which calls are made.
func plan(c config) []*call {
	random := rand.New(rand.NewPCG(c.seed, 0))
	calls := make([]*call, c.calls)
	for i, turn := range random.Perm(len(calls)) { // all stories, in any order
		calls[i] = &call{
			number: i, story: stories[turn%len(stories)],
			by: generations[random.IntN(3)], approver: generations[random.IntN(3)], misfit: random.IntN(4) == 0,
			point: [2]float64{float64(300000+i) / 1e4, -float64(700000+random.IntN(400000)) / 1e4},
			state: string([]byte{byte('A' + random.IntN(6)), byte('A' + random.IntN(6))}), // some at the same time
		}
		if calls[i].approver == stateless {
			calls[i].misfit = false // that client of the SDK fails the call
		}
		calls[i].invoice = makeInvoice(random, calls[i])
	}
	return calls
}

func makeInvoice(random *rand.Rand, c *call) invoice {
	if c.story.amount == 0 {
		return invoice{}
	}
	in := invoice{ID: fmt.Sprintf("INV-%d", c.number), Customer: "Initech"}
	for n := range 1 + random.IntN(3) {
		in.Lines = append(in.Lines, line{
			Description: fmt.Sprintf("%s line %d", in.ID, n+1),
			Amount:      fmt.Sprintf("%d.%02d", c.story.amount+random.IntN(10), random.IntN(100)), DueDate: "2020-01-01",
		})
	}
	return in
}
