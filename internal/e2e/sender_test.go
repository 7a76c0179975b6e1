package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp"
)

// An Entry is what [Book] is told, and by whom.
type Entry struct {
	Text string            `json:"text"`
	By   durablemcp.Sender `json:"by" jsonschema:"-"`
}

// Opening is the argument of [Book].
type Opening struct {
	Name  string            `json:"name"`
	Turns int               `json:"turns,omitempty"`
	By    durablemcp.Sender `json:"by" jsonschema:"-"`
}

// Book notes who tells it what.
func Book(ctx workflow.Context, opening Opening) ([]string, error) {
	var lines []string
	note := func(by durablemcp.Sender, text string) string {
		line := fmt.Sprintf("%s (%s): %s", by.Principal, by.Claims["team"], text)
		lines = append(lines, line)
		return line
	}
	starter, ok := durablemcp.CallerOf(ctx)
	note(starter, fmt.Sprint("starts, ", ok))
	note(opening.By, "opens")
	if opening.Turns > 0 {
		opening.Turns--
		return nil, workflow.NewContinueAsNewError(ctx, Book, opening)
	}
	if err := workflow.SetUpdateHandler(ctx, "Write", func(_ workflow.Context, e Entry) (string, error) { return note(e.By, e.Text), nil }); err != nil {
		return nil, err
	}
	if err := workflow.SetQueryHandler(ctx, "Read", func(e Entry) (string, error) {
		return fmt.Sprintf("%s reads %s", e.By.Principal, e.Text), nil
	}); err != nil {
		return nil, err
	}
	child := workflow.ExecuteChildWorkflow(workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{}), "IsChild")
	var called bool
	if err := child.Get(ctx, &called); err != nil {
		return nil, err
	}
	note(durablemcp.Sender{}, fmt.Sprint("child ", called))
	var by durablemcp.Sender
	_, err := durablemcp.ElicitWithOptions[Number](ctx, "How many?", durablemcp.ElicitOptions{AnsweredBy: &by})
	note(by, fmt.Sprint("answers, ", err))
	var e Entry
	workflow.GetSignalChannel(ctx, "Close").Receive(ctx, &e)
	note(e.By, e.Text)
	return lines, nil
}

func anybodyAnswers(context.Context, durablemcp.AnswerRequest) error {
	return nil
}

// IsChild reports whether a child workflow has a caller.
func IsChild(ctx workflow.Context) (bool, error) {
	_, called := durablemcp.CallerOf(ctx)
	return called, nil
}

func bookTools(queue string) []durablemcp.Tool {
	id := queue + "-{name}"
	return []durablemcp.Tool{
		durablemcp.WorkflowTool{Name: "open", Description: "Test.", Workflow: Book, TaskQueue: queue, WorkflowID: id, SharedID: true, Mode: durablemcp.ModeStart, Allow: everybody, AllowAnswer: anybodyAnswers},
		durablemcp.WorkflowTool{Name: "child", Description: "Test.", Workflow: IsChild, TaskQueue: queue, WorkflowID: queue + "-{@uuid}"},
		durablemcp.UpdateTool{Name: "write", Description: "Test.", Workflow: Book, Update: "Write", Input: Entry{}, Output: "", WorkflowID: id, Allow: everybody},
		durablemcp.UpdateTool{Name: "write_once", Description: "Test.", Workflow: Book, Update: "Write", Input: Entry{}, Output: "", WorkflowID: id, UpdateID: "{text}", Allow: everybody},
		durablemcp.QueryTool{Name: "read", Description: "Test.", Workflow: Book, Query: "Read", Input: Entry{}, Output: "", WorkflowID: id, Allow: everybody},
		durablemcp.SignalTool{Name: "close", Description: "Test.", Workflow: Book, Signal: "Close", Input: Entry{}, WorkflowID: id, Allow: everybody},
		durablemcp.UpdateTool{Name: "answer", Description: "Test.", Workflow: Book, Update: durablemcp.AnswerUpdate, WorkflowID: id, Allow: everybody},
		durablemcp.ResultTool{Name: "result", Description: "Test.", Workflow: Book, WorkflowID: id, Allow: everybody},
	}
}

