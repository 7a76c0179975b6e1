// Package execution is the Temporal side of a tool: it starts workflow executions, describes,
// follows, watches and cancels them, gives them answers, and says what their failures and those
// of requests mean. It knows nothing of MCP, nor what a model is told.
package execution

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/sdk/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/durablemcp/durablemcp/internal/idtemplate"
	"github.com/durablemcp/durablemcp/internal/memo"
	"github.com/durablemcp/durablemcp/internal/redact"
)

// Key is a workflow as arguments name it. The run ID may be empty.
type Key struct{ ID, RunID string }

// RequestTimeout bounds the requests that start, look up or signal a workflow,
// so that a call says soon that Temporal is away.
const RequestTimeout = 10 * time.Second

// LookTimeout bounds the requests that say what a running workflow does: the
// answer that it is running must not wait for them for long.
const LookTimeout = 3 * time.Second

// A Client is the Temporal client of one Mount, and what was learnt
// through it.
type Client struct {
	client.Client
	Options

	// decoder reads memo fields with the client's data converter, which can be
	// reached in no other way: it is any description that the client has made.
	decoder atomic.Pointer[client.WorkflowExecutionDescription]

	kept retention

	clock clock

	Places Places // of what waits for workflows

	version serverVersion

	away atomic.Bool // Temporal has not answered a request that starts a workflow
}

// Options are those of durablemcp.Options that matter here.
type Options struct {
	Namespace string
	Logger    *slog.Logger
	Redact    func(text string) string // see Options.RedactError
}

// New returns a client that makes its requests through c.
func New(c client.Client, o Options) *Client {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Redact == nil {
		o.Redact = func(text string) string { return text }
	}
	return &Client{Client: c, Options: o}
}

// log writes what a person has to look into.
func (c *Client) log(ctx context.Context, msg string, args ...any) {
	c.Logger.WarnContext(ctx, "durablemcp: "+msg, args...)
}

// contain keeps a panic in a goroutine, such as in a user's data converter, from taking the
// process down. It must be deferred.
func (c *Client) contain(ctx context.Context, doing string) {
	if p := recover(); p != nil {
		c.Logger.ErrorContext(ctx, "durablemcp: "+doing+" panicked", "panic", p, "stack", string(debug.Stack()))
	}
}

// EnsureReachable makes sure that Temporal is back, if it was away, before something is
// started: what is not sent is surely not started, and can be repeated. Whatever
// Temporal answers, it is back: it need not know the request, nor allow it.
func (c *Client) EnsureReachable(ctx context.Context) error {
	if !c.away.Load() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, LookTimeout)
	defer cancel()
	_, err := c.WorkflowService().GetSystemInfo(ctx, &workflowservice.GetSystemInfoRequest{})
	if unanswered(err) {
		return err
	}
	c.away.Store(false)
	return nil
}

