package durablemcp

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/enums/v1"

	"github.com/durablemcp/durablemcp/internal/call"
	"github.com/durablemcp/durablemcp/internal/idtemplate"
)

// TestRepeatTexts holds what models are told about the same call again to what it
// does, for each combination of template, policy, window and annotation. What
// it does on a real server is tested in internal/e2e, TestRepeatedCall.
func TestRepeatTexts(t *testing.T) {
	t.Parallel()
	const completed, failed = enums.WORKFLOW_EXECUTION_STATUS_COMPLETED, enums.WORKFLOW_EXECUTION_STATUS_FAILED
	for _, template := range []string{"a-{id}", "a-{@input}", "a-{@uuid}"} {
		for policy := range enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE + 1 {
			for _, window := range []time.Duration{0, DefaultRepeatWindow} {
				for _, readOnly := range []bool{false, true} {
					parsed, err := idtemplate.Parse(template)
					if err != nil {
						t.Fatal(err)
					}
					s := &call.Starter{Tool: &call.Tool{Name: "pay"}, Template: parsed, Window: window, ReadOnly: readOnly}
					s.Options.WorkflowIDReusePolicy = policy
					t.Run(fmt.Sprintf("%s %s %s %v", template, policy, window, readOnly), func(t *testing.T) {
						soon, later, afterFailure := s.Restarts(completed, time.Second), s.Restarts(completed, call.ForEver), s.Restarts(failed, time.Second)
						retryable, advice := s.AfterUnknownOutcome()
						if safe := readOnly || !soon; retryable != safe || strings.Contains(advice, "It is safe") != safe {
							t.Errorf("repeating is safe: %v; retryable is %v, and the text says: %s", safe, retryable, advice)
						}
						if again := !readOnly && later; strings.Contains(advice, "second time") != again {
							t.Errorf("a late repeat does it again: %v; the text says: %s", again, advice)
						}
						goOn := (&call.Repeat{Siblings: &call.Siblings{}, Starter: s}).GoOn("w")
						if !s.Repeatable() {
							if !strings.Contains(goOn, "Do not call pay again") {
								t.Errorf("each call counts; the text says: %s", goOn)
							}
							return
						}
						for part, want := range map[string]bool{"starts it again": later || afterFailure, "returns its result": !soon && afterFailure, "returns how": !afterFailure} {
							if strings.Contains(goOn, part) != want {
								t.Errorf("%q is in the text: %v, want %v: %s", part, !want, want, goOn)
							}
						}
					})
				}
			}
		}
	}
}

// TestRepeatMistakes holds which declarations of the repeat window New refuses.
func TestRepeatMistakes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*WorkflowTool)
		field  string // "" if it is right
	}{
		"default":   {func(*WorkflowTool) {}, ""},
		"none":      {func(w *WorkflowTool) { w.RepeatWindow = NoRepeatWindow }, ""},
		"an hour":   {func(w *WorkflowTool) { w.RepeatWindow = time.Hour }, ""},
		"negative":  {func(w *WorkflowTool) { w.RepeatWindow = -time.Second }, "RepeatWindow"},
		"each call": {func(w *WorkflowTool) { w.RepeatWindow, w.WorkflowID = time.Hour, "a-{@uuid}" }, "RepeatWindow"},
		"rejecting": {func(w *WorkflowTool) {
			w.RepeatWindow, w.WorkflowIDReusePolicy = time.Hour, enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
		}, "RepeatWindow"},
		"no template":         {func(w *WorkflowTool) { w.WorkflowID = "" }, "WorkflowID"},
		"no template, hints":  {func(w *WorkflowTool) { w.WorkflowID, w.Annotations = "", &mcp.ToolAnnotations{IdempotentHint: true} }, "WorkflowID"},
		"no template, reads":  {func(w *WorkflowTool) { w.WorkflowID, w.Annotations = "", &mcp.ToolAnnotations{ReadOnlyHint: true} }, ""},
		"no template, starts": {func(w *WorkflowTool) { w.WorkflowID, w.Mode = "", ModeStart }, "WorkflowID"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tool := shipTool()
			test.change(&tool)
			_, err := New(nil, tool)
			switch {
			case test.field == "" && err != nil:
				t.Error(err)
			case test.field != "" && (err == nil || mistakesOf(t, err)[0].Field != test.field):
				t.Errorf("found %v; want a mistake in %s", err, test.field)
			}
		})
	}
}