// TestSenders holds that workflows learn who started them and who sends what, as the server
// has verified it, and that no argument of a model can say otherwise.
func TestSenders(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{Options: durablemcp.Options{
		Principal: userHeader,
		Claims: func(c durablemcp.Caller) map[string]string {
			return map[string]string{"team": "team of " + c.Principal}
		},
	}}, bookTools)
	as := func(user string) *rig {
		is := *r
		is.session = dialAs(t, r.url, user)
		return &is
	}
	ann, bob, cid := as("ann"), as("bob"), as("cid")
	for _, turns := range []string{"", `,"turns":2`} {
		address := fmt.Sprintf(`"name":"book-%d"`, len(turns))
		ann.wantFailure(t, "open", "{"+address+`,"by":{"principal":"boss"}}`, "InvalidArguments", "unknown property \"by\"")
		ann.call("open", "{"+address+turns+"}")
		eventually(t, "the last run listens", func() bool { return !cid.call("read", "{"+address+`,"text":"it"}`).IsError })
		bob.want(t, "write", "{"+address+`,"text":"tea"}`, `{"result":"bob (team of bob): tea"}`)
		for range 2 {
			bob.want(t, "write_once", "{"+address+`,"text":"rum"}`, `{"result":"bob (team of bob): rum"}`)
		}
		cid.wantFailure(t, "write_once", "{"+address+`,"text":"rum"}`, "Conflict", "from another caller")
		bob.wantFailure(t, "write", "{"+address+`,"text":"gin","by":{"principal":"boss"}}`, "InvalidArguments", "unknown property \"by\"")
		cid.want(t, "read", "{"+address+`,"text":"it"}`, `{"result":"cid reads it"}`)
		bob.wantFailure(t, "answer", "{"+address+`,"action":"decline","by":{"principal":"boss"}}`, "InvalidArguments")
		eventually(t, "the question is answered", func() bool {
			return !cid.call("answer", "{"+address+`,"action":"accept","content":{"n":1}}`).IsError
		})
		bob.call("close", "{"+address+`,"text":"closes"}`)
		result := outcomeOf(ann.call("result", "{"+address+"}")).Structured
		contains(t, result, "ann (team of ann): starts, true", "ann (team of ann): opens", "bob (team of bob): tea", "child false",
			"cid (team of cid): answers, \\u003cnil\\u003e", "bob (team of bob): closes")
	}
}

// TestSenderOfElicitations holds that a workflow learns who has answered through each
// generation of client.
func TestSenderOfElicitations(t *testing.T) {
	t.Parallel()
	for _, g := range generations() {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			o := quick()
			o.Claims = func(durablemcp.Caller) map[string]string { return map[string]string{"kind": "tester"} }
			s := newStage(t, o, asking(WhoAnswers))
			call := g.begin(s, &calling{tool: "ask", arguments: ann})
			call.question().answer(agree)
			call.want(`{"result":"tester"}`)
		})
	}
}

// WhoAnswers returns a claim of who answers.
func WhoAnswers(ctx workflow.Context, _ string) (string, error) {
	var by durablemcp.Sender
	_, err := durablemcp.ElicitWithOptions[Decision](ctx, "?", durablemcp.ElicitOptions{AnsweredBy: &by})
	return by.Claims["kind"], err
}

// TestClaimsAreBounded holds that more than a memo has room for is an error of the call.
func TestClaimsAreBounded(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{Options: durablemcp.Options{
		Claims: func(durablemcp.Caller) map[string]string { return map[string]string{"all": strings.Repeat("x", 3000)} },
	}}, bookTools)
	r.wantFailure(t, "open", `{"name":"a"}`, "Internal", "its log explains")
}
