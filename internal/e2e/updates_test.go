package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	sdktemporal "go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/grpc"

	"github.com/durablemcp/durablemcp"
)

// Ledger is an entity workflow whose updates end in all the ways that there are.
func Ledger(ctx workflow.Context, _ string, limit int) (int, error) {
	entries, done := 0, ""
	handlers := map[string]func(workflow.Context, bool) (string, error){
		"Book": func(_ workflow.Context, approve bool) (string, error) {
			entries++
			return fmt.Sprintf("approve=%t recorded", approve), nil
		},
		"Close": func(_ workflow.Context, approve bool) (string, error) {
			done = "close"
			return fmt.Sprintf("closed with approve=%t", approve), nil
		},
		"FailAtOnce": func(workflow.Context, bool) (string, error) {
			entries++
			return "", errors.New("the printer is on fire")
		},
		"FailLater": func(ctx workflow.Context, _ bool) (string, error) {
			entries++
			if err := workflow.Sleep(ctx, 10*time.Millisecond); err != nil {
				return "", err
			}
			return "", sdktemporal.NewApplicationError("the printer is on fire", "Fire")
		},
		"Renew": func(ctx workflow.Context, _ bool) (string, error) {
			entries++
			done = "renew"
			return "", workflow.Sleep(ctx, time.Hour)
		},
		"Leave": func(ctx workflow.Context, _ bool) (string, error) {
			entries++
			done = "close"
			return "", workflow.Sleep(ctx, time.Hour)
		},
	}
	//workflowcheck:ignore // the order of handlers does not matter
	for name, handler := range handlers {
		if err := workflow.SetUpdateHandlerWithOptions(ctx, name, handler, workflow.UpdateHandlerOptions{Validator: func(approve bool) error {
			if name == "FailAtOnce" && !approve {
				return errors.New("not now")
			}
			return nil
		}}); err != nil {
			return 0, err
		}
	}
	if err := workflow.SetQueryHandler(ctx, "Entries", func() (int, error) { return entries, nil }); err != nil {
		return 0, err
	}
	note := workflow.GetSignalChannel(ctx, "Note")
	for done == "" {
		if err := workflow.Await(ctx, func() bool { return done != "" || note.Len() > 0 }); err != nil {
			return entries, err
		}
		for note.ReceiveAsync(nil) {
			entries++
		}
	}
	if done == "renew" {
		return entries, workflow.NewContinueAsNewError(ctx, Ledger, "", limit)
	}
	return entries, nil
}

func ledgerTools(queue string) []durablemcp.Tool {
	id := queue + "-{name}"
	tools := []durablemcp.Tool{
		durablemcp.WorkflowTool{Name: "open", Description: "Test.", Workflow: Ledger, TaskQueue: queue, Mode: durablemcp.ModeStart,
			ArgNames: []string{"name", "limit"}, WorkflowID: id, SharedID: true},
		durablemcp.QueryTool{Name: "entries", Description: "Test.", Workflow: Ledger, Query: "Entries", Output: 0, WorkflowID: id},
		durablemcp.SignalTool{Name: "note_anyway", Description: "Test.", Workflow: Ledger, Signal: "Note", WorkflowID: id,
			Start: &durablemcp.StartIfAbsent{TaskQueue: queue, ArgNames: []string{"name", "limit"}, SharedID: true}},
	}
	for tool, update := range map[string]string{"book": "Book", "close": "Close", "fail_at_once": "FailAtOnce", "fail_later": "FailLater", "renew": "Renew", "leave": "Leave"} {
		t := durablemcp.UpdateTool{Name: tool, Description: "Test.", Workflow: Ledger, Update: update, WorkflowID: id,
			Input: []any{false}, ArgNames: []string{"approve"}, Output: ""}
		once := t
		once.Name, once.UpdateID = tool+"_once", tool
		anyway := t
		anyway.Name, anyway.Start = tool+"_anyway", &durablemcp.StartIfAbsent{TaskQueue: queue, ArgNames: []string{"name", "limit"}, SharedID: true}
		onceAnyway := anyway
		onceAnyway.Name, onceAnyway.UpdateID = tool+"_once_anyway", tool
		tools = append(tools, t, once, anyway, onceAnyway)
	}
	return tools
}

