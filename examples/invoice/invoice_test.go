package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

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

// newInvoice makes an invoice whose ID is that of no other test's.
func newInvoice(t *testing.T, amounts ...money.USD) invoice {
	id := strings.NewReplacer("/", ".", "#", ".").Replace(t.Name())
	in := billing.Invoice{ID: strings.TrimLeft(id[max(0, len(id)-60):], "._-"), Customer: "Acme Ltd"}
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
	if got.err != nil || got.isError {
		c.t.Fatalf("%s was not accepted: %v %s", in.ID, got.err, got.text)
	}
	return got
}

// mustBe checks that an answer is a status in a state, and returns it.
func (a answer) mustBe(t *testing.T, want billing.State, reason string) billing.Status {
	t.Helper()
	var status billing.Status
	if a.err != nil || a.isError {
		t.Fatalf("the call failed: %v %s", a.err, a.text)
	}
	if err := json.Unmarshal([]byte(a.structured), &status); err != nil {
		t.Fatalf("%v in %s", err, a.structured)
	}
	if status.State != want || !strings.Contains(status.Reason, reason) {
		t.Errorf("it is %s: %s\nwant %s: …%s…", status.State, status.Reason, want, reason)
	}
	if !strings.Contains(a.text, string(want)) {
		t.Errorf("the text does not say %s: %s", want, a.text)
	}
	return status
}

// mustFail checks that an answer is a tool error, of a type and with texts.
func (a answer) mustFail(t *testing.T, errorType string, texts ...string) {
	t.Helper()
	if a.err != nil || !a.isError {
		t.Fatalf("got %v and %s, want the error %s", a.err, a.structured, errorType)
	}
	var content struct{ Error struct{ Type string } }
	if err := json.Unmarshal([]byte(a.structured), &content); err != nil || content.Error.Type != errorType {
		t.Errorf("the error is %s, want the type %s", a.structured, errorType)
	}
	for _, text := range texts {
		if !strings.Contains(a.text, text) {
			t.Errorf("the error does not say %q:\n%s", text, a.text)
		}
	}
	for _, leak := range []string{"127.0.0.1", "goroutine", ".go:"} {
		if strings.Contains(a.text, leak) {
			t.Errorf("the error leaks %q: %s", leak, a.text)
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
	if got.err != nil || got.isError || json.Unmarshal([]byte(got.structured), &status) != nil {
		c.t.Fatalf("no status: %v %s", got.err, got.text)
	}
	return status.State
}

// awaitState waits until an invoice is in a state.
func (c *caller) awaitState(in invoice, want billing.State) {
	c.t.Helper()
	eventually(c.t, fmt.Sprintf("%s to be %s", in.ID, want), func() bool { return c.state(in) == want })
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