// memo reads the memo of a described execution.
func (c *Client) memo(ctx context.Context, resp *workflowservice.DescribeWorkflowExecutionResponse) (*memo.Memo, error) {
	info := resp.GetWorkflowExecutionInfo()
	// A reset begins a run anew, and keeps what the run has asked.
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

// Decode reads one payload of an execution.
func (c *Client) Decode(ctx context.Context, e *Execution, payload *common.Payload, into any) error {
	of := &common.WorkflowExecution{WorkflowId: e.ID, RunId: e.RunID}
	return c.read(ctx, of, &common.Memo{Fields: map[string]*common.Payload{memo.RecordField: payload}}, func(desc *client.WorkflowExecutionDescription) error {
		return desc.GetMemoValue(memo.RecordField, into)
	})
}

// read lets a function read memo fields with the client's data converter. It makes a
// request only if there has been none before whose answer could serve as the decoder,
// or if the client's data converter goes by workflow ID.
func (c *Client) read(ctx context.Context, of *common.WorkflowExecution, fields *common.Memo, read func(*client.WorkflowExecutionDescription) error) error {
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
		return &UnreadableError{err}
	}
	return nil
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
			return nil, nil
		}
		return seen, nil
	}
	if err != nil && !IsAbsent(err, Key{id, ""}) {
		return nil, err
	}
	seen, err = c.Describe(ctx, id, firstRunID)
	if IsAbsent(err, Key{id, firstRunID}) {
		return nil, nil
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

// Cancel asks Temporal to cancel the work that an execution is part of, whichever
// run of the chain it is at. Temporal takes the cancellation of a run that has
// ended for a success, also if the work goes on in another.
func (c *Client) Cancel(ctx context.Context, e *Execution, reason string) error {
	return c.CancelWorkflowWithOptions(ctx, client.CancelWorkflowOptions{
		WorkflowID: e.ID, RunID: e.RunID, FirstExecutionRunID: e.FirstRunID, Reason: reason,
	})
}

// checkVersion returns an [*oldServerError] if the server that has described an
// execution is too old. A server shows it by what it leaves out: only an old one
// is asked for its version, once.
func (c *Client) checkVersion(ctx context.Context, described *workflow.WorkflowExecutionInfo) error {
	if described.GetFirstRunId() != "" {
		return nil
	}
	if known := c.version.known.Load(); known != nil {
		return &oldServerError{*known}
	}
	ctx, cancel := context.WithTimeout(ctx, LookTimeout)
	defer cancel()
	info, err := c.WorkflowService().GetSystemInfo(ctx, &workflowservice.GetSystemInfoRequest{})
	if err != nil {
		return &oldServerError{}
	}
	version := info.GetServerVersion()
	c.version.known.Store(&version)
	return &oldServerError{version}
}

// Stuck says why the workflow's code does not get on: no worker takes it up,
// or its workflow task fails again and again. It is empty if nothing is wrong.
func (c *Client) Stuck(ctx context.Context, resp *workflowservice.DescribeWorkflowExecutionResponse, now time.Time) string {
	task := resp.GetPendingWorkflowTask()
	if task == nil {
		return ""
	}
	if task.GetAttempt() > 1 {
		if why := c.taskFailure(ctx, resp.GetWorkflowExecutionInfo().GetExecution()); why != "" {
			return fmt.Sprintf(StuckPrefix+"its workflow task fails (attempt %d): %s", task.GetAttempt(), why)
		}
	}
	waited := now.Sub(task.GetScheduledTime().AsTime())
	if task.GetState() != enums.PENDING_WORKFLOW_TASK_STATE_SCHEDULED || waited < patience {
		return ""
	}
	return c.noWorker(ctx, resp.GetWorkflowExecutionInfo(), waited, now)
}

// taskFailure returns the message of the last failed workflow task: an
// unregistered workflow type, a panic, or code that does not match its history.
// Temporal records the first failure of a row in the history, so it stands
// near the end.
func (c *Client) taskFailure(ctx context.Context, e *common.WorkflowExecution) string {
	history, err := c.WorkflowService().GetWorkflowExecutionHistoryReverse(ctx, &workflowservice.GetWorkflowExecutionHistoryReverseRequest{
		Namespace: c.Namespace, Execution: e, MaximumPageSize: 5,
	})
	if err != nil {
		c.log(ctx, "reading a workflow's history failed", "workflow_id", e.GetWorkflowId(), "error", err)
		return ""
	}
	for _, event := range history.GetHistory().GetEvents() {
		if failed := event.GetWorkflowTaskFailedEventAttributes(); failed != nil {
			return c.Redact(failureText(failed.GetFailure()))
		}
	}
	return ""
}

// noWorker says who polls the task queue on which the workflow waits.
func (c *Client) noWorker(ctx context.Context, info *workflow.WorkflowExecutionInfo, waited time.Duration, now time.Time) string {
	queue := info.GetTaskQueue()
	resp, err := c.DescribeTaskQueue(ctx, queue, enums.TASK_QUEUE_TYPE_WORKFLOW)
	if err != nil {
		c.log(ctx, "describing a task queue failed", "task_queue", queue, "error", err)
		return fmt.Sprintf("waiting for a worker of task queue %q for %s", queue, Round(waited))
	}
	last := lastPoll(resp)
	if c.noPoller(last) {
		return fmt.Sprintf(StuckPrefix+"no worker polls task queue %q; the work goes on as soon as one does", queue)
	}
	return fmt.Sprintf("waiting for a worker of task queue %q for %s; the last one was seen %s ago",
		queue, Round(waited), Round(now.Sub(last)))
}

// noPoller reports whether no worker can be alive if the last poll was at a time, zero for
// never. As long as nothing is known of Temporal's clock, all that it remembers can be.
func (c *Client) noPoller(last time.Time) bool {
	ahead, known := c.clock.difference()
	return last.IsZero() || known && time.Now().Add(ahead).Sub(last) > pollerMemory
}

// WithoutWorker says that no worker polls the workflow's task queue, and is empty
// if one does or Temporal does not tell.
func (c *Client) WithoutWorker(ctx context.Context, e *Execution) string {
	resp, err := c.DescribeTaskQueue(ctx, e.Queue, enums.TASK_QUEUE_TYPE_WORKFLOW)
	if err != nil || !c.noPoller(lastPoll(resp)) {
		return ""
	}
	return fmt.Sprintf("no worker polls its task queue %q", e.Queue)
}

// CurrentDetails returns what the workflow says of its own state, "" if it says
// nothing or no worker answers.
func (c *Client) CurrentDetails(ctx context.Context, e *Execution) string {
	ctx, cancel := context.WithTimeout(ctx, detailsTimeout)
	defer cancel()
	value, err := c.QueryWorkflow(ctx, e.ID, e.RunID, metadataQuery)
	if err != nil {
		return ""
	}
	var metadata sdk.WorkflowMetadata
	if err := value.Get(&metadata); err != nil {
		return ""
	}
	return c.Redact(redact.Text(strings.TrimSpace(metadata.GetCurrentDetails())))
}

// IsAbsent reports whether a request failed because there is no such workflow. A
// run ID that is none makes the request invalid.
func IsAbsent(err error, key Key) bool {
	_, notFound := errors.AsType[*serviceerror.NotFound](err)
	_, invalid := errors.AsType[*serviceerror.InvalidArgument](err)
	return notFound || invalid && (key.RunID != "" || len(key.ID) > idtemplate.MaxLength)
}

// Retention returns how long the namespace keeps workflows that have closed.
func (c *Client) Retention(ctx context.Context) (time.Duration, error) {
	r := &c.kept
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.asked) < retentionAge {
		return r.known, r.err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), LookTimeout) // it is for others, too
	defer cancel()
	resp, err := c.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: c.Namespace})
	switch {
	case err == nil:
		r.known, r.err, r.asked = resp.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration(), nil, time.Now()
	case r.known > 0: // what was read before holds longer
		r.asked = time.Now().Add(retryRetention - retentionAge)
	default:
		r.err, r.asked = err, time.Now().Add(retryRetention-retentionAge)
	}
	return r.known, r.err
}
