package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/sdk/v1"

	"github.com/durablemcp/durablemcp/examples/internal/exampletest"
	"github.com/durablemcp/durablemcp/examples/internal/story"
	"github.com/durablemcp/durablemcp/examples/invoice/billing"
	"github.com/durablemcp/durablemcp/examples/invoice/simulated"
	"github.com/durablemcp/durablemcp/taskclient"
)

// The kinds of clients that can ask a person.
const (
	sessions = "2025-11-25" // asks on the open call
	rounds   = "2026-07-28" // asks in multi round-trip requests
	tasks    = "tasks"      // has a task that requires input
)

// A person sits in front of a client, and is asked.
type person struct {
	asked     chan *mcp.ElicitParams
	answers   chan *mcp.ElicitResult
	withdrawn chan struct{} // closed when a question is taken back
	progress  chan string   // what the client is told in the meantime
}

func newPerson() *person {
	return &person{make(chan *mcp.ElicitParams, 100), make(chan *mcp.ElicitResult, 100), make(chan struct{}), make(chan string, 1000)}
}

func (p *person) ask(ctx context.Context, question *mcp.ElicitParams) (*mcp.ElicitResult, error) {
	p.asked <- question
	select {
	case answer := <-p.answers:
		return answer, nil
	case <-ctx.Done():
		close(p.withdrawn)
		return nil, ctx.Err()
	}
}

func decision(what, reason string) *mcp.ElicitResult {
	return &mcp.ElicitResult{Action: "accept", Content: map[string]any{"decision": what, "reason": reason}}
}

// connectTasks connects a client that knows tasks, for a person. Without one,
// the client says that it can ask, and its Wait returns what it is to ask.
func connectTasks(url, token string, p *person) *taskclient.Client {
	opts := &taskclient.Options{
		HTTPClient:   &http.Client{Transport: story.Bearer(token)},
		Capabilities: &mcp.ClientCapabilities{Elicitation: &mcp.ElicitationCapabilities{}},
	}
	if p != nil {
		opts.Elicit = func(ctx context.Context, q *taskclient.Question) (*mcp.ElicitResult, error) {
			return p.ask(ctx, q.Params)
		}
	}
	return taskclient.NewHTTP(url, opts)
}

// connectPerson connects a client of a protocol version, for a person.
func connectPerson(t *testing.T, url, token, version string, p *person) *caller {
	t.Helper()
	transport := &mcp.StreamableClientTransport{Endpoint: url, HTTPClient: &http.Client{Transport: story.Bearer(token)}}
	return &caller{t, exampletest.Connect(t, transport, version, &mcp.ClientOptions{
		ElicitationHandler: func(ctx context.Context, req *mcp.ElicitRequest) (*mcp.ElicitResult, error) {
			return p.ask(ctx, req.Params)
		},
		ProgressNotificationHandler: func(_ context.Context, req *mcp.ProgressNotificationClientRequest) {
			p.progress <- req.Params.Message
		},
	})}
}

// review reviews an invoice through a kind of client, in the background.
func (r *rig) review(t *testing.T, kind string, in invoice, p *person) <-chan answer {
	t.Helper()
	if kind != tasks {
		return connectPerson(t, r.url, approverToken, kind, p).start("review_invoice", in.arg())
	}
	client := connectTasks(r.url, approverToken, p)
	task := exampletest.MustBecomeTask(t, client, "review_invoice", in.arg())
	answers := make(chan answer, 1)
	go func() { answers <- answerOf(client.Wait(t.Context(), task.ID)) }()
	return answers
}

