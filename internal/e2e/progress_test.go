package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp"
)

// Steps reports one of three steps at each signal.
func Steps(ctx workflow.Context, name string) (string, error) {
	for i := range 3 {
		workflow.GetSignalChannel(ctx, "step").Receive(ctx, nil)
		if err := durablemcp.ReportProgress(ctx, float64(i+1), 3, fmt.Sprintf("step %d for %s", i+1, name)); err != nil {
			return "", err
		}
	}
	workflow.GetSignalChannel(ctx, "step").Receive(ctx, nil)
	return "arrived", nil
}

func (s *stage) step(id string) {
	s.t.Helper()
	if err := s.temporal.SignalWorkflow(s.t.Context(), id, "", "step", nil); err != nil {
		s.t.Fatal(err)
	}
}

// wantGrowing checks that progress only grows, and stays below the total.
func wantGrowing(t *testing.T, told []*mcp.ProgressNotificationParams) {
	t.Helper()
	for i, p := range told {
		if i > 0 && p.Progress <= told[i-1].Progress {
			t.Errorf("progress %d is %v, after %v", i, p.Progress, told[i-1].Progress)
		}
		if p.Total > 0 && p.Progress > p.Total {
			t.Errorf("progress %d is %v of %v", i, p.Progress, p.Total)
		}
	}
}

// Laps reports its first lap, and continues as new for the second one.
func Laps(ctx workflow.Context, name string) (string, error) {
	if workflow.GetInfo(ctx).ContinuedExecutionRunID == "" {
		if err := durablemcp.ReportProgress(ctx, 3, 3, "the first lap"); err != nil {
			return "", err
		}
		workflow.GetSignalChannel(ctx, "step").Receive(ctx, nil)
		return "", workflow.NewContinueAsNewError(ctx, Laps, name)
	}
	workflow.GetSignalChannel(ctx, "step").Receive(ctx, nil)
	if err := durablemcp.ReportProgress(ctx, 1, 3, "the second lap"); err != nil {
		return "", err
	}
	workflow.GetSignalChannel(ctx, "step").Receive(ctx, nil)
	return "arrived", nil
}

// TestProgressOfAnEarlierRun holds that what a run reported before it continued as new is
// not said of the one that goes on, which still has its memo.
func TestProgressOfAnEarlierRun(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{}, func(queue string) []durablemcp.Tool {
		return []durablemcp.Tool{
			durablemcp.WorkflowTool{Name: "run", Description: "Test.", Workflow: Laps, TaskQueue: queue, ArgNames: []string{"name"},
				WorkflowID: queue + "-{name}", Mode: durablemcp.ModeStart},
			durablemcp.StatusTool{Name: "status", Description: "Test.", Workflow: Laps, WorkflowID: queue + "-{name}"},
		}
	})
	first := workflowOf(t, r.call("run", ann))
	says := func(what, text string) {
		t.Helper()
		eventually(t, what, func() bool { return strings.Contains(outcomeOf(r.call("status", ann)).Text, text) })
	}
	step := func() {
		t.Helper()
		if err := r.temporal.SignalWorkflow(t.Context(), first["workflow_id"], "", "step", nil); err != nil {
			t.Fatal(err)
		}
	}
	says("the first run reports", "the first lap")
	step()
	eventually(t, "the workflow has continued as new", func() bool {
		return workflowOf(t, r.call("status", ann))["run_id"] != first["run_id"]
	})
	if o := outcomeOf(r.call("status", ann)); strings.Contains(o.Text+o.Structured, "first lap") || strings.Contains(o.Structured, "3 of 3") {
		t.Errorf("the second run is said to be at %s", o.Structured)
	}
	step()
	says("the second run reports", "the second lap")
	step()
}

// awaitProgress waits until a client has been told of some progress.
func (c *calling) awaitProgress(what string, ok func(*mcp.ProgressNotificationParams) bool) {
	c.t.Helper()
	eventually(c.t, what, func() bool {
		told := c.sofar()
		return len(told) > 0 && ok(told[len(told)-1])
	})
}

