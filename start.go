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

	"github.com/durablemcp/durablemcp/internal/handle"
	"github.com/durablemcp/durablemcp/internal/idtemplate"
	"github.com/durablemcp/durablemcp/internal/redact"
)

// requestTimeout bounds the requests that start, look up or signal a workflow,
// so that a call says soon that Temporal is away.
const requestTimeout = 10 * time.Second

// A starter starts a tool's workflow.
type starter struct {
	*base
	template *idtemplate.Template
	options  client.StartWorkflowOptions // all but what differs from call to call
	allow    AllowFunc
}

// start starts the workflow, or joins the execution that has its ID already.
//
// Temporal decides which: the request fails if the ID is taken, so that two
// concurrent calls cannot both believe that the workflow runs with their
// arguments, as they could with the conflict policy USE_EXISTING, which does
// not say whose start it was.
func (s *starter) start(ctx context.Context, c *connection, id string, in *input, caller Caller) (*execution, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	if err := c.reach(ctx); err != nil {
		s.log(ctx, "Temporal is still away", "error", err)
		e := unavailable()
		e.Message += " Nothing was started."
		return nil, e
	}
	options, rec := s.optionsFor(id, in, caller)
	run, err := c.ExecuteWorkflow(ctx, options, s.workflowType, in.args...)
	if taken, ok := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); ok {
		return s.join(ctx, c, id, taken.RunId, in, caller)
	}
	if err != nil {
		s.log(ctx, "starting a workflow failed", "workflow_id", id, "error", err)
		failure := s.failure(id, err)
		c.away.Store(failure.Type == errUnknownOutcome)
		return nil, failure
	}
	return &execution{
		id: id, runID: run.GetRunID(), firstRunID: run.GetRunID(),
		status: enums.WORKFLOW_EXECUTION_STATUS_RUNNING, created: rec.Created, record: rec,
	}, nil
}

// optionsFor returns the options for one start.
func (s *starter) optionsFor(id string, in *input, caller Caller) (client.StartWorkflowOptions, record) {
	rec := record{Tool: s.name, Input: in.Full, Given: givenDigest(in), Owner: caller.Principal, Created: time.Now().UTC(), Salt: handle.NewSalt()}
	options := s.options
	options.ID = id
	options.Memo = maps.Clone(options.Memo)
	if options.Memo == nil {
		options.Memo = make(map[string]any)
	}
	options.Memo[memoKey] = rec
	if options.StaticSummary == "" {
		options.StaticSummary = summary(s.name, in)
	}
	return options, rec
}

// join returns the execution that has the ID if it is the work that the call
// asks for, and a conflict otherwise.
func (s *starter) join(ctx context.Context, c *connection, id, runID string, in *input, caller Caller) (*execution, error) {
	seen, err := c.describe(ctx, id, runID)
	if err != nil {
		s.log(ctx, "describing a workflow failed", "workflow_id", id, "error", err)
		return nil, s.failure(id, err)
	}
	return s.same(ctx, seen, in, caller)
}

// same returns the described execution if it was started with the same
// arguments by a caller whose work this one may join.
func (s *starter) same(ctx context.Context, seen *snapshot, in *input, caller Caller) (*execution, error) {
	e := seen.execution()
	if e.record.Input == "" || seen.workflowType() != s.workflowType || !s.mayTouch(ctx, s.allow, caller, Owner{e.record.Owner}) {
		return nil, s.conflict(fmt.Sprintf("The workflow ID %q belongs to work that this tool did not start for this caller.", e.id))
	}
	if !e.record.sameWork(in) {
		return nil, s.conflict(fmt.Sprintf("The workflow %q was started with other arguments.", e.id))
	}
	return e, nil
}

func (s *starter) conflict(message string) *toolError {
	advice := "Call again with the arguments that it was started with"
	if names := s.template.Arguments(); len(names) > 0 {
		advice += ", or with another " + strings.Join(names, ", ") + ", which names the workflow"
	}
	return &toolError{
		Type:    errConflict,
		Message: message + " Nothing was started or changed.",
		advice:  advice + "; or tell the user.",
	}
}

// failure turns the error of a request that starts a workflow into what the
// model is told: whether anything was started, and whether the same call can be
// made again.
func (s *starter) failure(id string, err error) *toolError {
	e := serviceFailure(err)
	if e.Type != errUnknownOutcome {
		e.Message += " Nothing was started."
		return e
	}
	e.Message += fmt.Sprintf(" It is not known whether the workflow %q was started.", id)
	if s.repeatable() {
		e.advice = "It is safe to make the same call again: it joins the workflow if it was started."
		return e
	}
	e.Retryable = false
	e.advice = "The same call again could do the work a second time. Tell the user, who can look the workflow up in Temporal."
	return e
}

// repeatable reports whether the same call again maps to the same workflow.
func (s *starter) repeatable() bool { return !s.template.Uses(idtemplate.UUID) }

// restarts reports whether the same call again, after the workflow has closed
// in the given way, starts a new one.
func (s *starter) restarts(status enums.WorkflowExecutionStatus) bool {
	switch s.options.WorkflowIDReusePolicy {
	case enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE:
		return !s.repeatable()
	case enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY:
		return !s.repeatable() || status != enums.WORKFLOW_EXECUTION_STATUS_COMPLETED
	}
	return true
}

// summary is the one line by which the Web UI shows what a workflow is: the
// tool and its arguments, as code in Temporal's Markdown.
func summary(tool string, in *input) string {
	arguments := strings.ReplaceAll(string(in.canonical), "`", "'")
	return fmt.Sprintf("%s `%s`", tool, redact.Cut(arguments, 200))
}