// Whatever the client's generation, the human in front of it is asked, and the
// answer decides: not before it is valid.
func TestReview(t *testing.T) {
	t.Parallel()
	r := shared(t)
	for _, kind := range []string{sessions, rounds, tasks} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			p := newPerson()
			in := newInvoice(t, large, small)
			r.connect(t, submitterToken).submit(in)
			reviewed := r.review(t, kind, in, p)

			question := exampletest.Receive(t, p.asked, "the question")
			want := `Invoice "` + in.ID + `" of "Acme Ltd" for $440.00 ("item 1", "item 2") waits for your decision. Without one, it is rejected on `
			if !strings.HasPrefix(question.Message, want) {
				t.Errorf("asked %q, want %q", question.Message, want)
			}
			if schema := mustJSON(t, question.RequestedSchema); !strings.Contains(schema, `"enum":["approve","reject"]`) {
				t.Errorf("the form is %s", schema)
			}
			if kind != rounds { // where the SDK's client itself makes an error of a wrong answer
				p.answers <- decision("reject", " ")
				again := exampletest.Receive(t, p.asked, "the question after a wrong answer")
				if !strings.HasPrefix(again.Message, want) {
					t.Errorf("asked again with %q", again.Message)
				}
			}
			p.answers <- decision("approve", "as agreed")
			status := exampletest.Receive(t, reviewed, "the end of the review").mustBe(t, billing.Paid, "all lines are paid")
			if got := status.History[3].Reason; got != "approved by approver: as agreed" {
				t.Errorf("the decision is recorded as %q", got)
			}
			r.mustHaveCharged(t, in, 1, 2)
		})
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestReviewRejects(t *testing.T) {
	t.Parallel()
	r := shared(t)
	for _, kind := range []string{sessions, rounds, tasks} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			p := newPerson()
			in := newInvoice(t, large)
			r.connect(t, submitterToken).submit(in)
			p.answers <- decision("reject", "never ordered")
			reviewed := r.review(t, kind, in, p)
			exampletest.Receive(t, reviewed, "the end of the review").mustBe(t, billing.Rejected, "rejected by approver: never ordered")
			r.mustHaveCharged(t, in)
		})
	}
}

// A decision by a tool withdraws the question, and the review says how it was
// decided.
func TestDecisionWithdrawsTheQuestion(t *testing.T) {
	t.Parallel()
	r := shared(t)
	for _, kind := range []string{sessions, rounds, tasks} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			p := newPerson()
			in := newInvoice(t, large)
			in.Lines[0].DueDate = mustParseDate(t, "2099-12-31")
			model := r.connect(t, submitterToken)
			model.submit(in)
			reviewed := r.review(t, kind, in, p)
			exampletest.Receive(t, p.asked, "the question")
			r.connect(t, approverToken).call("approve_invoice", in.arg(`"comment":"as agreed"`)).mustBe(t, billing.Approved, "as agreed")
			if kind == sessions {
				exampletest.Receive(t, p.withdrawn, "the question to be taken back")
			} else { // the client does not hear of it before it answers
				p.answers <- decision("reject", "too late")
			}
			model.awaitState(in, billing.Paying)
			model.call("withdraw_invoice", in.arg())
			status := exampletest.Receive(t, reviewed, "the end of the review").mustBe(t, billing.Failed, "0 of 1 lines are paid")
			if got := status.History[3].Reason; got != "approved by approver: as agreed" {
				t.Errorf("the decision is recorded as %q", got)
			}
			r.mustHaveCharged(t, in)
		})
	}
}

// An invoice that is reviewed too early asks when it is time.
func TestReviewBeforeItIsTime(t *testing.T) {
	t.Parallel()
	r := shared(t)
	p := newPerson()
	in := newInvoice(t, large)
	hold, arrived, release := simulated.HoldAnswer()
	defer release()
	r.erp.Matching.Fail(in.ID, hold)
	r.connect(t, submitterToken).submit(in)
	exampletest.Receive(t, arrived, "the ERP to be asked")
	client := connectTasks(r.url, approverToken, p)
	task := exampletest.MustBecomeTask(t, client, "review_invoice", in.arg())
	if got := exampletest.MustGet(t, client, task.ID); got.Status != taskclient.Working || !strings.HasPrefix(got.StatusMessage, "0 of 3: PENDING-VALIDATION: the ERP is asked") {
		t.Errorf("before it is time, the task is %s: %s", got.Status, got.StatusMessage)
	}
	release()
	p.answers <- decision("approve", "as agreed")
	answerOf(client.Wait(t.Context(), task.ID)).mustBe(t, billing.Paid, "all lines are paid")
}

