package durablemcp

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"go.temporal.io/api/failure/v1"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/durablemcp/durablemcp/internal/advice"
	"github.com/durablemcp/durablemcp/internal/call"
	"github.com/durablemcp/durablemcp/internal/execution"
)

// describedTemporal is a client with one execution.
type describedTemporal struct {
	client.Client
	resp *workflowservice.DescribeWorkflowExecutionResponse
}

func (d describedTemporal) DescribeWorkflowExecution(context.Context, string, string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	return d.resp, nil
}

// TestRedactError holds that the hook sees failures of workflows and of pending
// activities, after what the library recognizes is gone, and that its panic
// shows nothing.
func TestRedactError(t *testing.T) {
	t.Parallel()
	hide := func(text string) string { return strings.ReplaceAll(text, "ACME", "[customer]") }
	var logged strings.Builder
	for name, test := range map[string]struct {
		hook func(string) string
		want string
	}{
		"hook":  {hide, "[customer] does not pay: password=[redacted]"},
		"panic": {func(string) string { panic("no") }, "[not shown]"},
		"none":  {nil, "ACME does not pay: password=[redacted]"},
	} {
		opts := Options{RedactError: test.hook, Logger: slog.New(slog.NewTextHandler(&logged, nil))}.withDefaults()
		b := &call.Tool{Opts: opts.call(), Name: "bill"}
		cause := "ACME does not pay: password=hunter2"
		e := advice.WorkflowFailure(temporal.NewApplicationErrorWithCause("billing failed", "Unpaid", temporal.NewApplicationError(cause, "Bank")))
		if result := b.ErrorResult(e); !strings.Contains(textOf(result), test.want) || e.Cause != test.want {
			t.Errorf("%s: the text is %q, the cause %q; want %q", name, textOf(result), e.Cause, test.want)
		}
		conn := execution.New(describedTemporal{resp: &workflowservice.DescribeWorkflowExecutionResponse{
			WorkflowExecutionInfo: &workflow.WorkflowExecutionInfo{FirstRunId: "run"},
			PendingActivities:     []*workflow.PendingActivityInfo{{LastFailure: &failure.Failure{Message: cause}}},
		}}, opts.connection())
		seen, err := conn.Describe(t.Context(), "w", "")
		if err != nil || seen.GetPendingActivities()[0].GetLastFailure().GetMessage() != test.want {
			t.Errorf("%s: the activity failed with %v, %v; want %q", name, seen.GetPendingActivities(), err, test.want)
		}
	}
	if strings.Contains(logged.String(), "hunter2") || !strings.Contains(logged.String(), "RedactError panicked") {
		t.Errorf("the log is %s", logged.String())
	}
}
