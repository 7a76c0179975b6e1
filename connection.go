package durablemcp

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/durablemcp/durablemcp/internal/memo"
	"github.com/durablemcp/durablemcp/internal/redact"
)

// A connection is the Temporal client of one Mount, and what was learnt
// through it.
type connection struct {
	client.Client
	redact func(text string) string // see [Options.RedactError]

	// decoder reads memo fields with the client's data converter, which can be
	// reached in no other way: it is any description that the client has made.
	decoder atomic.Pointer[client.WorkflowExecutionDescription]

	kept retention

	clock clock

	places places // of what waits for workflows

	version serverVersion

	away atomic.Bool // Temporal has not answered a request that starts a workflow
}

func newConnection(c client.Client, o Options) *connection {
	return &connection{Client: c, redact: o.redact}
}

// reach makes sure that Temporal is back, if it was away, before something is
// started: what is not sent is surely not started, and can be repeated. Whatever
// Temporal answers, it is back: it need not know the request, nor allow it.
func (c *connection) reach(ctx context.Context) error {
	if !c.away.Load() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	_, err := c.WorkflowService().GetSystemInfo(ctx, &workflowservice.GetSystemInfoRequest{})
	if unanswered(err) {
		return err
	}
	c.away.Store(false)
	return nil
}

// memo reads the memo of a described execution.
func (c *connection) memo(ctx context.Context, resp *workflowservice.DescribeWorkflowExecutionResponse) (*memo.Memo, error) {
	info := resp.GetWorkflowExecutionInfo()
	// A reset begins a run anew, and keeps what the run has asked.
	began := info.GetStartTime().AsTime()
	if original := resp.GetWorkflowExtendedInfo().GetOriginalStartTime(); original != nil && original.AsTime().Before(began) {
		began = original.AsTime()
	}
	fields := info.GetMemo().GetFields()
	if !slices.ContainsFunc(sortedKeys(fields), memo.Owns) {
		return &memo.Memo{}, nil
	}
	var m *memo.Memo
	err := c.read(ctx, info.GetExecution(), info.GetMemo(), func(desc *client.WorkflowExecutionDescription) (err error) {
		m, err = memo.Read(desc.GetMemoValue, began)
		return err
	})
	if err == nil && closed(info.GetStatus()) {
		m.Questions = nil // a workflow can end before it has taken back what it asks
	}
	return m, err
}

// decode reads one payload of an execution.
func (c *connection) decode(ctx context.Context, e *execution, payload *common.Payload, into any) error {
	of := &common.WorkflowExecution{WorkflowId: e.id, RunId: e.runID}
	return c.read(ctx, of, &common.Memo{Fields: map[string]*common.Payload{memo.RecordField: payload}}, func(desc *client.WorkflowExecutionDescription) error {
		return desc.GetMemoValue(memo.RecordField, into)
	})
}

// read lets a function read memo fields with the client's data converter. It makes a
// request only if there has been none before whose answer could serve as the decoder,
// or if the client's data converter goes by workflow ID.
func (c *connection) read(ctx context.Context, of *common.WorkflowExecution, fields *common.Memo, read func(*client.WorkflowExecutionDescription) error) error {
	if known := c.decoder.Load(); known != nil {
		desc := *known
		desc.Memo = fields
		if read(&desc) == nil {
			return nil
		}
	}
	desc, err := c.DescribeWorkflow(ctx, of.GetWorkflowId(), of.GetRunId())
	if err != nil {
		return err
	}
	c.decoder.Store(desc)
	own := *desc
	own.Memo = fields
	if err := read(&own); err != nil {
		return &unreadableError{err}
	}
	return nil
}

// An execution is a workflow execution that a call works with.
type execution struct {
	id, runID  string
	firstRunID string // of its chain of continue-as-new, retries and resets
	queue      string // its task queue, if it was looked up
	status     enums.WorkflowExecutionStatus
	created    time.Time
	record     memo.Record // zero if no tool started it

	repeats *repetition // the call found it closed, and repeats what it did; nil if not
}

func (e *execution) closed() bool { return closed(e.status) }

func closed(s enums.WorkflowExecutionStatus) bool {
	return s != enums.WORKFLOW_EXECUTION_STATUS_RUNNING && s != enums.WORKFLOW_EXECUTION_STATUS_PAUSED
}

// A snapshot is what Temporal knows of an execution at one moment.
type snapshot struct {
	*workflowservice.DescribeWorkflowExecutionResponse
	memo  *memo.Memo
	ahead time.Duration // how far Temporal's time is ahead of this machine's
}

