package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/durablemcp/durablemcp"
)

// answerable is [asking] with a tool that answers.
func answerable(fn any) func(queue string) []durablemcp.Tool {
	return func(queue string) []durablemcp.Tool {
		return append(asking(fn)(queue), durablemcp.UpdateTool{
			Name: "answer", Description: "Answers.", Workflow: fn, Update: durablemcp.AnswerUpdate, Input: durablemcp.Answer{},
			WorkflowID: queue + "-{name}",
		})
	}
}

// published returns the schemas of the results of a server's tools.
func (s *stage) published() map[string]*jsonschema.Schema {
	s.t.Helper()
	data, err := s.rpc(s.t.Context(), "tools/list", "", "{}", `"cursor":null`, "", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	var list struct {
		Tools []struct {
			Name         string
			OutputSchema json.RawMessage
		}
	}
	if err := json.Unmarshal(data, &list); err != nil {
		s.t.Fatal(err)
	}
	schemas := make(map[string]*jsonschema.Schema)
	for _, tool := range list.Tools {
		if tool.OutputSchema == nil {
			continue
		}
		document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(tool.OutputSchema)))
		if err != nil {
			s.t.Fatal(err)
		}
		c := jsonschema.NewCompiler()
		if err := c.AddResource(tool.Name, document); err != nil {
			s.t.Fatal(err)
		}
		if schemas[tool.Name], err = c.Compile(tool.Name); err != nil {
			s.t.Fatal(err)
		}
	}
	return schemas
}

// wantValid checks a result against the schema that its tool publishes.
func wantValid(t *testing.T, schema *jsonschema.Schema, result *rawResult) {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(result.StructuredContent)))
	if err == nil {
		err = schema.Validate(value)
	}
	if err != nil {
		t.Errorf("the result %s does not fit its schema: %v", result, err)
	}
}

// mute calls a tool as a client without elicitation does.
func (s *stage) mute(g generation, tool, arguments string) *rawResult {
	s.t.Helper()
	result, err := g.begin(s, &calling{tool: tool, arguments: arguments, caps: "{}"}).end()
	if err != nil {
		s.t.Fatalf("%s(%s): %v", tool, arguments, err)
	}
	return result
}

// askedOf returns the questions of an answer that a workflow is running, or of
// its status.
func askedOf(t *testing.T, result *rawResult) []json.RawMessage {
	t.Helper()
	var answer struct {
		Questions []json.RawMessage
		Running   struct{ Questions []json.RawMessage }
	}
	if err := json.Unmarshal(result.StructuredContent, &answer); err != nil {
		t.Fatalf("%s: %v", result, err)
	}
	return append(answer.Questions, answer.Running.Questions...)
}

// TestElicitThroughModel asks through clients that cannot ask a person. The
// model does, and calls the tool that answers.
func TestElicitThroughModel(t *testing.T) {
	t.Parallel()
	for _, g := range generations() {
		if g.name == "tasks" {
			continue // see TestTaskThatNobodyCanAnswer
		}
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, options{}, answerable(Approve))
			schemas := s.published()

			waiting := s.mute(g, "ask", ann) // at once: the wait is longer than the test
			wantValid(t, schemas["ask"], waiting)
			contains(t, waiting.String(), "Pay ann?", "then call answer with the same name, the question's key, the action and the content", "call result with the same name")
			questions := askedOf(t, waiting)
			if len(questions) != 1 {
				t.Fatalf("got %s", waiting)
			}
			var q struct {
				Key, Title, Message string
				Schema              struct {
					Type       string
					Properties map[string]struct{ Type, Format, Title string }
					Required   []string
				}
			}
			if err := json.Unmarshal(questions[0], &q); err != nil {
				t.Fatal(err)
			}
			contains(t, waiting.String(), "(key "+q.Key+")")
			if keys := s.questions(s.queue + "-ann"); !slices.Equal(keys, []string{q.Key}) || q.Title != "Payment" || q.Message != "Pay ann?" {
				t.Errorf("the question is %s, and the memo has %v", questions[0], keys)
			}
			if got := q.Schema; got.Type != "object" || got.Properties["approve"].Type != "boolean" || got.Properties["email"].Format != "email" ||
				!slices.Equal(got.Required, []string{"approve", "email"}) {
				t.Errorf("the schema is %s", questions[0])
			}
			wantValid(t, schemas["result"], s.mute(g, "result", ann))

			refused := s.mute(g, "answer", `{"name":"ann","key":"`+q.Key+`","action":"accept","content":{"approve":true,"email":"nobody"}}`)
			contains(t, refused.String(), `"type":"InvalidAnswer"`, "/content/email: ", "Correct the answer and call again")
			contains(t, s.mute(g, "answer", `{"name":"ann","key":"other","action":"decline"}`).String(), `"type":"QuestionNotAsked"`, "not open")
			contains(t, s.mute(g, "answer", `{"name":"ann","action":"maybe"}`).String(), `"type":"InvalidArguments"`)
			if done := s.mute(g, "answer", `{"name":"ann","key":"`+q.Key+`","action":"accept","content":{"approve":true,"email":"ann@example.com"}}`); done.IsError {
				t.Fatalf("the answer was refused: %s", done)
			}
			result := s.mute(g, "result", ann)
			if string(result.StructuredContent) != accepted {
				t.Errorf("got %s", result)
			}
			wantValid(t, schemas["result"], result)
			contains(t, s.mute(g, "answer", `{"name":"ann","action":"decline"}`).String(), `"type":"WorkflowClosed"`)
		})
	}
}

