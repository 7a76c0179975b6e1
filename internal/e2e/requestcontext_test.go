package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp"
)

type contextUser struct{}

// contextUserOf is the user that HTTP middleware has put into a context.
func contextUserOf(ctx context.Context) string {
	user, _ := ctx.Value(contextUser{}).(string)
	return user
}

// userMiddleware puts the user of the header X-User into the context.
func userMiddleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if user := req.Header.Get("X-User"); user != "" {
			req = req.WithContext(context.WithValue(req.Context(), contextUser{}, user))
		}
		next.ServeHTTP(w, req)
	})
}

// userPropagator takes the user of the context into the workflow.
type userPropagator struct{}

const userField = "user"

func (userPropagator) Inject(ctx context.Context, w workflow.HeaderWriter) error {
	payload, err := converter.GetDefaultDataConverter().ToPayload(contextUserOf(ctx))
	if err == nil {
		w.Set(userField, payload)
	}
	return err
}

func (userPropagator) ExtractToWorkflow(ctx workflow.Context, r workflow.HeaderReader) (workflow.Context, error) {
	var user string
	if payload, ok := r.Get(userField); ok {
		if err := converter.GetDefaultDataConverter().FromPayload(payload, &user); err != nil {
			return nil, err
		}
	}
	return workflow.WithValue(ctx, contextUser{}, user), nil
}

func (userPropagator) Extract(ctx context.Context, _ workflow.HeaderReader) (context.Context, error) {
	return ctx, nil
}

func (userPropagator) InjectFromWorkflow(workflow.Context, workflow.HeaderWriter) error { return nil }

// Whoami answers with the user that the propagator has brought, and the argument.
func Whoami(ctx workflow.Context, name string) (string, error) {
	return fmt.Sprint(ctx.Value(contextUser{}), " ", name), nil
}

// oldPeer opens a session as a client of an early protocol does, on behalf of a
// user, and returns clients that use it on behalf of others.
func oldPeer(t *testing.T, url, user string) (as func(user string) rawPeer) {
	t.Helper()
	session := ""
	as = func(user string) rawPeer {
		return rawPeer{webWire{url: url, user: user, header: map[string]string{
			"Mcp-Session-Id": session, "Mcp-Protocol-Version": "2025-11-25", "Mcp-Method": "", "Mcp-Name": "",
		}}, "", declaresNothing}
	}
	m := as(user).askRaw(t, "initialize", `{"protocolVersion":"2025-11-25","capabilities":{"elicitation":{}},"clientInfo":{"name":"old","version":"1"}}`)
	if session = m.HTTPHeader.Get("Mcp-Session-Id"); session == "" {
		t.Fatalf("initialize: %s", m)
	}
	as(user).send(t, "0", `{"jsonrpc":"2.0","method":"notifications/initialized"}`).response(t)
	return as
}

// seenUsers are the users that a hook has seen in its contexts, beside those
// that were meant.
type seenUsers struct {
	mu    sync.Mutex
	calls int
	wrong []string
}

func (s *seenUsers) see(ctx context.Context, req mcp.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if want, _ := userHeader(ctx, req); contextUserOf(ctx) != want {
		s.wrong = append(s.wrong, fmt.Sprintf("%T: the context has %q, the header %q", req, contextUserOf(ctx), want))
	}
}

func (s *seenUsers) check(t *testing.T, who string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls == 0 || len(s.wrong) > 0 {
		t.Errorf("%s has seen %d requests, %d of them in the wrong context: %.3q", who, s.calls, len(s.wrong), s.wrong)
	}
}

