package call

import (
	"context"
	"fmt"
	"maps"
	"math"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/durablemcp/durablemcp/internal/advice"
	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/idtemplate"
	"github.com/durablemcp/durablemcp/internal/memo"
	"github.com/durablemcp/durablemcp/internal/redact"
	"github.com/durablemcp/durablemcp/internal/token"
)

// Repeatable reports whether the same call again maps to the same workflow.
func (s *Starter) Repeatable() bool { return !s.Template.Uses(idtemplate.UUID) }

// Restarts reports whether the same call again starts the work again, some time
// after it has closed in the given way.
func (s *Starter) Restarts(status enums.WorkflowExecutionStatus, after time.Duration) bool {
	completed := status == enums.WORKFLOW_EXECUTION_STATUS_COMPLETED
	switch s.Options.WorkflowIDReusePolicy {
	case enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE:
		return !s.Repeatable()
	case enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY:
		return !s.Repeatable() || !completed
	}
	return !s.Repeatable() || !completed || after >= s.Window
}

// A Starter starts a tool's workflow.
type Starter struct {
	*Tool
	Template *idtemplate.Template
	Options  client.StartWorkflowOptions // all but what differs from call to call
	Allow    AllowFunc
	Window   time.Duration // see durablemcp.WorkflowTool.RepeatWindow; 0 for none
	ReadOnly bool          // doing the work twice does no harm
}

// start starts the workflow, or joins the execution that has its ID already.
//
// Temporal decides which: the request fails if the ID is taken, so that two
// concurrent calls cannot both believe that the workflow runs with their
// arguments, as they could with the conflict policy USE_EXISTING, which does
// not say whose start it was.
func (s *Starter) start(ctx context.Context, c *Call, id string, in *Input) (*execution.Execution, error) {
	caller := c.Caller
	ctx, cancel := context.WithTimeout(ctx, execution.RequestTimeout)
	defer cancel()
	if err := c.EnsureReachable(ctx); err != nil {
		s.log(ctx, "Temporal is still away", "error", err)
		return nil, advice.NothingStarted(advice.Unavailable())
	}
	options, rec := s.optionsFor(id, in, caller)
	if s.Window > 0 {
		// Who starts again has to look first whether the work was just done.
		options.WorkflowIDReusePolicy = enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
	}
	for range maxStarts {
		e, taken, err := c.Start(ctx, options, rec, s.WorkflowType, in.from(caller))
		if err != nil {
			s.log(ctx, "starting a workflow failed", "workflow_id", id, "error", err)
			return nil, advice.StartFailure(id, err, s.repeatability())
		}
		if e != nil {
			return e, nil
		}
		seen, err := c.Describe(ctx, id, taken)
		switch {
		case execution.IsNotFound(err): // deleted in between
		case err != nil:
			s.log(ctx, "describing a workflow failed", "workflow_id", id, "error", err)
			return nil, advice.NothingStarted(advice.ServiceFailure(err))
		case !seen.Closed() || options.WorkflowIDReusePolicy == s.Options.WorkflowIDReusePolicy || s.answers(ctx, seen, in, caller):
			return s.checkSameWork(ctx, seen, in, caller)
		}
		options.WorkflowIDReusePolicy = s.Options.WorkflowIDReusePolicy
	}
	return nil, advice.KeepsChanging(id, s.Template.Arguments())
}

// maxStarts is how often a call tries to start its workflow: first if the ID was
// never used, then as the policy says, then if it was deleted in between.
const maxStarts = 4

// answers reports whether a closed run answers a call that repeats it, although
// the reuse policy may allow a new one.
func (s *Starter) answers(ctx context.Context, seen *execution.Snapshot, in *Input, caller Caller) bool {
	if s.Restarts(seen.Info().GetStatus(), seen.Now().Sub(seen.Info().GetCloseTime().AsTime())) {
		return false
	}
	_, err := s.checkSameWork(ctx, seen, in, caller)
	return err == nil
}

// optionsFor returns the options for one start.
func (s *Starter) optionsFor(id string, in *Input, caller Caller) (client.StartWorkflowOptions, memo.Record) {
	rec := memo.Record{Tool: s.Name, Input: in.Full, Given: givenDigest(in), Owner: caller.Principal, Claims: caller.Claims, Created: time.Now().UTC(), Salt: token.NewSalt()}
	options := s.Options
	options.ID = id
	options.Memo = maps.Clone(options.Memo)
	if options.Memo == nil {
		options.Memo = make(map[string]any)
	}
	options.Memo[memo.RecordField] = rec
	if options.StaticSummary == "" {
		options.StaticSummary = Summary(s.Name, in)
	}
	return options, rec
}

// givenDigest is the field Given of the record of a call.
func givenDigest(in *Input) string {
	if in.Given == in.Full {
		return ""
	}
	return in.Given
}

// checkSameWork returns the described execution if it was started with the same
// arguments by a caller whose work this one may join.
func (s *Starter) checkSameWork(ctx context.Context, seen *execution.Snapshot, in *Input, caller Caller) (*execution.Execution, error) {
	e := seen.Execution()
	if e.Record.Input == "" || seen.WorkflowType() != s.WorkflowType || !s.mayTouch(ctx, s.Allow, s.access(caller, seen)) {
		return nil, advice.Conflict(fmt.Sprintf("The workflow ID %q belongs to work that this tool did not start for this caller.", e.ID), s.Template.Arguments())
	}
	if !e.Record.SameWork(in.Full, in.Given) {
		return nil, advice.Conflict(fmt.Sprintf("The workflow %q was started with other arguments.", e.ID), s.Template.Arguments())
	}
	if e.Closed() {
		closed := seen.Info().GetCloseTime().AsTime()
		e.Repeats = &execution.Repetition{Status: e.Status, Closed: closed, Age: seen.Now().Sub(closed)}
	}
	return e, nil
}

// Temporal refuses a start whose summary is longer than 400 bytes as a payload
// (limit.userMetadataSummarySize): as JSON, in which each quote takes two bytes, and
// with what a payload codec adds.
const (
	maxSummary = 200
	minSummary = 20
)

// Summary is the one line by which the Web UI shows what a workflow is: the
// tool and its arguments, as code in Temporal's Markdown.
func Summary(tool string, in *Input) string {
	arguments := redact.Cut(strings.ReplaceAll(string(in.Canonical), "`", "'"), maxSummary)
	for limit := maxSummary; ; limit -= 10 {
		text := fmt.Sprintf("%s `%s`", tool, redact.Cut(arguments, max(limit, minSummary)))
		if len(advice.MustMarshal(text)) <= maxSummary || limit <= minSummary {
			return text
		}
	}
}

// ForEver is longer after its end than a repeat window can be.
const ForEver = time.Duration(math.MaxInt64)

// repeatability says what the same call does again.
func (s *Starter) repeatability() advice.Repeatability {
	return advice.Repeatability{
		Harmless: s.ReadOnly, SameWork: s.Repeatable(), Window: s.Window,
		AfterFailure:    s.Restarts(enums.WORKFLOW_EXECUTION_STATUS_FAILED, ForEver),
		AfterCompletion: s.Restarts(enums.WORKFLOW_EXECUTION_STATUS_COMPLETED, ForEver),
	}
}

// AfterUnknownOutcome says whether the same call can be made again if it is not known whether it
// has started the work.
func (s *Starter) AfterUnknownOutcome() (retryable bool, advice string) {
	return s.repeatability().AfterUnknownOutcome()
}
