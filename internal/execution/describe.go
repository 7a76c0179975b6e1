package execution

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/api/failure/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/durablemcp/durablemcp/internal/redact"
)

// maxPending is how many pending activities and child workflows are named one
// by one.
const maxPending = 5

// describePending says what a described workflow is waiting for or working on, such
// as "make_nws_request: attempt 4, last failure 503, next try in 8s". It is
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
