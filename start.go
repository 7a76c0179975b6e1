package durablemcp

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/handle"
	"github.com/durablemcp/durablemcp/internal/idtemplate"
	"github.com/durablemcp/durablemcp/internal/memo"
	"github.com/durablemcp/durablemcp/internal/redact"
)

// A starter starts a tool's workflow.
type starter struct {
	*base
	template *idtemplate.Template
	options  client.StartWorkflowOptions // all but what differs from call to call
	allow    AllowFunc
	window   time.Duration // see [WorkflowTool.RepeatWindow]; 0 for none
	readOnly bool          // doing the work twice does no harm
}

// start starts the workflow, or joins the execution that has its ID already.
//
// Temporal decides which: the request fails if the ID is taken, so that two
// concurrent calls cannot both believe that the workflow runs with their
// arguments, as they could with the conflict policy USE_EXISTING, which does
// not say whose start it was.
func (s *starter) start(ctx context.Context, c *execution.Client, id string, in *input, caller Caller) (*execution.Execution, error) {
	ctx, cancel := context.WithTimeout(ctx, execution.RequestTimeout)
	defer cancel()
	if err := c.EnsureReachable(ctx); err != nil {
		s.log(ctx, "Temporal is still away", "error", err)
		return nil, nothingStarted(unavailable())
	}
	options, rec := s.optionsFor(id, in, caller)
	if s.window > 0 {
		// Who starts anew has to look first whether the work was just done.
		options.WorkflowIDReusePolicy = enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
	}
	for range mostStarts {
		e, taken, err := c.Start(ctx, options, rec, s.workflowType, in.from(caller))
		if err != nil {
			s.log(ctx, "starting a workflow failed", "workflow_id", id, "error", err)
			return nil, s.failure(id, err)
		}
		if e != nil {
			return e, nil
		}
		seen, err := c.Describe(ctx, id, taken)
		switch {
		case execution.IsNotFound(err): // deleted in between
		case err != nil:
			s.log(ctx, "describing a workflow failed", "workflow_id", id, "error", err)
			return nil, nothingStarted(serviceFailure(err))
		case !seen.Closed() || options.WorkflowIDReusePolicy == s.options.WorkflowIDReusePolicy || s.answers(ctx, seen, in, caller):
			return s.same(ctx, seen, in, caller)
		}
		options.WorkflowIDReusePolicy = s.options.WorkflowIDReusePolicy
	}
	return nil, s.restless(id)
}

// restless is the error of a call that does not get hold of its workflow.
func (s *starter) restless(id string) *toolError {
	return s.conflict(fmt.Sprintf("Other calls start, end or delete the workflow %q all the time.", id))
}

// mostStarts is how often a call tries to start its workflow: first if the ID was
// never used, then as the policy says, then if it was deleted in between.
const mostStarts = 4

// answers reports whether a closed run answers a call that repeats it, although
// the reuse policy may allow a new one.
func (s *starter) answers(ctx context.Context, seen *execution.Snapshot, in *input, caller Caller) bool {
	if s.restarts(seen.Info().GetStatus(), seen.Now().Sub(seen.Info().GetCloseTime().AsTime())) {
		return false
	}
	_, err := s.same(ctx, seen, in, caller)
	return err == nil
}

// optionsFor returns the options for one start.
func (s *starter) optionsFor(id string, in *input, caller Caller) (client.StartWorkflowOptions, memo.Record) {
	rec := memo.Record{Tool: s.name, Input: in.Full, Given: givenDigest(in), Owner: caller.Principal, Claims: caller.claims, Created: time.Now().UTC(), Salt: handle.NewSalt()}
	options := s.options
	options.ID = id
	options.Memo = maps.Clone(options.Memo)
	if options.Memo == nil {
		options.Memo = make(map[string]any)
	}
	options.Memo[memo.RecordField] = rec
	if options.StaticSummary == "" {
		options.StaticSummary = summary(s.name, in)
	}
	return options, rec
}

// givenDigest is the field Given of the record of a call.
func givenDigest(in *input) string {
	if in.Given == in.Full {
		return ""
	}
	return in.Given
}

// same returns the described execution if it was started with the same
// arguments by a caller whose work this one may join.
func (s *starter) same(ctx context.Context, seen *execution.Snapshot, in *input, caller Caller) (*execution.Execution, error) {
	e := seen.Execution()
	if e.Record.Input == "" || seen.WorkflowType() != s.workflowType || !s.mayTouch(ctx, s.allow, caller, Owner{e.Record.Owner}) {
		return nil, s.conflict(fmt.Sprintf("The workflow ID %q belongs to work that this tool did not start for this caller.", e.ID))
	}
	if !e.Record.SameWork(in.Full, in.Given) {
		return nil, s.conflict(fmt.Sprintf("The workflow %q was started with other arguments.", e.ID))
	}
	if e.Closed() {
		closed := seen.Info().GetCloseTime().AsTime()
		e.Repeats = &execution.Repetition{Status: e.Status, Closed: closed, Age: seen.Now().Sub(closed)}
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
		return nothingStarted(e)
	}
	e.Message += fmt.Sprintf(" It is not known whether the workflow %q was started.", id)
	e.Retryable, e.advice = s.afterUnknownOutcome()
	return e
}

// nothingStarted completes the text of a failed request that has started nothing.
func nothingStarted(e *toolError) *toolError {
	e.Message += " Nothing was started."
	return e
}

// Temporal refuses a start whose summary is longer than 400 bytes as a payload
// (limit.userMetadataSummarySize): as JSON, in which each quote takes two bytes, and
// with what a payload codec adds.
const (
	mostSummary = 200
	minSummary  = 20
)

// summary is the one line by which the Web UI shows what a workflow is: the
// tool and its arguments, as code in Temporal's Markdown.
func summary(tool string, in *input) string {
	arguments := redact.Cut(strings.ReplaceAll(string(in.canonical), "`", "'"), mostSummary)
	for limit := mostSummary; ; limit -= 10 {
		text := fmt.Sprintf("%s `%s`", tool, redact.Cut(arguments, max(limit, minSummary)))
		if len(mustMarshal(text)) <= mostSummary || limit <= minSummary {
			return text
		}
	}
}
