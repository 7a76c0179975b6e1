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

func (k *testTools) write(w io.Writer, situation string, e *ToolError) {
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
				k.write(w, failure.name+", a start ("+s.name+")", s.of.failure(k.e.ID, failure.of))
			}
		}
		if execution.KindOf(failure.of) == execution.OutcomeUnknown {
			k.write(w, failure.name+", a signal", (&Signal{Message: Message{Target: k.target}}).failure(k.ctx, k.e.ID, failure.of))
			k.write(w, failure.name+", a cancellation", (&Cancel{Message: Message{Target: k.target}}).failure(k.ctx, k.e, failure.of))
			k.write(w, failure.name+", what changes nothing", NothingDone(ServiceFailure(failure.of)))
		}
	}
}

func writeWorkflowFailures(w io.Writer, k *testTools) {
	for _, failure := range []named[*ToolError]{
		{"failed, and can be tried again", WorkflowFailure(temporal.NewApplicationError("no funds", "NoFunds"))},
		{"failed for good", WorkflowFailure(temporal.NewNonRetryableApplicationError("no such account", "NoAccount", nil))},
		{"timed out", WorkflowFailure(temporal.NewTimeoutError(enums.TIMEOUT_TYPE_START_TO_CLOSE, nil))},
		{"ended on purpose", &ToolError{Type: execution.TypeCanceled, Message: "the workflow was cancelled", Cause: "by ann", onPurpose: true}},
		{"terminated by Temporal", &ToolError{Type: execution.TypeTerminated, Message: "the workflow was terminated", Cause: "by Temporal itself"}},
		{"a question was declined", &ToolError{Type: memo.TypeDeclined, Message: "the person declined to answer"}},
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
	seen := Running{WorkflowID: k.e.ID, RunID: k.e.RunID, Elapsed: "45s", Doing: "charge: attempt 2, next try in 8s"}
	write := func(situation string, result *mcp.CallToolResult) {
		fmt.Fprintf(w, "\n%s\n  %s\n", situation, strings.ReplaceAll(result.Content[0].(*mcp.TextContent).Text, "\n", "\n  "))
	}
	for _, s := range k.starters() {
		write(s.name, runningResult(k.tool.Name, seen, (&Repeat{Starter: s.of, Siblings: k.siblings}).GoOn(seen)))
	}
	result := &Result{Message: Message{Target: &Target{Tool: &Tool{Name: "await"}, Address: Address{Template: k.template}}}}
	withResult := &Siblings{Results: map[string][]*Result{k.tool.WorkflowType: {result}}}
	write("beside a tool that waits", runningResult(k.tool.Name, seen, (&Repeat{Starter: k.starters()[0].of, Siblings: withResult}).GoOn(seen)))
	write("a tool that waits", runningResult("await", seen, AwaitAgain{&Tool{Name: "await"}}.GoOn(seen)))
	stuck := seen
	stuck.Doing = execution.StuckPrefix + "no worker polls task queue \"billing\"; the work goes on as soon as one does"
	write("stuck", runningResult(k.tool.Name, stuck, AwaitAgain{&Tool{Name: "await"}}.GoOn(seen)))
	asks := seen
	asks.Questions = openQuestions([]memo.Question{{Key: "approval-1", Message: "Pay 500 EUR?", Schema: []byte(`{"type":"object"}`)}})
	waiter := &Waiter{Tool: k.tool, Siblings: k.siblings, Template: k.template, Next: AwaitAgain{&Tool{Name: "await"}}}
	write("asks, and nobody can be asked", waiter.askThroughModel(asks))
	answer := &Update{Message: Message{Target: &Target{Tool: &Tool{Name: "answer"}, Address: Address{Template: k.template}}}}
	waiter.Siblings = &Siblings{Answers: map[string][]*Update{k.tool.WorkflowType: {answer}}}
	write("asks, beside a tool that answers", waiter.askThroughModel(asks))
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
		k.write(w, "taken, and not looked up ("+ids.name+")", u.unchecked(ServiceFailure(serviceerror.NewUnavailable(""))))
	}
}

func writeRefusals(w io.Writer, k *testTools) {
	starter := k.starters()[0].of
	closed := *k.e
	closed.Status = enums.WORKFLOW_EXECUTION_STATUS_COMPLETED
	for _, refusal := range []named[*ToolError]{
		{"invalid arguments", invalidArguments(k.tool.Name, []string{"/id: missing"})},
		{"no caller", unauthorized()},
		{"a token without a user", namelessToken()},
		{"other arguments", starter.conflict(`The workflow "invoice-7" was started with other arguments.`)},
		{"an ID that is never free", starter.keepsChanging(k.e.ID)},
		{"no such workflow", k.target.notFound(execution.Key{ID: k.e.ID})},
		{"has ended", k.target.ended(&closed)},
		{"too many wait", tooManyWait()},
		{"deleted meanwhile", deleted(k.tool.Name, k.e.ID)},
		{"a result that cannot be read", unread(k.tool.Name)},
		{"a result that does not fit", invalidResult(k.tool.Name, "/amount: want number, have string")},
		{"a query without a worker", (&Query{Message: Message{Target: k.target}}).noAnswer(k.e, "no worker has answered within 5s")},
		{"a fault", internalError()},
	} {
		k.write(w, refusal.name, refusal.of)
	}
	fmt.Fprintf(w, "\na request state of something else\n  %v\n", badRequestState())
}

func writeRepetitions(w io.Writer, _ *testTools) {
	for status := enums.WORKFLOW_EXECUTION_STATUS_COMPLETED; status <= enums.WORKFLOW_EXECUTION_STATUS_TIMED_OUT; status++ {
		if status != enums.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW {
			fmt.Fprintf(w, "\n%s\n  %s\n", execution.StatusName(status), repetitionNote(&execution.Repetition{Status: status, Age: 40 * time.Second}))
		}
	}
}
