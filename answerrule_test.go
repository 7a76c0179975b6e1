package durablemcp

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/durablemcp/durablemcp/internal/memo"
)

// TestAnswerMistakes lets a tool answer for those whom the tools that start the
// workflow keep from it.
func TestAnswerMistakes(t *testing.T) {
	t.Parallel()
	boss := func(context.Context, Caller, Owner, Question) error { return nil }
	allow := func(context.Context, Caller, Owner) error { return nil }
	starts := func(answer AnswerFunc) Tool {
		return WorkflowTool{Name: "start", Description: "Bills.", Workflow: bill, TaskQueue: "q", WorkflowID: "i-{id}", Shared: true, AllowAnswer: answer}
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
	start.Start = &WithStart{TaskQueue: "q"}
	if _, err := New(nil, start); err == nil || mistakesOf(t, err)[0].Field != "Start" {
		t.Errorf("an answer that starts a workflow: %v", err)
	}
}

func awaitsAs(name string, answer AnswerFunc) Tool {
	return ResultTool{Name: name, Description: "Waits.", Workflow: bill, WorkflowID: "i-{id}", AllowAnswer: answer}
}

// TestAnswerRule holds who may answer, for each combination of what the tools of a
// workflow type say.
func TestAnswerRule(t *testing.T) {
	t.Parallel()
	only := func(name string) AnswerFunc {
		return func(_ context.Context, caller Caller, _ Owner, _ Question) error {
			if caller.Principal == name {
				return nil
			}
			return errors.New("not " + name)
		}
	}
	nobody := func(context.Context, Caller, Owner, Question) error { return errors.New("nobody") }
	b := &base{opts: Options{Logger: slog.New(slog.DiscardHandler)}}
	q := memo.Question{Key: "k", Asked: time.Now()}
	for name, test := range map[string]struct {
		allow []AnswerFunc
		own   AnswerFunc
		want  string // who may
	}{
		"nothing":     {nil, nil, "ann"},
		"boss":        {[]AnswerFunc{only("boss")}, nil, "boss"},
		"two agree":   {[]AnswerFunc{only("boss"), only("boss")}, nil, "boss"},
		"two differ":  {[]AnswerFunc{only("boss"), only("ann")}, nil, ""},
		"narrowed":    {[]AnswerFunc{only("boss")}, nobody, ""},
		"not widened": {[]AnswerFunc{only("boss")}, only("ann"), ""},
	} {
		rule := &answerRule{allow: test.allow}
		got := ""
		for _, who := range []string{"ann", "boss", "eve", ""} {
			if rule.mayAnswer(t.Context(), b, test.own, Caller{Principal: who}, Owner{"ann"}, q) {
				got += who
			}
		}
		if got != test.want {
			t.Errorf("%s: %q may answer; want %q", name, got, test.want)
		}
	}
}
