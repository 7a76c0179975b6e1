package execution

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/failure/v1"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/durablemcp/durablemcp/internal/redact"
)

// An Activity is a pending activity as tools report it.
type Activity struct {
	Name            string `json:"name"`
	State           string `json:"state"` // running, retrying, waiting for a worker, or paused
	Attempt         int32  `json:"attempt"`
	MaximumAttempts int32  `json:"maximum_attempts,omitempty"`
	LastFailure     string `json:"last_failure,omitempty"`
	RunningFor      string `json:"running_for,omitempty"`
	NextTryIn       string `json:"next_try_in,omitempty"`
}

// PendingActivities returns the pending activities of a described workflow.
func PendingActivities(pending []*workflow.PendingActivityInfo, now time.Time) []Activity {
	list := make([]Activity, len(pending))
	for i, p := range pending {
		list[i] = activity(p, now)
	}
	return list
}

func activity(p *workflow.PendingActivityInfo, now time.Time) Activity {
	a := Activity{Name: p.GetActivityType().GetName(), Attempt: max(p.GetAttempt(), 1), MaximumAttempts: p.GetMaximumAttempts()}
	if f := p.GetLastFailure(); f != nil {
		a.LastFailure = redact.Cut(failureText(f), 200)
	}
	next := p.GetNextAttemptScheduleTime()
	switch {
	case p.GetPaused():
		a.State = "paused by an operator"
	case p.GetState() == enums.PENDING_ACTIVITY_STATE_STARTED:
		a.State, a.RunningFor = "running", since(p.GetLastStartedTime(), now).String()
	case next != nil && next.AsTime().After(now):
		a.State, a.NextTryIn = "retrying", Round(next.AsTime().Sub(now)).String()
	default:
		a.State = "waiting for a worker"
	}
	return a
}

// String says the same in words, such as "fetch: attempt 4 of 5, last failure
// 503, next try in 8s".
func (a Activity) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: attempt %d", a.Name, a.Attempt)
	if a.MaximumAttempts > 0 {
		fmt.Fprintf(&b, " of %d", a.MaximumAttempts)
	}
	if a.LastFailure != "" {
		fmt.Fprintf(&b, ", last failure %s", a.LastFailure)
	}
	switch {
	case a.RunningFor != "":
		fmt.Fprintf(&b, ", running for %s", a.RunningFor)
	case a.NextTryIn != "":
		fmt.Fprintf(&b, ", next try in %s", a.NextTryIn)
	default:
		b.WriteString(", " + a.State)
	}
	return b.String()
}

func since(t *timestamppb.Timestamp, now time.Time) time.Duration {
	if t == nil {
		return 0
	}
	return Round(now.Sub(t.AsTime()))
}

// maxPending is how many pending activities and child workflows are named one
// by one.
const maxPending = 5

// describePending says what a described workflow is waiting for or working on, such
// as "LookUpPoint: attempt 4, last failure 503, next try in 8s". It is
// empty if Temporal knows of nothing in particular: then the workflow waits
// for a timer, a signal or an update.
func describePending(resp *workflowservice.DescribeWorkflowExecutionResponse, now time.Time) string {
	var lines list
	for _, a := range PendingActivities(resp.GetPendingActivities(), now) {
		lines.add(a.String())
	}
	for _, child := range resp.GetPendingChildren() {
		lines.add(fmt.Sprintf("child workflow %s (%s): running", child.GetWorkflowTypeName(), child.GetWorkflowId()))
	}
	for _, op := range resp.GetPendingNexusOperations() {
		lines.add(fmt.Sprintf("Nexus operation %s: attempt %d", op.GetOperation(), op.GetAttempt()))
	}
	return lines.String()
}

// failureText is the message of a failure, or of its cause where the failure
// itself only says that there is one.
func failureText(f *failure.Failure) string {
	for f.GetMessage() == "" && f.GetCause() != nil {
		f = f.GetCause()
	}
	if f.GetTimeoutFailureInfo() != nil && f.GetCause() == nil {
		return "timed out"
	}
	return redact.Text(f.GetMessage())
}

// Round rounds a duration for people: to seconds, or to milliseconds below one
// second. A negative duration, which clocks that differ make, is zero.
func Round(d time.Duration) time.Duration {
	switch {
	case d < 0:
		return 0
	case d < time.Second:
		return d.Round(time.Millisecond)
	}
	return d.Round(time.Second)
}

// A list joins the first few lines, and counts the rest.
type list struct {
	lines []string
	more  int
}

func (l *list) add(line string) {
	if len(l.lines) == maxPending {
		l.more++
		return
	}
	l.lines = append(l.lines, line)
}

func (l *list) String() string {
	s := strings.Join(l.lines, "; ")
	if l.more > 0 {
		s += fmt.Sprintf("; and %d more", l.more)
	}
	return s
}
