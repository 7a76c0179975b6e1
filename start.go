package durablemcp

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/durablemcp/durablemcp/internal/redact"
)

// startTimeout bounds the requests that start or look up a workflow, so that a
// call says soon that Temporal is away.
const startTimeout = 10 * time.Second

// memoKey is the memo field in which a workflow carries its [record].
const memoKey = "durablemcp"

// A record is what a workflow started by a tool remembers of its start. It
// lives in the memo, which outlasts continue-as-new, retries and resets.
type record struct {
	Tool    string    `json:"tool"`
	Input   string    `json:"input"` // digest of the canonical arguments
	Created time.Time `json:"created"`
}

// An execution is a workflow execution that a call works with.
type execution struct {
	id, runID string
	started   bool // by this call: it did not join
	status    enums.WorkflowExecutionStatus
	created   time.Time
}

// start starts the workflow, or joins the execution that has its ID already.
//
// Temporal decides which: the request fails if the ID is taken, so that two
// concurrent calls cannot both believe that the workflow runs with their
// arguments, as they could with the conflict policy USE_EXISTING, which does
// not say whose start it was.
func (t *workflowTool) start(ctx context.Context, c client.Client, id string, in *input) (*execution, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()

	rec := record{Tool: t.name, Input: in.digest, Created: time.Now().UTC()}
	options := t.startOptions
	options.ID = id
	options.Memo = maps.Clone(options.Memo)
	if options.Memo == nil {
		options.Memo = make(map[string]any)
	}
	options.Memo[memoKey] = rec
	if options.StaticSummary == "" {
		options.StaticSummary = summary(t.name, in)
	}
	run, err := c.ExecuteWorkflow(ctx, options, t.workflowType, in.args...)
	var taken *serviceerror.WorkflowExecutionAlreadyStarted
	switch {
	case errors.As(err, &taken):
		return t.join(ctx, c, id, taken.RunId, rec)
	case err != nil:
		t.log(ctx, "starting a workflow failed", "workflow_id", id, "error", err)
		return nil, t.startFailure(id, err)
	}
	return &execution{id: id, runID: run.GetRunID(), started: true, created: rec.Created,
		status: enums.WORKFLOW_EXECUTION_STATUS_RUNNING}, nil
}

// join returns the execution that has the ID if it is the work that the call
// asks for, and a conflict otherwise.
func (t *workflowTool) join(ctx context.Context, c client.Client, id, runID string, want record) (*execution, error) {
	desc, err := c.DescribeWorkflow(ctx, id, runID)
	if err != nil {
		t.log(ctx, "describing a workflow failed", "workflow_id", id, "error", err)
		return nil, t.startFailure(id, err)
	}
	var got record
	err = desc.GetMemoValue(memoKey, &got)
	switch {
	case desc.WorkflowType.Name != t.workflowType, err != nil || got.Input == "":
		return nil, t.conflict(fmt.Sprintf("The workflow ID %q belongs to work that this tool did not start.", id))
	case got.Input != want.Input:
		return nil, t.conflict(fmt.Sprintf("The workflow %q was started with other arguments.", id))
	}
	return &execution{id: id, runID: desc.WorkflowExecution.RunID, status: desc.Status, created: got.Created}, nil
}

func (t *workflowTool) conflict(message string) *toolError {
	advice := "Call again with the arguments that it was started with"
	if names := t.template.Arguments(); len(names) > 0 {
		advice += ", or with another " + strings.Join(names, ", ") + ", which names the workflow"
	}
	return &toolError{
		Type:    errConflict,
		Message: message + " Nothing was started or changed.",
		advice:  advice + "; or tell the user.",
	}
}

// repeatable reports whether the same call again maps to the same workflow.
func (t *workflowTool) repeatable() bool { return !t.template.Uses("@uuid") }

// restarts reports whether the same call again, after the workflow has closed
// in the given way, starts a new one.
func (t *workflowTool) restarts(status enums.WorkflowExecutionStatus) bool {
	switch t.startOptions.WorkflowIDReusePolicy {
	case enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE:
		return !t.repeatable()
	case enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY:
		return !t.repeatable() || status != enums.WORKFLOW_EXECUTION_STATUS_COMPLETED
	}
	return true
}

// summary is the one line by which the Web UI shows what a workflow is: the
// tool and its arguments, as code in Temporal's Markdown.
func summary(tool string, in *input) string {
	arguments := strings.ReplaceAll(string(in.canonical), "`", "'")
	return fmt.Sprintf("%s `%s`", tool, redact.Cut(arguments, 200))
}

// failedFor reports whether err is how a workflow ended, and not a failure to
// learn it.
func failedFor(err error) bool {
	var ended *temporal.WorkflowExecutionError
	return errors.As(err, &ended)
}
