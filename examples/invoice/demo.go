package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/durablemcp/durablemcp/examples/internal/story"
	"github.com/durablemcp/durablemcp/examples/invoice/simulated"
)

// A demo is the example in a process of its own, which is killed on the way,
// and around it what must not die with it: clients that play the parts of a
// model and of a human, the ERP and the payment gateway.
type demo struct {
	*story.Story
	flags   *flags
	erp     *simulated.ERP
	gateway *simulated.Gateway
	data    string // the file in which Temporal keeps everything
	ui      string // address of the Web UI

	server              *child
	submitter, approver *story.Client
}

// runDemo shows the example at work. It fails unless every invoice ends as it
// must.
func runDemo(ctx context.Context, flags *flags, in *os.File, out *os.File) error {
	d := &demo{Story: story.New(out), flags: flags}
	d.Heading("The ERP and the payment gateway are SIMULATED: they run in this process, fail when told\n" +
		"to, and move no money. The tokens that tell a submitter from an approver are for the\n" +
		"DEMO only. All else is real: Temporal, the worker, the MCP server and clients.\n")
	closeAll, err := d.open(ctx)
	if err != nil {
		return err
	}
	defer closeAll()
	if err := d.start(ctx, "is up"); err != nil {
		return err
	}
	defer d.stop()
	for _, act := range []func(context.Context) error{
		d.showSmall, d.showLarge, d.showRejected, d.showTimeout, d.showFailedPayment,
	} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	d.Heading("Done in %.1f s. Next: go run ./examples/invoice, and connect a client of your own.", d.Elapsed().Seconds())
	story.Linger(ctx, d.server.uiURL, in, out)
	return nil
}

// open starts the services, and makes a place for the data.
func (d *demo) open(ctx context.Context) (closeAll func(), err error) {
	if d.ui, err = d.chooseUI(ctx); err != nil {
		return nil, err
	}
	if d.erp, err = simulated.StartERP(ctx); err != nil {
		return nil, err
	}
	if d.gateway, err = simulated.StartGateway(ctx, ""); err != nil {
		d.erp.Close()
		return nil, err
	}
	dir, err := os.MkdirTemp("", "invoice-demo-")
	if err != nil {
		d.gateway.Close()
		d.erp.Close()
		return nil, err
	}
	d.data = filepath.Join(dir, "invoice.db")
	d.erp.OnAnswer(func(a simulated.Answer) { d.Say("ERP", "POST %s: %d %s", a.Path, a.Status, strings.TrimSpace(a.Body)) })
	d.gateway.OnAnswer(func(a simulated.Answer) {
		d.Say("gateway", "POST %s with key %s: %d %s", a.Path, a.Key, a.Status, strings.TrimSpace(a.Body))
	})
	return func() {
		d.gateway.Close()
		d.erp.Close()
		_ = os.RemoveAll(dir)
	}, nil
}

// chooseUI does without the usual port of the Web UI if that is taken, unless
// it was asked for.
func (d *demo) chooseUI(ctx context.Context) (string, error) {
	if d.flags.Given("ui") {
		return d.flags.UI, nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", d.flags.UI)
	if err != nil {
		return "127.0.0.1:0", nil //nolint:nilerr // any other port will do
	}
	return d.flags.UI, listener.Close()
}

// start starts the server, and connects the clients to it.
func (d *demo) start(ctx context.Context, what string, args ...string) error {
	http := "127.0.0.1:0" // nobody else connects
	if d.flags.Given("http") {
		http = d.flags.HTTP
	}
	server, err := startChild(ctx, append([]string{
		"-http", http, "-ui", d.ui, "-data", d.data, "-erp", d.erp.URL(), "-gateway", d.gateway.URL(),
	}, args...)...)
	if err != nil {
		return err
	}
	d.ui = strings.TrimPrefix(server.uiURL, "http://") // links stay good after a restart
	d.Say("server", "%s: process %d; MCP at %s; Temporal's Web UI at %s", what, server.cmd.Process.Pid, server.mcpURL, server.uiURL)
	model, err := d.ConnectAs(ctx, server.mcpURL, submitter, submitterToken)
	if err != nil {
		server.kill()
		return err
	}
	human, err := d.ConnectAs(ctx, server.mcpURL, approver, approverToken)
	if err != nil {
		model.Close()
		server.kill()
		return err
	}
	d.server, d.submitter, d.approver = server, model, human
	return nil
}

// stop kills the server: it needs no better end.
func (d *demo) stop() {
	d.server.kill()
	d.submitter.Close()
	d.approver.Close()
}

// unexpected is the error for what a demo that works does not do.
func unexpected(format string, args ...any) error {
	return fmt.Errorf("the demo went wrong: "+format, args...)
}
