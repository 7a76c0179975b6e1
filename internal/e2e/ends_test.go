package e2e

import (
	"encoding/json"
	"testing"
	"time"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	sdktemporal "go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"

	"github.com/durablemcp/durablemcp"
)

func failTool(queue string) []durablemcp.Tool {
	return []durablemcp.Tool{durablemcp.WorkflowTool{
		Name: "fail", Description: "Fails.", Workflow: Fail, TaskQueue: queue, ArgNames: []string{"kind"},
		WorkflowID: queue + "-{kind}-{@uuid}",
	}}
}

// TestEveryWayToFail calls a workflow that ends in each way that is not a
// result, and looks at what the model is told.
func TestEveryWayToFail(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{
		// The default policy would retry a panic for ever; see TestStuckWorkflowTask.
		worker:   worker.Options{WorkflowPanicPolicy: worker.FailWorkflow},
		register: func(w worker.Registry) { w.RegisterActivity(FailActivity) },
	}, failTool)
	for _, test := range []struct {
		kind, wantType, message, cause, advice string
		retryable                              bool
	}{
		{"plain", "WorkflowFailed", "fail failed: the printer is on fire", "", "may succeed later", true},
		{"retryable", "Busy", "the printer is busy", "", "may succeed later", true},
		{"final", "NoPrinter", "no such printer", "looked at dial tcp [address]: refused", "will fail in the same way", false},
		{"panic", "Panic", "Workflow failed on panic", "its code panicked: printer exploded", "will fail in the same way", false},
		{"canceled", "Canceled", "the workflow was cancelled", "", "only if the user wants that", false},
		{"wrapped", "Paper", "printing: activity error (FailActivity): out of paper", "", "will fail in the same way", false},
		{"activity", "Paper", "out of paper", "", "will fail in the same way", false},
		{"exhausted", "Delay", "paper is coming", "", "may succeed later", true},
		{"activitypanic", "Panic", "paper jam", "", "", false},
		{"slow", "Timeout", "activity StartToClose timeout", "", "", true},
		{"child", "NoPrinter", "no such printer", "", "", false},
	} {
		t.Run(test.kind, func(t *testing.T) {
			t.Parallel()
			result := r.call("fail", `{"kind":"`+test.kind+`"}`)
			f := mustFail(t, result)
			if f.Error.Type != test.wantType || f.Error.Retryable != test.retryable {
				t.Errorf("type %q, retryable %v; want %q, %v", f.Error.Type, f.Error.Retryable, test.wantType, test.retryable)
			}
			contains(t, f.Error.Message, test.message)
			contains(t, f.Error.Cause, test.cause)
			text := outcomeOf(result).Text
			contains(t, text, test.message, test.advice)
			for _, secret := range []string{"goroutine", ".go:", "10.0.0.7", "@"} {
				if got := outcomeOf(result); containsAny(got.Text+got.Structured, secret) {
					t.Errorf("%q shows %q", got.Text, secret)
				}
			}
			if meta := workflowOf(t, result); meta["workflow_type"] != "Fail" {
				t.Errorf("_meta is %v", meta)
			}
		})
	}
}

// TestFailureDetails checks that the details of an application error reach
// programs as JSON.
func TestFailureDetails(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{}, failTool)
	f := mustFail(t, r.call("fail", `{"kind":"retryable"}`))
	var details struct{ Queue int }
	if err := json.Unmarshal(f.Error.Details, &details); err != nil || details.Queue != 7 {
		t.Errorf("details are %s: %v", f.Error.Details, err)
	}
}

func TestTerminated(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{}, failTool)
	results := r.goCall("fail", `{"kind":"wait"}`)
	id := r.running(t)
	if err := r.temporal.TerminateWorkflow(t.Context(), id, "", "maintenance"); err != nil {
		t.Fatal(err)
	}
	result := <-results
	f := mustFail(t, result)
	if f.Error.Type != "Terminated" || f.Error.Retryable {
		t.Errorf("got %+v", f.Error)
	}
	contains(t, outcomeOf(result).Text, "was terminated: by a client of Temporal, with the reason: maintenance", "on purpose", "only if the user wants that")
}

// TestTerminatedByTemporal checks that a workflow which outgrew a limit is not
// said to have been ended by a person.
func TestTerminatedByTemporal(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{}, failTool)
	results := r.goCall("fail", `{"kind":"wait"}`)
	id := r.running(t)
	// As the server does it (server v1.32.1, service/history/workflow.TerminateWorkflow).
	_, err := r.temporal.WorkflowService().TerminateWorkflowExecution(t.Context(), &workflowservice.TerminateWorkflowExecutionRequest{
		Namespace: "default", WorkflowExecution: &common.WorkflowExecution{WorkflowId: id}, Identity: "history-service",
		Reason: "Workflow history size exceeds limit.",
	})
	if err != nil {
		t.Fatal(err)
	}
	result := <-results
	mustFail(t, result)
	text := outcomeOf(result).Text
	contains(t, text, "by Temporal itself, with the reason: Workflow history size exceeds limit", "would probably end in the same way")
	if containsAny(text, "on purpose", "operator") {
		t.Errorf("a limit is told as somebody's purpose: %s", text)
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{}, failTool)
	results := r.goCall("fail", `{"kind":"wait"}`)
	if err := r.temporal.CancelWorkflow(t.Context(), r.running(t), ""); err != nil {
		t.Fatal(err)
	}
	result := <-results
	if f := mustFail(t, result); f.Error.Type != "Canceled" || f.Error.Retryable {
		t.Errorf("got %+v", f.Error)
	}
	contains(t, outcomeOf(result).Text, "the workflow was cancelled: by a client of Temporal", "on purpose", "only if the user wants that")
}

