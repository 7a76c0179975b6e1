package devserver_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/durablemcp/durablemcp/internal/e2e/devserver"
)

// Tests of what happens between processes run this test binary again, with a role and a path in the environment.
const (
	roleVar = "DEVSERVER_TEST_ROLE"
	pathVar = "DEVSERVER_TEST_PATH"
)

var roles = map[string]func(path string) error{
	"serve":  serve,
	"create": createMany,
	"use":    useFully,
}

func TestMain(m *testing.M) {
	role := os.Getenv(roleVar)
	if role == "" {
		os.Exit(m.Run())
	}
	if err := roles[role](os.Getenv(pathVar)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// command returns the command that runs a role in a process of its own.
func command(tb testing.TB, role, path string) *exec.Cmd {
	cmd := exec.CommandContext(testContext(tb), os.Args[0])
	cmd.Env = append(os.Environ(), roleVar+"="+role, pathVar+"="+path)
	return cmd
}

// child runs a role and returns the first line that it prints. The process lives until kill, or the end of the test.
func child(tb testing.TB, role, path string) (line string, kill func()) {
	tb.Helper()
	cmd := command(tb, role, path)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := cmd.StdinPipe(); err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	kill = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	tb.Cleanup(kill)
	line, err = bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		tb.Fatalf("%s: %v", role, err)
	}
	return strings.TrimSpace(line), kill
}

// awaitParent returns when the process that started this one closes its end or is gone.
func awaitParent() {
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// serve runs a server and a worker on the file, and prints the server's address.
func serve(file string) error {
	ctx := context.Background()
	s, err := devserver.Start(ctx, devserver.Options{DataFile: file})
	if err != nil {
		return err
	}
	defer s.Stop()
	c, err := s.NewClient(ctx, client.Options{})
	if err != nil {
		return err
	}
	defer c.Close()
	w := newWorker(c)
	if err := w.Start(); err != nil {
		return err
	}
	fmt.Println(s.FrontendAddr())
	awaitParent()
	return nil
}

func TestKill(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "temporal.db")
	addr, kill := child(t, "serve", file)
	remote, err := client.DialContext(testContext(t), client.Options{HostPort: addr})
	if err != nil {
		t.Fatal(err)
	}
	defer remote.Close()
	startNap(t, remote, "nap", 2*time.Second)

	_, err = devserver.Start(testContext(t), devserver.Options{DataFile: file})
	if _, ok := errors.AsType[*devserver.DatabaseLockedError](err); !ok {
		t.Errorf("Start beside another process returned %v, want a DatabaseLockedError", err)
	}

	// Kill it while workflows are being started.
	busy := make(chan struct{})
	go func() {
		defer close(busy)
		for ctx := testContext(t); ; {
			_, err := remote.ExecuteWorkflow(ctx, client.StartWorkflowOptions{TaskQueue: taskQueue}, greet, "world")
			if err != nil {
				return
			}
		}
	}()
	kill()

	c := connect(t, start(t, devserver.Options{DataFile: file}))
	work(t, c)
	wantRested(t, c, "nap")
	remote.Close()
	<-busy
}

// createMany makes one database after the other, in the directory, until it is killed.
func createMany(dir string) error {
	for i := 0; ; i++ {
		unlock, err := devserver.Prepare(filepath.Join(dir, strconv.Itoa(i)))
		if err != nil {
			return err
		}
		unlock()
		if i == 0 {
			fmt.Println("started")
		}
	}
}

// TestKillDuringCreation kills a process that does nothing but create databases. Each must be usable or empty.
func TestKillDuringCreation(t *testing.T) {
	t.Parallel()
	const kills = 2
	for range kills {
		dir := t.TempDir()
		_, kill := child(t, "create", dir)
		// At any moment within the time that it takes to create a few.
		<-time.After(rand.N(100 * time.Millisecond))
		kill()
		locks, err := filepath.Glob(filepath.Join(dir, "*.lock"))
		if err != nil || len(locks) == 0 {
			t.Fatalf("no database was begun: %v", err)
		}
		for _, lock := range locks {
			unlock, err := devserver.Prepare(strings.TrimSuffix(lock, ".lock"))
			if err != nil {
				t.Errorf("after a kill: %v", err)
				continue
			}
			unlock()
		}
	}
}

// useFully starts a server without a logger, makes it work, and fail, in all ways, and stops it.
func useFully(file string) error {
	ctx := context.Background()
	s, err := devserver.Start(ctx, devserver.Options{DataFile: file, UIAddr: ":0"})
	if err != nil {
		return err
	}
	c, err := s.NewClient(ctx, client.Options{})
	if err != nil {
		return err
	}
	w := newWorker(c)
	if err := w.Start(); err != nil {
		return err
	}
	run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{TaskQueue: taskQueue}, greet, "world")
	if err != nil {
		return err
	}
	if err := run.Get(ctx, nil); err != nil {
		return err
	}
	for _, path := range []string{
		"/", "/no/such/page", "/api/v1/namespaces", "/api/v1/namespaces/none/workflows", "/api/v1/no-such-call",
		"/api/v1/namespaces/default/workflows/none/runs/none/history.json", "/_app/none.js",
	} {
		resp, err := http.Get(s.WebUIURL() + path)
		if err != nil {
			return err
		}
		resp.Body.Close()
	}
	resp, err := http.Post(s.WebUIURL()+"/api/v1/namespaces", "application/json", strings.NewReader("{"))
	if err != nil {
		return err
	}
	resp.Body.Close()
	if _, err := devserver.Start(ctx, devserver.Options{DataFile: file}); err == nil {
		return errors.New("second Start succeeded")
	}
	s.Stop()
	w.Stop()
	c.Close()
	return nil
}

// TestSilent checks that nothing is ever written to the standard output, which may carry another protocol, or, without
// a logger, to the standard error.
func TestSilent(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	cmd := command(t, "use", filepath.Join(t.TempDir(), "temporal.db"))
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Errorf("%v", err)
	}
	if stdout.Len() > 0 || stderr.Len() > 0 {
		t.Errorf("standard output:\n%s\nstandard error:\n%s", &stdout, &stderr)
	}
}
