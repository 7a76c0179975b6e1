package e2e

import (
	"slices"
	"strings"
	"testing"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
)

// runOf is the current run of a puppet.
func (r *taskRig) runOf(t *testing.T, name string) (runID string) {
	t.Helper()
	resp, err := r.temporal.DescribeWorkflowExecution(t.Context(), r.queue+"-"+name, "")
	if err != nil {
		t.Fatal(err)
	}
	return resp.GetWorkflowExecutionInfo().GetExecution().GetRunId()
}

// workflowTasks are the events with which a run's workflow tasks were completed.
func (r *taskRig) workflowTasks(t *testing.T, name, runID string) (events []int64) {
	t.Helper()
	history := r.temporal.GetWorkflowHistory(t.Context(), r.queue+"-"+name, runID, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for history.HasNext() {
		event, err := history.Next()
		if err != nil {
			t.Fatal(err)
		}
		if event.GetEventType() == enums.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			events = append(events, event.GetEventId())
		}
	}
	return events
}

// reset resets a run of a puppet to a workflow task, which is done again.
func (r *taskRig) reset(t *testing.T, name, runID string, event int64) {
	t.Helper()
	_, err := r.temporal.ResetWorkflowExecution(t.Context(), &workflowservice.ResetWorkflowExecutionRequest{
		Namespace:                 devServer.Namespace(),
		WorkflowExecution:         &common.WorkflowExecution{WorkflowId: r.queue + "-" + name, RunId: runID},
		Reason:                    "test",
		WorkflowTaskFinishEventId: event,
		RequestId:                 "reset-" + name,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestTaskFollowsItsWorkflow takes a task with an open question to another run,
// in each way that there is.
func TestTaskFollowsItsWorkflow(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	c := r.web("")
	for name, test := range map[string]struct {
		tool string
		move func(t *testing.T, name string)
	}{
		"retry":         {"puppet_retried", func(t *testing.T, name string) { r.order(t, name, "retry") }},
		"continueasnew": {"puppet", func(t *testing.T, name string) { r.order(t, name, "again") }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := c.start(t, test.tool, name)
			id := before.TaskID
			stale := r.asks(t, c, name, id, 1, "ask q")[0]
			asked := c.get(t, id).LastUpdatedAt
			run := r.runOf(t, name)
			test.move(t, name)
			eventually(t, "there is another run", func() bool { return r.runOf(t, name) != run })
			if now := c.get(t, id).LastUpdatedAt; now.Before(asked) {
				t.Errorf("the task was updated at %v, and then at %v", asked, now)
			}
			if task := c.get(t, id); task.Status != "working" || task.InputRequests != nil || !task.CreatedAt.Equal(before.CreatedAt) {
				t.Errorf("the task is %+v; want one that works, asks nothing and was created at %v", task, before.CreatedAt)
			}
			if again := c.start(t, test.tool, name); again.TaskID != id {
				t.Errorf("the task is %s, and was %s", again.TaskID, id)
			}
			fresh := r.asks(t, c, name, id, 1, "ask q")[0]
			if fresh == stale {
				t.Errorf("the key %s is used again", stale)
			}
			mustAck(t, c.answer(t, id, `{`+acceptName(stale, "Eve")+`}`))
			mustAck(t, c.answer(t, id, `{`+acceptName(fresh, "Ann")+`}`))
			c.until(t, id, "working")
			r.wantReturned(t, c, name, id, "map[q:Ann]")
		})
	}
}

// TestTaskResetBeforeTheQuestion checks that a question which is asked again after
// a reset has another key, and that the old one is gone.
func TestTaskResetBeforeTheQuestion(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	c := r.web("")
	before := c.start(t, "puppet", "a")
	id := before.TaskID
	r.quiet(t, "a")
	stale := r.asks(t, c, "a", id, 1, "ask q")[0]
	run := r.runOf(t, "a")
	r.reset(t, "a", run, r.workflowTasks(t, "a", run)[0])
	// Temporal sends the signal again, so the workflow asks again.
	task := c.untilIt(t, id, "asks anew", func(task wireTask) bool { return len(task.keys()) == 1 && task.keys()[0] != stale })
	if !task.CreatedAt.Equal(before.CreatedAt) {
		t.Errorf("the task was created at %v, and before the reset at %v", task.CreatedAt, before.CreatedAt)
	}
	mustAck(t, c.answer(t, id, `{`+acceptName(stale, "Eve")+`}`))
	mustAck(t, c.answer(t, id, `{`+acceptName(task.keys()[0], "Ann")+`}`))
	c.until(t, id, "working")
	r.wantReturned(t, c, "a", id, "map[q:Ann]")
}

// TestTaskResetAfterTheQuestion checks that a question which is open before and
// after a reset is the same one, and is shown.
func TestTaskResetAfterTheQuestion(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	c := r.web("")
	id := c.start(t, "puppet", "a").TaskID
	r.quiet(t, "a")
	key := r.asks(t, c, "a", id, 1, "ask q")[0]
	r.quiet(t, "a")
	r.order(t, "a", "report 1")
	c.untilIt(t, id, "has reported", func(task wireTask) bool { return strings.Contains(task.StatusMessage, "step 1") })
	r.quiet(t, "a")
	run := r.runOf(t, "a")
	done := r.workflowTasks(t, "a", run)
	r.reset(t, "a", run, done[len(done)-1])
	eventually(t, "there is another run", func() bool { return r.runOf(t, "a") != run })
	r.quiet(t, "a")
	task := c.get(t, id)
	if !slices.Equal(task.keys(), []string{key}) || task.Status != "input_required" {
		t.Fatalf("after a reset the task is %s and asks %q; want %q, which its workflow waits for", task.Status, task.keys(), key)
	}
	mustAck(t, c.answer(t, id, `{`+acceptName(key, "Ann")+`}`))
	c.until(t, id, "working")
	r.wantReturned(t, c, "a", id, "map[q:Ann]")
}

// TestTaskOfEarlierWork checks that a task is the work that it was made for,
// though its workflow ID has come to stand for other work.
func TestTaskOfEarlierWork(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	c := r.web("")
	first := c.start(t, "puppet", "a").TaskID
	for range 2 {
		run := r.runOf(t, "a")
		r.order(t, "a", "again")
		eventually(t, "there is another run", func() bool { return r.runOf(t, "a") != run })
	}
	key := r.asks(t, c, "a", first, 1, "ask q")[0]
	mustAck(t, c.answer(t, first, `{`+acceptName(key, "Ann")+`}`))
	c.until(t, first, "working")
	r.order(t, "a", "return")
	ended := c.until(t, first, "completed")

	second := c.start(t, "puppet", "a").TaskID
	if first == second {
		t.Fatalf("two works are one task %s", first)
	}
	now := c.get(t, first)
	sameJSON(t, "the result", now.Result, ended.Result)
	if now.Status != "completed" || *now.TTLMs != *ended.TTLMs || !now.LastUpdatedAt.Equal(ended.LastUpdatedAt) {
		t.Errorf("the task was %+v, and is %+v", ended, now)
	}
	open := r.asks(t, c, "a", second, 1, "ask q")[0]
	before := r.quiet(t, "a")
	mustAck(t, c.about(t, "tasks/cancel", first))
	mustAck(t, c.answer(t, first, `{`+acceptName(open, "Eve")+`}`))
	if task := c.get(t, second); task.Status != "input_required" || r.quiet(t, "a") != before {
		t.Errorf("what was done to the first task has changed the second: %+v", task)
	}
	r.order(t, "a", "fail")
	c.untilIt(t, second, "has failed", func(task wireTask) bool { return strings.Contains(string(task.Result), "on fire") })
	sameJSON(t, "the result", c.get(t, first).Result, ended.Result)
}

// TestTaskOfEarlierWorkWithOpenQuestion checks that the questions of work that
// was terminated are nobody's any more.
func TestTaskOfEarlierWorkWithOpenQuestion(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	c := r.web("")
	first := c.start(t, "puppet", "a").TaskID
	stale := r.asks(t, c, "a", first, 1, "ask q")[0]
	r.terminate(t, "a", "")
	second := c.start(t, "puppet", "a").TaskID
	r.quiet(t, "a")
	if task := c.get(t, first); task.Status != "completed" || task.InputRequests != nil {
		t.Errorf("the first task is %+v", task)
	}
	if task := c.get(t, second); task.Status != "working" || task.InputRequests != nil {
		t.Errorf("the second task is %+v", task)
	}
	before := r.quiet(t, "a")
	mustAck(t, c.answer(t, first, `{`+acceptName(stale, "Eve")+`}`))
	if after := r.quiet(t, "a"); after != before {
		t.Errorf("an answer to the first task has added %d events to the second", after-before)
	}
}

// TestTaskOfEarlierWorkThatWasReset checks that a task whose workflow was reset
// keeps the end that it came to, when its workflow ID is used again.
func TestTaskOfEarlierWorkThatWasReset(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	c := r.web("")
	first := c.start(t, "puppet", "a").TaskID
	r.quiet(t, "a")
	run := r.runOf(t, "a")
	r.reset(t, "a", run, r.workflowTasks(t, "a", run)[0])
	eventually(t, "there is another run", func() bool { return r.runOf(t, "a") != run })
	r.order(t, "a", "return")
	ended := c.until(t, first, "completed")
	c.start(t, "puppet", "a")
	sameJSON(t, "the result", c.get(t, first).Result, ended.Result)
}

// TestTaskResetAfterItsEnd checks that a task whose workflow is reset after it
// has ended goes on.
func TestTaskResetAfterItsEnd(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	c := r.web("")
	id := c.start(t, "puppet", "a").TaskID
	r.quiet(t, "a")
	r.terminate(t, "a", "")
	c.until(t, id, "completed")
	run := r.runOf(t, "a")
	r.reset(t, "a", run, r.workflowTasks(t, "a", run)[0])
	c.until(t, id, "working")
	r.order(t, "a", "return")
	c.untilIt(t, id, "has its result", func(task wireTask) bool { return strings.Contains(string(task.Result), "amap[]") })
}
