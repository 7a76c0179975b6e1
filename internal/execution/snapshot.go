package execution

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/durablemcp/durablemcp/internal/memo"
	"github.com/durablemcp/durablemcp/internal/redact"
)

// An Execution is a workflow execution that a call works with.
type Execution struct {
	ID, RunID  string
	FirstRunID string // of its chain of continue-as-new, retries and resets
	Queue      string // its task queue, if it was looked up
	Status     enums.WorkflowExecutionStatus
	Created    time.Time
	Record     memo.Record // zero if no tool started it

	Repeats *Repetition // the call found it closed, and repeats what it did; nil if not
}

// Closed reports whether the execution has ended.
func (e *Execution) Closed() bool { return Closed(e.Status) }

// Closed reports whether a status is that of an execution that has ended.
func Closed(s enums.WorkflowExecutionStatus) bool {
	return s != enums.WORKFLOW_EXECUTION_STATUS_RUNNING && s != enums.WORKFLOW_EXECUTION_STATUS_PAUSED
}

// A Snapshot is what Temporal knows of an execution at one moment.
type Snapshot struct {
	*workflowservice.DescribeWorkflowExecutionResponse
	Memo  *memo.Memo
	Ahead time.Duration // how far Temporal's time is ahead of this machine's
}

// Now is the time by which what is dated in the snapshot is judged.
func (s *Snapshot) Now() time.Time { return time.Now().Add(s.Ahead) }

// Age is how long ago the workflow's chain began.
func (s *Snapshot) Age() time.Duration {
	if asked := s.Memo.Record.Created; !asked.IsZero() { // by this machine's time
		return time.Since(asked)
	}
	return s.Now().Sub(s.Created())
}

// Info is what Temporal says of the execution itself.
func (s *Snapshot) Info() *workflow.WorkflowExecutionInfo { return s.GetWorkflowExecutionInfo() }

// WorkflowType is the name of the workflow type.
func (s *Snapshot) WorkflowType() string { return s.Info().GetType().GetName() }

// Closed reports whether the execution had ended.
func (s *Snapshot) Closed() bool { return Closed(s.Info().GetStatus()) }

// WithQuestions returns the snapshot as one that asks those questions only: nobody is
// told what others are asked.
func (s *Snapshot) WithQuestions(questions []memo.Question) *Snapshot {
	m := *s.Memo
	m.Questions = questions
	return &Snapshot{s.DescribeWorkflowExecutionResponse, &m, s.Ahead}
}

// Created is when the workflow's chain began.
func (s *Snapshot) Created() time.Time {
	if !s.Memo.Record.Created.IsZero() {
		return s.Memo.Record.Created
	}
	return s.Info().GetStartTime().AsTime()
}

// Execution returns the execution that the snapshot is of.
func (s *Snapshot) Execution() *Execution {
	info := s.Info()
	return &Execution{
		ID: info.GetExecution().GetWorkflowId(), RunID: info.GetExecution().GetRunId(), FirstRunID: info.GetFirstRunId(),
		Queue: info.GetTaskQueue(), Status: info.GetStatus(), Created: s.Created(), Record: s.Memo.Record,
	}
}

// A Repetition is that a call was answered by work that had closed before.
type Repetition struct {
	Status enums.WorkflowExecutionStatus
	Closed time.Time
	Age    time.Duration
}

