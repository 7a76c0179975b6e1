package story

import (
	"context"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/client"
)

// pollInterval is how often Temporal is asked. Retries are a second or more
// apart, so none is missed.
const pollInterval = 50 * time.Millisecond

// Follow tells the retries of a workflow's activities until stop is called,
// which waits for the last line. What it tells is what Temporal itself says:
// the same that its Web UI shows. The workflow need not exist yet.
func (s *Story) Follow(ctx context.Context, c client.Client, workflowID string) (stop func()) {
	stopping, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		s.follow(ctx, c, workflowID, stopping)
	}()
	return func() {
		close(stopping) // and not by the context: a request that is cut off is an error in the server's log
		<-stopped
	}
}

func (s *Story) follow(ctx context.Context, c client.Client, workflowID string, stopping <-chan struct{}) {
	told := map[string]int32{} // activity -> attempt whose failure has been told
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		select {
		case <-stopping:
			return
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		description, err := c.DescribeWorkflowExecution(ctx, workflowID, "")
		if err != nil {
			continue // not started yet
		}
		for _, activity := range description.GetPendingActivities() {
			failed := activity.GetAttempt() - 1
			if waiting(activity) && told[activity.GetActivityId()] < failed {
				told[activity.GetActivityId()] = failed
				s.Say("Temporal", "%s: attempt %d failed: %s; next try in %s", activity.GetActivityType().GetName(),
					failed, activity.GetLastFailure().GetMessage(), delay(activity))
			}
		}
	}
}

// waiting reports whether an activity waits for its next attempt after a
// failure.
func waiting(a *workflow.PendingActivityInfo) bool {
	return a.GetState() == enums.PENDING_ACTIVITY_STATE_SCHEDULED && a.GetLastFailure() != nil
}

func delay(a *workflow.PendingActivityInfo) time.Duration {
	return a.GetCurrentRetryInterval().AsDuration().Round(100 * time.Millisecond)
}
