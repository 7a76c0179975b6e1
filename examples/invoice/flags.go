package main

import (
	"flag"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/durablemcp/durablemcp/examples/internal/cli"
	"github.com/durablemcp/durablemcp/examples/internal/host"
	"github.com/durablemcp/durablemcp/examples/invoice/billing"
	"github.com/durablemcp/durablemcp/examples/invoice/simulated"
)

// Where the example serves, so that it runs beside the weather example.
const (
	defaultHTTP = "127.0.0.1:8081"
	defaultUI   = "127.0.0.1:8234"
)

// flags are the command line.
type flags struct {
	*host.Flags
	as string

	erp, gateway    string // "simulated", or a URL
	failValidation  failures
	failPayment     failures
	approvalTimeout time.Duration
	reminder        time.Duration
}

const intro = `Invoice is an MCP server with tools that take an invoice from its arrival to its
payment: process_invoice, invoice_status, await_invoice, inspect_invoice,
withdraw_invoice, review_invoice, approve_invoice and reject_invoice. Behind them is
one Temporal workflow for each invoice, which survives failures, restarts and
kill -9, also while it waits for days. It asks an approver who reviews it, through
whatever client that is; clients that know MCP's tasks get tasks. Without flags, it
serves MCP over HTTP, and the ERP and the payment gateway are simulated: no money
moves.

Clients show who they are with one of two DEMO tokens, which are public:
  Authorization: Bearer ` + submitterToken + `   may submit invoices and ask about them
  Authorization: Bearer ` + approverToken + `    may ask, review, approve and reject

` + host.EnvironmentHelp + `

Flags:`

func parseFlags(args []string, help io.Writer) (*flags, error) {
	set := flag.NewFlagSet("invoice", flag.ContinueOnError)
	f := &flags{Flags: host.NewFlags(set, "invoice")}
	f.Default("http", defaultHTTP)
	f.Default("ui", defaultUI)
	set.StringVar(&f.as, "as", submitter,
		"`caller` over -stdio: submitter, or approver; a DEMO of what a login would say")
	set.StringVar(&f.erp, "erp", simulatedService, "`service` that knows what was ordered: simulated, which is part of this program,\nor the base URL of another one")
	set.StringVar(&f.gateway, "gateway", simulatedService, "payment gateway: the same choice of a `service`")
	set.Var(&f.failValidation, "fail-validation", "how many `times` the simulated ERP says of each invoice that it does not match:\na number, or always. 5 are too many, and the invoice fails")
	f.failPayment.canLackMoney = true
	set.Var(&f.failPayment, "fail-payment", "how many `times` the simulated gateway breaks down over each line: a number, or\nalways; or insufficient, for an account without money. 3 are too many")
	set.DurationVar(&f.approvalTimeout, "approval-timeout", billing.DefaultPolicy.ApprovalTimeout, "`time` after which an invoice that nobody decided about is rejected")
	set.DurationVar(&f.reminder, "reminder", billing.DefaultPolicy.ReminderInterval, "`time` between reminders to the approvers; 0 for none")
	if err := cli.Parse(set, args, help, intro); err != nil {
		return nil, err
	}
	return f, f.check()
}

func (f *flags) check() error {
	if f.Demo {
		for _, name := range []string{"as", "until-eof", "erp", "gateway", "fail-validation", "fail-payment", "approval-timeout", "reminder", "data"} {
			if f.Given(name) {
				return cli.Usagef("-demo and -%s do not go together: the demo chooses for itself", name)
			}
		}
	}
	if err := f.Check(); err != nil {
		return err
	}
	conflicts := []struct {
		broken bool
		text   string
	}{
		{f.as != submitter && f.as != approver, fmt.Sprintf("-as: %q is neither submitter nor approver", f.as)},
		{f.Given("as") && !f.Stdio, "-as is for -stdio: over HTTP, the token says who calls"},
		{f.approvalTimeout <= 0, fmt.Sprintf("-approval-timeout: %v is not positive", f.approvalTimeout)},
		{f.reminder < 0, fmt.Sprintf("-reminder: %v is negative", f.reminder)},
		{f.reminder > 0 && f.approvalTimeout/f.reminder > maxReminders, fmt.Sprintf("-reminder: every %v for %v makes more than %d reminders", f.reminder, f.approvalTimeout, maxReminders)},
		{f.erp != simulatedService && f.failValidation.given(), "-fail-validation is for the simulated ERP"},
		{f.gateway != simulatedService && f.failPayment.given(), "-fail-payment is for the simulated gateway"},
	}
	for _, c := range conflicts {
		if c.broken {
			return cli.Usagef("%s", c.text)
		}
	}
	return f.checkServices()
}

// maxReminders keeps a typing error from flooding the workflow's history.
const maxReminders = 1000

// policy is what the flags say about approval.
func (f *flags) policy() billing.Policy {
	policy := billing.DefaultPolicy
	policy.ApprovalTimeout, policy.ReminderInterval = f.approvalTimeout, f.reminder
	return policy
}

// failures is the value of a flag that makes a service fail.
type failures struct {
	times        int
	noMoney      bool
	canLackMoney bool
}

func (f *failures) given() bool { return f.times != 0 || f.noMoney }

func (f *failures) String() string {
	switch {
	case f.noMoney:
		return "insufficient"
	case f.times == simulated.Always:
		return "always"
	}
	return strconv.Itoa(f.times)
}

// Set implements [flag.Value].
func (f *failures) Set(text string) error {
	switch {
	case text == "always":
		f.times, f.noMoney = simulated.Always, false
		return nil
	case text == "insufficient" && f.canLackMoney:
		f.times, f.noMoney = 0, true
		return nil
	}
	times, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		want := "a number or always"
		if f.canLackMoney {
			want = "a number, always or insufficient"
		}
		return fmt.Errorf("want %s", want)
	}
	f.times, f.noMoney = int(times), false
	return nil
}
