package e2e

import (
	"context"
	"strings"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp"
)

// TestElicitAnswerTooLong gives an answer that is longer than arguments can be:
// one that Temporal cannot carry would end the workflow.
func TestElicitAnswerTooLong(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 2000)
	for _, g := range generations() {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			o := quick()
			o.MaxArgumentBytes = 1000
			s := newStage(t, o, asking(Approve))
			call := g.begin(s, &calling{tool: "ask", arguments: ann})
			q := call.question()
			before := len(s.history(s.queue + "-ann"))
			for _, answer := range []string{
				`{"action":"accept","content":{"approve":true,"email":"ann@example.com","more":"` + long + `"}}`,
				`{"action":"accept","content":{"approve":true,"email":"` + long + `@example.com"}}`,
			} {
				q.answer(answer)
				q = call.question()
				contains(t, q.Message+q.reason, "more than the 1000 that this server takes")
			}
			if after := len(s.history(s.queue + "-ann")); after != before && !g.asksAnew() {
				t.Errorf("the history has grown from %d events to %d", before, after)
			}
			q.answer(agree)
			call.want(accepted)
		})
	}
}

// A Yes is what the workflow of TestElicitChangedForm asks for at first, and a
// SureYes what it asks for after a deployment.
type (
	Yes     struct{ Yes bool }
	SureYes struct {
		Yes    bool
		Reason string `json:"reason" jsonschema:"minLength=10"`
	}
)

// TestElicitChangedForm deploys a workflow that asks for more than the person has
// answered. The answer stays one.
func TestElicitChangedForm(t *testing.T) {
	t.Parallel()
	s := newStage(t, options{Options: quick().Options, noWorker: true}, func(queue string) []durablemcp.Tool {
		return []durablemcp.Tool{durablemcp.WorkflowTool{
			Name: "ask", Description: "Asks.", Workflow: "Asks", TaskQueue: queue, Input: []any{""}, ArgNames: []string{"name"}, Output: false,
			WorkflowID: queue + "-{name}",
		}}
	})
	deploy := func(version any) worker.Worker {
		w := worker.New(s.temporal, s.queue, worker.Options{})
		w.RegisterWorkflowWithOptions(version, workflow.RegisterOptions{Name: "Asks"})
		if err := w.Start(); err != nil {
			t.Fatal(err)
		}
		return w
	}
	before := deploy(func(ctx workflow.Context, _ string) (bool, error) {
		got, err := durablemcp.Elicit[Yes](ctx, "Yes?")
		workflow.GetSignalChannel(ctx, "go on").Receive(ctx, nil)
		return got.Yes, err
	})
	call := generations()[0].begin(s, &calling{tool: "ask", arguments: ann})
	call.question().answer(`{"action":"accept","content":{"Yes":true}}`)
	id := s.queue + "-ann"
	s.asks(id, 0)
	before.Stop()
	after := deploy(func(ctx workflow.Context, _ string) (bool, error) {
		got, err := durablemcp.Elicit[SureYes](ctx, "Yes?")
		workflow.GetSignalChannel(ctx, "go on").Receive(ctx, nil)
		return got.Yes && got.Reason == "", err
	})
	t.Cleanup(after.Stop)
	if err := s.temporal.SignalWorkflow(t.Context(), id, "", "go on", nil); err != nil {
		t.Fatal(err)
	}
	call.want(`{"result":true}`)
	if n := s.count(id, enums.EVENT_TYPE_WORKFLOW_TASK_FAILED); n > 0 {
		t.Errorf("%d workflow tasks have failed", n)
	}
}

