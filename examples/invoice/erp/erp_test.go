package erp_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/durablemcp/durablemcp/examples/invoice/erp"
	"github.com/durablemcp/durablemcp/examples/invoice/money"
	"github.com/durablemcp/durablemcp/examples/invoice/simulated"
)

func setup(t *testing.T) (*simulated.ERP, *erp.Client) {
	t.Helper()
	service, err := simulated.StartERP(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(service.Close)
	client, err := erp.New(service.URL())
	if err != nil {
		t.Fatal(err)
	}
	return service, client
}

var claim = erp.Claim{Invoice: "INV 1/2?", Customer: "Acme Ltd", Total: money.Dollar, Lines: 1}

func TestMatch(t *testing.T) {
	t.Parallel()
	service, client := setup(t)
	service.Matching.Fail(claim.Invoice, simulated.Mismatch("no such\n order"), simulated.Status(500))
	_, isMismatch := errors.AsType[*erp.MismatchError](client.Match(t.Context(), claim))
	if !isMismatch {
		t.Error("a mismatch is no MismatchError")
	}
	if err := client.Match(t.Context(), claim); err == nil || !strings.Contains(err.Error(), "the ERP answered 500") {
		t.Errorf("got %v", err)
	}
	if err := client.Match(t.Context(), claim); err != nil {
		t.Error(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := client.Match(gone, claim); !errors.Is(err, context.Canceled) {
		t.Errorf("for a caller that is gone: %v", err)
	}
}

func TestRemind(t *testing.T) {
	t.Parallel()
	service, client := setup(t)
	if err := client.Remind(t.Context(), erp.Reminder{Invoice: "INV-1", Text: "do it"}); err != nil {
		t.Fatal(err)
	}
	if got := service.Reminders("INV-1"); len(got) != 1 || got[0] != "do it" {
		t.Errorf("the reminders are %q", got)
	}
}

func TestBaseURLs(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"", "erp", "ftp://erp", "http://", "http://erp/path", "http://erp?q", "http://user@erp", "http://erp#f", ":"} {
		if _, err := erp.New(base); err == nil {
			t.Errorf("%q is taken for the base URL of a service", base)
		}
	}
}