// now is the time by which what is dated in the snapshot is judged.
func (s *snapshot) now() time.Time { return time.Now().Add(s.ahead) }

// age is how long ago the workflow's chain began.
func (s *snapshot) age() time.Duration {
	if asked := s.memo.Record.Created; !asked.IsZero() { // by this machine's time
		return time.Since(asked)
	}
	return s.now().Sub(s.created())
}

// describe asks Temporal what it knows of a run, or of the latest one if runID
// is empty.
func (c *connection) describe(ctx context.Context, id, runID string) (*snapshot, error) {
	resp, err := c.DescribeWorkflowExecution(ctx, id, runID)
	if err != nil {
		return nil, err
	}
	if err := c.recent(ctx, resp.GetWorkflowExecutionInfo()); err != nil {
		return nil, err
	}
	m, err := c.memo(ctx, resp)
	if err != nil {
		return nil, err
	}
	for _, activity := range resp.GetPendingActivities() {
		for f := activity.GetLastFailure(); f != nil; f = f.GetCause() {
			f.Message = c.redact(redact.Text(f.GetMessage()))
		}
	}
	if info := resp.GetWorkflowExecutionInfo(); !m.Record.Created.IsZero() && info.GetExecution().GetRunId() == info.GetFirstRunId() {
		c.clock.learn(m.Record.Created, info.GetStartTime().AsTime())
	}
	ahead, _ := c.clock.difference()
	return &snapshot{resp, m, ahead}, nil
}

// chain asks Temporal what it knows of the chain of runs that began with a run,
// as its latest run has it. The snapshot is nil if the chain is not the
// caller's to see, as mine decides.
//
// It takes one request if the chain is the latest one of the workflow ID. Of
// others it takes two, whether there is a workflow of the ID or not: the time
// that a refusal takes tells nothing.
func (c *connection) chain(ctx context.Context, id, firstRunID string, mine func(*snapshot) bool) (*snapshot, error) {
	seen, err := c.describe(ctx, id, "")
	if err == nil && seen.info().GetFirstRunId() == firstRunID {
		if !mine(seen) {
			return nil, nil
		}
		return seen, nil
	}
	if err != nil && !absent(err, workflowKey{id, ""}) {
		return nil, err
	}
	seen, err = c.describe(ctx, id, firstRunID)
	if absent(err, workflowKey{id, firstRunID}) {
		return nil, nil
	}
	if err != nil || !mine(seen) {
		return nil, err
	}
	e := &execution{id: id, runID: firstRunID} // it has ended: another chain has the ID now
	if _, err := follow(ctx, c, e); err != nil && !failedFor(err) {
		return nil, err
	}
	return c.describe(ctx, id, e.runID)
}

// cancel asks Temporal to cancel the work that an execution is part of, whichever
// run of the chain it is at. Temporal takes the cancellation of a run that has
// ended for a success, also if the work goes on in another.
func (c *connection) cancel(ctx context.Context, e *execution, reason string) error {
	return c.CancelWorkflowWithOptions(ctx, client.CancelWorkflowOptions{
		WorkflowID: e.id, RunID: e.runID, FirstExecutionRunID: e.firstRunID, Reason: reason,
	})
}

func (s *snapshot) info() *workflow.WorkflowExecutionInfo { return s.GetWorkflowExecutionInfo() }

func (s *snapshot) workflowType() string { return s.info().GetType().GetName() }

func (s *snapshot) closed() bool { return closed(s.info().GetStatus()) }

// asking returns the snapshot as one that asks those questions only: nobody is
// told what others are asked.
func (s *snapshot) asking(questions []memo.Question) *snapshot {
	m := *s.memo
	m.Questions = questions
	return &snapshot{s.DescribeWorkflowExecutionResponse, &m, s.ahead}
}

// created is when the workflow's chain began.
func (s *snapshot) created() time.Time {
	if !s.memo.Record.Created.IsZero() {
		return s.memo.Record.Created
	}
	return s.info().GetStartTime().AsTime()
}

func (s *snapshot) execution() *execution {
	info := s.info()
	return &execution{
		id: info.GetExecution().GetWorkflowId(), runID: info.GetExecution().GetRunId(), firstRunID: info.GetFirstRunId(),
		queue: info.GetTaskQueue(), status: info.GetStatus(), created: s.created(), record: s.memo.Record,
	}
}
