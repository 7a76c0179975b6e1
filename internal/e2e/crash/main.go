// Crash searches for what kills lose. It starts the examples twice each, as
// processes on one Temporal server, makes calls of all kinds from clients of
// all generations, and kills the processes with SIGKILL in the middle of them:
//
//	go run ./internal/e2e/crash -calls 500 -kills 20 -seed 1
//
// Each call must end with the one right outcome, and each payment must be made
// once. The exit status is 0 only then. The seed decides what is called, what is
// killed, and which requests to the services outside fail; how these meet is up
// to the machine.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"
)

type config struct {
	calls, kills int
	seed         uint64
	examples     string // the directory of the examples' module
	keep         bool   // what the processes have logged
}

func main() {
	os.Exit(start(os.Args[1:], os.Stdout, os.Stderr))
}

// start is main without what tests cannot do. It returns the exit status.
func start(args []string, out, errors io.Writer) int {
	var c config
	flags := flag.NewFlagSet("crash", flag.ContinueOnError)
	flags.SetOutput(errors)
	flags.IntVar(&c.calls, "calls", 100, "how many calls to make")
	flags.IntVar(&c.kills, "kills", 10, "how many processes to kill")
	flags.Uint64Var(&c.seed, "seed", rand.Uint64(), "what decides; random if not given")
	flags.StringVar(&c.examples, "examples", "", "directory of the examples; if empty, looked for above the working directory")
	flags.BoolVar(&c.keep, "keep", false, "keep the logs of the processes, also if all is well")
	if flags.Parse(args) != nil {
		return 2
	}
	if c.calls < 1 || c.kills < 0 || c.kills > c.calls || flags.NArg() > 0 {
		fmt.Fprintln(errors, "crash: want at least one call, at most as many kills as calls, and no arguments")
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ok, err := run(ctx, c, out)
	if err != nil {
		fmt.Fprintln(errors, "crash:", err)
	}
	if err != nil || !ok {
		return 1
	}
	return 0
}
