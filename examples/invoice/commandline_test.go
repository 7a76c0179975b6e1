package main

import (
	"net/http"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/durablemcp/durablemcp/examples/internal/exampletest"
	"github.com/durablemcp/durablemcp/examples/invoice/billing"
)

func TestWrongCommandLines(t *testing.T) {
	t.Parallel()
	exampletest.MustRefuse(t, "invoice", map[string]exampletest.WrongLine{
		"unknown flag":           {"-nonsense", "flag provided but not defined: -nonsense"},
		"argument":               {"demo", `unexpected argument "demo"`},
		"caller":                 {"-stdio -as root", `-as: "root" is neither submitter nor approver`},
		"caller over HTTP":       {"-as approver", "-as is for -stdio"},
		"until the end of stdio": {"-stdio -until-eof", "-until-eof and -stdio do not go together"},
		"ERP":                    {"-erp fake", `-erp: "fake" is neither simulated nor`},
		"gateway":                {"-gateway ftp://a", `-gateway: "ftp://a" is neither simulated nor`},
		"validation":             {"-fail-validation sometimes", `invalid value "sometimes" for flag -fail-validation: want a number or always`},
		"negative validation":    {"-fail-validation -1", "want a number or always"},
		"validation and money":   {"-fail-validation insufficient", "want a number or always"},
		"payment":                {"-fail-payment sometimes", "want a number, always or insufficient"},
		"another ERP":            {"-erp http://a -fail-validation 1", "-fail-validation is for the simulated ERP"},
		"another gateway":        {"-gateway http://a -fail-payment insufficient", "-fail-payment is for the simulated gateway"},
		"no time":                {"-approval-timeout 0s", "-approval-timeout: 0s is not positive"},
		"negative reminder":      {"-reminder -1s", "-reminder: -1s is negative"},
		"too many reminders":     {"-reminder 1s", "-reminder: every 1s for 120h0m0s makes more than 1000 reminders"},
		"not a duration":         {"-reminder daily", `invalid value "daily" for flag -reminder`},
		"http":                   {"-http 8080", `-http: "8080" is not an address`},
		"demo over stdio":        {"-demo -stdio", "-demo and -stdio do not go together"},
		"demo with data":         {"-demo -data x.db", "-demo and -data do not go together"},
		"demo elsewhere":         {"-demo -temporal localhost:7233", "-demo and -temporal do not go together"},
		"demo with failures":     {"-demo -fail-payment 1", "-demo and -fail-payment do not go together"},
	})
}

func TestHelp(t *testing.T) {
	t.Parallel()
	exampletest.MustHelp(t,
		"-demo", "-stdio", "-http address", `(default "127.0.0.1:8081")`, "-ui address", `(default "127.0.0.1:8234")`, "-data file", "-temporal address",
		"-as caller", "-erp service", "-gateway service", "-fail-validation times", "-fail-payment times", "-approval-timeout time", "(default 120h0m0s)",
		"-reminder time", "-until-eof", "TEMPORAL_ADDRESS", "DEMO tokens", submitterToken, approverToken,
	)
}

func TestTakenAddresses(t *testing.T) {
	t.Parallel()
	exampletest.MustNameTakenAddresses(t, "invoice")
}

// The flags that inject failures do.
func TestFailureInjection(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		args   []string
		want   billing.State
		reason string
	}{
		"heals":    {[]string{"-fail-validation", "1", "-fail-payment", "1"}, billing.Paid, "all lines are paid"},
		"payment":  {[]string{"-fail-payment", "always"}, billing.Failed, "the payment gateway answered 503"},
		"no money": {[]string{"-fail-payment", "insufficient"}, billing.Failed, "INSUFFICIENT_FUNDS"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := exampletest.Start(t, append([]string{"-data", filepath.Join(t.TempDir(), "invoice.db")}, test.args...)...)
			model := connectHTTP(t, p.MCPURL, submitterToken)
			in := newInvoice(t, small)
			model.submit(in)
			model.mustEnd(in, test.want, test.reason)
		})
	}
}

// Nobody gets in without a token, or with a wrong one.
func TestTokensAreRequired(t *testing.T) {
	t.Parallel()
	r := shared(t)
	for name, header := range map[string]string{"none": "", "wrong": "Bearer demo-root", "another scheme": "Basic demo-approver"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req, err := http.NewRequest(http.MethodPost, r.url, strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Accept", "application/json, text/event-stream")
			if header != "" {
				req.Header.Set("Authorization", header)
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if res.StatusCode != http.StatusUnauthorized {
				t.Errorf("answered %s", res.Status)
			}
		})
	}
}

// It stops on a signal and when its parent is gone, without noise and with an
// invoice under way.
func TestStops(t *testing.T) {
	t.Parallel()
	stop := map[string]func(*testing.T, *exampletest.Process) error{
		"signal": func(t *testing.T, p *exampletest.Process) error {
			if runtime.GOOS == "windows" {
				t.Skip("there is no way to send the signal")
			}
			return p.Cmd.Process.Signal(syscall.SIGTERM)
		},
		"end of the input": func(_ *testing.T, p *exampletest.Process) error { return p.Stdin.Close() },
	}
	for name, stop := range stop {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := exampletest.Start(t, "-data", filepath.Join(t.TempDir(), "invoice.db"))
			model := connectHTTP(t, p.MCPURL, submitterToken)
			in := newInvoice(t, large)
			model.submit(in)
			model.awaitState(in, billing.PendingApproval)
			if err := stop(t, p); err != nil {
				t.Fatal(err)
			}
			if err := exampletest.Receive(t, p.Exited, "the process to end"); err != nil {
				t.Errorf("the process ended with %v", err)
			}
			if text := p.Stderr.String(); text != "" {
				t.Errorf("standard error is %q", text)
			}
		})
	}
}