// TestUpdateThatActedIsNotRefused holds that only what a validator has rejected is
// said to be refused: an update that has acted may not be made again for a trifle.
func TestUpdateThatActedIsNotRefused(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{}, ledgerTools)
	for name, test := range map[string]struct {
		tool, approve, errorType string
		text                     []string
		acted                    bool
	}{
		"rejected":       {"fail_at_once", "false", "WorkflowFailed", []string{"was refused: not now", "did not take it"}, false},
		"failed at once": {"fail_at_once", "true", "WorkflowFailed", []string{"failed after the workflow had taken it: the printer is on fire", "could act a second time"}, true},
		"failed later":   {"fail_later", "true", "Fire", []string{"failed after the workflow had taken it: the printer is on fire", "could act a second time"}, true},
		"failed once":    {"fail_later_once", "true", "Fire", []string{"failed after the workflow had taken it", "gets the same answer, and does nothing"}, true},
		"continued":      {"renew", "true", "OutcomeUnknown", []string{"ended or continued as new before it answered", "It may have acted on it"}, true},
		"ended":          {"leave", "true", "OutcomeUnknown", []string{"ended or continued as new before it answered", "It may have acted on it"}, true},
	} {
		for _, with := range []string{"", "_anyway"} {
			t.Run(name+with, func(t *testing.T) {
				t.Parallel()
				address := fmt.Sprintf(`"name":%q`, strings.ReplaceAll(name, " ", "-")+with)
				r.call("open", "{"+address+`,"limit":1}`)
				limit := map[string]string{"_anyway": `,"limit":1`}[with]
				result := r.call(test.tool+with, "{"+address+limit+`,"approve":`+test.approve+"}")
				failure := mustFail(t, result).Error
				if failure.Type != test.errorType || test.acted && failure.Retryable {
					t.Errorf("got %+v; want the type %s, not retryable: %t", failure, test.errorType, test.acted)
				}
				contains(t, outcomeOf(result).Text, test.text...)
			})
		}
	}
}

// TestUpdateIDRepeated holds that an update of one ID is carried out once, and that a
// repeat gets the answer of the first one: also of a workflow which that has ended. The
// answer to other arguments is not theirs.
func TestUpdateIDRepeated(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{}, ledgerTools)
	for _, with := range []string{"", "_anyway"} {
		for tool, first := range map[string]string{"book_once": `{"result":"approve=true recorded"}`, "close_once": `{"result":"closed with approve=true"}`} {
			t.Run(tool+with, func(t *testing.T) {
				t.Parallel()
				address := fmt.Sprintf(`"name":%q`, tool+with)
				r.call("open", "{"+address+`,"limit":1}`)
				limit := map[string]string{"_anyway": `,"limit":1`}[with]
				for range 2 {
					r.want(t, tool+with, "{"+address+limit+`,"approve":true}`, first)
				}
				r.wantFailure(t, tool+with, "{"+address+limit+`,"approve":false}`, "Conflict", "with other arguments", "Nothing was done")
				if with != "" {
					r.wantFailure(t, tool+with, "{"+address+`,"limit":2,"approve":true}`, "Conflict", "with other arguments", "Nothing was started or changed")
				}
				entries := map[string]string{"book_once": `{"result":1}`, "close_once": `{"result":0}`}[tool]
				r.want(t, "entries", "{"+address+"}", entries)
			})
		}
	}
	t.Run("new run", func(t *testing.T) {
		t.Parallel()
		r.call("open", `{"name":"new","limit":1}`)
		r.want(t, "close", `{"name":"new","approve":true}`, `{"result":"closed with approve=true"}`)
		r.wantFailure(t, "close_once", `{"name":"new","approve":true}`, "WorkflowClosed", "Nothing was done")
	})
}

