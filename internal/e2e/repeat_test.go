package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/grpc"

	"github.com/durablemcp/durablemcp"
)

// Pay ends as it is told. Its result names its run.
func Pay(ctx workflow.Context, kind string) (string, error) {
	switch kind {
	case "complete", "paid":
		return "paid by run " + workflow.GetInfo(ctx).WorkflowExecution.RunID, nil
	case "fail":
		return "", temporal.NewApplicationError("the bank is closed", "Closed")
	}
	return "", workflow.Sleep(ctx, time.Hour)
}

// payTool is a tool for Pay.
func payTool(queue string) durablemcp.WorkflowTool {
	return durablemcp.WorkflowTool{
		Name: "pay", Description: "Pays.", Workflow: Pay, TaskQueue: queue, ArgNames: []string{"kind"},
		WorkflowID: queue + "-{kind}",
	}
}

// The reuse policies.
const (
	allow      = enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
	failedOnly = enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY
	reject     = enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
)

// TestRepeatedCall holds what the same call again does after the workflow has
// ended, for each combination of template, policy, window, annotation and end.
func TestRepeatedCall(t *testing.T) {
	t.Parallel()
	readOnly := &mcp.ToolAnnotations{ReadOnlyHint: true}
	const anew, repeats = true, false
	for name, test := range map[string]struct {
		policy      enums.WorkflowIdReusePolicy
		window      time.Duration
		annotations *mcp.ToolAnnotations
		template    string // if not that of payTool
		ends        map[string]bool
	}{
		"default":                 {ends: map[string]bool{"complete": repeats, "fail": anew, "time out": anew, "cancel": anew, "terminate": anew}},
		"allowed":                 {policy: allow, ends: map[string]bool{"complete": repeats, "fail": anew}},
		"after the window":        {window: time.Nanosecond, ends: map[string]bool{"complete": anew, "fail": anew}},
		"no window":               {window: durablemcp.NoRepeatWindow, ends: map[string]bool{"complete": anew, "fail": anew}},
		"read-only":               {annotations: readOnly, ends: map[string]bool{"complete": anew, "fail": anew}},
		"read-only with a window": {annotations: readOnly, window: time.Hour, ends: map[string]bool{"complete": repeats, "fail": anew}},
		"failed only":             {policy: failedOnly, ends: map[string]bool{"complete": repeats, "fail": anew, "terminate": anew}},
		"rejected":                {policy: reject, ends: map[string]bool{"complete": repeats, "fail": repeats, "time out": repeats, "cancel": repeats, "terminate": repeats}},
		"digest":                  {template: "-{@input}", ends: map[string]bool{"complete": repeats, "fail": anew}},
		"each call":               {template: "-{@uuid}", ends: map[string]bool{"complete": anew, "fail": anew}},
		"each call, rejected":     {template: "-{@uuid}", policy: reject, ends: map[string]bool{"complete": anew, "fail": anew}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := setUp(t, options{}, func(queue string) []durablemcp.Tool {
				tool := payTool(queue)
				tool.WorkflowIDReusePolicy, tool.RepeatWindow, tool.Annotations = test.policy, test.window, test.annotations
				if test.template != "" {
					tool.WorkflowID = queue + test.template
				}
				starts, brief := tool, tool
				starts.Name, starts.Mode = "start", durablemcp.ModeStart
				brief.Name, brief.StartOptions.WorkflowRunTimeout = "brief", time.Second
				return []durablemcp.Tool{tool, starts, brief}
			})
			for end, wantAnew := range test.ends {
				arguments := fmt.Sprintf(`{"kind":%q}`, end)
				first := r.payOnce(t, end, arguments)
				for _, tool := range []string{"start", "pay"} {
					again := r.call(tool, arguments)
					if gotAnew := workflowOf(t, again)["run_id"] != first; gotAnew != wantAnew {
						t.Errorf("%s, %s: the work was done again: %v, want %v", end, tool, gotAnew, wantAnew)
					}
					note := strings.Contains(outcomeOf(again).Text, "it was not done again")
					_, meta := workflowOf(t, again)["repeats_call_closed_at"]
					if note == wantAnew || meta == wantAnew {
						t.Errorf("%s, %s: the text says that it was not done again: %v, and so does _meta: %v; want %v", end, tool, note, meta, !wantAnew)
					}
					if wantAnew {
						break // a third call would join or repeat the second
					}
				}
			}
		})
	}
}

