package call

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/durablemcp/durablemcp/internal/advice"
	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/idtemplate"
	"github.com/durablemcp/durablemcp/internal/memo"
)

var rewrite = flag.Bool("update", false, "rewrite the golden files")

// TestAdvice holds every word that a model reads of what went wrong, and of what to do next,
// side by side in a golden file: whoever reviews the words reads that. Rewrite it with -update.
func TestAdvice(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("What models read. Written by TestAdvice; rewrite it with: go test ./internal/call -run TestAdvice -update\n")
	for _, section := range []struct {
		title string
		write func(w io.Writer, tools *testTools)
	}{
		{"Requests to Temporal that failed, by what failed and what the tool does", writeServiceFailures},
		{"Workflows that failed, by the reuse policy of the tool and by the tool", writeWorkflowFailures},
		{"Workflows that are still running", writeRunning},
		{"Updates", writeUpdates},
		{"Other refusals", writeRefusals},
		{"Answers of earlier calls", writeRepetitions},
	} {
		fmt.Fprintf(&b, "\n\n# %s\n", section.title)
		section.write(&b, newTestTools(t))
	}
	const golden = "advice.golden"
	path := filepath.Join("testdata", golden)
	if *rewrite {
		if err := os.MkdirAll("testdata", 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := b.String(); got != string(want) {
		t.Errorf("the words differ from %s; run the test with -update, and read the difference\n%s", path, firstDifference(got, string(want)))
	}
}

func firstDifference(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d\n got %s\nwant %s", i+1, a[i], b[i])
		}
	}
	return fmt.Sprintf("%d lines; want %d", len(a), len(b))
}

// testTools are one tool of each kind, for a workflow named by a template.
type testTools struct {
	ctx      context.Context
	tool     *Tool
	siblings *Siblings
	template *idtemplate.Template
	target   *Target
	e        *execution.Execution
}

func newTestTools(t *testing.T) *testTools {
	t.Helper()
	template, err := idtemplate.Parse("invoice-{id}")
	if err != nil {
		t.Fatal(err)
	}
	tool := &Tool{Name: "pay", WorkflowType: "Pay", Opts: Options{Logger: slog.New(slog.DiscardHandler)}}
	siblings := new(Siblings)
	return &testTools{
		ctx: t.Context(), tool: tool, siblings: siblings, template: template,
		target: &Target{Tool: tool, Address: Address{Template: template}, Siblings: siblings},
		e:      &execution.Execution{ID: "invoice-7", RunID: "run", Status: enums.WORKFLOW_EXECUTION_STATUS_RUNNING, Queue: "billing"},
	}
}

// starters are tools that start workflows, by what the same call again does.
func (k *testTools) starters() []named[*Starter] {
	uuid, err := idtemplate.Parse("roll-{@uuid}")
	if err != nil {
		panic(err)
	}
	policy := func(p enums.WorkflowIdReusePolicy) client.StartWorkflowOptions {
		return client.StartWorkflowOptions{WorkflowIDReusePolicy: p}
	}
	return []named[*Starter]{
		{"window of 2 minutes", &Starter{Tool: k.tool, Template: k.template, Window: 2 * time.Minute}},
		{"no window", &Starter{Tool: k.tool, Template: k.template}},
		{"failed only", &Starter{Tool: k.tool, Template: k.template, Options: policy(enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY)}},
		{"reject duplicates", &Starter{Tool: k.tool, Template: k.template, Options: policy(enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE)}},
		{"{@uuid}", &Starter{Tool: k.tool, Template: uuid}},
		{"read-only, {@uuid}", &Starter{Tool: k.tool, Template: uuid, ReadOnly: true}},
	}
}

type named[T any] struct {
	name string
	of   T
}

func (k *testTools) write(w io.Writer, situation string, e *advice.ToolError) {
	text := k.tool.ErrorResult(e).Content[0].(*mcp.TextContent).Text
	fmt.Fprintf(w, "\n%s\n  %s, retryable %v\n  %s\n", situation, e.Type, e.Retryable, strings.ReplaceAll(text, "\n", "\n  "))
}