// TestUpdatesWithTheWrongNamespace holds that updates say what is true although
// Options.Namespace is not that of the client, which the library cannot see.
func TestUpdatesWithTheWrongNamespace(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{Options: durablemcp.Options{Namespace: "nowhere"}}, ledgerTools)
	r.call("open", `{"name":"a","limit":1}`)
	for range 2 {
		r.want(t, "book_once", `{"name":"a","approve":true}`, `{"result":"approve=true recorded"}`)
	}
	r.wantFailure(t, "book_once", `{"name":"a","approve":false}`, "Conflict", "with other arguments")
	r.wantFailure(t, "fail_at_once", `{"name":"a","approve":false}`, "WorkflowFailed", "was refused")
	r.wantFailure(t, "fail_at_once", `{"name":"a","approve":true}`, "WorkflowFailed", "failed after the workflow had taken it")
}

// TestUpdateIDAtOnce holds that of two concurrent updates of one ID with other
// arguments, one is carried out and the other one is told so.
func TestUpdateIDAtOnce(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{}, ledgerTools)
	for _, with := range []string{"", "_anyway"} {
		for i := range 10 {
			address := fmt.Sprintf(`"name":"at-once%s-%d"`, with, i)
			limit := map[string]string{"_anyway": `,"limit":1`}[with]
			if with == "" {
				r.call("open", "{"+address+`,"limit":1}`)
			}
			taken, conflicts := r.atOnce(t, "book_once"+with, "{"+address+limit+`,"approve":true}`, "{"+address+limit+`,"approve":false}`)
			if len(taken) != 1 || len(conflicts) != 1 {
				t.Errorf("of two updates with other arguments, these were taken: %v; and these not: %v", taken, conflicts)
			}
		}
	}
}

// atOnce makes calls at the same time, and returns the texts of those that succeeded
// and of those that were a conflict.
func (r *rig) atOnce(t *testing.T, tool string, arguments ...string) (taken, conflicts []string) {
	t.Helper()
	return together(t, len(arguments), func(i int) *mcp.CallToolResult { return r.call(tool, arguments[i]) })
}

func together(t *testing.T, calls int, call func(i int) *mcp.CallToolResult) (taken, conflicts []string) {
	t.Helper()
	var (
		wg      sync.WaitGroup
		results = make([]*mcp.CallToolResult, calls)
		begin   = make(chan struct{})
	)
	for i := range calls {
		wg.Go(func() {
			<-begin
			results[i] = call(i)
		})
	}
	close(begin)
	wg.Wait()
	for _, result := range results {
		text := outcomeOf(result).Text
		switch {
		case !result.IsError:
			taken = append(taken, text)
		case mustFail(t, result).Error.Type == "Conflict":
			conflicts = append(conflicts, text)
		default:
			t.Errorf("got %s", text)
		}
	}
	return taken, conflicts
}

// TestWithStartAtOnce holds that two concurrent first calls with other arguments, or of
// two callers, do not both act on the workflow of one of them; signals, which Temporal
// cannot keep from it, at least say so.
func TestWithStartAtOnce(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{Options: durablemcp.Options{Principal: userHeader}}, ledgerTools)
	ann, bob := *r, *r
	ann.session, bob.session = dialAs(t, r.url, "ann"), dialAs(t, r.url, "bob")
	for _, tool := range []string{"book_anyway", "book_once_anyway", "note_anyway"} {
		for name, call := range map[string]func(address string, i int) *mcp.CallToolResult{
			"arguments": func(address string, i int) *mcp.CallToolResult {
				return ann.call(tool, fmt.Sprintf(`{%s,"limit":%d%s}`, address, i, approves(tool)))
			},
			"callers": func(address string, i int) *mcp.CallToolResult {
				return []*rig{&ann, &bob}[i].call(tool, fmt.Sprintf(`{%s,"limit":1%s}`, address, approves(tool)))
			},
		} {
			t.Run(tool+" "+name, func(t *testing.T) {
				t.Parallel()
				for i := range 10 {
					address := fmt.Sprintf(`"name":"%s-%s-%d"`, tool, name, i)
					taken, conflicts := together(t, 2, func(i int) *mcp.CallToolResult { return call(address, i) })
					if len(taken) != 1 || len(conflicts) != 1 {
						t.Errorf("of two first calls, these were taken: %v; and these not: %v", taken, conflicts)
					}
				}
			})
		}
	}
}

