// Package replicas tests that tasks live in Temporal, and not in the servers
// that answer for them: three server processes behind round robin, each of which
// is killed at random and started again, serve one hundred tasks.
package replicas

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"github.com/durablemcp/durablemcp"
	"github.com/durablemcp/durablemcp/internal/e2e/devserver"
	"github.com/durablemcp/durablemcp/taskclient"
)

// TestMain is the test's main function, and that of the replicas, which are this
// binary, too.
func TestMain(m *testing.M) {
	if address := os.Getenv(temporalAddress); address != "" {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		err := serve(ctx, address)
		stop()
		if err != nil {
			fmt.Fprintln(os.Stderr, "replica:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

const (
	tasks    = 100
	replicas = 3
	// parallel is how many tasks are followed at a time.
	parallel = 25
)

// TestAnyReplicaServesAnyTask follows tasks of every kind of ending while the
// replicas are killed. The seed of the kills is in the log; when each is killed
// depends on the machine all the same.
func TestAnyReplicaServesAnyTask(t *testing.T) { //nolint:paralleltest // it needs the whole machine
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	temporal := startTemporal(t)
	fleet := startFleet(t, temporal.FrontendAddr())

	var done atomic.Int64
	killing, stopKilling := context.WithCancel(ctx)
	killed := make(chan int)
	go func() { killed <- fleet.killAtRandom(killing, t) }()

	numbers := make(chan int)
	var followers sync.WaitGroup
	for range parallel {
		followers.Go(func() {
			for n := range numbers {
				if err := follow(ctx, fleet, n); err != nil {
					t.Errorf("task %d: %v", n, err)
				}
				done.Add(1)
			}
		})
	}
	for n := range tasks {
		numbers <- n
	}
	close(numbers)
	followers.Wait()
	stopKilling()
	t.Logf("%d tasks ended, %d replicas were killed", done.Load(), <-killed)
}

func startTemporal(t *testing.T) *devserver.Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	server, err := devserver.Start(ctx, devserver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	c, err := server.NewClient(ctx, client.Options{Logger: quiet{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	registry, err := newRegistry()
	if err != nil {
		t.Fatal(err)
	}
	w := worker.New(c, queue, worker.Options{})
	if err := registry.RegisterWorkflows(w, queue); err != nil {
		t.Fatal(err)
	}
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Stop)
	return server
}

// follow makes a task of the kind that its number says, and checks its end.
func follow(ctx context.Context, f *fleet, n int) error {
	kind := kinds[n%len(kinds)]
	c := taskclient.NewHTTP(f.url, &taskclient.Options{
		HTTPClient: f.client,
		Elicit: func(context.Context, *taskclient.Question) (*mcp.ElicitResult, error) {
			return &mcp.ElicitResult{Action: "accept", Content: map[string]any{"word": fmt.Sprintf("word-%d", n)}}, nil
		},
	})
	id, err := start(ctx, c, job{Number: n, Kind: kind})
	if err != nil {
		return fmt.Errorf("starting: %w", err)
	}
	if kind == "cancel" {
		if err := again(ctx, func() error { return c.Cancel(ctx, id) }); err != nil {
			return fmt.Errorf("cancelling: %w", err)
		}
	}
	result, err := c.Wait(ctx, id)
	return checkEnd(n, kind, result, err)
}

// start calls the tool until it has become a task: the call joins the workflow
// that an earlier one has started, by its ID.
func start(ctx context.Context, c *taskclient.Client, in job) (id string, err error) {
	err = again(ctx, func() error {
		outcome, err := c.CallTool(ctx, &mcp.CallToolParams{Name: "work", Arguments: in})
		switch {
		case err != nil:
			return err
		case outcome.Task == nil:
			return fmt.Errorf("no task, but %v", outcome.Result.StructuredContent)
		}
		id = outcome.Task.ID
		return nil
	})
	return id, err
}

// again repeats what fails because a replica was killed.
func again(ctx context.Context, do func() error) error {
	for {
		err := do()
		var protocol *jsonrpc.Error
		if err == nil || ctx.Err() != nil || errors.As(err, &protocol) && protocol.Code != jsonrpc.CodeInternalError {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func checkEnd(n int, kind string, result *mcp.CallToolResult, err error) error {
	var ended *taskclient.TaskError
	text := ""
	if result != nil {
		text = fmt.Sprint(result.StructuredContent, result.Meta[durablemcp.MetaKeyError])
	}
	ok := false
	switch kind {
	case "succeed":
		ok = err == nil && !result.IsError && strings.Contains(text, fmt.Sprintf("done-%d", n))
	case "ask":
		ok = err == nil && !result.IsError && strings.Contains(text, fmt.Sprintf("word-%d", n))
	case "fail":
		ok = err == nil && result.IsError && strings.Contains(text, fmt.Sprintf("broken-%d", n))
	case "refuse":
		ok = errors.As(err, &ended) && ended.Task.Status == taskclient.Failed && ended.Task.Error.Code == protocolCode
	case "cancel":
		ok = errors.As(err, &ended) && ended.Task.Status == taskclient.Cancelled
	}
	if !ok {
		return fmt.Errorf("%s ended with %v, %w", kind, text, err)
	}
	return nil
}

// killAtRandom kills one replica after another, and starts it again, until ctx is
// done. It returns how many.
func (f *fleet) killAtRandom(ctx context.Context, t *testing.T) int {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for kills := 0; ; kills++ {
		select {
		case <-ctx.Done():
			return kills
		case <-time.After(time.Duration(200+random.IntN(600)) * time.Millisecond):
		}
		if err := f.restart(ctx, random.IntN(replicas)); err != nil && ctx.Err() == nil {
			t.Errorf("restarting a replica: %v", err)
			return kills
		}
	}
}