// An answer and a tool that contradict each other at the same moment: one
// counts.
func TestContradictingAnswerAndTool(t *testing.T) {
	t.Parallel()
	r := shared(t)
	p := newPerson()
	in := newInvoice(t, large)
	model := r.connect(t, submitterToken)
	model.submit(in)
	reviewed := r.review(t, sessions, in, p)
	exampletest.Receive(t, p.asked, "the question")
	p.answers <- decision("approve", "as agreed")
	rejection := exampletest.Receive(t, r.connect(t, approverToken).start("reject_invoice", in.arg(`"reason":"never ordered"`)), "the rejection")
	status := exampletest.Receive(t, reviewed, "the end of the review")
	if rejection.IsError {
		status.mustBe(t, billing.Paid, "all lines are paid")
		r.mustHaveCharged(t, in, 1)
		return
	}
	rejection.mustBe(t, billing.Rejected, "never ordered")
	status.mustBe(t, billing.Rejected, "never ordered")
	r.mustHaveCharged(t, in)
}

// Whoever may read of an invoice, or review it, does not withdraw it by cancelling
// a task.
func TestReadersDoNotCancel(t *testing.T) {
	t.Parallel()
	r := shared(t)
	in := newInvoice(t, large)
	model := r.connect(t, submitterToken)
	model.submit(in)
	client := connectTasks(r.url, approverToken, nil)
	for _, tool := range []string{"await_invoice", "review_invoice"} {
		task := exampletest.MustBecomeTask(t, client, tool, in.arg())
		refused, ok := errors.AsType[*jsonrpc.Error](client.Cancel(t.Context(), task.ID))
		if !ok || refused.Code != jsonrpc.CodeInvalidParams {
			t.Errorf("cancelling the task of %s: %v", tool, refused)
		}
	}
	r.connect(t, approverToken).call("approve_invoice", in.arg())
	model.mustEnd(in, billing.Paid, "all lines are paid")
}

// What the Web UI shows of an invoice: its state, and below that what it asks,
// for as long as it does.
func TestWebUIShowsStateAndQuestion(t *testing.T) {
	t.Parallel()
	r := shared(t)
	in := newInvoice(t, large)
	model := r.connect(t, submitterToken)
	model.submit(in)
	model.awaitState(in, billing.PendingApproval)
	details := r.details(t, in)
	for _, want := range []string{"1 of 3: PENDING-APPROVAL: a total of $100.00 or more needs", "**Approval of invoice " + in.ID + `** Invoice "` + in.ID + `" of "Acme Ltd"`} {
		if !strings.Contains(details, want) {
			t.Errorf("the details are %q, without %q", details, want)
		}
	}
	r.connect(t, approverToken).call("reject_invoice", in.arg(`"reason":"never ordered"`)).mustBe(t, billing.Rejected, "")
	model.mustEnd(in, billing.Rejected, "")
	if details := r.details(t, in); details != "3 of 3: REJECTED: rejected by approver: never ordered" {
		t.Errorf("at the end, the details are %q", details)
	}
	if got := model.call("inspect_invoice", in.arg()); strings.Contains(got.Structured, "waits for your decision") {
		t.Errorf("at the end, it still asks: %s", got.Structured)
	}
}

// details are what the workflow says of itself.
func (r *rig) details(t *testing.T, in invoice) string {
	t.Helper()
	var metadata sdk.WorkflowMetadata
	value, err := r.service.temporal.Client.QueryWorkflow(t.Context(), "invoice-"+in.ID, "", "__temporal_workflow_metadata")
	if err == nil {
		err = value.Get(&metadata)
	}
	if err != nil {
		t.Fatal(err)
	}
	return metadata.GetCurrentDetails()
}