func approves(tool string) string {
	if strings.HasPrefix(tool, "book") {
		return `,"approve":true`
	}
	return ""
}

// TestUpdateWaitIsBounded holds that an update which waits for the workflow's answer
// takes a place of those who wait, and ends with its server and with its token.
func TestUpdateWaitIsBounded(t *testing.T) {
	t.Parallel()
	m := newMeter()
	o := options{noWorker: true, Options: durablemcp.Options{MaxWaiting: 1, Wait: long}}
	o.client.ConnectionOptions.DialOptions = []grpc.DialOption{grpc.WithUnaryInterceptor(m.count)}
	r := setUp(t, o, ledgerTools)
	r.call("open", `{"name":"a","limit":1}`)
	server := mountTools(t, r.temporal, o.Options, ledgerTools(r.queue)...)
	book := func(session *mcp.ClientSession, name string) <-chan string {
		answered := make(chan string, 1)
		go func() {
			result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "book", Arguments: map[string]any{"name": name, "approve": true}})
			if err != nil {
				answered <- err.Error()
				return
			}
			answered <- outcomeOf(result).Text
		}()
		return answered
	}

	web := httptest.NewServer(durablemcp.NewHTTPHandler(server, nil))
	t.Cleanup(web.Close)
	session := dialAs(t, web.URL, "ann")
	waiting := book(session, "a")
	eventually(t, "the update waits", func() bool { return m.of("UpdateWorkflowExecution") > 0 })
	contains(t, within(t, "an update too many", book(session, "a")), "Too many calls are waiting", "Nothing was done")
	if err := web.Config.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	contains(t, within(t, "the update of a server that shuts down", waiting), "has not answered within", "It may still act on this")

	short := func(context.Context, string, *http.Request) (*auth.TokenInfo, error) {
		return &auth.TokenInfo{UserID: "ann", Expiration: time.Now().Add(2 * time.Second)}, nil
	}
	web = httptest.NewServer(auth.RequireBearerToken(short, nil)(durablemcp.NewHTTPHandler(mountTools(t, r.temporal, o.Options, ledgerTools(r.queue)...), nil)))
	t.Cleanup(web.Close)
	session = oldSession(t, web.URL, "ann")
	if _, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "open", Arguments: map[string]any{"name": "b", "limit": 1}}); err != nil {
		t.Fatal(err)
	}
	contains(t, within(t, "the update of a token that expires", book(session, "b")), "has not answered within")
}

// A switchedCodec is a payload codec that can fail.
type switchedCodec struct {
	converter.PayloadCodec
	fails atomic.Bool
}

func (c *switchedCodec) Encode(payloads []*common.Payload) ([]*common.Payload, error) {
	if c.fails.Load() {
		return nil, errors.New("the codec is away")
	}
	return payloads, nil
}

func (c *switchedCodec) Decode(payloads []*common.Payload) ([]*common.Payload, error) {
	return payloads, nil
}

// TestMessageThatWasNotSent holds that a message which did not leave the server, since
// its codec failed, is said to have done nothing.
func TestMessageThatWasNotSent(t *testing.T) {
	t.Parallel()
	codec := new(switchedCodec)
	o := options{}
	o.client.DataConverter = converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), codec)
	r := setUp(t, o, cartTools)
	r.call("open_cart", `{"customer":"ann"}`)
	codec.fails.Store(true)
	for _, customer := range []string{"ann", "bob"} {
		for _, tool := range []string{"add_item", "add", "add_once", "add_item_anyway", "add_anyway"} {
			if customer == "bob" && !strings.HasSuffix(tool, "anyway") {
				continue
			}
			r.wantFailure(t, tool, `{"customer":"`+customer+`","name":"tea"}`, "RequestNotSent", "Nothing was ")
		}
	}
	codec.fails.Store(false)
	r.untilPolled(t)
	r.want(t, "items", `{"customer":"ann","prefix":""}`, `{"result":[]}`)
}
