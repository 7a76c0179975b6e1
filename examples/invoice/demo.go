package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/examples/internal/story"
	"github.com/durablemcp/durablemcp/examples/invoice/simulated"
)

// A demo is the example in a process of its own, which is killed on the way,
// and around it what must not die with it: clients that play the parts of a
// model and of a human, the ERP and the payment gateway.
type demo struct {
	*story.Story
	erp     *simulated.ERP
	gateway *simulated.Gateway

	server              *story.Server
	submitter, approver *story.Client
}

// runDemo shows the example at work. It fails unless every invoice ends as it
// must.
func runDemo(ctx context.Context, flags *flags, in *os.File, out *os.File) error {
	ctx, cancel := context.WithTimeout(ctx, story.Limit)
	defer cancel()
	d := &demo{Story: story.New(out)}
	d.Heading("The ERP and the payment gateway are SIMULATED: they run in this process, fail when told\n" +
		"to, and move no money. The tokens that tell a submitter from an approver are for the\n" +
		"DEMO only. All else is real: Temporal, the worker, the MCP server and clients.\n")
	var err error
	if d.server, err = d.NewServer(ctx, flags.Flags); err != nil {
		return err
	}
	defer d.server.Close()
	closeServices, err := d.openServices(ctx)
	if err != nil {
		return err
	}
	defer closeServices()
	if err := d.start(ctx, "is up"); err != nil {
		return err
	}
	if err := d.connect(ctx); err != nil {
		return err
	}
	for _, act := range []func(context.Context) error{
		d.showSmall, d.showReview, d.showTasks, d.showLarge, d.showRejected, d.showTimeout, d.showFailedPayment,
	} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	d.Heading("Done in %.1f s. Next: go run ./examples/invoice, and connect a client of your own.", d.Elapsed().Seconds())
	story.Linger(ctx, d.server.WebUIURL, in, out)
	return nil
}

// openServices starts the services.
func (d *demo) openServices(ctx context.Context) (closeAll func(), err error) {
	if d.erp, err = simulated.StartERP(ctx); err != nil {
		return nil, err
	}
	if d.gateway, err = simulated.StartGateway(ctx, ""); err != nil {
		d.erp.Close()
		return nil, err
	}
	d.erp.OnAnswer(func(a simulated.Answer) { d.Say("ERP", "POST %s: %d %s", a.Path, a.Status, strings.TrimSpace(a.Body)) })
	d.gateway.OnAnswer(func(a simulated.Answer) {
		d.Say("gateway", "POST %s with key %s: %d %s", a.Path, a.Key, a.Status, strings.TrimSpace(a.Body))
	})
	return func() {
		d.gateway.Close()
		d.erp.Close()
	}, nil
}

// start starts the server.
func (d *demo) start(ctx context.Context, what string, args ...string) error {
	return d.server.Start(ctx, what, append(args, "-erp", d.erp.URL(), "-gateway", d.gateway.URL())...)
}

// connect connects the clients. Their protocol has no sessions: they do not
// notice when the server is another process.
func (d *demo) connect(ctx context.Context) (err error) {
	if d.submitter, err = d.ConnectAs(ctx, d.server.MCPURL, submitter, submitterToken, nil); err != nil {
		return err
	}
	d.approver, err = d.ConnectAs(ctx, d.server.MCPURL, approver, approverToken, approve)
	return err
}

// approve is what the person in front of the approver's client answers.
func approve(string) *mcp.ElicitResult {
	return &mcp.ElicitResult{Action: "accept", Content: map[string]any{"decision": "approve", "reason": "it was ordered"}}
}

// unexpected is the error for what a demo that works does not do.
func unexpected(format string, args ...any) error {
	return fmt.Errorf("the demo went wrong: "+format, args...)
}
