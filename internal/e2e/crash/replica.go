package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// ready begins the last line of what an example says before it serves.
const ready = "Stop with Ctrl-C."

// A replica is one of the processes of an example, which is killed and started
// again. It always has the same address.
type replica struct {
	name    string
	program string
	address string
	args    []string
	log     string // the file that it logs to

	mu      sync.Mutex
	process *exec.Cmd // nil if it does not run
	stdin   io.Closer // whose end ends the process
}

// start starts the process, and returns when it serves.
func (r *replica) start(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	const attempts = 5 // somebody else may have taken the address for a moment
	var err error
	for range attempts {
		if err = r.tryStart(ctx); err == nil || ctx.Err() != nil {
			return err
		}
	}
	return fmt.Errorf("%s does not start: %w", r.name, err)
}

func (r *replica) tryStart(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	log, err := os.OpenFile(r.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the process has it open, too
	process := exec.Command(r.program, r.args...)
	process.Stderr = log
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "TEMPORAL_") {
			process.Env = append(process.Env, variable)
		}
	}
	if r.stdin, err = process.StdinPipe(); err != nil {
		return err
	}
	out, err := process.StdoutPipe()
	if err != nil {
		return err
	}
	if err := process.Start(); err != nil {
		return err
	}
	r.process = process
	defer context.AfterFunc(ctx, func() { _ = process.Process.Kill() })()
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), ready) {
			return nil
		}
	}
	r.end()
	return errors.Join(errors.New("it has ended before it was ready"), ctx.Err())
}

// kill kills the process with SIGKILL.
func (r *replica) kill() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.end()
}

func (r *replica) end() {
	if r.process != nil {
		_ = r.process.Process.Kill()
		_ = r.process.Wait()
		_ = r.stdin.Close()
		r.process = nil
	}
}

// freeAddress returns an address that nobody listens on.
func freeAddress(ctx context.Context) (string, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// programs are the examples.
var programs = []string{"weather", "invoice"}

// compile builds the examples into a directory.
func compile(ctx context.Context, examples, dir string) error {
	if examples == "" {
		var err error
		if examples, err = findExamples(); err != nil {
			return err
		}
	}
	for _, name := range programs {
		command := exec.CommandContext(ctx, "go", "build", "-o", program(dir, name), "./"+name)
		command.Dir = examples
		if out, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("building %s: %w\n%s", name, err, out)
		}
	}
	return nil
}

func program(dir, name string) string { return filepath.Join(dir, name+".exe") }

func removePrograms(dir string) {
	for _, name := range programs {
		_ = os.Remove(program(dir, name))
	}
}

// findExamples looks for the examples above the working directory.
func findExamples() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		examples := filepath.Join(dir, "examples")
		if _, err := os.Stat(filepath.Join(examples, "go.mod")); err == nil {
			return examples, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("there is no directory examples above the working directory: name it with -examples")
		}
		dir = parent
	}
}