// StatusName is the name of an execution's status, as handles show it.
func StatusName(s enums.WorkflowExecutionStatus) string {
	var b strings.Builder
	for i, r := range s.String() { // "TimedOut"
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return strings.ToLower(b.String())
}

// Doing says what a workflow that is not stuck is doing: what it asks, what it
// says of itself, and what Temporal knows.
func (s *Snapshot) Doing(now time.Time) string {
	var parts []string
	for _, q := range s.Memo.Questions {
		parts = append(parts, "waiting for a person's answer to: "+q.Message)
	}
	if text := s.Memo.Progress.String(); text != "" {
		parts = append(parts, redact.Text(text))
	}
	if text := describePending(s.DescribeWorkflowExecutionResponse, now); text != "" {
		parts = append(parts, text)
	}
	return cmp.Or(strings.Join(parts, "; "), idle)
}

// ClosedStatus returns the status of a closed run.
func ClosedStatus(ctx context.Context, c *Client, id, runID string) enums.WorkflowExecutionStatus {
	desc, err := c.DescribeWorkflow(ctx, id, runID)
	if err != nil {
		return enums.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED
	}
	return desc.Status
}

// Activity says what a running workflow is doing, from the snapshot alone.
func (s *Snapshot) Activity(now time.Time) string {
	task := s.GetPendingWorkflowTask()
	waited := now.Sub(task.GetScheduledTime().AsTime())
	switch {
	case task == nil:
	case task.GetAttempt() > 1:
		return StuckPrefix + "its workflow task fails, and is tried again"
	case task.GetState() == enums.PENDING_WORKFLOW_TASK_STATE_SCHEDULED && waited >= patience:
		return "waiting for a worker for " + Round(waited).String()
	}
	return s.Doing(now)
}

// Updated is when the workflow last did something that is recorded for clients.
// Activities are not: what is known of them is gone when they have ended, and
// the time must not go back.
func (s *Snapshot) Updated() time.Time {
	latest := s.Created()
	see := func(t time.Time) {
		if t.After(latest) {
			latest = t
		}
	}
	see(s.Info().GetStartTime().AsTime()) // of a later run, which may have the memo of an earlier one
	see(s.Memo.Updated)
	see(s.Memo.Progress.At)
	for _, q := range s.Memo.Questions {
		see(q.Asked)
	}
	if s.Info().GetCloseTime() != nil {
		see(s.Info().GetCloseTime().AsTime())
	}
	return latest
}

// memo reads the memo of a described execution.
func (c *Client) memo(ctx context.Context, resp *workflowservice.DescribeWorkflowExecutionResponse) (*memo.Memo, error) {
	info := resp.GetWorkflowExecutionInfo()
	// A reset starts the run over, and keeps what the run has asked.
	began := info.GetStartTime().AsTime()
	if original := resp.GetWorkflowExtendedInfo().GetOriginalStartTime(); original != nil && original.AsTime().Before(began) {
		began = original.AsTime()
	}
	fields := info.GetMemo().GetFields()
	if !slices.ContainsFunc(slices.Collect(maps.Keys(fields)), memo.Owns) {
		return &memo.Memo{}, nil
	}
	var m *memo.Memo
	err := c.read(ctx, info.GetExecution(), info.GetMemo(), func(desc *client.WorkflowExecutionDescription) (err error) {
		m, err = memo.Read(desc.GetMemoValue, began)
		return err
	})
	if err == nil && Closed(info.GetStatus()) {
		m.Questions = nil // a workflow can end before it has taken back what it asks
	}
	return m, err
}

// Describe asks Temporal what it knows of a run, or of the latest one if runID
// is empty.
func (c *Client) Describe(ctx context.Context, id, runID string) (*Snapshot, error) {
	resp, err := c.DescribeWorkflowExecution(ctx, id, runID)
	if err != nil {
		return nil, err
	}
	if err := c.checkVersion(ctx, resp.GetWorkflowExecutionInfo()); err != nil {
		return nil, err
	}
	m, err := c.memo(ctx, resp)
	if err != nil {
		return nil, err
	}
	for _, activity := range resp.GetPendingActivities() {
		for f := activity.GetLastFailure(); f != nil; f = f.GetCause() {
			f.Message = c.Redact(redact.Text(f.GetMessage()))
		}
	}
	if info := resp.GetWorkflowExecutionInfo(); !m.Record.Created.IsZero() && info.GetExecution().GetRunId() == info.GetFirstRunId() {
		c.clock.learn(m.Record.Created, info.GetStartTime().AsTime())
	}
	ahead, _ := c.clock.difference()
	return &Snapshot{resp, m, ahead}, nil
}

// Chain asks Temporal what it knows of the chain of runs that began with a run,
// as its latest run has it. The snapshot is nil if the chain is not the
// caller's to see, as mine decides.
//
// It takes one request if the chain is the latest one of the workflow ID. Of
// others it takes two, whether there is a workflow of the ID or not: the time
// that a refusal takes tells nothing.
func (c *Client) Chain(ctx context.Context, id, firstRunID string, mine func(*Snapshot) bool) (*Snapshot, error) {
	seen, err := c.Describe(ctx, id, "")
	if err == nil && seen.Info().GetFirstRunId() == firstRunID {
		if !mine(seen) {
			return nil, nil //nolint:nilnil // see above
		}
		return seen, nil
	}
	if err != nil && !IsAbsent(err, Key{id, ""}) {
		return nil, err
	}
	seen, err = c.Describe(ctx, id, firstRunID)
	if IsAbsent(err, Key{id, firstRunID}) {
		return nil, nil //nolint:nilnil // see above
	}
	if err != nil || !mine(seen) {
		return nil, err
	}
	e := &Execution{ID: id, RunID: firstRunID} // it has ended: another chain has the ID now
	if _, err := Follow(ctx, c, e); err != nil && !IsOutcome(err) {
		return nil, err
	}
	return c.Describe(ctx, id, e.RunID)
}