// payOnce calls pay, makes its workflow end, and returns the run.
func (r *rig) payOnce(t *testing.T, end, arguments string) string {
	t.Helper()
	tool := "pay"
	if end == "time out" {
		tool = "brief"
	}
	results := r.goCall(tool, arguments)
	if end == "cancel" || end == "terminate" {
		id := r.queue + "-" + end
		eventually(t, "the workflow runs", func() bool {
			_, err := r.temporal.DescribeWorkflowExecution(t.Context(), id, "")
			return err == nil
		})
		var err error
		if end == "cancel" {
			err = r.temporal.CancelWorkflow(t.Context(), id, "")
		} else {
			err = r.temporal.TerminateWorkflow(t.Context(), id, "", "test")
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	result := <-results
	if _, repeated := workflowOf(t, result)["repeats_call_closed_at"]; repeated {
		t.Errorf("the first call of %s is said to repeat another", end)
	}
	return workflowOf(t, result)["run_id"]
}

// TestRepeatedCallOfOtherWork holds that the window is for repeats only: other
// arguments under the same ID, and other callers, do not get the result.
func TestRepeatedCallOfOtherWork(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{Options: durablemcp.Options{Principal: byHeader}}, func(queue string) []durablemcp.Tool {
		tool := payTool(queue)
		tool.WorkflowID = queue + "-bill"
		shared := tool
		shared.Name, shared.WorkflowID, shared.SharedID = "share", queue+"-shared", true
		shared.WorkflowType = "SharedPay"
		return []durablemcp.Tool{tool, shared}
	})
	ann, bob := dialAs(t, r.url, "ann"), dialAs(t, r.url, "bob")
	call := func(session *mcp.ClientSession, tool, kind string) string {
		t.Helper()
		result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: tool, Arguments: map[string]any{"kind": kind}})
		if err != nil {
			t.Fatal(err)
		}
		return workflowOf(t, result)["run_id"]
	}
	if first, other := call(ann, "pay", "complete"), call(ann, "pay", "paid"); first == other {
		t.Error("a call with other arguments was answered with the result of the first")
	}
	if first, other := call(ann, "share", "complete"), call(bob, "share", "complete"); first == other {
		t.Error("another caller's call was answered with the result of the first")
	}
}

// TestRepeatedCallAsTask holds that a client of the tasks extension gets the
// result that is there, and no task.
func TestRepeatedCallAsTask(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{}, func(queue string) []durablemcp.Tool {
		starts := payTool(queue)
		starts.Name, starts.Mode = "start", durablemcp.ModeStart
		return []durablemcp.Tool{payTool(queue), starts}
	})
	first := r.payOnce(t, "complete", `{"kind":"complete"}`)
	for _, tool := range []string{"pay", "start"} {
		var response struct {
			Result struct {
				ResultType string
				Content    []struct{ Text string }
				Meta       map[string]map[string]string `json:"_meta"`
			}
		}
		body := r.post(t, tool, `"arguments":{"kind":"complete"},`)
		if err := json.Unmarshal(body, &response); err != nil {
			t.Fatal(err)
		}
		if response.Result.Meta[durablemcp.MetaKeyWorkflow]["run_id"] != first || len(response.Result.Content) != 2 ||
			!strings.Contains(response.Result.Content[1].Text, "The same call was completed") {
			t.Errorf("%s: got %s", tool, body)
		}
	}
}

// TestRepeatedCallCost holds that the window costs a first call no request. The call
// does not wait: one that waits for long describes the workflow now and then.
func TestRepeatedCallCost(t *testing.T) {
	t.Parallel()
	for name, window := range map[string]time.Duration{"window": 0, "none": durablemcp.NoRepeatWindow} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMeter()
			o := options{}
			o.client.ConnectionOptions.DialOptions = []grpc.DialOption{grpc.WithUnaryInterceptor(m.count)}
			r := setUp(t, o, func(queue string) []durablemcp.Tool {
				tool := payTool(queue)
				tool.RepeatWindow, tool.Mode, tool.TaskSupport = window, durablemcp.ModeStart, durablemcp.TaskForbidden
				return []durablemcp.Tool{tool}
			})
			r.call("pay", `{"kind":"complete"}`)
			if starts, describes := m.of("StartWorkflowExecution"), m.of("DescribeWorkflowExecution"); starts != 1 || describes != 0 {
				t.Errorf("a first call made %d starts and %d describes", starts, describes)
			}
		})
	}
}

// TestSameWorkAfterADeploy holds that a deploy which adds an optional argument, or
// changes a default, leaves the same call the same work.
func TestSameWorkAfterADeploy(t *testing.T) {
	t.Parallel()
	type order struct {
		ID string `json:"id"`
	}
	type laterOrder struct {
		ID    string   `json:"id"`
		Speed string   `json:"speed" jsonschema:"default=slow"`
		Tags  []string `json:"tags,omitempty"`
		Note  *string  `json:"note"`
	}
	for name, template := range map[string]string{"template": "-{id}", "digest": "-{@input}"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tools := func(queue string, input any) []durablemcp.Tool {
				return []durablemcp.Tool{durablemcp.WorkflowTool{
					Name: "order", Description: "Orders.", Workflow: "Order", TaskQueue: queue, Input: input, Output: "",
					WorkflowID: queue + template, Mode: durablemcp.ModeStart, TaskSupport: durablemcp.TaskForbidden,
				}}
			}
			before := setUp(t, options{noWorker: true}, func(queue string) []durablemcp.Tool { return tools(queue, order{}) })
			after := setUp(t, options{noWorker: true}, func(queue string) []durablemcp.Tool { return tools(queue, laterOrder{}) })
			first := workflowOf(t, before.call("order", `{"id":"a"}`))
			for _, spelling := range []string{`{"id":"a"}`, `{"id":"a","tags":[]}`} {
				result := after.call("order", spelling)
				if result.IsError || workflowOf(t, result)["run_id"] != first["run_id"] {
					t.Errorf("%s after the deploy: %s", spelling, outcomeOf(result).Text)
				}
			}
			if other := after.call("order", `{"id":"a","speed":"fast"}`); !other.IsError && workflowOf(t, other)["run_id"] == first["run_id"] {
				t.Error("other arguments after the deploy joined the work")
			}
			w := worker.New(before.temporal, before.queue, worker.Options{})
			w.RegisterWorkflowWithOptions(func(workflow.Context, json.RawMessage) (string, error) { return "ordered", nil }, workflow.RegisterOptions{Name: "Order"})
			if err := w.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(w.Stop)
		})
	}
}
