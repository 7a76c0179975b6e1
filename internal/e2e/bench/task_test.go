package bench

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/enums/v1"

	"github.com/durablemcp/durablemcp"
	"github.com/durablemcp/durablemcp/taskclient"
)

// BenchmarkTaskGet asks for a task over HTTP, against the requests to Temporal
// that it takes, and a call of a tool that does nothing.
func BenchmarkTaskGet(b *testing.B) {
	r := setUp(b)
	// Shorter than any workflow: every call becomes a task.
	tasks := taskclient.NewHTTP(r.serveTools(b, durablemcp.Options{EagerStart: true, InlineWait: time.Nanosecond}), nil)
	for _, test := range []struct {
		name, tool, status string
		done               bool
	}{
		{"working", "sleep", "working", false},
		{"done", "nap", "completed", true},
	} {
		b.Run(test.name, func(b *testing.B) {
			id := startTask(b, tasks, test.tool, test.status)
			before := r.rpcs.snapshot()
			get := contender{"get", func(int) error { return awaitStatus(b.Context(), tasks, id, test.status) }}
			const probes = 20
			for range probes {
				if err := get.do(0); err != nil {
					b.Fatal(err)
				}
			}
			rpcs := float64(since(r.rpcs.snapshot(), before)) / probes
			scores := race(b, 100, 1, 5, get,
				contender{"temporal", func(int) error { return lookUp(b.Context(), r, test.tool+"-task", test.done) }},
				contender{"empty", func(int) error {
					_, err := tasks.CallTool(b.Context(), &mcp.CallToolParams{Name: "empty"})
					return err
				}},
			)
			for name, s := range scores {
				b.ReportMetric(s.p50(), name+"-p50-µs")
			}
			b.ReportMetric(scores["get"].p50()/(scores["temporal"].p50()+scores["empty"].p50()), "p50-get/(temporal+empty)")
			b.ReportMetric(rpcs, "RPCs/get")
		})
	}
}

// startTask starts a task and waits until it has a status.
func startTask(b *testing.B, tasks *taskclient.Client, tool, status string) (id string) {
	b.Helper()
	outcome, err := tasks.CallTool(b.Context(), &mcp.CallToolParams{Name: tool, Arguments: input{"task"}})
	if err == nil && outcome.Task == nil {
		err = errors.New("the call became no task")
	}
	if err != nil {
		b.Fatal(err)
	}
	for awaitStatus(b.Context(), tasks, outcome.Task.ID, status) != nil {
		time.Sleep(10 * time.Millisecond)
	}
	return outcome.Task.ID
}

func awaitStatus(ctx context.Context, tasks *taskclient.Client, id, want string) error {
	task, err := tasks.Get(ctx, id)
	if err == nil && string(task.Status) != want {
		err = fmt.Errorf("the task is %s; want %s", task.Status, want)
	}
	return err
}

// lookUp makes the requests to Temporal that tasks/get needs.
func lookUp(ctx context.Context, r *rig, workflowID string, done bool) error {
	resp, err := r.client.DescribeWorkflowExecution(ctx, workflowID, "")
	if err != nil || !done {
		return err
	}
	runID := resp.GetWorkflowExecutionInfo().GetExecution().GetRunId()
	events := r.client.GetWorkflowHistory(ctx, workflowID, runID, false, enums.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT)
	_, err = events.Next()
	return err
}
