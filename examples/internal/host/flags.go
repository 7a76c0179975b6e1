// Package host runs an example: its Temporal service, embedded or not, and its
// MCP server over HTTP or stdio.
//
// The examples do all of it in one process, so that there is one thing to
// start and one thing to kill. In production, Temporal is a service of its
// own, and workers and MCP servers are separate processes, each as many as are
// needed.
package host

import (
	"flag"
	"net"
	"os"
	"path/filepath"

	"github.com/durablemcp/durablemcp/examples/internal/cli"
)

// Flags are the flags that all examples have.
type Flags struct {
	Demo     bool
	Stdio    bool
	UntilEOF bool   // stop when the standard input ends
	HTTP     string // address of the MCP server
	UI       string // address of the Web UI
	Data     string // file of the embedded Temporal
	Temporal string // address of an existing Temporal

	set *flag.FlagSet
}

// NewFlags adds the flags to a command's flag set. The example's name becomes
// part of the default data file's.
func NewFlags(set *flag.FlagSet, example string) *Flags {
	f := &Flags{set: set}
	set.BoolVar(&f.Demo, "demo", false, "show the example at work, keep nothing of it, and exit")
	set.BoolVar(&f.Stdio, "stdio", false, "serve MCP over the standard input and output, not over HTTP")
	set.BoolVar(&f.UntilEOF, "until-eof", false, "stop when the standard input ends, as a child process should")
	set.StringVar(&f.HTTP, "http", "127.0.0.1:8080", "`address` to serve MCP on")
	set.StringVar(&f.UI, "ui", "127.0.0.1:8233", "`address` to serve Temporal's Web UI on; with an existing Temporal,\nwhere its Web UI is, for links to it")
	set.StringVar(&f.Data, "data", defaultData(example), "`file` in which the embedded Temporal keeps its data")
	set.StringVar(&f.Temporal, "temporal", "", "`address` of an existing Temporal to use, not the embedded one")
	return f
}

// Default gives a flag another default than [NewFlags] does.
func (f *Flags) Default(name, value string) {
	flag := f.set.Lookup(name)
	_ = flag.Value.Set(value) // not the flag set's Set, which makes it look given; texts cannot fail
	flag.DefValue = value
}

// EnvironmentHelp explains when an existing Temporal is used, for -h.
const EnvironmentHelp = `By default, a Temporal server runs inside this process. An existing one is used
if -temporal is given, or if TEMPORAL_ADDRESS, TEMPORAL_PROFILE or
TEMPORAL_CONFIG_FILE is set. Then Temporal's usual environment variables and
configuration file apply: address, namespace, TLS, API key. -temporal overrides
the address. -demo always runs its own.`

// Given reports whether a flag is on the command line.
func (f *Flags) Given(name string) bool {
	given := false
	f.set.Visit(func(flag *flag.Flag) { given = given || flag.Name == name })
	return given
}

// Check finds values that cannot be right, and flags that do not go together.
func (f *Flags) Check() error {
	existing := f.existingTemporal(os.LookupEnv)
	conflicts := []struct {
		broken bool
		text   string
	}{
		{f.Demo && f.Stdio, "-demo and -stdio do not go together"},
		{f.Demo && f.Given("data"), "-demo and -data do not go together: the demo keeps nothing"},
		{f.Demo && f.UntilEOF, "-demo and -until-eof do not go together: the demo ends when it is done"},
		{f.Demo && f.Given("temporal"), "-demo and -temporal do not go together: the demo runs its own Temporal"},
		{f.Stdio && f.UntilEOF, "-until-eof and -stdio do not go together: -stdio always stops then"},
		{f.Stdio && f.Given("http"), "-stdio and -http do not go together"},
		{existing != "" && f.Given("data"), "-data is for the embedded Temporal, but " + existing + " names an existing one"},
		{f.Data == "" && !f.Demo && existing == "", "-data: name a file; this system has no cache directory for a default"},
	}
	for _, c := range conflicts {
		if c.broken {
			return cli.Usagef("%s", c.text)
		}
	}
	return f.checkAddresses(existing)
}

func (f *Flags) checkAddresses(existing string) error {
	if err := checkAddress("http", f.HTTP); err != nil {
		return err
	}
	if existing != "" {
		return nil // -ui may be a URL then
	}
	return checkAddress("ui", f.UI)
}

func checkAddress(name, address string) error {
	if _, _, err := net.SplitHostPort(address); err != nil {
		return cli.Usagef("-%s: %q is not an address; want host:port, such as 127.0.0.1:8080", name, address)
	}
	return nil
}

// existingTemporal returns the setting that asks for an existing Temporal, or
// "". A configuration file at its usual place does not count, and neither does
// an API key: an example must not connect to a production system without being told to.
func (f *Flags) existingTemporal(lookup func(string) (string, bool)) string {
	if f.Demo {
		return ""
	}
	if f.Temporal != "" {
		return "-temporal"
	}
	for _, name := range []string{"TEMPORAL_ADDRESS", "TEMPORAL_PROFILE", "TEMPORAL_CONFIG_FILE"} {
		if value, _ := lookup(name); value != "" {
			return name
		}
	}
	return ""
}

// defaultData is a file in the user's cache directory, or "" if there is none.
func defaultData(example string) string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "durablemcp", example+".db")
}
