package e2e

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"
	sdktemporal "go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp"
)

// Number is one number.
type Number struct {
	N int64 `json:"n"`
}

func number(n int) string { return fmt.Sprintf(`{"action":"accept","content":{"n":%d}}`, n) }

// Thrice asks three times in a row under one name, and returns the sum.
func Thrice(ctx workflow.Context, name string) (int64, error) {
	var sum int64
	for i := range 3 {
		got, err := durablemcp.ElicitWithOptions[Number](ctx, fmt.Sprintf("%s, number %d?", name, i+1), durablemcp.ElicitOptions{Name: "number"})
		if err != nil {
			return 0, err
		}
		sum = sum*10 + got.N
	}
	return sum, nil
}

// TestElicitRounds asks several times through one call.
func TestElicitRounds(t *testing.T) {
	t.Parallel()
	for _, g := range generations() {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, quick(), asking(Thrice))
			call := g.begin(s, &calling{tool: "ask", arguments: ann})
			for i := range 3 {
				q := call.question()
				if want := fmt.Sprintf("ann, number %d?", i+1); q.Message != want {
					t.Fatalf("asked %q; want %q", q.Message, want)
				}
				q.answer(number(i + 1))
			}
			call.want(`{"result":123}`)
		})
	}
}

// Both asks two questions at once, and returns both answers.
func Both(ctx workflow.Context, name string) (string, error) {
	var answers [2]int64
	var errs [2]error
	wg := workflow.NewWaitGroup(ctx)
	for i, key := range []string{"left", "right"} {
		wg.Add(1)
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer wg.Done()
			got, err := durablemcp.ElicitWithOptions[Number](ctx, name+", "+key+"?", durablemcp.ElicitOptions{Name: key})
			answers[i], errs[i] = got.N, err
		})
	}
	wg.Wait(ctx)
	return fmt.Sprintf("%d-%d", answers[0], answers[1]), errors.Join(errs[:]...)
}

// TestElicitAtOnce asks two questions through one call, and answers neither
// before both are asked.
func TestElicitAtOnce(t *testing.T) {
	t.Parallel()
	for _, g := range generations() {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, quick(), asking(Both))
			call := g.begin(s, &calling{tool: "ask", arguments: ann})
			for _, q := range []*asked{call.question(), call.question()} {
				go q.answer(number(len(strings.Fields(q.Message)[1]))) // "left?" or "right?"
			}
			call.want(`{"result":"5-6"}`)
		})
	}
}

// TestElicitWrongAnswers gives wrong answers of all kinds before a right one.
// None of them adds to the history, but where a task has to ask again.
func TestElicitWrongAnswers(t *testing.T) {
	t.Parallel()
	wrong := []struct {
		answer, reason string
		unsent         bool // by the SDK's stateless client, which gives the call up
	}{
		{`{"action":"accept","content":{"approve":"maybe","email":"ann@example.com"}}`, "approve", true},
		{`{"action":"accept","content":{"approve":true}}`, "email", true},
		{`{"action":"accept"}`, "email", false},
		{`{"action":"maybe"}`, "action", false},
		{`{"action":"accept","content":{"approve":true,"email":"nobody","note":"x"}}`, "/email", false},
	}
	for _, g := range generations() {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, quick(), asking(Approve))
			call := g.begin(s, &calling{tool: "ask", arguments: ann})
			q := call.question()
			before := len(s.history(s.queue + "-ann"))
			for _, test := range wrong {
				if test.unsent && g.name == "stateless" {
					continue
				}
				q.answer(test.answer)
				q = call.question()
				contains(t, q.Message+q.reason, "Pay ann?", test.reason)
				if n := strings.Count(q.Message, "Pay ann?"); n != 1 {
					t.Errorf("asked %q", q.Message)
				}
			}
			if after := len(s.history(s.queue + "-ann")); after != before && !g.asksAnew() {
				t.Errorf("the history has grown from %d events to %d", before, after)
			}
			q.answer(`{"action":"accept","content":{"approve":true,"email":"ann@example.com","stranger":{"x":1}}}`)
			call.want(accepted)
		})
	}
}