func writeServiceFailures(w io.Writer, k *testTools) {
	for _, failure := range []named[error]{
		{"Temporal did not answer", serviceerror.NewUnavailable("")},
		{"Temporal was never there", errors.New("failed reaching server: dial")},
		{"not sent", execution.Send(k.ctx, func(context.Context) error { return errors.New("the codec is away") })},
		{"unreadable", &execution.UnreadableError{Err: errors.New("the codec is away")}},
		{"over its limits", &serviceerror.ResourceExhausted{}},
		{"invalid", serviceerror.NewInvalidArgument("")},
		{"too large", errors.New("larger than max")},
		{"no permission", serviceerror.NewPermissionDenied("", "")},
		{"no namespace", serviceerror.NewNamespaceNotFound("")},
		{"gone", serviceerror.NewNotFound("")},
		{"unsupported", serviceerror.NewUnimplemented("")},
		{"precondition", serviceerror.NewFailedPrecondition("")},
	} {
		for _, s := range k.starters() {
			if s.name == "window of 2 minutes" || execution.KindOf(failure.of) == execution.OutcomeUnknown {
				k.write(w, failure.name+", a start ("+s.name+")", advice.StartFailure(k.e.ID, failure.of, s.of.repeatability()))
			}
		}
		if execution.KindOf(failure.of) == execution.OutcomeUnknown {
			k.write(w, failure.name+", a signal", advice.SignalFailure(failure.of))
			k.write(w, failure.name+", a cancellation", advice.CancelFailure(failure.of))
			k.write(w, failure.name+", what changes nothing", advice.NothingDone(advice.ServiceFailure(failure.of)))
		}
	}
}

func writeWorkflowFailures(w io.Writer, k *testTools) {
	for _, failure := range []named[*advice.ToolError]{
		{"failed, and can be tried again", advice.WorkflowFailure(temporal.NewApplicationError("no funds", "NoFunds"))},
		{"failed for good", advice.WorkflowFailure(temporal.NewNonRetryableApplicationError("no such account", "NoAccount", nil))},
		{"timed out", advice.WorkflowFailure(temporal.NewTimeoutError(enums.TIMEOUT_TYPE_START_TO_CLOSE, nil))},
		{"ended on purpose", &advice.ToolError{Type: execution.TypeCanceled, Message: "the workflow was cancelled", Cause: "by ann", OnPurpose: true}},
		{"terminated by Temporal", &advice.ToolError{Type: execution.TypeTerminated, Message: "the workflow was terminated", Cause: "by Temporal itself"}},
		{"a question was declined", &advice.ToolError{Type: memo.TypeDeclined, Message: "the person declined to answer"}},
	} {
		for _, s := range k.starters()[:4] {
			e := *failure.of
			(&Repeat{Starter: s.of, Siblings: k.siblings}).AfterFailure(&e)
			k.write(w, failure.name+" ("+s.name+")", &e)
		}
		e := *failure.of
		AwaitAgain{k.tool}.AfterFailure(&e)
		k.write(w, failure.name+" (a tool that waits)", &e)
	}
}

func writeRunning(w io.Writer, k *testTools) {
	seen := advice.Running{WorkflowID: k.e.ID, RunID: k.e.RunID, Elapsed: "45s", Doing: "charge: attempt 2, next try in 8s"}
	write := func(situation string, result *mcp.CallToolResult) {
		fmt.Fprintf(w, "\n%s\n  %s\n", situation, strings.ReplaceAll(result.Content[0].(*mcp.TextContent).Text, "\n", "\n  "))
	}
	for _, s := range k.starters() {
		write(s.name, runningResult(k.tool.Name, seen, (&Repeat{Starter: s.of, Siblings: k.siblings}).GoOn(seen.WorkflowID)))
	}
	withResult := &Siblings{Results: map[string][]Sibling{k.tool.WorkflowType: {{"await", Address{Template: k.template}}}}}
	write("beside a tool that waits", runningResult(k.tool.Name, seen, (&Repeat{Starter: k.starters()[0].of, Siblings: withResult}).GoOn(seen.WorkflowID)))
	write("a tool that waits", runningResult("await", seen, AwaitAgain{&Tool{Name: "await"}}.GoOn(seen.WorkflowID)))
	stuck := seen
	stuck.Doing = execution.StuckPrefix + "no worker polls task queue \"billing\"; the work goes on as soon as one does"
	write("stuck", runningResult(k.tool.Name, stuck, AwaitAgain{&Tool{Name: "await"}}.GoOn(seen.WorkflowID)))
	asks := seen
	asks.Questions = advice.OpenQuestions([]memo.Question{{Key: "approval-1", Message: "Pay 500 EUR?", Schema: []byte(`{"type":"object"}`)}})
	waiter := &Waiter{Tool: k.tool, Siblings: k.siblings, Template: k.template, Next: AwaitAgain{&Tool{Name: "await"}}}
	write("asks, and nobody can be asked", askThroughModel(k.tool.Name, asks, waiter.AnswersWith(k.e.ID), waiter.Next.GoOn(k.e.ID)))
	waiter.Siblings = &Siblings{Answers: map[string][]Sibling{k.tool.WorkflowType: {{"answer", Address{Template: k.template}}}}}
	write("asks, beside a tool that answers", askThroughModel(k.tool.Name, asks, waiter.AnswersWith(k.e.ID), waiter.Next.GoOn(k.e.ID)))
}