// TestCancelledByTool checks that the reason given to a CancelTool is what a call
// that waits is told.
func TestCancelledByTool(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{}, func(queue string) []durablemcp.Tool {
		return append(failTool(queue),
			durablemcp.ResultTool{Name: "await", Description: "Test.", Workflow: Fail},
			durablemcp.CancelTool{Name: "stop", Description: "Test.", Workflow: Fail})
	})
	results := r.goCall("fail", `{"kind":"wait"}`)
	id := r.running(t)
	r.call("stop", `{"workflow_id":"`+id+`","reason":"ordered twice, ask postgres://u:s3cr3t@db.internal/x"}`)
	text := outcomeOf(<-results).Text
	contains(t, text, "with the reason: ordered twice")
	late := outcomeOf(r.call("await", `{"workflow_id":"`+id+`"}`)).Text
	contains(t, late, "with the reason: ordered twice", "start it again only if the user wants that")
	if containsAny(text+late, "s3cr3t") {
		t.Errorf("the reason shows a password: %s", text)
	}
}

func TestTimedOut(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{}, func(queue string) []durablemcp.Tool {
		return []durablemcp.Tool{durablemcp.WorkflowTool{
			Name: "fail", Description: "Fails.", Workflow: Fail, TaskQueue: queue, WorkflowID: "fail-{@uuid}", ArgNames: []string{"kind"},
			StartOptions: client.StartWorkflowOptions{WorkflowExecutionTimeout: time.Second},
		}}
	})
	f := mustFail(t, r.call("fail", `{"kind":"wait"}`))
	if f.Error.Type != "Timeout" || !f.Error.Retryable {
		t.Errorf("got %+v", f.Error)
	}
	contains(t, f.Error.Message, "fail failed: the workflow ran out of time")
}

// TestContinuedAsNew checks that a call follows its workflow from run to run.
func TestContinuedAsNew(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{}, func(queue string) []durablemcp.Tool {
		return []durablemcp.Tool{durablemcp.WorkflowTool{
			Name: "again", Description: "Runs.", Workflow: Again, TaskQueue: queue, ArgNames: []string{"n"}, WorkflowID: queue + "-{n}",
		}}
	})
	result := r.call("again", `{"n":3}`)
	o, meta := outcomeOf(result), workflowOf(t, result)
	var out struct{ Result string }
	if err := json.Unmarshal([]byte(o.Structured), &out); err != nil || out.Result == "" || out.Result == meta["run_id"] {
		t.Errorf("the first run is %q, _meta says %v; want the last run there: %v", out.Result, meta, err)
	}
}

// TestRetriedWorkflow checks that a call outlasts failed runs of a workflow
// with a retry policy.
func TestRetriedWorkflow(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{}, func(queue string) []durablemcp.Tool {
		return []durablemcp.Tool{durablemcp.WorkflowTool{
			Name: "fail", Description: "Fails.", Workflow: Fail, TaskQueue: queue, WorkflowID: "fail-{@uuid}", ArgNames: []string{"kind"},
			StartOptions: client.StartWorkflowOptions{RetryPolicy: &sdktemporal.RetryPolicy{
				InitialInterval: 10 * time.Millisecond, MaximumAttempts: 3,
			}},
		}}
	})
	result := r.call("fail", `{"kind":"plain"}`)
	mustFail(t, result)
	meta := workflowOf(t, result)
	resp, err := r.temporal.DescribeWorkflowExecution(t.Context(), meta["workflow_id"], "")
	if err != nil {
		t.Fatal(err)
	}
	info := resp.GetWorkflowExecutionInfo()
	if info.GetFirstRunId() == meta["run_id"] || info.GetExecution().GetRunId() != meta["run_id"] {
		t.Errorf("_meta says run %s; the first is %s, the last %s", meta["run_id"], info.GetFirstRunId(), info.GetExecution().GetRunId())
	}
}

// TestReset checks that a waiting call follows a workflow that is reset.
func TestReset(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{}, gateTools)
	results := r.goCall("gate", `{"name":"a"}`)
	id := r.running(t)
	eventually(t, "the first workflow task is done", func() bool {
		resp, err := r.temporal.DescribeWorkflowExecution(t.Context(), id, "")
		return err == nil && resp.GetWorkflowExecutionInfo().GetHistoryLength() >= 4
	})
	resp, err := r.temporal.DescribeWorkflowExecution(t.Context(), id, "")
	if err != nil {
		t.Fatal(err)
	}
	reset, err := r.temporal.ResetWorkflowExecution(t.Context(), &workflowservice.ResetWorkflowExecutionRequest{
		Namespace:                 devServer.Namespace(),
		WorkflowExecution:         resp.GetWorkflowExecutionInfo().GetExecution(),
		Reason:                    "test",
		WorkflowTaskFinishEventId: 4,
		RequestId:                 "reset-" + id,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.temporal.SignalWorkflow(t.Context(), id, reset.GetRunId(), "open", nil); err != nil {
		t.Fatal(err)
	}
	result := <-results
	contains(t, outcomeOf(result).Structured, "opened a")
	if meta := workflowOf(t, result); meta["run_id"] != reset.GetRunId() {
		t.Errorf("_meta says run %s; the reset made %s", meta["run_id"], reset.GetRunId())
	}
}
