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
		}
		start := func(ctx context.Context, fail context.CancelCauseFunc, logger *slog.Logger) (host.Service, error) {
			return startService(ctx, fail, flags, logger)
		}
		return flags.Run(ctx, start, os.Stdin, os.Stdout, os.Stderr, requireDemoToken)
	})
}
