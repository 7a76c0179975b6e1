package e2e

import (
	"strings"
	"sync"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/durablemcp/durablemcp"
)

// TestTaskCancel checks that tasks/cancel is acknowledged whatever becomes of it.
func TestTaskCancel(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	for name, c := range r.clients(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id := c.start(t, "puppet", name).TaskID
			r.asks(t, c, name, id, 1, "ask q")
			mustAck(t, c.about(t, "tasks/cancel", id))
			mustAck(t, c.about(t, "tasks/cancel", id))
			task := c.until(t, id, "cancelled")
			if task.InputRequests != nil || task.Result != nil || task.Error != nil {
				t.Errorf("a cancelled task is %+v", task)
			}
			mustAck(t, c.about(t, "tasks/cancel", id))
			mustAck(t, c.about(t, "tasks/update", id))
			if again := c.get(t, id); again.Status != "cancelled" || !again.LastUpdatedAt.Equal(task.LastUpdatedAt) {
				t.Errorf("the task was %+v, and is %+v", task, again)
			}
		})
	}
}

// TestTaskCancelOfTheEnded checks that what has ended stays as it is.
func TestTaskCancelOfTheEnded(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	c := r.web("")
	for order, status := range map[string]string{"return": "completed", "fail": "completed", "protocol": "failed"} {
		t.Run(order, func(t *testing.T) {
			t.Parallel()
			id := c.start(t, "puppet", order).TaskID
			r.order(t, order, order)
			before := c.until(t, id, status)
			mustAck(t, c.about(t, "tasks/cancel", id))
			after := c.get(t, id)
			if after.Status != status || string(after.Result) != string(before.Result) || string(after.Error) != string(before.Error) {
				t.Errorf("the task was %+v, and is %+v", before, after)
			}
		})
	}
}

// TestTaskCancelMeetsTheNextRun lets a workflow continue as new between the look
// at it and its cancellation, which Temporal takes for a success.
func TestTaskCancelMeetsTheNextRun(t *testing.T) {
	t.Parallel()
	r := setUpTasksOf(t, options{}, func(queue string) []durablemcp.Tool {
		return append(taskTools(queue),
			durablemcp.CancelTool{Name: "cancel", Description: "Test.", Workflow: Puppet, WorkflowID: queue + "-{name}"},
			durablemcp.CancelTool{Name: "terminate", Description: "Test.", Workflow: Puppet, WorkflowID: queue + "-{name}", Terminate: true})
	})
	for name, ending := range map[string]func(c rawPeer, id string) rawMessage{
		"task":      func(c rawPeer, id string) rawMessage { return c.about(t, "tasks/cancel", id) },
		"cancel":    func(c rawPeer, _ string) rawMessage { return c.callTool(t, "cancel", `{"name":"cancel"}`) },
		"terminate": func(c rawPeer, _ string) rawMessage { return c.callTool(t, "terminate", `{"name":"terminate"}`) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, meter := r.metered(t)
			id := c.start(t, "puppet", name).TaskID
			first := r.runOf(t, name)
			var moved sync.Once
			meter.refusing(func(req any) error {
				switch req.(type) {
				case *workflowservice.RequestCancelWorkflowExecutionRequest, *workflowservice.TerminateWorkflowExecutionRequest:
					moved.Do(func() {
						r.order(t, name, "again")
						eventually(t, "there is another run", func() bool { return r.runOf(t, name) != first })
					})
				}
				return nil
			})
			if m := ending(c, id); m.Error != nil || strings.Contains(string(m.Result), "isError") {
				t.Errorf("got %s", m)
			}
			c.untilIt(t, id, "has ended", func(task wireTask) bool {
				return task.Status == "cancelled" || name == "terminate" && task.Status == "completed"
			})
		})
	}
}

// TestTaskCancelIsARequest checks that a workflow may finish although its task
// was cancelled.
func TestTaskCancelIsARequest(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	c := r.web("")
	id := c.start(t, "puppet", "a").TaskID
	r.order(t, "a", "stubborn")
	r.order(t, "a", "report 1")
	c.untilIt(t, id, "is stubborn", func(task wireTask) bool { return strings.Contains(task.StatusMessage, "step 1") })
	mustAck(t, c.about(t, "tasks/cancel", id))
	eventually(t, "the request is there", func() bool { return r.cancelRequested(t, "a") })
	if got := c.get(t, id).Status; got != "working" {
		t.Errorf("the task is %s", got)
	}
	r.order(t, "a", "return")
	c.until(t, id, "completed")
}

