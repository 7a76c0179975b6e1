package execution

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflow/v1"
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