// Once asks for a number.
func Once(ctx workflow.Context, name string) (int64, error) {
	got, err := durablemcp.Elicit[Number](ctx, "Which number, "+name+"?")
	return got.N, err
}

// TestElicitLargeNumbers answers with a number that a float64 does not hold. The
// workflow gets it as it is, or the person is asked for another one.
func TestElicitLargeNumbers(t *testing.T) {
	t.Parallel()
	const large = 9007199254740993
	for _, g := range generations() {
		if g.name == "stdio" || g.name == "session" || g.name == "stateless" {
			continue // the SDK's client does not send it as it is
		}
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, quick(), asking(Once))
			call := g.begin(s, &calling{tool: "ask", arguments: ann})
			call.question().answer(number(large))
			if g.name != "tasks" { // whose answers are not the SDK's to read
				contains(t, call.question().Message, "/n")
				return
			}
			call.want(fmt.Sprintf(`{"result":%d}`, large))
		})
	}
}

// Withdraw asks until it is signalled, and then asks something else.
func Withdraw(ctx workflow.Context, name string) (Verdict, error) {
	asking, cancel := workflow.WithCancel(ctx)
	workflow.Go(ctx, func(ctx workflow.Context) {
		workflow.GetSignalChannel(ctx, "withdraw").Receive(ctx, nil)
		cancel()
	})
	_, err := durablemcp.ElicitWithOptions[Number](asking, "How many for "+name+"?", durablemcp.ElicitOptions{Name: "number"})
	if !sdktemporal.IsCanceledError(err) {
		return Verdict{}, fmt.Errorf("the withdrawn question ended with %w", err)
	}
	return Approve(ctx, name)
}

// TestElicitWithdrawn withdraws a question while a person is being asked. The
// call goes on with the next one.
func TestElicitWithdrawn(t *testing.T) {
	t.Parallel()
	for _, g := range generations() {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, quick(), asking(Withdraw))
			id := s.queue + "-ann"
			call := g.begin(s, &calling{tool: "ask", arguments: ann})
			first := call.question()
			if err := s.temporal.SignalWorkflow(t.Context(), id, "", "withdraw", nil); err != nil {
				t.Fatal(err)
			}
			if !g.withdraws {
				eventually(t, "the question is withdrawn", func() bool {
					keys := s.questions(id)
					return len(keys) == 1 && strings.HasPrefix(keys[0], "approval-")
				})
				first.answer(number(1)) // too late
			}
			second := call.question()
			contains(t, second.Message, "Pay ann?")
			if g.withdraws {
				first.wantGone(t)
			}
			second.answer(agree)
			call.want(accepted)
			if n := s.count(id, enums.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED); n != 1 {
				t.Errorf("the workflow has accepted %d answers; want 1", n)
			}
		})
	}
}

// Impatient asks, and waits for a second.
func Impatient(ctx workflow.Context, name string) (Verdict, error) {
	return verdict(durablemcp.ElicitWithOptions[Decision](ctx, "Pay "+name+"?", durablemcp.ElicitOptions{Timeout: time.Second}))
}

// TestElicitUnanswered lets a question time out before or while a person is
// asked.
func TestElicitUnanswered(t *testing.T) {
	t.Parallel()
	for _, g := range generations() {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, quick(), asking(Impatient))
			call := g.begin(s, &calling{tool: "ask", arguments: ann})
			select {
			case q := <-call.asked:
				eventually(t, "the question is over", func() bool { return len(s.questions(s.queue+"-ann")) == 0 })
				select {
				case q.reply <- agree:
				case <-q.gone:
				}
			case <-call.done:
			}
			call.want(`{"outcome":"unanswered"}`)
		})
	}
}

// Strict returns the error of a question.
func Strict(ctx workflow.Context, name string) (Decision, error) {
	return durablemcp.ElicitWithOptions[Decision](ctx, "Pay "+name+"?", durablemcp.ElicitOptions{Timeout: 24 * time.Hour})
}