// contextRig serves tools whose hooks, propagators and middleware go by the
// context, and nothing else.
func contextRig(t *testing.T) (url, queue string, before, after *seenUsers) {
	t.Helper()
	queue = strings.ReplaceAll(t.Name(), "/", "-")
	propagators := []workflow.ContextPropagator{userPropagator{}}
	temporal, err := devServer.NewClient(t.Context(), client.Options{Logger: quiet{}, ContextPropagators: propagators})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(temporal.Close)
	byContext := func(ctx context.Context, _ mcp.Request) (string, error) { return contextUserOf(ctx), nil }
	allow := func(ctx context.Context, r durablemcp.AccessRequest) error {
		if r.Caller.Principal != contextUserOf(ctx) || contextUserOf(ctx) != "auditor" && contextUserOf(ctx) != r.Owner.Principal {
			return errors.New("neither the owner nor the auditor")
		}
		return nil
	}
	registry, err := durablemcp.New(&durablemcp.Options{Principal: byContext, Logger: slog.New(slog.DiscardHandler), Wait: time.Minute},
		durablemcp.WorkflowTool{
			Name: "whoami", Description: "Test.", Workflow: Whoami, TaskQueue: queue, ArgNames: []string{"name"}, WorkflowID: queue + "-{name}",
		},
		durablemcp.StatusTool{Name: "status", Description: "Test.", Workflow: Whoami},
		durablemcp.StatusTool{Name: "audit", Description: "Test.", Workflow: Whoami, Allow: allow},
	)
	if err != nil {
		t.Fatal(err)
	}
	w := worker.New(temporal, queue, worker.Options{})
	if err := registry.RegisterWorkflows(w, queue); err != nil {
		t.Fatal(err)
	}
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Stop)
	server := mcp.NewServer(&mcp.Implementation{Name: "e2e", Version: "1"}, nil)
	watching := func(s *seenUsers) mcp.Middleware {
		return func(next mcp.MethodHandler) mcp.MethodHandler {
			return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
				s.see(ctx, req)
				return next(ctx, method, req)
			}
		}
	}
	before, after = new(seenUsers), new(seenUsers)
	handler := durablemcp.NewHTTPHandler(server, nil)
	server.AddReceivingMiddleware(watching(before))
	if err := registry.Mount(server, temporal); err != nil {
		t.Fatal(err)
	}
	server.AddReceivingMiddleware(watching(after))
	web := httptest.NewServer(userMiddleware(handler))
	t.Cleanup(web.Close)
	return web.URL, queue, before, after
}

// TestContextOfAnotherRequest lets two users share one session of an old client,
// whose first HTTP request was a third one's, and a new client beside it. Each
// request is made in the context of its own HTTP request.
func TestContextOfAnotherRequest(t *testing.T) {
	t.Parallel()
	url, queue, before, after := contextRig(t)
	for name, as := range map[string]func(user string) rawPeer{
		"old": oldPeer(t, url, "opener"),
		"new": func(user string) rawPeer {
			return newRawPeer(webWire{url: url, user: user}).declaring(declaresNothing)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var calls sync.WaitGroup
			for i := range 10 {
				for _, user := range []string{"ann", "bob", ""} {
					calls.Go(func() {
						workflow := fmt.Sprint(name, i)
						text, isError := ownText(t, as(user).callTool(t, "whoami", `{"name":"`+workflow+`"}`).Result)
						if want := fmt.Sprintf(`{"result":"%s %s"}`, user, workflow); isError || text != want {
							t.Errorf("%q has started a workflow of %q; want %q", user, text, want)
						}
					})
				}
			}
			calls.Wait()
			for user, allowed := range map[string]map[string]bool{
				"ann": {"status": true, "audit": true}, "bob": {}, "opener": {}, "": {}, "auditor": {"audit": true},
			} {
				for _, tool := range []string{"status", "audit"} {
					id, _ := json.Marshal(queue + "-" + name + "0:ann")
					text, isError := ownText(t, as(user).callTool(t, tool, `{"workflow_id":`+string(id)+`}`).Result)
					if isError == allowed[tool] {
						t.Errorf("%s, by %q, of the workflow of ann: %s", tool, user, text)
					}
				}
			}
			if countTools(t, as("bob")) == 0 {
				t.Error("there are no tools")
			}
		})
	}
	before.check(t, "middleware that was added before Mount")
	after.check(t, "middleware that was added after Mount")
}

// countTools counts the tools of a server.
func countTools(t *testing.T, p rawPeer) int {
	t.Helper()
	var list struct{ Tools []json.RawMessage }
	mustUnmarshal(t, p.ask(t, "tools/list", "").Result, &list)
	return len(list.Tools)
}
