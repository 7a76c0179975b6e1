package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// A child is this example running over HTTP as a process of its own, so that
// the demo can kill it.
type child struct {
	cmd           *exec.Cmd
	mcpURL, uiURL string
}

// startChild starts the example and returns when it says that it is ready. It
// ends with this process.
func startChild(ctx context.Context, args ...string) (*child, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program, append([]string{"-until-eof"}, args...)...)
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "TEMPORAL_") { // the demo runs its own
			cmd.Env = append(cmd.Env, variable)
		}
	}
	var logs bytes.Buffer
	cmd.Stderr = &logs
	if _, err := cmd.StdinPipe(); err != nil { // its end is this process's
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{cmd: cmd}
	if err := c.awaitReady(out); err != nil {
		c.kill()
		return nil, fmt.Errorf("%w: %s", err, strings.TrimSpace(logs.String()))
	}
	return c, nil
}

// awaitReady reads where the child serves.
func (c *child) awaitReady(out io.Reader) error {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		switch {
		case strings.HasPrefix(lines.Text(), "  MCP server"):
			c.mcpURL = fields[2]
		case strings.HasPrefix(lines.Text(), "  Temporal Web UI"):
			c.uiURL = fields[3]
		case strings.HasPrefix(lines.Text(), readyText):
			return nil
		}
	}
	return errors.New("the server did not start")
}

// kill ends the child without a warning, as kill -9 does, and waits until it
// is gone.
func (c *child) kill() {
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait() // says that it was killed
}
