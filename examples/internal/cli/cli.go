// Package cli is the outermost layer of the example commands: signals, exit
// codes, and errors as one line each.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// Exit codes of the commands.
const (
	exitFailure = 1
	exitUsage   = 2
)

// A UsageError says that the command was called wrongly.
type UsageError struct{ Text string }

func (e *UsageError) Error() string { return e.Text }

// Usagef returns a [UsageError].
func Usagef(format string, args ...any) error {
	return &UsageError{Text: fmt.Sprintf(format, args...)}
}

// Main calls run with the arguments of this process, and ends the process with
// the exit code that fits: 0, 1 for an error, 2 for a [UsageError]. Errors go
// to the standard error, on one line.
//
// The context ends with the first SIGINT or SIGTERM; what run returns then is
// up to run. A second signal ends the process at once.
func Main(name string, run func(ctx context.Context, args []string) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // back to the default: die
	err := run(ctx, os.Args[1:])
	stop()
	os.Exit(report(os.Stderr, name, err))
}

// report writes an error as one line and returns the exit code for it.
func report(w io.Writer, name string, err error) int {
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return 0
	}
	line := strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' }), "; ")
	if _, ok := errors.AsType[*UsageError](err); ok {
		fmt.Fprintf(w, "%s: %s (-h lists the flags)\n", name, line)
		return exitUsage
	}
	fmt.Fprintf(w, "%s: %s\n", name, line)
	return exitFailure
}

// Parse parses the command line. Mistakes in it are a [UsageError]. On -h it
// writes the intro and the flags to help, and returns [flag.ErrHelp].
func Parse(flags *flag.FlagSet, args []string, help io.Writer, intro string) error {
	flags.SetOutput(io.Discard) // the error is reported once, and not with all flags
	flags.Usage = func() {}
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintln(help, intro)
		flags.SetOutput(help)
		flags.PrintDefaults()
		return err
	case err != nil:
		return Usagef("%v", err)
	case flags.NArg() > 0:
		return Usagef("unexpected argument %q", flags.Arg(0))
	}
	return nil
}
