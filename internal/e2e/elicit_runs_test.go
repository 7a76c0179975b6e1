package e2e

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp"
)

// reset resets a workflow to its nth completed workflow task, and returns the
// new run.
func (s *stage) reset(id string, nth int) (runID string) {
	s.t.Helper()
	var at int64
	for _, event := range s.history(id) {
		if event.GetEventType() == enums.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			if nth--; nth == 0 {
				at = event.GetEventId()
			}
		}
	}
	if at == 0 {
		s.t.Fatal("the workflow has not completed so many workflow tasks")
	}
	resp, err := s.temporal.DescribeWorkflowExecution(s.t.Context(), id, "")
	if err != nil {
		s.t.Fatal(err)
	}
	reset, err := s.temporal.ResetWorkflowExecution(s.t.Context(), &workflowservice.ResetWorkflowExecutionRequest{
		Namespace: devServer.Namespace(), WorkflowExecution: resp.GetWorkflowExecutionInfo().GetExecution(),
		Reason: "test", WorkflowTaskFinishEventId: at, RequestId: id,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return reset.GetRunId()
}

// TestElicitReset resets a workflow to the time before it asked. It asks again,
// under another key, through the same call.
func TestElicitReset(t *testing.T) {
	t.Parallel()
	for _, g := range generations() {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, quick(), answerable(Approve))
			id := s.queue + "-ann"
			call := g.begin(s, &calling{tool: "ask", arguments: ann})
			before := call.question()
			key := s.asks(id, 1)[0]
			s.reset(id, 1)
			eventually(t, "the workflow asks anew", func() bool {
				keys := s.questions(id)
				return len(keys) == 1 && keys[0] != key
			})
			stale := s.mute(generations()[0], "answer", `{"name":"ann","key":"`+key+`","action":"decline"}`)
			contains(t, stale.String(), `"type":"QuestionNotAsked"`)
			if !g.withdraws {
				before.answer(refuse) // of what is not asked any more
			}
			after := call.question()
			if g.withdraws {
				before.wantGone(t)
			}
			after.answer(agree)
			call.want(accepted)
		})
	}
}

// Tick asks, and counts signals meanwhile.
func Tick(ctx workflow.Context, name string) (Verdict, error) {
	workflow.Go(ctx, func(ctx workflow.Context) {
		for n := 1; ; n++ {
			workflow.GetSignalChannel(ctx, "tick").Receive(ctx, nil)
			_ = durablemcp.ReportProgress(ctx, float64(n), 0, "ticking")
		}
	})
	return Approve(ctx, name)
}

// TestElicitResetLater resets a workflow to a time at which the question was
// open already. It stays open.
func TestElicitResetLater(t *testing.T) {
	t.Parallel()
	s := newStage(t, quick(), answerable(Tick))
	id := s.queue + "-ann"
	g := generations()[0]
	call := g.begin(s, &calling{tool: "ask", arguments: ann})
	q := call.question()
	key := s.asks(id, 1)[0]
	if err := s.temporal.SignalWorkflow(t.Context(), id, "", "tick", nil); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the signal is taken", func() bool {
		return s.count(id, enums.EVENT_TYPE_WORKFLOW_TASK_COMPLETED) == 2
	})
	runID := s.reset(id, 2)
	eventually(t, "the new run is under way", func() bool {
		return s.count(id, enums.EVENT_TYPE_WORKFLOW_TASK_FAILED) == 1 && s.count(id, enums.EVENT_TYPE_WORKFLOW_TASK_COMPLETED) == 2
	})
	status := s.mute(g, "status", ann)
	contains(t, status.String(), runID)
	if questions := askedOf(t, status); len(questions) != 1 || !strings.Contains(string(questions[0]), key) {
		t.Errorf("the question that is still open does not show: %s", status)
	}
	select {
	case <-q.gone:
		t.Error("the client has taken back the question that is still open")
		if done := s.mute(g, "answer", `{"name":"ann","key":"`+key+`","action":"accept","content":{"approve":true,"email":"ann@example.com"}}`); done.IsError {
			t.Errorf("the answer was refused: %s", done)
		}
	case q.reply <- agree:
	}
	call.want(accepted)
}

// Turns continues as new with a question open, and asks again when it is told
// to.
func Turns(ctx workflow.Context, name string) (Verdict, error) {
	if workflow.GetInfo(ctx).ContinuedExecutionRunID != "" {
		workflow.GetSignalChannel(ctx, "ask").Receive(ctx, nil)
		return Approve(ctx, name)
	}
	workflow.Go(ctx, func(ctx workflow.Context) { _, _ = Approve(ctx, name) })
	workflow.GetSignalChannel(ctx, "turn").Receive(ctx, nil)
	return Verdict{}, workflow.NewContinueAsNewError(ctx, Turns, name)
}

