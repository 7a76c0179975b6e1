package story

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/durablemcp/durablemcp/examples/internal/host"
)

// A Server is this example running over HTTP as a process of its own, so that
// a demo can kill it and start it again: at the same addresses, and with the
// same data.
type Server struct {
	MCPURL   string // where clients reach it
	WebUIURL string // of Temporal's Web UI

	story    *Story
	http, ui string // its addresses
	dir      string // of its data
	cmd      *exec.Cmd
}

// NewServer prepares a server at the addresses that the flags name. Unless
// they are given, any free port will do.
func (s *Story) NewServer(ctx context.Context, flags *host.Flags) (*Server, error) {
	server := &Server{story: s, http: "127.0.0.1:0", ui: flags.UI} // nobody else connects
	if flags.Given("http") {
		server.http = flags.HTTP
	}
	if !flags.Given("ui") && taken(ctx, flags.UI) {
		server.ui = "127.0.0.1:0"
	}
	var err error
	server.dir, err = os.MkdirTemp("", "durablemcp-demo-")
	return server, err
}

func taken(ctx context.Context, address string) bool {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return true
	}
	_ = listener.Close()
	return false
}

// Start starts the process with more flags, and returns when it is ready. It
// ends with this process. What tells the story of it: "is up".
func (s *Server) Start(ctx context.Context, what string, args ...string) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	own := []string{"-until-eof", "-http", s.http, "-ui", s.ui, "-data", filepath.Join(s.dir, "temporal.db")}
	s.cmd = exec.CommandContext(ctx, program, append(own, args...)...)
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "TEMPORAL_") { // the demo runs its own
			s.cmd.Env = append(s.cmd.Env, variable)
		}
	}
	var logs bytes.Buffer
	s.cmd.Stderr = &logs
	if _, err := s.cmd.StdinPipe(); err != nil { // its end is this process's
		return err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	if err := s.awaitReady(out); err != nil {
		s.Kill()
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(logs.String()))
	}
	s.story.Say("server", "%s: process %d; MCP at %s; Temporal's Web UI at %s", what, s.cmd.Process.Pid, s.MCPURL, s.WebUIURL)
	return nil
}

// awaitReady reads where the process serves, which the next one will do, too.
func (s *Server) awaitReady(out io.Reader) error {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		line := lines.Text()
		if at, ok := strings.CutPrefix(line, host.MCPLabel); ok {
			s.MCPURL, s.http = at, addressOf(at)
		}
		if at, ok := strings.CutPrefix(line, host.UILabel); ok {
			s.WebUIURL, s.ui = at, addressOf(at)
		}
		if strings.HasPrefix(line, host.ReadyText) {
			return nil
		}
	}
	return errors.New("the server did not start")
}

func addressOf(at string) string {
	u, err := url.Parse(at)
	if err != nil {
		return at // the next start will say what is wrong with it
	}
	return u.Host
}

// KillNine tells that the process is killed without a warning, and does it.
func (s *Server) KillNine() {
	s.story.Say("server", "is killed, and Temporal with it: kill -9 %d", s.cmd.Process.Pid)
	s.Kill()
}

// Kill ends the process without a warning, as kill -9 does, and waits until it
// is gone.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait() // says that it was killed
}

// Close kills the process, if it was started, and deletes its data.
func (s *Server) Close() {
	if s.cmd != nil && s.cmd.Process != nil {
		s.Kill()
	}
	_ = os.RemoveAll(s.dir)
}
