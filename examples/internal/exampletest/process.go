package exampletest

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/durablemcp/durablemcp/examples/internal/host"
)

// runMain makes a test binary behave as the command itself: the tests need it
// as a process that they can kill.
const runMain = "DURABLEMCP_EXAMPLE_RUN_MAIN"

// Main is the body of a command's TestMain. After the tests, it calls cleanUp.
func Main(m *testing.M, main, cleanUp func()) {
	if os.Getenv(runMain) != "" {
		main()
		return
	}
	code := m.Run()
	cleanUp()
	os.Exit(code)
}

// Command is the example as a process that has not started yet. It sees none
// of the Temporal configuration of whoever runs the tests.
func Command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "TEMPORAL_") {
			cmd.Env = append(cmd.Env, variable)
		}
	}
	cmd.Env = append(cmd.Env, runMain+"=1")
	return cmd
}

// StdioCommand is the example over stdio, with data of its own unless the
// arguments name others.
func StdioCommand(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	data := filepath.Join(t.TempDir(), "example.db")
	return Command(t, append([]string{"-stdio", "-ui", "127.0.0.1:0", "-data", data}, args...)...)
}

// A Process is the example running over HTTP.
type Process struct {
	Cmd      *exec.Cmd
	Stdin    io.Closer
	MCPURL   string
	WebUIURL string
	Stderr   *Buffer
	Exited   chan error
}

// Start starts the example on free ports, and returns when it says that it is
// ready. It ends with the tests, however they end.
func Start(t *testing.T, args ...string) *Process {
	t.Helper()
	return StartCommand(t, Command(t, append([]string{"-http", "127.0.0.1:0", "-ui", "127.0.0.1:0", "-until-eof"}, args...)...))
}

// StartCommand is Start for a command made by [Command].
func StartCommand(t *testing.T, cmd *exec.Cmd) *Process {
	t.Helper()
	p := &Process{Cmd: cmd, Stderr: &Buffer{}, Exited: make(chan error, 1)}
	var out Buffer
	cmd.Stdout, cmd.Stderr = &out, p.Stderr
	var err error
	if p.Stdin, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.Exited <- cmd.Wait() }()
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	Eventually(t, "the process to be ready", func() bool { return strings.Contains(out.String(), host.ReadyText) })
	for line := range strings.Lines(out.String()) {
		if at, ok := strings.CutPrefix(line, host.MCPLabel); ok {
			p.MCPURL = strings.TrimSpace(at)
		}
		if at, ok := strings.CutPrefix(line, host.UILabel); ok {
			p.WebUIURL = strings.TrimSpace(at)
		}
	}
	if p.MCPURL == "" || p.WebUIURL == "" {
		t.Fatalf("the process does not say where it is:\n%s", out.String())
	}
	return p
}

// Kill ends the process without a warning: kill -9.
func (p *Process) Kill(t *testing.T) {
	t.Helper()
	if err := p.Cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = Receive(t, p.Exited, "the process to be dead") // which says that it was killed
}

// MustFail runs the example, which must say why it cannot run on one line of
// the standard error, after its name, and nowhere else.
func MustFail(t *testing.T, cmd *exec.Cmd, name string, exitCode int, wants ...string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	_ = cmd.Run()
	if code := cmd.ProcessState.ExitCode(); code != exitCode {
		t.Errorf("exit code %d, want %d", code, exitCode)
	}
	text := stderr.String()
	if strings.Count(text, "\n") != 1 || !strings.HasPrefix(text, name+": ") {
		t.Errorf("standard error is not one line:\n%s", text)
	}
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("%q does not contain %q", text, want)
		}
	}
	if stdout.Len() > 0 {
		t.Errorf("standard output: %s", stdout.String())
	}
}

// MustTell runs a demo, which must tell what is wanted, in this order, and
// nothing on the standard error.
func MustTell(t *testing.T, cmd *exec.Cmd, wants ...string) {
	t.Helper()
	var logs Buffer
	cmd.Stderr = &logs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, logs.String())
	}
	rest := string(out)
	for _, want := range wants {
		_, after, found := strings.Cut(rest, want)
		if !found {
			t.Errorf("%q is missing or too early", want)
			continue
		}
		rest = after
	}
	if t.Failed() {
		t.Logf("%s", out)
	}
	if logs.String() != "" {
		t.Errorf("standard error: %s", logs.String())
	}
}
