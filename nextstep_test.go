package durablemcp

import (
	"strings"
	"testing"
)

// TestAdviceLeadsToTheExecution holds that a model is told to call another tool
// only if that finds the very execution: two tools start one workflow type under
// different templates, so that the same arguments make two executions.
func TestAdviceLeadsToTheExecution(t *testing.T) {
	t.Parallel()
	draft := func(name, id string, shared bool) WorkflowTool {
		return WorkflowTool{Name: name, Description: "Drafts.", Workflow: bill, TaskQueue: "q", WorkflowID: id, SharedID: shared}
	}
	result := func(name, id string) ResultTool {
		return ResultTool{Name: name, Description: "Waits.", Workflow: bill, WorkflowID: id}
	}
	answer := func(name, id string) UpdateTool {
		return UpdateTool{Name: name, Description: "Answers.", Workflow: bill, Update: AnswerUpdate, WorkflowID: id}
	}
	registry, err := New(nil, draft("long", "long-{id}", false), draft("short", "short-{id}", false), draft("other", "other-{id}", false),
		draft("digest", "digest-{@input}", false),
		result("await_long", "long-{id}"), result("await_short", "short-{id}"), answer("answer_short", "short-{id}"))
	if err != nil {
		t.Fatal(err)
	}
	byID, err := New(nil, draft("other", "other-{id}", false), draft("digest", "digest-{@input}", false),
		result("await_long", "long-{id}"), result("await", ""), answer("answer", ""))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		registry     *Registry
		tool         string
		goOn, answer string
	}{
		{registry, "long", "call await_long with the same id", ""},
		{registry, "short", "call await_short with the same id", "call answer_short with the same id"},
		{registry, "other", "call other again", ""},
		{registry, "digest", "call digest again", ""},
		{registry, "await_short", "Call await_short again", "call answer_short with the same id"},
		{byID, "other", `call await with the workflow_id "w"`, `call answer with the workflow_id "w"`},
		{byID, "digest", `call await with the workflow_id "w"`, `call answer with the workflow_id "w"`},
		{byID, "await", "Call await again", `call answer with the workflow_id "w"`},
	} {
		w := test.registry.tasks[test.tool]
		if got := w.Next.GoOn("w"); !strings.Contains(got, test.goOn) {
			t.Errorf("%s: the advice is %q; want %q", test.tool, got, test.goOn)
		}
		if got := w.AnswersWith("w"); !strings.Contains(got, test.answer) || test.answer == "" && got != "" {
			t.Errorf("%s: the advice on answers is %q; want %q", test.tool, got, test.answer)
		}
	}
}