// TestElicitHopeless lets Temporal refuse answers for good. Nobody tries for ever,
// and nobody is told that the answer was taken.
func TestElicitHopeless(t *testing.T) {
	t.Parallel()
	for _, g := range generations() {
		if g.name == "tasks" {
			continue // the client asks for the task's state again
		}
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, quick(), asking(Approve))
			s.requests.refusing(func(req any) error {
				if _, update := req.(*workflowservice.UpdateWorkflowExecutionRequest); update {
					return serviceerror.NewPermissionDenied("no updates", "")
				}
				return nil
			})
			call := g.begin(s, &calling{tool: "ask", arguments: ann})
			call.question().answer(agree)
			result, err := call.end()
			if err != nil {
				t.Fatal(err)
			}
			if g.withdraws { // the call goes on without a person
				contains(t, result.String(), "waits for a person's answer", `"running"`)
				return
			}
			contains(t, result.String(), `"type":"TemporalRefused"`, "cannot take the answer", `"retryable":false`)
		})
	}
}

// TestDeletedWhileItIsWaitedFor deletes a workflow for which calls wait.
func TestDeletedWhileItIsWaitedFor(t *testing.T) {
	t.Parallel()
	for name, asked := range map[string]bool{"asked": true, "working": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fn := any(Steps)
			if asked {
				fn = Approve
			}
			s := newStage(t, quick(), asking(fn))
			id := s.queue + "-ann"
			g := generations()[0]
			call := g.begin(s, &calling{tool: "ask", arguments: ann})
			if asked {
				q := call.question()
				defer q.wantGone(t)
			}
			eventually(t, "the call waits", func() bool { return s.requests.of("GetWorkflowExecutionHistory") > 1 })
			s.remove(id)
			failed := call.wantFailure("NotFound")
			contains(t, failed.Error.Message, "deleted")
		})
	}
}

