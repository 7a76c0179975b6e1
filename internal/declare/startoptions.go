package declare

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/durablemcp/durablemcp/internal/idtemplate"
	"github.com/durablemcp/durablemcp/internal/memo"
)

// CheckReuse checks the field WorkflowIDReusePolicy.
func (d *Declaration) CheckReuse(policy enums.WorkflowIdReusePolicy) {
	if policy.String() == "TerminateIfRunning" { // by name, for the constant is deprecated
		d.Mistake("WorkflowIDReusePolicy", "TERMINATE_IF_RUNNING", "a policy under which a repeated call does not kill running work")
	}
}

// CheckStartOptions checks that a template for starting workflows leaves alone
// what the tool has fields for.
func (d *Declaration) CheckStartOptions(prefix string, o client.StartWorkflowOptions) {
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
		{"Memo", !slices.ContainsFunc(slices.Collect(maps.Keys(o.Memo)), memo.Owns), "the library keeps its own record in the field " + memo.RecordField + " and those that begin with it"},
	} {
		if !field.empty {
			d.Mistake(prefix+field.name, "a value", "none: "+field.instead)
		}
	}
	d.checkText(prefix+"StaticSummary", o.StaticSummary, 400)
	d.checkText(prefix+"StaticDetails", o.StaticDetails, 20_000)
}

// checkText checks a text with which Temporal refuses each start if it is too long
// (limit.userMetadataSummarySize and limit.userMetadataDetailsSize, by default).
func (d *Declaration) checkText(field, text string, limit int) {
	if n := jsonSize(text); n > limit {
		d.Mistake(field, fmt.Sprintf("%d bytes as JSON", n), fmt.Sprintf("at most %d: Temporal refuses a longer text", limit))
	}
}

// jsonSize is how many bytes a text takes as JSON.
func jsonSize(text string) int {
	data, err := json.Marshal(text)
	if err != nil {
		return len(text)
	}
	return len(data)
}

// StartOptions returns the options that all starts of a tool share.
func (d *Declaration) StartOptions(o client.StartWorkflowOptions, taskQueue string, policy enums.WorkflowIdReusePolicy) client.StartWorkflowOptions {
	o.TaskQueue = taskQueue
	o.WorkflowIDReusePolicy = policy
	o.WorkflowIDConflictPolicy = enums.WORKFLOW_ID_CONFLICT_POLICY_FAIL
	o.WorkflowExecutionErrorWhenAlreadyStarted = true
	// Only a worker on the same client can take the offer up: then the first
	// workflow task comes back with the start, and a round trip is saved.
	o.EnableEagerStart = d.EagerStart && o.VersioningOverride == nil
	return o
}

// CheckDuration checks a field that says how long something may take.
func (d *Declaration) CheckDuration(field string, value time.Duration) {
	if value < 0 {
		d.Mistake(field, value.String(), "a positive duration, or 0 for the default")
	}
}

// RepeatWindow checks the field RepeatWindow, and returns how long a completed
// run answers for calls that repeat it although the reuse policy allows a new
// one. byDefault is the window of tools that are not read-only.
func (d *Declaration) RepeatWindow(window, byDefault time.Duration, policy enums.WorkflowIdReusePolicy, readOnly bool, template *idtemplate.Template) time.Duration {
	keeps := policy == enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE || policy == enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY
	switch {
	case window > 0 && template.Uses(idtemplate.UUID):
		d.Mistake("RepeatWindow", window.String()+", and {"+idtemplate.UUID+"} in WorkflowID", "one of the two: under {"+idtemplate.UUID+"} each call counts")
	case window > 0 && keeps:
		d.Mistake("RepeatWindow", fmt.Sprintf("%s, and %s in WorkflowIDReusePolicy", window, policy),
			"0: under this policy completed work is never done again")
	case window > 0:
		return window
	case window == 0 && !readOnly && !template.Uses(idtemplate.UUID) && !keeps:
		return byDefault
	}
	return 0
}