// TestProgress tells clients of the steps that a workflow reports while they
// wait.
func TestProgress(t *testing.T) {
	t.Parallel()
	for _, g := range generations() {
		if g.name == "tasks" {
			continue // see TestProgressOfTasks
		}
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, options{}, asking(Steps))
			id := s.queue + "-ann"
			call := g.begin(s, &calling{tool: "ask", arguments: ann})
			call.awaitProgress("the client hears that the workflow waits", func(p *mcp.ProgressNotificationParams) bool {
				return strings.Contains(p.Message, "waiting for a timer, a signal or an update")
			})
			for i := range 3 {
				s.step(id)
				call.awaitProgress("the client hears of the step", func(p *mcp.ProgressNotificationParams) bool {
					return p.Progress == float64(i+1) && p.Total == 3 && p.Message == fmt.Sprintf("%d of 3: step %d for ann", i+1, i+1)
				})
			}
			s.step(id)
			call.want(`{"result":"arrived"}`)
			wantGrowing(t, call.sofar())
		})
		t.Run("no token/"+g.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, options{}, asking(Steps))
			id := s.queue + "-ann"
			call := g.begin(s, &calling{tool: "ask", arguments: ann, silent: true})
			other := g.begin(s, &calling{tool: "ask", arguments: ann}) // hears of it when the first one would
			for i := range 3 {
				other.awaitProgress("the workflow runs", func(p *mcp.ProgressNotificationParams) bool { return p.Progress >= float64(i) })
				s.step(id)
			}
			other.awaitProgress("the client hears of the last step", func(p *mcp.ProgressNotificationParams) bool { return p.Progress == 3 })
			s.step(id)
			call.want(`{"result":"arrived"}`)
			if told := call.sofar(); len(told) > 0 {
				t.Errorf("a client that wants no progress was told of %d steps", len(told))
			}
		})
	}
}

// Phases counts to its total, and then starts counting again.
func Phases(ctx workflow.Context, name string) (string, error) {
	for _, step := range []struct{ done, total float64 }{{1e15, 1e15}, {1, 10}, {2, 10}} {
		if err := durablemcp.ReportProgress(ctx, step.done, step.total, "for "+name); err != nil {
			return "", err
		}
		workflow.GetSignalChannel(ctx, "step").Receive(ctx, nil)
	}
	return "arrived", nil
}

// TestProgressBeyondTheTotal checks that clients hear of what a workflow does
// after it has reported that all is done, and never of a number that they know.
func TestProgressBeyondTheTotal(t *testing.T) {
	t.Parallel()
	s := newStage(t, options{}, asking(Phases))
	id := s.queue + "-ann"
	call := generations()[0].begin(s, &calling{tool: "ask", arguments: ann})
	for _, said := range []string{"1000000000000000 of 1000000000000000: for ann", "1 of 10: for ann", "2 of 10: for ann"} {
		call.awaitProgress("the client hears "+said, func(p *mcp.ProgressNotificationParams) bool { return p.Message == said })
		s.step(id)
	}
	call.want(`{"result":"arrived"}`)
	wantGrowing(t, call.sofar())
}

// TestProgressOfTasks shows the same in the status message of a task.
func TestProgressOfTasks(t *testing.T) {
	t.Parallel()
	s := newStage(t, quick(), asking(Steps))
	id := s.queue + "-ann"
	caps := taskCaps(formCaps)
	created, err := s.round(t.Context(), &calling{tool: "ask", arguments: ann}, caps, "")
	if err != nil || created.ResultType != "task" {
		t.Fatalf("got %+v, %v", created, err)
	}
	s.wantStatus(created.TaskID, caps, "waiting for a timer, a signal or an update")
	for i := range 3 {
		s.step(id)
		s.wantStatus(created.TaskID, caps, fmt.Sprintf("%d of 3: step %d for ann", i+1, i+1))
	}
	s.step(id)
	result, err := s.follow(t.Context(), &calling{t: t}, created.TaskID, caps)
	if err != nil || string(result.StructuredContent) != `{"result":"arrived"}` {
		t.Errorf("got %s, %v", result, err)
	}
}

// wantStatus waits until the status message of a task that works has a text.
func (s *stage) wantStatus(id, caps, text string) {
	s.t.Helper()
	eventually(s.t, "the task says "+text, func() bool {
		state, err := s.task(s.t.Context(), "tasks/get", id, caps, "")
		return err == nil && state.Status == "working" && strings.Contains(state.StatusMessage, text)
	})
}

// TestProgressWithoutCode tells clients of the attempts of an activity, of which
// the workflow says nothing.
func TestProgressWithoutCode(t *testing.T) {
	t.Parallel()
	o := quick()
	o.register = func(w worker.Registry) {
		w.RegisterActivityWithOptions(unlucky, activity.RegisterOptions{Name: "Unlucky"})
	}
	for _, g := range generations() {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, o, asking(Retry))
			call := g.begin(s, &calling{tool: "ask", arguments: ann})
			const want = "Unlucky: attempt 2, last failure 503 Service Unavailable, next try in "
			if g.name == "tasks" {
				s.wantStatus(call.taskID(), taskCaps(formCaps), want)
				return
			}
			call.awaitProgress("the client hears of the retry", func(p *mcp.ProgressNotificationParams) bool {
				return strings.Contains(p.Message, want)
			})
			wantGrowing(t, call.sofar())
		})
	}
}