// TestElicitContinueAsNew lets a workflow continue as new with a question open.
// The new run does not ask it, although it has its memo.
func TestElicitContinueAsNew(t *testing.T) {
	t.Parallel()
	for _, g := range generations() {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, quick(), answerable(Turns))
			id := s.queue + "-ann"
			call := g.begin(s, &calling{tool: "ask", arguments: ann})
			before := call.question()
			key := s.asks(id, 1)[0]
			if err := s.temporal.SignalWorkflow(t.Context(), id, "", "turn", nil); err != nil {
				t.Fatal(err)
			}
			quiet := generations()[0]
			eventually(t, "the new run asks nothing", func() bool {
				status := s.mute(quiet, "status", ann)
				return len(askedOf(t, status)) == 0 && !strings.Contains(status.String(), "person's answer")
			})
			if keys := s.questions(id); len(keys) != 1 || keys[0] != key {
				t.Errorf("the memo has the questions %v; want %s, which an earlier run has asked", keys, key)
			}
			if !g.withdraws {
				before.answer(refuse)
			}
			if err := s.temporal.SignalWorkflow(t.Context(), id, "", "ask", nil); err != nil {
				t.Fatal(err)
			}
			after := call.question()
			if g.withdraws {
				before.wantGone(t)
			}
			contains(t, s.mute(quiet, "answer", `{"name":"ann","key":"`+key+`","action":"decline"}`).String(), `"type":"QuestionNotAsked"`)
			if keys := s.questions(id); len(keys) != 1 || keys[0] == key {
				t.Errorf("the memo has the questions %v; want the one of this run", keys)
			}
			if questions := askedOf(t, s.mute(quiet, "status", ann)); len(questions) != 1 || strings.Contains(string(questions[0]), key) {
				t.Errorf("the questions are %s", questions)
			}
			after.answer(agree)
			call.want(accepted)
		})
	}
}

// TestElicitCodec asks and answers where Temporal can read neither.
func TestElicitCodec(t *testing.T) {
	t.Parallel()
	o := quick()
	o.client = client.Options{DataConverter: converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), scrambler{})}
	for _, g := range generations() {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, o, answerable(Tick))
			id := s.queue + "-ann"
			call := g.begin(s, &calling{tool: "ask", arguments: ann})
			q := call.question()
			if err := s.temporal.SignalWorkflow(t.Context(), id, "", "tick", nil); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the progress shows", func() bool {
				return strings.Contains(s.mute(generations()[0], "status", ann).String(), "ticking")
			})
			contains(t, s.mute(generations()[0], "status", ann).String(), "**Payment** Pay ann?", `"questions":[{"key":"approval-`)
			q.answer(misfit)
			q = call.question()
			contains(t, q.Message+q.reason, "/email")
			q.answer(agree)
			call.want(accepted)
			for _, secret := range []string{"Pay ann?", "Payment", "ann@example.com", "ticking"} {
				if bytes.Contains(s.seen(id), []byte(secret)) {
					t.Errorf("Temporal sees %q", secret)
				}
			}
		})
	}
}

// seen is all that Temporal knows of a workflow.
func (s *stage) seen(id string) []byte {
	s.t.Helper()
	resp, err := s.temporal.DescribeWorkflowExecution(s.t.Context(), id, "")
	if err != nil {
		s.t.Fatal(err)
	}
	seen := []byte(resp.String())
	for _, event := range s.history(id) {
		seen = append(seen, event.String()...)
	}
	return seen
}

// TestElicitAnswerMeetsTheNextRun lets a workflow continue as new while an answer
// is on its way. What the new run asks still reaches the person.
func TestElicitAnswerMeetsTheNextRun(t *testing.T) {
	t.Parallel()
	for _, g := range generations() {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, quick(), asking(Turns))
			id := s.queue + "-ann"
			signal := func(name string) {
				if err := s.temporal.SignalWorkflow(t.Context(), id, "", name, nil); err != nil {
					t.Error(err)
				}
			}
			var once sync.Once
			moved := make(chan struct{})
			s.requests.refusing(func(req any) error {
				if _, update := req.(*workflowservice.UpdateWorkflowExecutionRequest); update {
					once.Do(func() {
						defer close(moved)
						signal("turn")
						eventually(t, "the new run runs", func() bool {
							events := s.history(id)
							return continued(events[0]) && s.count(id, enums.EVENT_TYPE_WORKFLOW_TASK_COMPLETED) == 1
						})
					})
				}
				return nil
			})
			call := g.begin(s, &calling{tool: "ask", arguments: ann})
			call.question().answer(agree)
			<-moved
			signal("ask")
			call.question().answer(agree)
			call.want(accepted)
		})
	}
}

// continued reports whether an event begins a run that continues another as new.
func continued(event *history.HistoryEvent) bool {
	return event.GetWorkflowExecutionStartedEventAttributes().GetContinuedExecutionRunId() != ""
}