// cancelRequested reports whether a puppet has been asked to cancel itself.
func (r *taskRig) cancelRequested(t *testing.T, name string) bool {
	t.Helper()
	history := r.temporal.GetWorkflowHistory(t.Context(), r.queue+"-"+name, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for history.HasNext() {
		event, err := history.Next()
		if err != nil {
			t.Fatal(err)
		}
		if event.GetEventType() == enums.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED {
			return true
		}
	}
	return false
}

// TestTaskCancelOverRuns checks that a cancellation reaches a workflow that goes
// from run to run.
func TestTaskCancelOverRuns(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	c := r.web("")
	id := c.start(t, "puppet", "a").TaskID
	run := r.runOf(t, "a")
	r.order(t, "a", "again")
	eventually(t, "there is another run", func() bool { return r.runOf(t, "a") != run })
	mustAck(t, c.about(t, "tasks/cancel", id))
	c.until(t, id, "cancelled")
}

// TestTaskIsNotCancelledByNotification checks that the cancellation of a request
// is none of the task that the request has become, whatever the tool says.
func TestTaskIsNotCancelledByNotification(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	for _, tool := range []string{"puppet", "puppet_mortal"} {
		t.Run(tool, func(t *testing.T) {
			t.Parallel()
			c := r.pipe(t)
			call := c.open(t, "tools/call", `"name":"`+tool+`","arguments":{"name":"`+tool+`"}`)
			id := readTask(t, call.response(t).Result).TaskID
			call.cancel()
			if got := c.get(t, id).Status; got != "working" { // after the notification
				t.Errorf("the task is %s", got)
			}
			r.order(t, tool, "report 1")
			c.untilIt(t, id, "has reported", func(task wireTask) bool { return strings.Contains(task.StatusMessage, "step 1") })
			if r.cancelRequested(t, tool) {
				t.Error("the workflow was asked to cancel itself")
			}
			r.order(t, tool, "return")
			c.until(t, id, "completed")
		})
	}
}

// TestTaskOutlivesItsCall checks that neither a cancelled call nor a connection
// that dies, before there is a task, cancels the work.
func TestTaskOutlivesItsCall(t *testing.T) {
	t.Parallel()
	// The call does not become a task by itself in this test.
	r := setUpTasks(t, options{Options: durablemcp.Options{InlineWait: time.Hour}})
	o := r.options.Options
	o.InlineWait = time.Millisecond
	c := newRawPeer(pipeTo(t, mountTools(t, r.temporal, o, taskTools(r.queue)...)))
	for name, test := range map[string]struct {
		from rawPeer
		end  func(t *testing.T, c rawPeer, call *rawStream)
	}{
		"cancelled": {r.pipe(t), func(t *testing.T, _ rawPeer, call *rawStream) {
			call.cancel()
			call.response(t) // an error, after the call is over
		}},
		"closed": {r.web(""), func(_ *testing.T, _ rawPeer, call *rawStream) {
			call.cancel()
			for range call.messages { // until the connection is closed
			}
		}},
		"hungup": {r.pipe(t), func(t *testing.T, c rawPeer, call *rawStream) {
			if err := c.rawWire.(*pipeWire).in.Close(); err != nil {
				t.Fatal(err)
			}
			for range call.messages { // until the connection is closed
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			call := test.from.open(t, "tools/call", `"name":"puppet","arguments":{"name":"`+name+`"}`)
			r.untilThere(t, name)
			test.end(t, test.from, call)
			id := c.start(t, "puppet", name).TaskID
			r.order(t, name, "report 1")
			c.untilIt(t, id, "has reported", func(task wireTask) bool { return strings.Contains(task.StatusMessage, "step 1") })
			if r.cancelRequested(t, name) {
				t.Error("the workflow was asked to cancel itself")
			}
			r.order(t, name, "return")
			c.until(t, id, "completed")
		})
	}
}
