package durablemcp

import (
	"fmt"
	"slices"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/durablemcp/durablemcp/internal/memo"
)

// checkReuse checks the field WorkflowIDReusePolicy.
func (d *declaration) checkReuse(policy enums.WorkflowIdReusePolicy) {
	if policy.String() == "TerminateIfRunning" { // by name, for the constant is deprecated
		d.mistake("WorkflowIDReusePolicy", "TERMINATE_IF_RUNNING", "a policy under which a repeated call does not kill running work")
	}
}

// checkStartOptions checks that a template for starting workflows leaves alone
// what the tool has fields for.
func (d *declaration) checkStartOptions(prefix string, o client.StartWorkflowOptions) {
	for _, field := range []struct {
		name    string
		empty   bool
		instead string
	}{
		{"ID", o.ID == "", "set WorkflowID"},
		{"TaskQueue", o.TaskQueue == "", "set TaskQueue beside it"},
		{"WorkflowIDReusePolicy", o.WorkflowIDReusePolicy == 0, "set WorkflowIDReusePolicy beside it"},
		{"WorkflowIDConflictPolicy", o.WorkflowIDConflictPolicy == 0, "a call joins the running workflow"},
		{"CronSchedule", o.CronSchedule == "", "a call is one execution; use a Temporal Schedule"},
		{"Memo", !slices.ContainsFunc(sortedKeys(o.Memo), memo.Owns), "the library keeps its own record in the field " + memo.RecordField + " and those that begin with it"},
	} {
		if !field.empty {
			d.mistake(prefix+field.name, "a value", "none: "+field.instead)
		}
	}
	d.checkText(prefix+"StaticSummary", o.StaticSummary, 400)
	d.checkText(prefix+"StaticDetails", o.StaticDetails, 20_000)
}

// checkText checks a text with which Temporal refuses each start if it is too long
// (limit.userMetadataSummarySize and limit.userMetadataDetailsSize, by default).
func (d *declaration) checkText(field, text string, limit int) {
	if n := len(mustMarshal(text)); n > limit {
		d.mistake(field, fmt.Sprintf("%d bytes as JSON", n), fmt.Sprintf("at most %d: Temporal refuses a longer text", limit))
	}
}

// startOptions returns the options that all starts of a tool share.
func (d *declaration) startOptions(o client.StartWorkflowOptions, taskQueue string, policy enums.WorkflowIdReusePolicy) client.StartWorkflowOptions {
	o.TaskQueue = taskQueue
	o.WorkflowIDReusePolicy = policy
	o.WorkflowIDConflictPolicy = enums.WORKFLOW_ID_CONFLICT_POLICY_FAIL
	o.WorkflowExecutionErrorWhenAlreadyStarted = true
	// Only a worker on the same client can take the offer up: then the first
	// workflow task comes back with the start, and a round trip is saved.
	o.EnableEagerStart = d.opts.EagerStart && o.VersioningOverride == nil
	return o
}

// checkDuration checks a field that says how long something may take.
func (d *declaration) checkDuration(field string, value time.Duration) {
	if value < 0 {
		d.mistake(field, value.String(), "a positive duration, or 0 for the default")
	}
}
