package main

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/sdk/client"

	"github.com/durablemcp/durablemcp/examples/internal/exampletest"
	"github.com/durablemcp/durablemcp/internal/e2e/devserver"
)

func TestWrongCommandLines(t *testing.T) {
	t.Parallel()
	exampletest.MustRefuse(t, "weather", map[string]exampletest.WrongLine{
		"unknown flag":         {"-nonsense", "flag provided but not defined: -nonsense"},
		"argument":             {"demo", `unexpected argument "demo"`},
		"not a duration":       {"-pause soon", `invalid value "soon" for flag -pause`},
		"negative pause":       {"-pause -1s", "-pause: -1s is negative"},
		"upstream":             {"-upstream fake", `-upstream: "fake" is none of`},
		"http":                 {"-http 8080", `-http: "8080" is not an address`},
		"ui":                   {"-ui 8233", `-ui: "8233" is not an address`},
		"demo over stdio":      {"-demo -stdio", "-demo and -stdio do not go together"},
		"demo with data":       {"-demo -data x.db", "-demo and -data do not go together"},
		"demo elsewhere":       {"-demo -temporal localhost:7233", "-demo and -temporal do not go together"},
		"demo of real weather": {"-demo -upstream real", "-demo and -upstream do not go together"},
		"demo until the end":   {"-demo -until-eof", "-demo and -until-eof do not go together"},
		"stdio until its end":  {"-stdio -until-eof", "-until-eof and -stdio do not go together"},
		"stdio and http":       {"-stdio -http 127.0.0.1:8080", "-stdio and -http do not go together"},
		"two Temporals":        {"-temporal localhost:7233 -data x.db", "-data is for the embedded Temporal, but -temporal names an existing one"},
	})
}

func TestTwoTemporalsByEnvironment(t *testing.T) {
	t.Parallel()
	cmd := exampletest.Command(t, "-data", "x.db")
	cmd.Env = append(cmd.Env, "TEMPORAL_ADDRESS=localhost:7233")
	exampletest.MustFail(t, cmd, "weather", 2, "TEMPORAL_ADDRESS names an existing one")
}

func TestHelp(t *testing.T) {
	t.Parallel()
	exampletest.MustHelp(t, "-data file", "-demo", "-http address", "-pause time", "-stdio", "-temporal address", "-ui address", "-until-eof", "-upstream service", "TEMPORAL_ADDRESS")
}

func TestTakenAddresses(t *testing.T) {
	t.Parallel()
	exampletest.MustNameTakenAddresses(t, "weather")
}

func TestDatabaseInUse(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "weather.db")
	temporal, err := devserver.Start(t.Context(), devserver.Options{DataFile: data})
	if err != nil {
		t.Fatal(err)
	}
	defer temporal.Stop()
	cmd := exampletest.Command(t, "-data", data, "-http", "127.0.0.1:0", "-ui", "127.0.0.1:0")
	exampletest.MustFail(t, cmd, "weather", 1, "weather.db is in use by another process", "choose another file with -data")

	// The process that had it first still has it.
	c, err := temporal.NewClient(t.Context(), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.CheckHealth(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

func TestDataFileIsSomethingElse(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "letters.txt")
	const content = "Dear Sir or Madam"
	if err := os.WriteFile(data, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	exampletest.MustFail(t, exampletest.Command(t, "-data", data, "-http", "127.0.0.1:0", "-ui", "127.0.0.1:0"), "weather", 1, data)
	if after, err := os.ReadFile(data); err != nil || string(after) != content {
		t.Errorf("the file is now %q, %v", after, err)
	}
}

func TestExistingTemporal(t *testing.T) {
	t.Parallel()
	temporal, err := devserver.Start(t.Context(), devserver.Options{Namespace: "elsewhere"})
	if err != nil {
		t.Fatal(err)
	}
	defer temporal.Stop()

	upstream := newUpstream(t)
	cmd := exampletest.Command(t, "-http", "127.0.0.1:0", "-ui", "https://temporal.example/", "-upstream", upstream.URL())
	cmd.Env = append(cmd.Env, "TEMPORAL_ADDRESS="+temporal.FrontendAddr(), "TEMPORAL_NAMESPACE=elsewhere")
	p := exampletest.StartCommand(t, cmd)
	if p.WebUIURL != "https://temporal.example" {
		t.Errorf("Web UI at %q", p.WebUIURL)
	}
	session := connect(t, &mcp.StreamableClientTransport{Endpoint: p.MCPURL})
	got := call(t.Context(), session, "get_forecast", newYork)
	got.mustBeForecast(t, newYorkTown)

	c, err := temporal.NewClient(t.Context(), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	description, err := c.DescribeWorkflowExecution(t.Context(), newYorkWorkflowID, "")
	if err != nil {
		t.Fatal(err)
	}
	if id := description.GetWorkflowExecutionInfo().GetExecution().GetRunId(); id != got.RunID {
		t.Errorf("the existing Temporal has run %q, the answer is from %q", id, got.RunID)
	}
	p.Kill(t)
}

func TestExistingTemporalIsNotThere(t *testing.T) {
	t.Parallel()
	cmd := exampletest.Command(t, "-http", "127.0.0.1:0", "-temporal", "127.0.0.1:1")
	exampletest.MustFail(t, cmd, "weather", 1, "no Temporal at 127.0.0.1:1")
}

// A signal ends the process, with open sessions and all, and without noise.
func TestStopsOnSignal(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("there is no way to send the signal")
	}
	p := exampletest.Start(t, "-data", filepath.Join(t.TempDir(), "weather.db"), "-pause", "1h")
	session := connect(t, &mcp.StreamableClientTransport{Endpoint: p.MCPURL})
	call(t.Context(), session, "get_alerts", `{"state": "NY"}`).mustSucceed(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	waiting := start(ctx, session, "get_forecast", newYork)
	exampletest.Eventually(t, "the pause", func() bool { return look(t, p).sleeping })

	if err := p.Cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := exampletest.Receive(t, p.Exited, "the process to end"); err != nil {
		t.Errorf("the process ended with %v", err)
	}
	if text := p.Stderr.String(); text != "" {
		t.Errorf("standard error is %q", text)
	}
	cancel()
	exampletest.Receive(t, waiting, "the call to end")
}
