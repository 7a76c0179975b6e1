package main

import (
	"context"
	"net/http"
	"net/url"

	"github.com/durablemcp/durablemcp/examples/internal/cli"
	"github.com/durablemcp/durablemcp/examples/invoice/erp"
	"github.com/durablemcp/durablemcp/examples/invoice/gateway"
	"github.com/durablemcp/durablemcp/examples/invoice/simulated"
)

// simulatedService is the value of -erp and -gateway for what comes with this
// program. Any other is a URL.
const simulatedService = "simulated"

// upstreams are the services that the activities ask.
type upstreams struct {
	erp     *erp.Client
	gateway *gateway.Client

	erpPlace, gatewayPlace string // for people
	fakes                  []interface{ Close() }
}

func (f *flags) checkServices() error {
	if _, err := erp.New(f.erp); err != nil && f.erp != simulatedService {
		return cli.Usagef("-erp: %q is neither simulated nor http(s)://host[:port]", f.erp)
	}
	if _, err := gateway.New(f.gateway); err != nil && f.gateway != simulatedService {
		return cli.Usagef("-gateway: %q is neither simulated nor http(s)://host[:port]", f.gateway)
	}
	return nil
}

// openUpstreams starts the simulated services, or prepares to ask other ones.
func (f *flags) openUpstreams(ctx context.Context) (*upstreams, error) {
	u := &upstreams{}
	if err := u.openERP(ctx, f); err != nil {
		return nil, err
	}
	if err := u.openGateway(ctx, f); err != nil {
		u.close()
		return nil, err
	}
	return u, nil
}

func (u *upstreams) openERP(ctx context.Context, f *flags) (err error) {
	base := f.erp
	u.erpPlace = hostOf(base)
	if base == simulatedService {
		fake, err := simulated.StartERP(ctx)
		if err != nil {
			return err
		}
		u.fakes = append(u.fakes, fake)
		fake.Matching.FailEach(f.failValidation.times, simulated.Mismatch("no such order (the ERP is simulated and was told to say so)"))
		base, u.erpPlace = fake.URL(), "simulated: all invoices were ordered"
	}
	u.erp, err = erp.New(base)
	return err
}

func (u *upstreams) openGateway(ctx context.Context, f *flags) (err error) {
	base := f.gateway
	u.gatewayPlace = hostOf(base)
	if base == simulatedService {
		fake, err := simulated.StartGateway(ctx, f.ledger())
		if err != nil {
			return err
		}
		u.fakes = append(u.fakes, fake)
		if f.failPayment.noMoney {
			fake.Charging.FailEach(simulated.Always, simulated.InsufficientFunds())
		} else {
			fake.Charging.FailEach(f.failPayment.times, simulated.Status(http.StatusServiceUnavailable))
		}
		base, u.gatewayPlace = fake.URL(), "simulated: no money moves"
	}
	u.gateway, err = gateway.New(base)
	return err
}

// ledger is where the simulated gateway keeps its charges: beside the data of
// the embedded Temporal, because both must survive the same accidents.
func (f *flags) ledger() string {
	if f.Data == "" {
		return ""
	}
	return f.Data + ".charges"
}

func (u *upstreams) close() {
	for _, fake := range u.fakes {
		fake.Close()
	}
}

func hostOf(base string) string {
	if u, err := url.Parse(base); err == nil && u.Host != "" {
		return "at " + u.Host
	}
	return base
}
