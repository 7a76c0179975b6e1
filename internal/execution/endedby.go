package execution

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/durablemcp/durablemcp/internal/redact"
)

// byTemporal is the identity under which a Temporal server terminates workflows
// itself, for their size (server v1.32.1, service/history/consts).
const byTemporal = "history-service"

// lastEvents is how many events from the end of a history are read to find out who
// cancelled a workflow. Those that clean up for long keep that to themselves.
const lastEvents = 50

// EndedBy says who ended a workflow that was cancelled or terminated, and why, as
// far as the end of its history tells, and whether that was Temporal itself. It costs
// one request.
func (c *Client) EndedBy(ctx context.Context, e *Execution) (text string, temporal, known bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), LookTimeout)
	defer cancel()
	resp, err := c.WorkflowService().GetWorkflowExecutionHistoryReverse(ctx, &workflowservice.GetWorkflowExecutionHistoryReverseRequest{
		Namespace: c.Namespace, Execution: &common.WorkflowExecution{WorkflowId: e.ID, RunId: e.RunID}, MaximumPageSize: lastEvents,
	})
	if err != nil {
		c.Log(ctx, "reading a workflow's history failed", "workflow_id", e.ID, "error", err)
		return "", false, false
	}
	for _, event := range resp.GetHistory().GetEvents() {
		if identity, reason, found := endedBy(event); found {
			return who(identity, reason), identity == byTemporal, true
		}
	}
	return "", false, false
}

// endedBy returns who ended a workflow by an event, and why.
func endedBy(event *history.HistoryEvent) (identity, reason string, found bool) {
	if by := event.GetWorkflowExecutionTerminatedEventAttributes(); by != nil {
		return by.GetIdentity(), by.GetReason(), true
	}
	if by := event.GetWorkflowExecutionCancelRequestedEventAttributes(); by != nil {
		identity := by.GetIdentity()
		if parent := by.GetExternalWorkflowExecution().GetWorkflowId(); parent != "" {
			identity = fmt.Sprintf("the workflow %q", parent)
		}
		return identity, by.GetCause(), true
	}
	return "", "", false
}

// ofProcess matches the identities that Temporal's SDKs make of a process: they
// name a host, and no person.
var ofProcess = regexp.MustCompile(`^\d+@`)

func who(identity, reason string) string {
	text := "by " + redact.Text(identity)
	switch {
	case identity == byTemporal:
		text = "by Temporal itself"
	case identity == "" || ofProcess.MatchString(identity):
		text = "by a client of Temporal"
	}
	if reason = strings.TrimSuffix(strings.TrimSpace(reason), "."); reason != "" {
		text += ", with the reason: " + redact.Text(reason)
	}
	return text
}
