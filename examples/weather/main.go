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
	"errors"
	"fmt"
	"io"
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
		case flags.Stdio:
			return serveStdio(ctx, flags, os.Stdin, os.Stdout, os.Stderr)
		}
		return serveHTTP(ctx, flags, os.Stdin, os.Stdout, os.Stderr)
	})
}

// serveHTTP serves MCP over HTTP until the context ends.
func serveHTTP(ctx context.Context, flags *flags, in io.Reader, out, logs io.Writer) error {
	listener, err := flags.Listen()
	if err != nil {
		return err
	}
	defer listener.Close()
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	flags.EndWithInput(in, fail)
	weather, err := startService(ctx, fail, flags, newLogger(logs))
	if err != nil {
		return err
	}
	defer weather.Close()

	url := host.MCPURL(listener)
	fmt.Fprintf(out, "The weather example is ready.\n\n"+host.MCPLabel+"%s\n", url)
	weather.describe(out)
	fmt.Fprintf(out, "\nConnect a client, for example: claude mcp add --transport http weather %s\n", url)
	fmt.Fprintln(out, host.ReadyText, "Forecasts that are under way go on at the next start.")
	return errors.Join(host.ServeHTTP(ctx, weather.server, listener), host.WorkerFailure(ctx))
}

// serveStdio serves MCP over the standard streams until the client goes.
// Nothing but MCP may be written to out.
func serveStdio(ctx context.Context, flags *flags, in io.Reader, out, logs io.Writer) error {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	weather, err := startService(ctx, fail, flags, newLogger(logs))
	if err != nil {
		return err
	}
	defer weather.Close()

	fmt.Fprintln(logs, "The weather example is ready: it serves MCP over its standard input and output.")
	weather.describe(logs)
	return errors.Join(host.ServeStdio(ctx, weather.server, in, out), host.WorkerFailure(ctx))
}

// newLogger keeps to warnings: failed attempts of activities are among them.
func newLogger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelWarn}))
}
