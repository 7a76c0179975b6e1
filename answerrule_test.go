package durablemcp

import (
	"context"
	"testing"
)

// TestAnswerMistakes lets a tool answer for those whom the tools that start the
// workflow keep from it.
func TestAnswerMistakes(t *testing.T) {
	t.Parallel()
	boss := func(context.Context, AnswerRequest) error { return nil }
	allow := func(context.Context, AccessRequest) error { return nil }
	starts := func(answer AnswerFunc) Tool {
		return WorkflowTool{Name: "start", Description: "Bills.", Workflow: bill, TaskQueue: "q", WorkflowID: "i-{id}", SharedID: true, AllowAnswer: answer}
	}
	answers := func(allow AllowFunc) Tool {
		return UpdateTool{Name: "answer", Description: "Answers.", Workflow: bill, Update: AnswerUpdate, Input: Answer{}, WorkflowID: "i-{id}", Allow: allow}
	}
	awaits := func(answer AnswerFunc) Tool {
		return ResultTool{Name: "await", Description: "Waits.", Workflow: bill, WorkflowID: "i-{id}", AllowAnswer: answer}
	}
	for name, test := range map[string]struct {
		tools       []Tool
		tool, field string // of the mistake
	}{
		"whoever started it":       {[]Tool{starts(nil), answers(nil), awaits(nil)}, "", ""},
		"the boss":                 {[]Tool{starts(boss), answers(allow), awaits(nil), awaitsAs("b", boss)}, "", ""},
		"elsewhere":                {[]Tool{answers(allow), awaits(boss)}, "", ""},
		"a waiting tool widens":    {[]Tool{awaits(boss), starts(nil)}, "await", "AllowAnswer"},
		"an answering tool widens": {[]Tool{answers(allow), starts(nil)}, "answer", "Allow"},
	} {
		_, err := New(nil, test.tools...)
		if (err != nil) != (test.tool != "") {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err != nil {
			if m := mistakesOf(t, err); len(m) != 1 || m[0].Tool != test.tool || m[0].Field != test.field {
				t.Errorf("%s: found %v", name, err)
			}
		}
	}
	start := answers(nil).(UpdateTool)
	start.Start = &StartIfAbsent{TaskQueue: "q"}
	if _, err := New(nil, start); err == nil || mistakesOf(t, err)[0].Field != "Start" {
		t.Errorf("an answer that starts a workflow: %v", err)
	}
}

func awaitsAs(name string, answer AnswerFunc) Tool {
	return ResultTool{Name: name, Description: "Waits.", Workflow: bill, WorkflowID: "i-{id}", AllowAnswer: answer}
}
