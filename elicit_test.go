package durablemcp_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp"
	"github.com/durablemcp/durablemcp/testdata/interview"
)

const day = 24 * time.Hour

type decision struct {
	Approve bool   `json:"approve"`
	Email   string `json:"email" jsonschema:"format=email"`
	Limit   int64  `json:"limit,omitempty" jsonschema:"default=100,maximum=9007199254740993"`
}

// play runs a workflow in a test environment, whose clock skips what nobody
// waits for.
func play(t *testing.T, fn any, prepare func(env *testsuite.TestWorkflowEnvironment)) *testsuite.TestWorkflowEnvironment {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(silent{})
	env := suite.NewTestWorkflowEnvironment()
	env.RegisterWorkflow(fn)
	if prepare != nil {
		prepare(env)
	}
	env.ExecuteWorkflow(fn)
	if !env.IsWorkflowCompleted() {
		t.Fatal("the workflow has not ended")
	}
	return env
}

// result returns what a workflow has returned.
func result[T any](t *testing.T, env *testsuite.TestWorkflowEnvironment) (value T) {
	t.Helper()
	if err := env.GetWorkflowError(); err != nil {
		t.Fatal(err)
	}
	if err := env.GetWorkflowResult(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

// An answering is how a workflow has taken an answer.
type answering struct {
	accepted bool
	err      error // with which it was refused
}

// answerAfter answers when so much time has passed for the workflow.
func answerAfter(env *testsuite.TestWorkflowEnvironment, d time.Duration, a durablemcp.Answer) *answering {
	got := new(answering)
	env.RegisterDelayedCallback(func() {
		env.UpdateWorkflow(durablemcp.AnswerUpdate, fmt.Sprint(d, a.Key), &testsuite.TestUpdateCallback{
			OnAccept:   func() { got.accepted = true },
			OnReject:   func(err error) { got.err = err },
			OnComplete: func(_ any, err error) { got.err = errors.Join(got.err, err) },
		}, a)
	}, d)
	return got
}

func content(members ...string) map[string]json.RawMessage {
	m := make(map[string]json.RawMessage)
	for i := 0; i < len(members); i += 2 {
		m[members[i]] = json.RawMessage(members[i+1])
	}
	return m
}

// outcome is what became of a question, and how long that took.
type outcome struct {
	Decision decision
	Took     time.Duration
	Error    string
}

// asking returns a workflow that asks once.
func asking(options durablemcp.ElicitOptions) func(workflow.Context) (outcome, error) {
	return func(ctx workflow.Context) (outcome, error) {
		asked := workflow.Now(ctx)
		d, err := durablemcp.ElicitWithOptions[decision](ctx, "Pay?", options)
		o := outcome{Decision: d, Took: workflow.Now(ctx).Sub(asked)}
		wrapped := fmt.Errorf("asking: %w", err)
		for name, target := range map[string]error{
			"declined": durablemcp.ErrElicitationDeclined, "dismissed": durablemcp.ErrElicitationCancelled, "unanswered": durablemcp.ErrElicitationTimedOut,
		} {
			if errors.Is(wrapped, target) {
				o.Error += name
			}
		}
		if o.Error == "" {
			return o, err
		}
		return o, nil
	}
}

// TestElicitOutcomes ends a question in every way.
func TestElicitOutcomes(t *testing.T) {
	t.Parallel()
	yes := durablemcp.Answer{Action: "accept", Content: content("approve", "true", "email", `"ann@example.com"`)}
	for name, test := range map[string]struct {
		timeout, after time.Duration
		answer         durablemcp.Answer
		want           outcome
		refused        bool
	}{
		"accepted":             {0, 3 * day, yes, outcome{Decision: decision{true, "ann@example.com", 100}, Took: 3 * day}, false},
		"accepted in time":     {5 * day, 4 * day, yes, outcome{Decision: decision{true, "ann@example.com", 100}, Took: 4 * day}, false},
		"declined":             {0, day, durablemcp.Answer{Action: "decline"}, outcome{Error: "declined", Took: day}, false},
		"dismissed":            {0, day, durablemcp.Answer{Action: "cancel"}, outcome{Error: "dismissed", Took: day}, false},
		"declined with a form": {0, day, durablemcp.Answer{Action: "decline", Content: yes.Content}, outcome{Error: "declined", Took: day}, false},
		"unanswered":           {5 * day, 6 * day, yes, outcome{Error: "unanswered", Took: 5 * day}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got *answering
			env := play(t, asking(durablemcp.ElicitOptions{Timeout: test.timeout}), func(env *testsuite.TestWorkflowEnvironment) {
				got = answerAfter(env, test.after, test.answer)
			})
			if o := result[outcome](t, env); o != test.want {
				t.Errorf("got %+v; want %+v", o, test.want)
			}
			if got.accepted == test.refused || got.err != nil {
				t.Errorf("the answer: accepted %v, error %v", got.accepted, got.err)
			}
		})
	}
}

// TestElicitTakesTheFirstGoodAnswer sends answers that do not fit, then one that
// does, and then another one.
func TestElicitTakesTheFirstGoodAnswer(t *testing.T) {
	t.Parallel()
	bad := []struct {
		answer durablemcp.Answer
		reason string
	}{
		{durablemcp.Answer{Action: "accept"}, "approve"},
		{durablemcp.Answer{Action: "accept", Content: content("approve", "true", "email", `"nobody"`)}, "/email"},
		{durablemcp.Answer{Action: "accept", Content: content("approve", `"yes"`, "email", `"a@b.c"`)}, "/approve"},
		{durablemcp.Answer{Action: "accept", Content: content("approve", "true", "email", `"a@b.c"`, "limit", "9007199254740994")}, "/limit"},
		{durablemcp.Answer{Action: "accept", Content: content("approve", "true", "email", `"a@b.c"`, "limit", "1.5")}, "/limit"},
		{durablemcp.Answer{Action: "agree"}, "/action"},
		{durablemcp.Answer{}, "/action"},
		{durablemcp.Answer{Action: "decline", Key: "another"}, "not open"},
		{durablemcp.Answer{Action: "decline", Key: "approval-"}, "not open"},
		{durablemcp.Answer{Action: "decline", Key: "APPROVAL"}, "not open"},
	}
	answers := make([]*answering, len(bad))
	var good, late *answering
	env := play(t, asking(durablemcp.ElicitOptions{Name: "approval"}), func(env *testsuite.TestWorkflowEnvironment) {
		for i, test := range bad {
			answers[i] = answerAfter(env, time.Duration(i+1)*time.Hour, test.answer)
		}
		good = answerAfter(env, day, durablemcp.Answer{
			Key: "approval", Action: "accept",
			Content: content("approve", "true", "email", `"a@b.c"`, "limit", "9007199254740993", "stranger", "{}"),
		})
		late = answerAfter(env, day, durablemcp.Answer{Key: "approval", Action: "decline"})
	})
	for i, test := range bad {
		got := answers[i]
		if got.accepted || got.err == nil || !strings.Contains(got.err.Error(), test.reason) {
			t.Errorf("%+v: accepted %v, error %v; want %q", test.answer, got.accepted, got.err, test.reason)
		}
	}
	if !good.accepted || good.err != nil {
		t.Errorf("the good answer: accepted %v, error %v", good.accepted, good.err)
	}
	if late.err == nil && late.accepted {
		t.Error("a second answer was taken")
	}
	if o := result[outcome](t, env); o.Decision != (decision{true, "a@b.c", 9007199254740993}) || o.Took != day {
		t.Errorf("got %+v", o)
	}
}

// TestElicitErrorsFail checks the failures of workflows that return the error of
// a question.
func TestElicitErrorsFail(t *testing.T) {
	t.Parallel()
	for action, want := range map[string]string{"decline": "ElicitationDeclined", "cancel": "ElicitationCancelled", "": "ElicitationTimedOut"} {
		env := play(t, func(ctx workflow.Context) error {
			_, err := durablemcp.ElicitWithOptions[decision](ctx, "Pay?", durablemcp.ElicitOptions{Timeout: day})
			return err
		}, func(env *testsuite.TestWorkflowEnvironment) {
			answerAfter(env, time.Hour, durablemcp.Answer{Action: action})
		})
		wantFailure(t, env.GetWorkflowError(), want, "")
	}
}

// wantFailure checks that an error is a failure for good, of a type and with a
// text.
func wantFailure(t *testing.T, err error, errorType, text string) {
	t.Helper()
	failure, ok := errors.AsType[*temporal.ApplicationError](err)
	if !ok || failure.Type() != errorType || !failure.NonRetryable() || !strings.Contains(failure.Message(), text) {
		t.Errorf("the error is %v; want one of the type %s that is not retried and says %q", err, errorType, text)
	}
}

// TestElicitMisuse asks for what no form can have, and with options that cannot
// be.
func TestElicitMisuse(t *testing.T) {
	t.Parallel()
	type nested struct {
		Inner struct{ X int } `json:"inner"`
	}
	type mapped struct {
		M map[string]string `json:"m"`
	}
	type free struct {
		L []string `json:"l"`
	}
	elicit := func(options durablemcp.ElicitOptions) func(workflow.Context) error {
		return func(ctx workflow.Context) error {
			_, err := durablemcp.ElicitWithOptions[decision](ctx, "?", options)
			return err
		}
	}
	open := func(link string) func(workflow.Context) error {
		return func(ctx workflow.Context) error {
			return durablemcp.ElicitURL(ctx, "?", link, durablemcp.ElicitOptions{})
		}
	}
	for want, fn := range map[string]func(workflow.Context) error{
		`"inner" is an object`:           elicits[nested],
		`"m" is an object`:               elicits[mapped],
		`"l" is a list`:                  elicits[free],
		"map[string]string is not a str": elicits[map[string]string],
		"*durablemcp_test.decision is n": elicits[*decision],
		"string is not a struct":         elicits[string],
		"the timeout is negative":        elicit(durablemcp.ElicitOptions{Timeout: -1}),
		"longer than 64":                 elicit(durablemcp.ElicitOptions{Name: strings.Repeat("k", 65)}),
		`the name "a.b" has`:             elicit(durablemcp.ElicitOptions{Name: "a.b"}),
		`the name "a b" has`:             elicit(durablemcp.ElicitOptions{Name: "a b"}),
		`the name "ä" has`:               elicit(durablemcp.ElicitOptions{Name: "ä"}),
		`"" is not the address`:          open(""),
		`"/login" is not the address`:    open("/login"),
		`"mailto:a@b.c" is not the addr`: open("mailto:a@b.c"),
		`"http://[::1" is not the addre`: open("http://[::1"),
		`"javascript://x/%0aalert()" is`: open("javascript://x/%0aalert()"),
		`"ftp://files.example/" is not `: open("ftp://files.example/"),
	} {
		env := play(t, fn, nil)
		wantFailure(t, env.GetWorkflowError(), "InvalidElicitation", want)
	}
}

func elicits[T any](ctx workflow.Context) error {
	_, err := durablemcp.Elicit[T](ctx, "?")
	return err
}

// TestElicitCancelled cancels the workflow before and while it asks.
func TestElicitCancelled(t *testing.T) {
	t.Parallel()
	for _, after := range []time.Duration{0, day} {
		var late *answering
		env := play(t, func(ctx workflow.Context) (string, error) {
			if after == 0 {
				ctx.Done().Receive(ctx, nil)
			}
			_, err := durablemcp.Elicit[decision](ctx, "Pay?")
			if !temporal.IsCanceledError(err) {
				return "", fmt.Errorf("not cancelled: %w", err)
			}
			going, _ := workflow.NewDisconnectedContext(ctx)
			err = workflow.Sleep(going, day)
			return strings.Join(shown(ctx), " "), err
		}, func(env *testsuite.TestWorkflowEnvironment) {
			env.RegisterDelayedCallback(env.CancelWorkflow, after)
			late = answerAfter(env, after+time.Hour, durablemcp.Answer{Action: "decline"})
		})
		if keys := result[string](t, env); keys != "" {
			t.Errorf("the workflow still asks %s", keys)
		}
		if late.accepted || late.err == nil {
			t.Errorf("an answer after that: accepted %v, error %v", late.accepted, late.err)
		}
	}
}

// shown returns the keys of the questions that a workflow's memo shows.
func shown(ctx workflow.Context) (keys []string) {
	var questions []struct{ Key string }
	payload := workflow.GetInfo(ctx).Memo.GetFields()["durablemcp.questions"]
	if len(payload.GetData()) > 0 && converter.GetDefaultDataConverter().FromPayload(payload, &questions) != nil {
		return []string{"unreadable"}
	}
	for _, q := range questions {
		keys = append(keys, q.Key)
	}
	return keys
}

// pair asks two questions at once, and returns who has said what.
func pair(left, right string) func(workflow.Context) (string, error) {
	return func(ctx workflow.Context) (string, error) {
		answers := make([]string, 2)
		wg := workflow.NewWaitGroup(ctx)
		for i, key := range []string{left, right} {
			wg.Add(1)
			workflow.Go(ctx, func(ctx workflow.Context) {
				defer wg.Done()
				d, err := durablemcp.ElicitWithOptions[decision](ctx, key+"?", durablemcp.ElicitOptions{Name: key})
				answers[i] = fmt.Sprintf("%d %v", d.Limit, err)
			})
		}
		err := workflow.SetQueryHandler(ctx, "keys", func() ([]string, error) { return shown(ctx), nil })
		wg.Wait(ctx)
		return strings.Join(answers, ", "), err
	}
}

func limit(key string, n int) durablemcp.Answer {
	return durablemcp.Answer{Key: key, Action: "accept", Content: content("approve", "true", "email", `"a@b.c"`, "limit", fmt.Sprint(n))}
}

// TestElicitSameKey asks two questions of one name at once. Answers must name
// them by their whole keys.
func TestElicitSameKey(t *testing.T) {
	t.Parallel()
	var short, none *answering
	env := play(t, pair("same", "same"), func(env *testsuite.TestWorkflowEnvironment) {
		short, none = answerAfter(env, time.Hour, limit("same", 1)), answerAfter(env, 2*time.Hour, limit("", 1))
		env.RegisterDelayedCallback(func() {
			value, err := env.QueryWorkflow("keys")
			var keys []string
			if err == nil {
				err = value.Get(&keys)
			}
			if err != nil || len(keys) != 2 || keys[0] == keys[1] {
				t.Errorf("the keys are %v: %v", keys, err)
			}
			for i, key := range keys {
				if !strings.HasPrefix(key, "same-") {
					t.Errorf("the key is %q", key)
				}
				answerAfter(env, time.Duration(i+1)*time.Hour, limit(key, i+1))
			}
		}, day)
	})
	for _, got := range []*answering{short, none} {
		if got.accepted || got.err == nil || !strings.Contains(got.err.Error(), "several questions are open") {
			t.Errorf("accepted %v, error %v", got.accepted, got.err)
		}
	}
	if got := result[string](t, env); got != "1 <nil>, 2 <nil>" && got != "2 <nil>, 1 <nil>" {
		t.Errorf("the answers are %s", got)
	}
}

// TestElicitKeyThatBeginsAnother asks under two names, one of which begins the
// other. A name means its own question only.
func TestElicitKeyThatBeginsAnother(t *testing.T) {
	t.Parallel()
	var first, second, third *answering
	env := play(t, pair("pay", "pay-back"), func(env *testsuite.TestWorkflowEnvironment) {
		first = answerAfter(env, time.Hour, limit("pay", 1))
		second = answerAfter(env, 2*time.Hour, limit("pay", 2)) // when the other one is open
		third = answerAfter(env, 3*time.Hour, limit("pay-back", 3))
		env.SetWorkflowRunTimeout(day)
	})
	if !first.accepted || first.err != nil {
		t.Errorf("the answer to pay: accepted %v, error %v", first.accepted, first.err)
	}
	if second.accepted || second.err == nil {
		t.Error("a second answer to pay was taken for one to pay-back")
	}
	if !third.accepted || third.err != nil {
		t.Errorf("the answer to pay-back: accepted %v, error %v", third.accepted, third.err)
	}
	if got := result[string](t, env); got != "1 <nil>, 3 <nil>" {
		t.Errorf("the answers are %s", got)
	}
}

// TestElicitURLTooLong opens what is longer than the failure of a workflow can be.
func TestElicitURLTooLong(t *testing.T) {
	t.Parallel()
	for _, link := range []string{"", "https://pay.example/"} {
		env := play(t, func(ctx workflow.Context) error {
			return durablemcp.ElicitURL(ctx, "?", link+strings.Repeat("x", 3_000_000), durablemcp.ElicitOptions{})
		}, nil)
		err := env.GetWorkflowError()
		wantFailure(t, err, "InvalidElicitation", "durablemcp.Elicit")
		if n := len(err.Error()); n > 1000 {
			t.Errorf("the error has %d bytes", n)
		}
	}
}

// TestReportProgressRefuses reports what is no progress.
func TestReportProgressRefuses(t *testing.T) {
	t.Parallel()
	for _, p := range [][2]float64{{math.NaN(), 1}, {1, math.NaN()}, {-1, 1}, {1, -1}, {math.Inf(1), 1}, {1, math.Inf(1)}, {math.Inf(-1), 0}} {
		env := play(t, func(ctx workflow.Context) error {
			err := durablemcp.ReportProgress(ctx, p[0], p[1], "x")
			if workflow.GetInfo(ctx).Memo.GetFields()["durablemcp.progress"] != nil {
				return errors.New("it was reported")
			}
			return err
		}, nil)
		wantFailure(t, env.GetWorkflowError(), "InvalidElicitation", "is not progress")
	}
}

// TestReportProgressKeepsQuestions reports while a question is open: the details
// that people read have both.
func TestReportProgressKeepsQuestions(t *testing.T) {
	t.Parallel()
	env := play(t, func(ctx workflow.Context) ([]string, error) {
		var details []string
		note := func() { details = append(details, workflow.GetCurrentDetails(ctx)) }
		workflow.Go(ctx, func(ctx workflow.Context) {
			_ = workflow.Sleep(ctx, time.Hour)
			note()
			if err := durablemcp.ReportProgress(ctx, 1, 2, "halfway"); err != nil {
				panic(err)
			}
			note()
		})
		_, err := durablemcp.ElicitWithOptions[decision](ctx, "Pay?", durablemcp.ElicitOptions{Title: "Payment", Timeout: day})
		if !errors.Is(err, durablemcp.ErrElicitationTimedOut) {
			return nil, err
		}
		note()
		err = durablemcp.ReportProgress(ctx, 2, 0, "")
		note()
		return details, err
	}, nil)
	want := []string{"\n\n**Payment** Pay?", "1 of 2: halfway\n\n**Payment** Pay?", "1 of 2: halfway", "2"}
	if got := result[[]string](t, env); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		t.Errorf("the details were %q; want %q", got, want)
	}
}

// TestReplay replays histories that earlier versions of the library have made:
// workflows that wait for an answer must outlast an upgrade. TestInterview of
// internal/e2e has recorded them.
func TestReplay(t *testing.T) {
	t.Parallel()
	histories, err := filepath.Glob("testdata/interview/*.json")
	if err != nil || len(histories) < 2 {
		t.Fatalf("the histories are %q: %v", histories, err)
	}
	for _, history := range histories {
		replayer := worker.NewWorkflowReplayer()
		replayer.RegisterWorkflowWithOptions(interview.Workflow, workflow.RegisterOptions{Name: interview.Name})
		if err := replayer.ReplayWorkflowHistoryFromJSONFile(silent{}, history); err != nil {
			t.Errorf("%s: %v", history, err)
		}
	}
}

// silent is a Temporal logger that says nothing.
type silent struct{}

var _ log.Logger = silent{}

func (silent) Debug(string, ...any) {}
func (silent) Info(string, ...any)  {}
func (silent) Warn(string, ...any)  {}
func (silent) Error(string, ...any) {}
