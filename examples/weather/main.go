// Weather is an MCP server whose tools survive: they are Temporal workflows.
//
// It has two tools, get_forecast and get_alerts, which ask the US National
// Weather Service. Clients that ask for progress see what fails and when it is
// tried again; for clients that know MCP's tasks, a call that takes longer is one.
// Try it with
//
//	go run ./examples/weather -demo
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
	cli.Main("weather", func(ctx context.Context, args []string) error {
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
		return flags.Run(ctx, start, os.Stdin, os.Stdout, os.Stderr)
	})
}
