package e2e

import (
	"errors"
	"strings"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp"
)

// Decision is what [Approve] asks for.
type Decision struct {
	Approve bool   `json:"approve" jsonschema:"title=Approve?"`
	Email   string `json:"email" jsonschema:"format=email"`
	Note    string `json:"note,omitempty"`
}

// Verdict is what became of a question.
type Verdict struct {
	Decision *Decision `json:"decision,omitempty"`
	Outcome  string    `json:"outcome"`
}

const (
	accepted  = `{"decision":{"approve":true,"email":"ann@example.com"},"outcome":"accepted"}`
	declined  = `{"outcome":"declined"}`
	dismissed = `{"outcome":"dismissed"}`
)

func verdict(d Decision, err error) (Verdict, error) {
	switch {
	case errors.Is(err, durablemcp.ErrElicitationDeclined):
		return Verdict{Outcome: "declined"}, nil
	case errors.Is(err, durablemcp.ErrElicitationCancelled):
		return Verdict{Outcome: "dismissed"}, nil
	case errors.Is(err, durablemcp.ErrElicitationTimedOut):
		return Verdict{Outcome: "unanswered"}, nil
	case err != nil:
		return Verdict{}, err
	}
	return Verdict{Outcome: "accepted", Decision: &d}, nil
}

// Approve asks for a decision, and returns what it got.
func Approve(ctx workflow.Context, name string) (Verdict, error) {
	return verdict(durablemcp.ElicitWithOptions[Decision](ctx, "Pay "+name+"?", durablemcp.ElicitOptions{Name: "approval", Title: "Payment"}))
}

// quick makes tasks of calls soon.
func quick() options {
	return options{Options: durablemcp.Options{InlineWait: 50 * time.Millisecond}}
}

// asking declares a workflow with one argument as the tool "ask", which a call
// with the same argument joins, and as the tools that look after it.
func asking(fn any) func(queue string) []durablemcp.Tool {
	return func(queue string) []durablemcp.Tool {
		id := queue + "-{name}"
		return []durablemcp.Tool{
			durablemcp.WorkflowTool{Name: "ask", Description: "Asks.", Workflow: fn, TaskQueue: queue, ArgNames: []string{"name"}, WorkflowID: id, SharedID: true},
			durablemcp.WorkflowTool{Name: "start", Description: "Asks.", Workflow: fn, TaskQueue: queue, ArgNames: []string{"name"}, WorkflowID: id, SharedID: true,
				Mode: durablemcp.ModeStart, TaskSupport: durablemcp.TaskForbidden},
			durablemcp.ResultTool{Name: "result", Description: "Waits.", Workflow: fn, WorkflowID: id},
			durablemcp.StatusTool{Name: "status", Description: "Looks.", Workflow: fn, WorkflowID: id},
		}
	}
}

const ann = `{"name":"ann"}`

// TestElicit asks one question through every generation of client, with every
// kind of answer, while everything else keeps dying.
func TestElicit(t *testing.T) {
	t.Parallel()
	for _, scenario := range []struct {
		name    string
		play    func(s *stage, g generation, id string) *calling
		want    string
		answers int // that the workflow has accepted
	}{
		{"accept", answering(agree), accepted, 1},
		{"decline", answering(refuse), declined, 1},
		{"cancel", answering(dismiss), dismissed, 1},
		{"invalid", correcting, accepted, 1},
		{"server killed", losingServer, accepted, 1},
		{"worker killed", losingWorker, accepted, 1},
	} {
		for _, g := range generations() {
			t.Run(scenario.name+"/"+g.name, func(t *testing.T) {
				t.Parallel()
				s := newStage(t, quick(), asking(Approve))
				id := s.queue + "-ann"
				scenario.play(s, g, id).want(scenario.want)
				want := scenario.answers
				if scenario.name == "invalid" && g.asksAnew() {
					want++
				}
				if n := s.count(id, enums.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED); n != want {
					t.Errorf("the workflow has accepted %d updates; want %d", n, want)
				}
				if keys := s.questions(id); len(keys) > 0 {
					t.Errorf("the workflow still asks %v", keys)
				}
			})
		}
	}
}

// answering gives an answer.
func answering(answer string) func(*stage, generation, string) *calling {
	return func(s *stage, g generation, _ string) *calling {
		call := g.begin(s, &calling{tool: "ask", arguments: ann})
		q := call.question()
		if q.Message != "Pay ann?" || q.Mode != "form" && q.Mode != "" {
			s.t.Errorf("asked %q in the mode %q", q.Message, q.Mode)
		}
		q.answer(answer)
		return call
	}
}

// correcting gives a wrong answer, and then a right one.
func correcting(s *stage, g generation, id string) *calling {
	call := g.begin(s, &calling{tool: "ask", arguments: ann})
	first := call.question()
	before := len(s.history(id))
	first.answer(misfit)
	second := call.question()
	if reason := second.Message + second.reason; !strings.HasPrefix(reason, "Pay ann?") || !strings.Contains(reason, "/email") {
		s.t.Errorf("asked again %q; want the reason", reason)
	}
	if after := len(s.history(id)); after != before && !g.asksAnew() {
		s.t.Errorf("the history has grown from %d events to %d by a refused answer: %v", before, after, s.history(id)[before:])
	}
	second.answer(agree)
	return call
}

// losingServer kills the MCP server while the question is open.
func losingServer(s *stage, g generation, _ string) *calling {
	call := g.begin(s, &calling{tool: "ask", arguments: ann})
	q := call.question()
	s.killServer()
	s.startServer()
	if g.resumes {
		q.answer(agree)
		return call
	}
	call.hangUp()
	again := g.begin(s, &calling{tool: "ask", arguments: ann})
	again.question().answer(agree)
	return again
}

// losingWorker kills the worker while the question is open, and starts another
// one after the answer was given.
func losingWorker(s *stage, g generation, _ string) *calling {
	call := g.begin(s, &calling{tool: "ask", arguments: ann})
	q := call.question()
	s.killWorker()
	q.answer(agree)
	eventually(s.t, "the answer is on its way", func() bool { return s.requests.of("UpdateWorkflowExecution") > 0 })
	s.startWorker()
	return call
}

// TestElicitLongWithoutWorker answers while no worker is there, and starts one
// when the server has tried again. The workflow takes the answer once.
func TestElicitLongWithoutWorker(t *testing.T) {
	t.Parallel()
	for _, g := range generations() {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, quick(), asking(Approve))
			call := g.begin(s, &calling{tool: "ask", arguments: ann})
			q := call.question()
			s.killWorker()
			q.answer(agree)
			eventually(t, "the server has tried again", func() bool { return s.requests.of("UpdateWorkflowExecution") > 1 })
			s.startWorker()
			call.want(accepted)
			if n := s.count(s.queue+"-ann", enums.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED); n != 1 {
				t.Errorf("the workflow has accepted %d answers; want 1", n)
			}
		})
	}
}
