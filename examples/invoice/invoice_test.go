package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/durablemcp/durablemcp/examples/internal/exampletest"
	"github.com/durablemcp/durablemcp/examples/invoice/billing"
	"github.com/durablemcp/durablemcp/examples/invoice/money"
)

// Amounts on both sides of the limit for approval by policy.
const (
	small = 40 * money.Dollar
	large = 400 * money.Dollar
)

// An invoice is one that a test submits. Its lines are due already.
type invoice struct{ billing.Invoice }

// invoices counts them.
var invoices atomic.Int64

// newInvoice makes an invoice whose ID is that of no other test's.
func newInvoice(t *testing.T, amounts ...money.USD) invoice {
	name := strings.NewReplacer("/", ".", "#", ".").Replace(t.Name())
	id := fmt.Sprintf("%s.%d", name, invoices.Add(1))
	in := billing.Invoice{ID: strings.TrimLeft(id[max(0, len(id)-50):], "._-"), Customer: "Acme Ltd"}
	for i, amount := range amounts {
		in.Lines = append(in.Lines, billing.Line{
			Description: fmt.Sprintf("item %d", i+1), Amount: amount, DueDate: billing.DateOf(time.Now()),
		})
	}
	return invoice{in}
}

// json are the arguments that submit the invoice.
func (i invoice) json() string {
	data, _ := json.Marshal(i.Invoice)
	return string(data)
}

// arg are the arguments that name the invoice, with more members.
func (i invoice) arg(more ...string) string {
	return "{" + strings.Join(append([]string{fmt.Sprintf(`"invoice_id":%q`, i.ID)}, more...), ",") + "}"
}

// key is the idempotency key of a line.
func (i invoice) key(line int) string { return fmt.Sprintf("%s/%d", i.ID, line) }

// submit submits an invoice.
func (c *caller) submit(in invoice) answer {
	c.t.Helper()
	got := c.call("process_invoice", in.json())
	if got.Err != nil || got.IsError {
		c.t.Fatalf("%s was not accepted: %v %s", in.ID, got.Err, got.Text)
	}
	return got
}

// mustBe checks that an answer is a status in a state, and returns it.
func (a answer) mustBe(t *testing.T, want billing.State, reason string) billing.Status {
	t.Helper()
	var status billing.Status
	if a.Err != nil || a.IsError {
		t.Fatalf("the call failed: %v %s", a.Err, a.Text)
	}
	if err := json.Unmarshal([]byte(a.Structured), &status); err != nil {
		t.Fatalf("%v in %s", err, a.Structured)
	}
	if status.State != want || !strings.Contains(status.Reason, reason) {
		t.Errorf("it is %s: %s\nwant %s: …%s…", status.State, status.Reason, want, reason)
	}
	if !strings.Contains(a.Text, string(want)) {
		t.Errorf("the text does not say %s: %s", want, a.Text)
	}
	return status
}

// mustFail checks that an answer is a tool error, of a type and with texts.
func (a answer) mustFail(t *testing.T, errorType string, texts ...string) {
	t.Helper()
	if a.Err != nil || !a.IsError {
		t.Fatalf("got %v and %s, want the error %s", a.Err, a.Structured, errorType)
	}
	if a.ErrorType != errorType {
		t.Errorf("the error is of the type %s, want %s", a.ErrorType, errorType)
	}
	for _, text := range texts {
		if !strings.Contains(a.Text, text) {
			t.Errorf("the error does not say %q:\n%s", text, a.Text)
		}
	}
	for _, leak := range []string{"127.0.0.1", "goroutine", ".go:"} {
		if strings.Contains(a.Text, leak) {
			t.Errorf("the error leaks %q: %s", leak, a.Text)
		}
	}
}

// mustEnd waits for the end of an invoice.
func (c *caller) mustEnd(in invoice, want billing.State, reason string) billing.Status {
	c.t.Helper()
	return c.call("await_invoice", in.arg()).mustBe(c.t, want, reason)
}

// state asks for the state of an invoice.
func (c *caller) state(in invoice) billing.State {
	c.t.Helper()
	var status billing.Status
	got := c.call("invoice_status", in.arg())
	if got.Err != nil || got.IsError || json.Unmarshal([]byte(got.Structured), &status) != nil {
		c.t.Fatalf("no status: %v %s", got.Err, got.Text)
	}
	return status.State
}

// awaitState waits until an invoice is in a state.
func (c *caller) awaitState(in invoice, want billing.State) {
	c.t.Helper()
	exampletest.Eventually(c.t, fmt.Sprintf("%s to be %s", in.ID, want), func() bool { return c.state(in) == want })
}

// mustHaveCharged checks that the gateway has charged exactly the given lines
// of an invoice, each once.
func (s *services) mustHaveCharged(t *testing.T, in invoice, lines ...int) {
	t.Helper()
	var got []string
	for _, charge := range s.gateway.Charges() {
		if strings.HasPrefix(charge.Key, in.ID+"/") {
			got = append(got, fmt.Sprintf("%s for %s: %v", charge.Key, charge.Description, charge.Amount))
		}
	}
	var want []string
	for _, n := range lines {
		line := in.Lines[n-1]
		want = append(want, fmt.Sprintf("%s for %s: %v", in.key(n), line.Description, line.Amount))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("charged %q, want %q", got, want)
	}
}
