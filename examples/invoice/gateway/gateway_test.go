package gateway_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/durablemcp/durablemcp/examples/invoice/gateway"
	"github.com/durablemcp/durablemcp/examples/invoice/internal/rest"
	"github.com/durablemcp/durablemcp/examples/invoice/money"
	"github.com/durablemcp/durablemcp/examples/invoice/simulated"
)

// setup returns a gateway with a ledger, and a client of it.
func setup(t *testing.T, ledger string) (*simulated.Gateway, *gateway.Client) {
	t.Helper()
	service, err := simulated.StartGateway(t.Context(), ledger)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(service.Close)
	client, err := gateway.New(service.URL())
	if err != nil {
		t.Fatal(err)
	}
	return service, client
}

var pens = gateway.Charge{Key: "INV-1/1", Amount: 5 * money.Dollar, Description: "pens"}

func TestOneKeyIsOneCharge(t *testing.T) {
	t.Parallel()
	service, client := setup(t, "")
	first, err := client.Charge(t.Context(), pens)
	if err != nil {
		t.Fatal(err)
	}
	again, err := client.Charge(t.Context(), pens)
	if err != nil || again != first {
		t.Errorf("charged again: %v, %v; want %v", again, err, first)
	}
	other := pens
	other.Amount++
	_, err = client.Charge(t.Context(), other)
	if status, ok := errors.AsType[*rest.StatusError](err); !ok || !status.Permanent() || status.Code != "KEY_REUSED" {
		t.Errorf("another charge with the same key: %v", err)
	}
	other.Key = "INV-1/2"
	if second, err := client.Charge(t.Context(), other); err != nil || second == first {
		t.Errorf("another charge: %v, %v", second, err)
	}
	if charges := service.Charges(); len(charges) != 2 {
		t.Errorf("the charges are %+v", charges)
	}
	if n := service.Charging.Asked("INV-1/1"); n != 3 {
		t.Errorf("asked %d times", n)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	service, client := setup(t, "")
	tests := map[string]struct {
		fault simulated.Fault
		want  string
	}{
		"no money":    {simulated.InsufficientFunds(), "INSUFFICIENT_FUNDS: the account has not enough money for this charge"},
		"unavailable": {simulated.Status(503), "the payment gateway answered 503 Service Unavailable: SIMULATED: this service is simulated and was told to fail"},
		"hangs up":    {simulated.HangUp(), "the payment gateway cannot be reached: the connection failed"},
		"no answer":   {simulated.LoseAnswer(), "the payment gateway cannot be reached: the connection failed"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			charge := pens
			charge.Key = name
			// net/http tries again after a hang-up, on each idle connection that the
			// other tests have left.
			service.Charging.Fail(name, slices.Repeat([]simulated.Fault{test.fault}, 2*len(tests))...)
			if _, err := client.Charge(t.Context(), charge); err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
	t.Run("gone", func(t *testing.T) {
		t.Parallel()
		dead, client := setup(t, "")
		dead.Close()
		if _, err := client.Charge(t.Context(), pens); err == nil || !strings.HasPrefix(err.Error(), "the payment gateway cannot be reached: ") || strings.Contains(err.Error(), "127.0.0.1") {
			t.Errorf("got %v", err)
		}
	})
}

// The ledger outlasts the gateway, and a kill in the middle of a line.
func TestLedger(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "new", "charges")
	service, client := setup(t, file)
	before, err := client.Charge(t.Context(), pens)
	if err != nil {
		t.Fatal(err)
	}
	service.Close()
	appendTo(t, file, `{"key":"INV-1/2","char`)

	service, client = setup(t, file)
	if after, err := client.Charge(t.Context(), pens); err != nil || after != before {
		t.Errorf("after a restart: %v, %v; want %v", after, err, before)
	}
	other := pens
	other.Key = "INV-1/2"
	if _, err := client.Charge(t.Context(), other); err != nil {
		t.Error(err)
	}
	service.Close()

	service, _ = setup(t, file)
	if charges := service.Charges(); len(charges) != 2 || charges[1].Key != "INV-1/2" || charges[1].Amount != 5*money.Dollar {
		t.Errorf("the charges are %+v", charges)
	}
	service.Close()
	appendTo(t, file, "nonsense\n")
	if _, err := simulated.StartGateway(t.Context(), file); err == nil || !strings.Contains(err.Error(), "is damaged") {
		t.Errorf("with a damaged ledger: %v", err)
	}
}

func appendTo(t *testing.T, name, text string) {
	t.Helper()
	file, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}
