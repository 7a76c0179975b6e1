package main

import (
	"flag"
	"io"
	"time"

	"github.com/durablemcp/durablemcp/examples/internal/cli"
	"github.com/durablemcp/durablemcp/examples/internal/host"
)

// flags are the command line.
type flags struct {
	*host.Flags
	upstream string
	pause    time.Duration
}

const intro = `Weather is an MCP server with two tools, get_forecast and get_alerts. They are
Temporal workflows: they survive failures of the weather service, restarts and
kill -9. Clients see their progress, and those that know MCP's tasks get a task for
a call that takes longer than a second. Without flags, it serves MCP over HTTP and
simulates the weather service.

` + host.EnvironmentHelp + `

Flags:`

func parseFlags(args []string, help io.Writer) (*flags, error) {
	set := flag.NewFlagSet("weather", flag.ContinueOnError)
	f := &flags{Flags: host.NewFlags(set, "weather")}
	set.StringVar(&f.upstream, "upstream", upstreamSimulated,
		"weather `service` to ask: simulated, which is part of this program; real, which is\n"+
			"api.weather.gov; or the base URL of another one, such as http://127.0.0.1:9,\nwhere nothing answers and the retries can be watched")
	set.DurationVar(&f.pause, "pause", 0,
		"`time` that a forecast sleeps between its two requests, such as 10s: the moment\nfor kill -9. The next start goes on from there")
	if err := cli.Parse(set, args, help, intro); err != nil {
		return nil, err
	}
	return f, f.check()
}

func (f *flags) check() error {
	if err := f.Check(); err != nil {
		return err
	}
	if f.pause < 0 {
		return cli.Usagef("-pause: %v is negative", f.pause)
	}
	if f.Demo && f.Given("upstream") {
		return cli.Usagef("-demo and -upstream do not go together: the demo needs a service that fails when told to")
	}
	return checkUpstream(f.upstream)
}