// TestElicitErrors checks what a call says if the workflow ends with the error
// of its question.
func TestElicitErrors(t *testing.T) {
	t.Parallel()
	s := newStage(t, quick(), asking(Strict))
	for name, test := range map[string]struct{ answer, errorType, message string }{
		"decline": {refuse, "ElicitationDeclined", "the person declined to answer"},
		"cancel":  {dismiss, "ElicitationCancelled", "the person dismissed the question"},
	} {
		call := generations()[0].begin(s, &calling{tool: "ask", arguments: `{"name":"` + name + `"}`})
		call.question().answer(test.answer)
		f := call.wantFailure(test.errorType)
		if f.Error.Retryable {
			t.Errorf("%s can be retried", name)
		}
		contains(t, f.Error.Message, test.message)
	}
}

// SignIn asks to open a page.
func SignIn(ctx workflow.Context, name string) (Verdict, error) {
	v, err := verdict(Decision{}, durablemcp.ElicitURL(ctx, "Sign in, "+name+".", "https://login.example/"+name, durablemcp.ElicitOptions{Title: "Login"}))
	v.Decision = nil
	return v, err
}

// urlCaps are the capabilities of clients that open pages, too.
const urlCaps = `{"elicitation":{"form":{},"url":{}}}`

// TestElicitURL asks to open a page, of clients that can and of clients that
// cannot.
func TestElicitURL(t *testing.T) {
	t.Parallel()
	for _, g := range generations() {
		for name, test := range map[string]struct{ answer, want string }{
			"accept":  {`{"action":"accept"}`, `{"outcome":"accepted"}`},
			"decline": {refuse, declined},
		} {
			t.Run(name+"/"+g.name, func(t *testing.T) {
				t.Parallel()
				s := newStage(t, quick(), asking(SignIn))
				call := g.begin(s, &calling{tool: "ask", arguments: ann, caps: urlCaps})
				q := call.question()
				wantID := g.withdraws && g.name != "tasks" // until 2025-11-25
				if q.Mode != "url" || q.URL != "https://login.example/ann" || q.Message != "Sign in, ann." || q.RequestedSchema != nil || (q.ElicitationID != "") != wantID {
					t.Errorf("asked %+v", q.ElicitParams)
				}
				q.answer(test.answer)
				call.want(test.want)
			})
		}
		if g.name == "tasks" {
			continue // the task stays as it is; see TestTaskThatNobodyCanAnswer
		}
		t.Run("forms only/"+g.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, quick(), asking(SignIn))
			result, err := g.begin(s, &calling{tool: "ask", arguments: ann}).end()
			if err != nil {
				t.Fatal(err)
			}
			contains(t, result.String(), `"url":"https://login.example/ann"`, "Sign in, ann.", "this client cannot ask", "through another client")
		})
	}
}

// TestElicitUnasked lets a workflow ask while no client waits. A client that
// comes later is asked.
func TestElicitUnasked(t *testing.T) {
	t.Parallel()
	for _, g := range generations() {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, quick(), asking(Approve))
			if _, err := generations()[0].begin(s, &calling{tool: "start", arguments: ann, caps: "{}"}).end(); err != nil {
				t.Fatal(err)
			}
			keys := s.asks(s.queue+"-ann", 1)
			call := g.begin(s, &calling{tool: "result", arguments: ann})
			call.question().answer(agree)
			call.want(accepted)
			if !strings.HasPrefix(keys[0], "approval-") {
				t.Errorf("the key is %q", keys[0])
			}
		})
	}
}

// TestElicitOfTwo asks two people for one answer. One gives it, and the other's
// question is withdrawn.
func TestElicitOfTwo(t *testing.T) {
	t.Parallel()
	for _, one := range generations() {
		for _, two := range generations() {
			t.Run(one.name+" and "+two.name, func(t *testing.T) {
				t.Parallel()
				s := newStage(t, quick(), asking(Approve))
				first := one.begin(s, &calling{tool: "ask", arguments: ann})
				answered := first.question()
				second := two.begin(s, &calling{tool: "result", arguments: ann})
				left := second.question()
				answered.answer(agree)
				first.want(accepted)
				if !two.withdraws {
					left.answer(refuse) // too late
				}
				second.want(accepted)
				if two.withdraws {
					left.wantGone(t)
				}
				if n := s.count(s.queue+"-ann", enums.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED); n != 1 {
					t.Errorf("the workflow has accepted %d answers; want 1", n)
				}
			})
		}
	}
}