// Mixed runs an activity, of which it says nothing, and then counts to two.
func Mixed(ctx workflow.Context, name string) (string, error) {
	activities := workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Hour})
	if err := workflow.ExecuteActivity(activities, "Hold", name).Get(ctx, nil); err != nil {
		return "", err
	}
	if err := durablemcp.ReportProgress(ctx, 1, 2, "halfway"); err != nil {
		return "", err
	}
	workflow.GetSignalChannel(ctx, "step").Receive(ctx, nil)
	return "arrived", nil
}

// TestProgressAfterActivities checks that a workflow's own count reaches clients
// that have heard of activities before.
func TestProgressAfterActivities(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	s := newStage(t, options{register: func(w worker.Registry) {
		w.RegisterActivityWithOptions(func(ctx context.Context, _ string) error {
			select {
			case <-release:
			case <-ctx.Done():
			}
			return nil
		}, activity.RegisterOptions{Name: "Hold"})
	}}, asking(Mixed))
	call := generations()[0].begin(s, &calling{tool: "ask", arguments: ann})
	eventually(t, "the client has heard of the activity four times", func() bool { return len(call.sofar()) == 4 })
	close(release)
	call.awaitProgress("the client hears that the workflow is halfway", func(p *mcp.ProgressNotificationParams) bool {
		return strings.Contains(p.Message, "1 of 2: halfway")
	})
	told := call.sofar()
	wantGrowing(t, told)
	if last := told[len(told)-1]; last.Progress != 1 || last.Total != 2 {
		t.Errorf("the client was last told %v of %v", last.Progress, last.Total)
	}
	s.step(s.queue + "-ann")
	call.want(`{"result":"arrived"}`)
}

// TestQuietCallsAreCheap counts the requests to Temporal of calls that wait for
// something that does not happen.
func TestQuietCallsAreCheap(t *testing.T) {
	t.Parallel()
	const wait = 5 * time.Second
	for _, g := range generations() {
		if g.name == "tasks" {
			continue // the client polls
		}
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			o := quick()
			o.Wait = wait
			s := newStage(t, o, asking(Steps))
			result, err := g.begin(s, &calling{tool: "ask", arguments: ann}).end()
			if err != nil {
				t.Fatal(err)
			}
			contains(t, result.String(), "ask is still running")
			// The start, a long poll for the result and one for changes, one look at
			// the beginning and one or two at the end.
			if n := s.requests.total(); n > 8 {
				t.Errorf("a call that waited %v made %d requests: %v", wait, n, s.requests.all())
			}
		})
	}
}

// TestTasksAreCheap counts the requests of a call that becomes a task.
func TestTasksAreCheap(t *testing.T) {
	t.Parallel()
	s := newStage(t, options{}, asking(Steps))
	created, err := s.round(t.Context(), &calling{tool: "ask", arguments: ann}, taskCaps(formCaps), "")
	if err != nil || created.ResultType != "task" {
		t.Fatalf("got %+v, %v", created, err)
	}
	// The start, a long poll for the result, and a look.
	if n := s.requests.total(); n > 4 {
		t.Errorf("making a task took %d requests: %v", n, s.requests.all())
	}
}

// TestWaitingForAPersonIsCheap counts the requests of a call while a person
// thinks for longer than calls wait.
func TestWaitingForAPersonIsCheap(t *testing.T) {
	t.Parallel()
	o := quick()
	o.Wait = 5 * time.Second // in which a busy machine gets to the question
	s := newStage(t, o, asking(Approve))
	call := generations()[0].begin(s, &calling{tool: "ask", arguments: ann})
	q := call.question()
	before := s.requests.total()
	t.Run("longer than the wait", func(t *testing.T) {
		o.Wait = 2 * time.Second
		other := newStage(t, o, asking(Steps))
		for range 3 {
			result, err := generations()[0].begin(other, &calling{tool: "ask", arguments: ann}).end()
			if err != nil {
				t.Fatal(err)
			}
			contains(t, result.String(), "ask is still running after")
		}
	})
	if n := s.requests.total() - before; n > 3 {
		t.Errorf("a person who thinks for six seconds costs %d requests: %v", n, s.requests.all())
	}
	q.answer(agree)
	call.want(accepted)
}
