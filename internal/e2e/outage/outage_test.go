// Package outage tests what becomes of calls while Temporal is away for some
// time, and of a server that is started then.
package outage

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/durablemcp/durablemcp/taskclient"
)

// outage is how long Temporal is away.
const outage = 30 * time.Second

// TestOutage stops Temporal in the middle of calls of all kinds.
func TestOutage(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.work()
	before, temporal := s.mount(), s.dial()

	waiting := before.goCall("gate", "waiting")
	tasks := taskclient.NewHTTP(before.url, nil)
	id := startTask(t, tasks)
	polled := make(chan error, 1)
	go func() {
		result, err := tasks.Wait(t.Context(), id)
		if err == nil && result.IsError {
			err = errors.New("the task has ended with an error")
		}
		polled <- err
	}()
	eventually(t, "the call waits", func() bool {
		_, err := temporal.DescribeWorkflowExecution(t.Context(), "gate-waiting", "")
		return err == nil
	})
	steady := newSteady(t, before, "before")
	steady.await("a call succeeds", func(a answer) bool { return a.Error.Type == "" })

	s.stop()
	away := time.After(outage)
	steady.quit() // its last call may have become one that waits
	later := newSteady(t, before, "later")
	after := s.mount() // a server that starts without Temporal
	var checks sync.WaitGroup
	for _, h := range []*host{before, after} {
		checks.Go(func() { wantUnavailable(t, h, id) })
	}
	later.await("a call fails that surely has started nothing", func(a answer) bool { return a.Error.Type == "TemporalUnavailable" })
	checks.Wait()
	<-away // as long as it takes
	s.start()

	open(t, temporal, "gate-waiting", "gate-task")
	if got := receive(t, waiting, "the call that waited"); got.err != nil || got.Name != "waiting" {
		t.Errorf("the call that waited was answered %+v", got)
	}
	if err := receive(t, polled, "the task"); err != nil {
		t.Errorf("the task that was polled: %v", err)
	}
	later.await("a call succeeds again", func(a answer) bool { return a.Error.Type == "" })
	steady.stop(temporal)
	later.stop(temporal)
	for _, h := range []*host{before, after} {
		eventually(t, "both servers serve again", func() bool { return h.call("greet", "again").Name == "again" })
		eventually(t, "the task can be read again", func() bool {
			task, err := taskclient.NewHTTP(h.url, nil).Get(t.Context(), id)
			return err == nil && task.Status == taskclient.Completed
		})
	}
}

// startTask makes a task of a call.
func startTask(t *testing.T, tasks *taskclient.Client) (id string) {
	t.Helper()
	outcome, err := tasks.CallTool(t.Context(), &mcp.CallToolParams{Name: "gate", Arguments: named{"task"}})
	if err != nil || outcome.Task == nil {
		t.Fatalf("got %+v, %v; want a task", outcome, err)
	}
	return outcome.Task.ID
}

// wantUnavailable makes requests of a server whose Temporal is away, all at a
// time: each is tried for some seconds. Whether a request may have reached it
// cannot always be told: then the answer says so.
func wantUnavailable(t *testing.T, h *host, task string) {
	t.Helper()
	answers := make(map[string]<-chan answer)
	for _, tool := range []string{"greet", "random", "look"} {
		answers[tool] = h.goCall(tool, "late")
	}
	_, err := taskclient.NewHTTP(h.url, nil).Get(t.Context(), task)
	if rpc, ok := errors.AsType[*jsonrpc.Error](err); ok && rpc.Code == jsonrpc.CodeInternalError {
		contains(t, rpc.Message, "Temporal, which runs this tool's work, ", "The task is not lost: ask again later.")
	} else {
		t.Errorf("tasks/get was answered %v; want the code %d", err, jsonrpc.CodeInternalError)
	}
	for tool, answered := range answers {
		got := <-answered // which has a limit of its own
		contains(t, got.text, "Temporal, which runs this tool's work, ")
		switch unknown := got.Error.Type == "OutcomeUnknown"; {
		case got.err != nil || !unknown && got.Error.Type != "TemporalUnavailable":
			t.Errorf("%s was answered %+v", tool, got)
		case tool == "look":
			contains(t, got.text, "Nothing was done", "make the same call again")
		case !unknown:
			contains(t, got.text, "Nothing was started", "make the same call again")
		default:
			contains(t, got.text, "It is not known whether the workflow", map[string]string{
				"greet": "It is safe to make the same call again", "random": "could do the work a second time",
			}[tool])
		}
		if safe := got.Error.Type == "TemporalUnavailable" || tool == "greet"; got.Error.Retryable != safe {
			t.Errorf("%s was answered %+v", tool, got)
		}
	}
	contains(t, h.log.String(), "level=WARN", "starting a workflow failed", "describing a workflow failed", "a task request failed")
}