func writeUpdates(w io.Writer, k *testTools) {
	byID, err := idtemplate.Parse("approve-{id}")
	if err != nil {
		panic(err)
	}
	each, err := idtemplate.Parse("{@uuid}")
	if err != nil {
		panic(err)
	}
	for _, ids := range []named[*idtemplate.Template]{{"an update ID of arguments", byID}, {"{@uuid}", each}} {
		u := &sentUpdate{Update: &Update{Message: Message{Target: k.target}, UpdateIDs: ids.of}, e: k.e, updateID: "approve-7", began: time.Now()}
		k.write(w, "cut off ("+ids.name+")", u.failureOfWorkflow(k.ctx, temporal.NewApplicationError("", typeCutOff)))
		k.write(w, "no answer of Temporal ("+ids.name+")", u.failure(k.ctx, serviceerror.NewUnavailable("")))
		k.write(w, "refused by Temporal ("+ids.name+")", u.failure(k.ctx, serviceerror.NewInvalidArgument("")))
		k.write(w, "taken, and not looked up ("+ids.name+")", advice.UpdateUnchecked(serviceerror.NewUnavailable("")))
	}
}

func writeRefusals(w io.Writer, k *testTools) {
	starter := k.starters()[0].of
	closed := *k.e
	closed.Status = enums.WORKFLOW_EXECUTION_STATUS_COMPLETED
	for _, refusal := range []named[*advice.ToolError]{
		{"invalid arguments", advice.InvalidArguments(k.tool.Name, []string{"/id: missing"})},
		{"no caller", advice.Unauthorized()},
		{"a token without a user", advice.NamelessToken()},
		{"other arguments", advice.Conflict(`The workflow "invoice-7" was started with other arguments.`, starter.Template.Arguments())},
		{"an ID that is never free", advice.KeepsChanging(k.e.ID, starter.Template.Arguments())},
		{"no such workflow", advice.NotFound(k.tool.Name, k.e.ID)},
		{"has ended", k.target.ended(&closed)},
		{"too many wait", advice.TooManyWait()},
		{"deleted meanwhile", advice.Deleted(k.tool.Name, k.e.ID)},
		{"a result that cannot be read", advice.Unread(k.tool.Name)},
		{"a result that does not fit", advice.InvalidResult(k.tool.Name, "/amount: want number, have string")},
		{"a query without a worker", advice.NoQueryAnswer(k.e, "no worker has answered within 5s")},
		{"a fault", advice.InternalError()},
	} {
		k.write(w, refusal.name, refusal.of)
	}
	fmt.Fprintf(w, "\na request state of something else\n  %v\n", advice.BadRequestState())
}

func writeRepetitions(w io.Writer, _ *testTools) {
	for status := enums.WORKFLOW_EXECUTION_STATUS_COMPLETED; status <= enums.WORKFLOW_EXECUTION_STATUS_TIMED_OUT; status++ {
		if status != enums.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW {
			fmt.Fprintf(w, "\n%s\n  %s\n", execution.StatusName(status), advice.RepetitionNote(&execution.Repetition{Status: status, Age: 40 * time.Second}))
		}
	}
}

// TestSiblingsOfOtherTemplates checks that a tool is named only for what it finds.
func TestSiblingsOfOtherTemplates(t *testing.T) {
	t.Parallel()
	k := newTestTools(t)
	other, err := idtemplate.Parse("draft-{id}")
	if err != nil {
		t.Fatal(err)
	}
	siblings := &Siblings{Results: map[string][]Sibling{"Pay": {{"await", Address{Template: k.template}}}}}
	if found := siblings.resultTool("Pay", k.template); found == nil || found.Name != "await" {
		t.Errorf("after the end, %v is named", found)
	}
	if found := siblings.resultTool("Pay", other); found != nil {
		t.Errorf("after the end of another's execution, %v is named", found)
	}
}