// remove deletes a workflow, and waits until it is gone.
func (s *stage) remove(id string) {
	s.t.Helper()
	resp, err := s.temporal.DescribeWorkflowExecution(s.t.Context(), id, "")
	if err != nil {
		s.t.Fatal(err)
	}
	_, err = s.temporal.WorkflowService().DeleteWorkflowExecution(s.t.Context(), &workflowservice.DeleteWorkflowExecutionRequest{
		Namespace: devServer.Namespace(), WorkflowExecution: resp.GetWorkflowExecutionInfo().GetExecution(),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	eventually(s.t, "the workflow is gone", func() bool {
		_, err := s.temporal.DescribeWorkflowExecution(s.t.Context(), id, "")
		return err != nil
	})
}

// TestCallAnswersAndBecomesATask answers a question by a call whose client has
// declared the tasks extension in the meantime.
func TestCallAnswersAndBecomesATask(t *testing.T) {
	t.Parallel()
	o := quick()
	o.Principal = byHeader
	o.Wait = 2 * time.Second
	s := newStage(t, o, asking(Tick))
	call, first := opened(t, s)
	task, err := s.round(as(t.Context(), "ann"), call, taskCaps(formCaps), replying(first.RequestState, first.only(), agree))
	if err != nil || task.IsError {
		t.Fatalf("got %+v, %v", task, err)
	}
	s.asks(s.queue+"-ann", 0)
}

func everybody(context.Context, durablemcp.AccessRequest) error { return nil }

func answeredByAll(context.Context, durablemcp.AnswerRequest) error {
	return nil
}

// TestStateOfAnAlliedCaller goes on with a call with the state of another caller,
// who may touch the workflow as well.
func TestStateOfAnAlliedCaller(t *testing.T) {
	t.Parallel()
	o := quick()
	o.Principal = byHeader
	o.Wait = 2 * time.Second
	s := newStage(t, o, func(queue string) []durablemcp.Tool {
		tools := asking(Approve)(queue)
		ask, _ := tools[0].(durablemcp.WorkflowTool)
		ask.Allow, ask.AllowAnswer = everybody, answeredByAll
		result, _ := tools[2].(durablemcp.ResultTool)
		result.Allow, result.AllowAnswer = everybody, answeredByAll
		return []durablemcp.Tool{ask, result}
	})
	first := make(map[string]*round)
	for _, tool := range []string{"ask", "result"} {
		var err error
		first[tool], err = s.round(as(t.Context(), "ann"), &calling{tool: tool, arguments: ann}, formCaps, "")
		if err != nil || first[tool].RequestState == "" {
			t.Fatalf("%s: got %+v, %v", tool, first[tool], err)
		}
	}
	for tool, round := range first {
		more := replying(round.RequestState, round.only(), agree)
		if r, err := s.round(as(t.Context(), "bob"), &calling{tool: tool, arguments: ann}, formCaps, more); err == nil {
			t.Errorf("%s: the state of ann took bob to %+v", tool, r)
		}
	}
	if n := len(s.questions(s.queue + "-ann")); n != 1 {
		t.Errorf("%d questions are open; want one", n)
	}
}

// ApproveForSure asks until somebody accepts.
func ApproveForSure(ctx workflow.Context, name string) (Verdict, error) {
	return verdict(durablemcp.ElicitWithOptions[Decision](ctx, "Pay "+name+"?",
		durablemcp.ElicitOptions{Name: "approval", Title: "Payment", UntilAccepted: true}))
}

// TestClientThatDeclinesByItself holds that a question which is open until somebody accepts
// survives those who decline: each is asked once, and goes on waiting for others.
func TestClientThatDeclinesByItself(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{"decline": refuse, "cancel": dismiss} {
		for _, g := range generations() {
			t.Run(name+"/"+g.name, func(t *testing.T) {
				t.Parallel()
				s := newStage(t, quick(), answerable(ApproveForSure))
				id := s.queue + "-ann"
				call := g.begin(s, &calling{tool: "ask", arguments: ann})
				call.question().answer(answer)
				eventually(t, "the answer is on its way", func() bool { return s.requests.of("UpdateWorkflowExecution") > 0 })
				model := generations()[0]
				for _, action := range []string{"decline", "cancel"} {
					contains(t, s.mute(model, "answer", `{"name":"ann","action":"`+action+`"}`).String(), `"type":"QuestionStaysOpen"`, "a person has to accept")
				}
				if n := s.count(id, enums.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED); n != 0 {
					t.Errorf("the workflow has accepted %d answers", n)
				}
				if keys := s.questions(id); len(keys) != 1 {
					t.Fatalf("the workflow asks %v; want one question", keys)
				}
				other := g.begin(s, &calling{tool: "ask", arguments: ann})
				other.question().answer(agree)
				other.want(accepted)
				call.want(accepted)
			})
		}
	}
}

// BothForSure asks two questions until somebody accepts them: the second one when it is
// told to.
func BothForSure(ctx workflow.Context, name string) (Verdict, error) {
	workflow.Go(ctx, func(ctx workflow.Context) {
		workflow.GetSignalChannel(ctx, "more").Receive(ctx, nil)
		_, _ = durablemcp.ElicitWithOptions[Number](ctx, "How many?", durablemcp.ElicitOptions{UntilAccepted: true})
	})
	return ApproveForSure(ctx, name)
}

// TestClientThatDeclinesAllByItself holds that a client which declines all by itself is not
// asked again and again when a workflow asks it several questions one after the other.
func TestClientThatDeclinesAllByItself(t *testing.T) {
	t.Parallel()
	for _, g := range generations() {
		if g.name == "tasks" {
			continue // it answers each key once
		}
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, quick(), func(queue string) []durablemcp.Tool {
				return []durablemcp.Tool{durablemcp.WorkflowTool{
					Name: "ask", Description: "Asks.", Workflow: BothForSure, TaskQueue: queue, ArgNames: []string{"name"}, WorkflowID: queue, Wait: 5 * time.Second,
				}}
			})
			call := g.begin(s, &calling{tool: "ask", arguments: ann})
			call.question().answer(refuse)
			if err := s.temporal.SignalWorkflow(t.Context(), s.queue, "", "more", nil); err != nil {
				t.Fatal(err)
			}
			for times := 1; ; times++ {
				select {
				case q := <-call.asked:
					if times < 3 { // the first question twice, where the client is asked all that is open
						go q.answer(refuse)
						continue
					}
					t.Error("the client is asked again and again")
					call.hangUp()
				case <-call.done:
					if call.err == nil {
						contains(t, string(call.result.StructuredContent), `"running":{`)
					}
				}
				break
			}
		})
	}
}
