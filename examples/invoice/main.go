// Invoice is an MCP server whose tools run for days: they submit an invoice,
// ask for its status, and approve or reject it, while a Temporal workflow takes
// it from its arrival to its payment. The workflow asks an approver itself, by
// elicitation, and not whoever has submitted the invoice; its submission and its
// review are tasks for clients that know them. Try it with
//
//	go run ./examples/invoice -demo
//
// or start it without -demo and connect an MCP client to it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/durablemcp/durablemcp/examples/internal/cli"
	"github.com/durablemcp/durablemcp/examples/internal/host"
)

func main() {
	cli.Main("invoice", func(ctx context.Context, args []string) error {
		flags, err := parseFlags(args, os.Stdout)
		switch {
		case err != nil:
			return err
		case flags.Demo:
			return runDemo(ctx, flags, os.Stdin, os.Stdout)
		case flags.Stdio:
			return serveStdio(ctx, flags, os.Stdin, os.Stdout, os.Stderr)
		}
		return serveHTTP(ctx, flags, os.Stdin, os.Stdout, os.Stderr)
	})
}

// httpIntroduction is what people need to know at the start.
const httpIntroduction = `The invoice example is ready.

%[6]s%[1]s
%[2]s
DEMO tokens, for the header Authorization: "Bearer %[3]s" submits and asks,
"Bearer %[4]s" asks, reviews, approves and rejects. Everybody knows them.

Connect a client, for example: claude mcp add --transport http invoice %[1]s \
  --header "Authorization: Bearer %[3]s"
%[5]s Invoices that are under way go on at the next start.
`

// serveHTTP serves MCP over HTTP until the context ends.
func serveHTTP(ctx context.Context, flags *flags, in io.Reader, out, logs io.Writer) error {
	listener, err := flags.Listen()
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }() // again, if it was used
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	flags.EndWithInput(in, fail)
	invoices, err := startService(ctx, fail, flags, newLogger(logs))
	if err != nil {
		return err
	}
	defer invoices.Close()

	printf(out, httpIntroduction, host.MCPURL(listener), invoices.describe(), submitterToken, approverToken, host.ReadyText, host.MCPLabel)
	return errors.Join(host.ServeHTTP(ctx, invoices.server, listener, requireDemoToken), host.WorkerFailure(ctx))
}

// serveStdio serves MCP over the standard streams until the client goes.
// Nothing but MCP may be written to out.
func serveStdio(ctx context.Context, flags *flags, in io.Reader, out, logs io.Writer) error {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	invoices, err := startService(ctx, fail, flags, newLogger(logs))
	if err != nil {
		return err
	}
	defer invoices.Close()

	printf(logs, "The invoice example is ready: it serves MCP over its standard input and output,\nto the %s (a DEMO of a login: -as).\n\n%s", flags.as, invoices.describe())
	return errors.Join(host.ServeStdio(ctx, invoices.server, in, out), host.WorkerFailure(ctx))
}

// printf writes for people. If nobody listens, that is their choice.
func printf(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }

// newLogger keeps to warnings: failed attempts of activities are among them.
func newLogger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelWarn}))
}
