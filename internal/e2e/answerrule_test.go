package e2e

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/durablemcp/durablemcp"
)

// TestAnswerRuleCoversAllTools starts work that the boss has to approve, and tries to
// approve it as who started it, through each other tool and task of the workflow.
func TestAnswerRuleCoversAllTools(t *testing.T) {
	t.Parallel()
	o := quick()
	o.Principal = byHeader
	boss := func(_ context.Context, r durablemcp.AnswerRequest) error {
		if r.Caller.Principal != "boss" {
			return errors.New("not the boss")
		}
		return nil
	}
	s := newStage(t, o, func(queue string) []durablemcp.Tool {
		id := queue + "-{name}"
		return []durablemcp.Tool{
			durablemcp.WorkflowTool{Name: "submit", Description: "Asks.", Workflow: Approve, TaskQueue: queue, ArgNames: []string{"name"},
				WorkflowID: id, SharedID: true, Wait: time.Second, AllowAnswer: boss},
			durablemcp.WorkflowTool{Name: "again", Description: "Asks.", Workflow: Approve, TaskQueue: queue, ArgNames: []string{"name"},
				WorkflowID: id, SharedID: true, Wait: time.Second},
			durablemcp.ResultTool{Name: "await", Description: "Waits.", Workflow: Approve, WorkflowID: id, Allow: everybody, Wait: time.Second},
			durablemcp.UpdateTool{Name: "answer", Description: "Answers.", Workflow: Approve, WorkflowID: id, Update: durablemcp.AnswerUpdate, Allow: everybody},
		}
	})
	id := s.queue + "-ann"
	for _, tool := range []string{"submit", "await", "again"} {
		call := &calling{tool: tool, arguments: ann}
		r, err := s.round(as(t.Context(), "ann"), call, formCaps, "")
		if err != nil || r.ResultType == "input_required" || r.IsError || strings.Contains(r.String(), "Pay ann?") {
			t.Errorf("%s: who started it got %+v, %v", tool, r, err)
		}
		key := s.asks(id, 1)[0]
		if _, err := s.round(as(t.Context(), "ann"), call, formCaps, replying("", key, agree)); err != nil || len(s.questions(id)) != 1 {
			t.Errorf("%s: the answer of who started it: %v; open: %v", tool, err, s.questions(id))
		}
		task, err := s.round(as(t.Context(), "ann"), call, taskCaps(formCaps), "")
		if err != nil || task.ResultType != "task" {
			t.Fatalf("%s: got %+v, %v", tool, task, err)
		}
		if _, err := s.task(as(t.Context(), "ann"), "tasks/update", task.TaskID, taskCaps(formCaps), replying("", key, agree)); err != nil || len(s.questions(id)) != 1 {
			t.Errorf("%s: the answer to the task: %v; open: %v", tool, err, s.questions(id))
		}
	}
	key := s.asks(id, 1)[0]
	for _, arguments := range []string{`"key":"` + key + `"`, `"key":"approval"`, `"key":""`} {
		answer := &calling{tool: "answer", arguments: `{"name":"ann",` + arguments + `,"action":"accept","content":{"approve":true,"email":"ann@example.com"}}`}
		r, err := s.round(as(t.Context(), "ann"), answer, formCaps, "")
		if err != nil || !r.IsError || !strings.Contains(r.String(), "this question is not open") || len(s.questions(id)) != 1 {
			t.Errorf("the answer through a tool with %s: got %+v, %v", arguments, r, err)
		}
	}
	answer := &calling{tool: "answer", arguments: `{"name":"ann","action":"accept","content":{"approve":true,"email":"ann@example.com"}}`}
	if r, err := s.round(as(t.Context(), "boss"), answer, formCaps, ""); err != nil || r.IsError {
		t.Errorf("the boss got %+v, %v", r, err)
	}
}
