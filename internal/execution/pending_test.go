package execution

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/failure/v1"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func TestDescribePending(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) *timestamppb.Timestamp { return timestamppb.New(now.Add(d)) }
	activity := func(name string, change func(*workflow.PendingActivityInfo)) *workflow.PendingActivityInfo {
		a := &workflow.PendingActivityInfo{
			ActivityType: &common.ActivityType{Name: name}, Attempt: 1, State: enums.PENDING_ACTIVITY_STATE_SCHEDULED,
		}
		change(a)
		return a
	}
	failed := &failure.Failure{Message: "503 from 10.0.0.7:80"}
	for want, resp := range map[string]*workflowservice.DescribeWorkflowExecutionResponse{
		"": {},
		"fetch: attempt 1, waiting for a worker": {PendingActivities: []*workflow.PendingActivityInfo{
			activity("fetch", func(*workflow.PendingActivityInfo) {})}},
		"fetch: attempt 4 of 5, last failure 503 from [address], next try in 8s": {PendingActivities: []*workflow.PendingActivityInfo{
			activity("fetch", func(a *workflow.PendingActivityInfo) {
				a.Attempt, a.MaximumAttempts, a.LastFailure, a.NextAttemptScheduleTime = 4, 5, failed, at(8*time.Second)
			})}},
		"fetch: attempt 2, last failure timed out, running for 3s": {PendingActivities: []*workflow.PendingActivityInfo{
			activity("fetch", func(a *workflow.PendingActivityInfo) {
				a.Attempt, a.State, a.LastStartedTime = 2, enums.PENDING_ACTIVITY_STATE_STARTED, at(-3*time.Second)
				a.LastFailure = &failure.Failure{FailureInfo: &failure.Failure_TimeoutFailureInfo{TimeoutFailureInfo: &failure.TimeoutFailureInfo{}}}
			})}},
		"fetch: attempt 1, paused by an operator; child workflow Pay (pay-1): running": {
			PendingActivities: []*workflow.PendingActivityInfo{activity("fetch", func(a *workflow.PendingActivityInfo) { a.Paused = true })},
			PendingChildren:   []*workflow.PendingChildExecutionInfo{{WorkflowTypeName: "Pay", WorkflowId: "pay-1"}},
		},
		"Nexus operation charge: attempt 2": {PendingNexusOperations: []*workflow.PendingNexusOperationInfo{{Operation: "charge", Attempt: 2}}},
	} {
		if got := describePending(resp, now); got != want {
			t.Errorf("Describe\n got %q\nwant %q", got, want)
		}
	}
}

func TestDescribeCountsTheRest(t *testing.T) {
	t.Parallel()
	resp := &workflowservice.DescribeWorkflowExecutionResponse{}
	for i := range 100 {
		resp.PendingChildren = append(resp.PendingChildren, &workflow.PendingChildExecutionInfo{WorkflowId: fmt.Sprint(i)})
	}
	if got := describePending(resp, time.Now()); !strings.HasSuffix(got, "(4): running; and 95 more") {
		t.Errorf("Describe = %q", got)
	}
}

func TestFailureTextIsThatOfTheCause(t *testing.T) {
	t.Parallel()
	f := &failure.Failure{Cause: &failure.Failure{Message: "boom\n\ngoroutine 1 [running]:\nx"}}
	if got := failureText(f); got != "boom" {
		t.Errorf("FailureText = %q", got)
	}
}

func TestRound(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-time.Second: "0s", 1234567 * time.Nanosecond: "1ms", 90*time.Second + 400*time.Millisecond: "1m30s",
	} {
		if got := Round(d).String(); got != want {
			t.Errorf("Round(%v) = %s; want %s", d, got, want)
		}
	}
}