// TestElicitWithoutAnswerTool asks through a client that cannot ask, and of a
// registry that cannot answer.
func TestElicitWithoutAnswerTool(t *testing.T) {
	t.Parallel()
	s := newStage(t, options{}, asking(Approve))
	result := s.mute(generations()[0], "ask", ann)
	wantValid(t, s.published()["ask"], result)
	contains(t, result.String(), "Pay ann?", "Tell the user, who has to answer through another client", "call result with the same name")
}

// TestAnswerKeys names questions by their whole key, by what it begins with, and
// not at all.
func TestAnswerKeys(t *testing.T) {
	t.Parallel()
	g := generations()[0]
	s := newStage(t, options{}, answerable(Both))
	s.mute(g, "ask", ann)
	contains(t, s.mute(g, "answer", `{"name":"ann","action":"accept","content":{"n":1}}`).String(), `"type":"QuestionNotAsked"`, "several questions are open")
	contains(t, s.mute(g, "answer", `{"name":"ann","key":"lef","action":"accept","content":{"n":1}}`).String(), `"type":"QuestionNotAsked"`, "not open")
	if done := s.mute(g, "answer", `{"name":"ann","key":"left","action":"accept","content":{"n":9007199254740993}}`); done.IsError {
		t.Fatalf("the answer was refused: %s", done)
	}
	contains(t, s.mute(g, "answer", `{"name":"ann","key":"left","action":"decline"}`).String(), `"type":"QuestionNotAsked"`)
	if done := s.mute(g, "answer", `{"name":"ann","action":"accept","content":{"n":2}}`); done.IsError {
		t.Fatalf("the answer was refused: %s", done)
	}
	if result := s.mute(g, "result", ann); string(result.StructuredContent) != `{"result":"9007199254740993-2"}` {
		t.Errorf("got %s", result)
	}
}

// TestElicitStatus looks at a workflow that asks, and asks again.
func TestElicitStatus(t *testing.T) {
	t.Parallel()
	g := generations()[0]
	s := newStage(t, options{}, answerable(Thrice))
	schema := s.published()["status"]
	s.mute(g, "start", ann)
	for i, want := range []string{"ann, number 1?", "ann, number 2?", "ann, number 3?"} {
		keys := s.asks(s.queue+"-ann", 1)
		status := s.mute(g, "status", ann)
		wantValid(t, schema, status)
		var got struct {
			Doing, Details string
			Questions      []struct{ Key, Message string }
		}
		if err := json.Unmarshal(status.StructuredContent, &got); err != nil {
			t.Fatal(err)
		}
		if len(got.Questions) != 1 || got.Questions[0].Key != keys[0] || got.Questions[0].Message != want {
			t.Errorf("the questions are %+v; want %q with the key %v", got.Questions, want, keys)
		}
		contains(t, got.Doing, "waiting for a person's answer to: "+want)
		if got.Details != "**Waiting for an answer** "+want {
			t.Errorf("the details are %q", got.Details)
		}
		if done := s.mute(g, "answer", `{"name":"ann","key":"number","action":"accept","content":{"n":`+string(rune('1'+i))+`}}`); done.IsError {
			t.Fatalf("the answer was refused: %s", done)
		}
	}
	if result := s.mute(g, "result", ann); string(result.StructuredContent) != `{"result":123}` {
		t.Errorf("got %s", result)
	}
	if status := s.mute(g, "status", ann); len(askedOf(t, status)) > 0 {
		t.Errorf("after the end: %s", status)
	}
}