// open lets workflows through.
func open(t *testing.T, temporal client.Client, ids ...string) {
	t.Helper()
	for _, id := range ids {
		eventually(t, "Temporal is back", func() bool {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			return temporal.SignalWorkflow(ctx, id, "", "open", nil) == nil
		})
	}
}

// pace is what is between two calls of a steady.
const pace = 100 * time.Millisecond

// A steady makes one call after the other, each of a workflow of its own, and
// none twice.
type steady struct {
	t     *testing.T
	name  string // what the names of its workflows begin with
	ended chan struct{}
	quit  context.CancelFunc

	mu      sync.Mutex
	changed *sync.Cond
	answers []answer
}

func newSteady(t *testing.T, h *host, name string) *steady {
	t.Helper()
	s := &steady{t: t, name: name, ended: make(chan struct{})}
	s.changed = sync.NewCond(&s.mu)
	ctx, cancel := context.WithCancel(t.Context())
	s.quit = cancel
	go func() {
		defer close(s.ended)
		for n := 0; ctx.Err() == nil; n++ {
			a := h.call("greet", s.called(n))
			s.mu.Lock()
			s.answers = append(s.answers, a)
			s.changed.Broadcast()
			s.mu.Unlock()
			select {
			case <-ctx.Done():
			case <-time.After(pace):
			}
		}
	}()
	t.Cleanup(cancel)
	return s
}

func (s *steady) called(n int) string { return fmt.Sprintf("%s-%d", s.name, n) }

// await waits for a new answer of a kind.
func (s *steady) await(what string, wanted func(answer) bool) {
	s.t.Helper()
	seen := make(chan struct{})
	go func() {
		defer close(seen)
		s.mu.Lock()
		defer s.mu.Unlock()
		for n := len(s.answers); s.t.Context().Err() == nil; n++ {
			for n >= len(s.answers) {
				s.changed.Wait()
			}
			if wanted(s.answers[n]) {
				return
			}
		}
	}()
	receive(s.t, seen, what)
}

// stop ends the calls, and holds what was said of each to what Temporal knows.
func (s *steady) stop(temporal client.Client) {
	s.t.Helper()
	s.quit()
	receive(s.t, s.ended, "the last call")
	counts := make(map[string]int)
	for n, a := range s.answers {
		counts[a.Error.Type]++
		_, err := temporal.DescribeWorkflowExecution(s.t.Context(), "greet-"+s.called(n), "")
		_, missing := errors.AsType[*serviceerror.NotFound](err)
		if err != nil && !missing {
			s.t.Fatal(err)
		}
		switch {
		case a.err != nil:
			s.t.Errorf("call %d: %v", n, a.err)
		case a.Error.Type == "":
			if missing || a.Name != s.called(n) {
				s.t.Errorf("call %d was answered %+v, and its workflow is missing: %v", n, a, missing)
			}
		case a.Error.Type == "TemporalUnavailable":
			contains(s.t, a.text, "Nothing was started")
			if !missing || !a.Error.Retryable {
				s.t.Errorf("call %d was answered %+v, and its workflow is missing: %v", n, a, missing)
			}
		case a.Error.Type == "OutcomeUnknown":
			contains(s.t, a.text, "It is not known whether the workflow", "It is safe to make the same call again")
			if !a.Error.Retryable {
				s.t.Errorf("call %d was answered %+v", n, a)
			}
		default:
			s.t.Errorf("call %d was answered %+v", n, a)
		}
	}
	s.t.Logf("calls %s, by the type of their error: %v", s.name, counts)
}
