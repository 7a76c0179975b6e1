package billing

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"
)

// approve decides by policy, or waits for a human to decide.
func (p *process) approve(ctx workflow.Context) {
	limit := p.policy.AutoApproveBelow
	if p.status.Total < limit {
		p.moveTo(ctx, Approved, fmt.Sprintf("approved by policy: a total below %v needs no human", limit))
		return
	}
	deadline := workflow.Now(ctx).Add(p.policy.ApprovalTimeout)
	p.moveTo(ctx, PendingApproval, fmt.Sprintf("a total of %v or more needs a human's decision until %s", limit, clock(deadline)))
	asking, withdraw := workflow.WithCancel(ctx)
	defer withdraw() // what is decided in another way, or not at all, is not asked any more
	workflow.Go(asking, func(ctx workflow.Context) { p.ask(ctx, deadline) })
	p.awaitDecision(ctx, deadline)
}

// awaitDecision waits until somebody has decided, in small portions: the
// approvers are reminded between them. A decision itself changes the state, in
// [process.decide], whichever way it comes: as an answer, by a tool, or by a
// signal. The first one counts.
func (p *process) awaitDecision(ctx workflow.Context, deadline time.Time) {
	decided := func() bool { return p.status.State != PendingApproval }
	for n := 1; ; n++ {
		left := deadline.Sub(workflow.Now(ctx))
		if left <= 0 {
			p.moveTo(ctx, Rejected, "approval timed out: nobody decided within "+spell(p.policy.ApprovalTimeout))
			return
		}
		_, err := workflow.AwaitWithOptions(ctx, workflow.AwaitOptions{
			Timeout:      portion(left, p.policy.ReminderInterval),
			TimerOptions: workflow.TimerOptions{Summary: "until the next reminder, or the end of the time for approval"},
		}, decided)
		switch {
		case err != nil:
			p.giveUp(ctx, "the wait for a decision broke off", message(err))
			return
		case decided(): // whatever Await says: a decision may have come with the timer
			return
		}
		if deadline.After(workflow.Now(ctx)) {
			workflow.Go(ctx, func(ctx workflow.Context) { p.remind(ctx, n, deadline) }) // nobody waits for it
		}
	}
}

// portion is how long to wait now, out of what is left.
func portion(left, interval time.Duration) time.Duration {
	if interval <= 0 {
		return left
	}
	return min(left, interval)
}

// remind tells the approvers that the invoice waits. If that fails, it is a
// pity, and nothing else.
func (p *process) remind(ctx workflow.Context, n int, deadline time.Time) {
	text := fmt.Sprintf("Invoice %s of %s for %v waits for your decision. Without one, it is rejected on %s.",
		p.invoice.ID, p.invoice.Customer, p.status.Total, clock(deadline))
	var activities *Activities
	err := workflow.ExecuteActivity(withRetries(ctx, reminderAttempts), activities.RemindApprovers, p.invoice.ID, text).Get(ctx, nil)
	if err != nil {
		p.note(ctx, fmt.Sprintf("reminder %d to the approvers failed: %s", n, explain(err, reminderAttempts)))
		return
	}
	p.note(ctx, fmt.Sprintf("reminder %d to the approvers", n))
}

// clock writes a time for people.
func clock(t time.Time) string { return t.UTC().Format(time.DateTime + " MST") }

// spell writes a duration for people: 5 days, not 120h0m0s.
func spell(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d == day:
		return "1 day"
	case d >= day && d%day == 0:
		return fmt.Sprintf("%d days", d/day)
	}
	return d.String()
}