// TestTaskThatNobodyCanAnswer makes a task for a client that can ask nobody. The
// task says what it waits for, and goes on when the tool has answered.
func TestTaskThatNobodyCanAnswer(t *testing.T) {
	t.Parallel()
	s := newStage(t, quick(), answerable(Approve))
	caps := taskCaps("{}")
	created, err := s.round(t.Context(), &calling{tool: "ask", arguments: ann}, caps, "")
	if err != nil || created.ResultType != "task" {
		t.Fatalf("got %+v, %v", created, err)
	}
	s.asks(s.queue+"-ann", 1)
	state, err := s.task(t.Context(), "tasks/get", created.TaskID, caps, "")
	if err != nil || state.Status != "working" || len(state.InputRequests) > 0 {
		t.Errorf("got %+v, %v", state, err)
	}
	contains(t, state.StatusMessage, "Pay ann?", "then call answer")
	// A client of the same person that can ask is asked through the same task.
	state, err = s.task(t.Context(), "tasks/get", created.TaskID, taskCaps(formCaps), "")
	if err != nil || state.Status != "input_required" || state.only() == "" {
		t.Errorf("got %+v, %v", state, err)
	}
	s.mute(generations()[0], "answer", `{"name":"ann","action":"cancel"}`)
	result, err := s.follow(t.Context(), &calling{t: t}, created.TaskID, caps)
	if err != nil || string(result.StructuredContent) != dismissed {
		t.Errorf("got %s, %v", result, err)
	}
}

// TestAllowAnswer lets a boss answer, and not the one who has started the work.
func TestAllowAnswer(t *testing.T) {
	t.Parallel()
	o := quick()
	o.Principal = byHeader
	boss := func(_ context.Context, r durablemcp.AnswerRequest) error {
		if r.Caller.Principal == "boss" && r.Question.Name == "approval" && r.Question.Title == "Payment" && r.Question.Message == "Pay ann?" {
			return nil
		}
		return errors.New("not the boss")
	}
	s := newStage(t, o, func(queue string) []durablemcp.Tool {
		return []durablemcp.Tool{
			durablemcp.WorkflowTool{Name: "ask", Description: "Asks.", Workflow: Approve, TaskQueue: queue, ArgNames: []string{"name"},
				WorkflowID: queue + "-{name}", SharedID: true, Wait: time.Second, AllowAnswer: boss},
			durablemcp.ResultTool{Name: "result", Description: "Waits.", Workflow: Approve, WorkflowID: queue + "-{name}", AllowAnswer: boss,
				Allow: func(context.Context, durablemcp.AccessRequest) error { return nil }},
		}
	})
	call := &calling{tool: "ask", arguments: ann}
	own, err := s.round(as(t.Context(), "ann"), call, formCaps, "")
	if err != nil || own.ResultType == "input_required" || own.IsError {
		t.Fatalf("the starter got %+v, %v", own, err)
	}
	if strings.Contains(own.String(), "Pay ann?") {
		t.Errorf("the starter is told what others are asked: %s", &own.rawResult)
	}
	key := s.asks(s.queue+"-ann", 1)[0]
	if r, err := s.round(as(t.Context(), "ann"), call, formCaps, replying("", key, agree)); err != nil || r.IsError || len(s.questions(s.queue+"-ann")) != 1 {
		t.Errorf("the starter's own answer got %+v, %v", r, err)
	}
	task, err := s.round(as(t.Context(), "ann"), call, taskCaps(formCaps), "")
	if err != nil || task.ResultType != "task" {
		t.Fatalf("got %+v, %v", task, err)
	}
	state, err := s.task(as(t.Context(), "ann"), "tasks/get", task.TaskID, taskCaps(formCaps), "")
	if err != nil || state.Status != "working" || len(state.InputRequests) > 0 {
		t.Errorf("the starter's task is %+v, %v", state, err)
	}
	if strings.Contains(state.StatusMessage, "Pay ann?") {
		t.Errorf("the starter's task says what others are asked: %s", state.StatusMessage)
	}
	if _, err := s.task(as(t.Context(), "ann"), "tasks/update", task.TaskID, taskCaps(formCaps), replying("", key, agree)); err != nil || len(s.questions(s.queue+"-ann")) != 1 {
		t.Errorf("the starter's answer to the task got %v", err)
	}

	result := &calling{tool: "result", arguments: ann}
	asked, err := s.round(as(t.Context(), "boss"), result, formCaps, "")
	if err != nil || asked.only() != key {
		t.Fatalf("the boss got %+v, %v", asked, err)
	}
	answered, err := s.round(as(t.Context(), "boss"), result, formCaps, replying(asked.RequestState, key, agree))
	if err != nil || string(answered.StructuredContent) != accepted {
		t.Errorf("the boss got %+v, %v", answered, err)
	}
}
