package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/serviceerror"

	"github.com/durablemcp/durablemcp"
)

// verifyNameless accepts all tokens. Those of "nobody" name no user.
func verifyNameless(_ context.Context, token string, _ *http.Request) (*auth.TokenInfo, error) {
	user, _, _ := strings.Cut(token, ":")
	if user == "nobody" {
		user = ""
	}
	return &auth.TokenInfo{UserID: user, Expiration: time.Now().Add(time.Hour), Extra: map[string]any{"token": token}}, nil
}

// withToken is a transport that sends a bearer token.
type withToken string

func (token withToken) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+string(token))
	return http.DefaultTransport.RoundTrip(req)
}

// A lockedBuffer is a log that several goroutines write.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// tokenServer serves a rig's tools to callers with bearer tokens, and returns
// its address and its log.
func (r *taskRig) tokenServer(t *testing.T, o durablemcp.Options) (url string, log *lockedBuffer) {
	t.Helper()
	log = new(lockedBuffer)
	o.InlineWait, o.Wait = r.options.InlineWait, r.options.Wait
	o.Logger = slog.New(slog.NewTextHandler(log, nil))
	registry, err := durablemcp.New(&o, r.tools(r.queue)...)
	if err != nil {
		t.Fatal(err)
	}
	server := mcp.NewServer(&mcp.Implementation{Name: "e2e", Version: "1"}, nil)
	if err := registry.Mount(server, r.temporal); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(auth.RequireBearerToken(verifyNameless, nil)(durablemcp.NewHTTPHandler(server, nil)))
	t.Cleanup(web.Close)
	return web.URL, log
}

func bearer(url, token string) rawPeer {
	return newRawPeer(webWire{url: url, header: map[string]string{"Authorization": "Bearer " + token}})
}

// oldSession connects a client of an early protocol, whose requests have a token.
func oldSession(t *testing.T, url, token string) *mcp.ClientSession {
	t.Helper()
	transport := &mcp.StreamableClientTransport{Endpoint: url, HTTPClient: &http.Client{Transport: withToken(token)}}
	session, err := mcp.NewClient(&mcp.Implementation{Name: "old", Version: "1"}, nil).
		Connect(t.Context(), transport, &mcp.ClientSessionOptions{ProtocolVersion: "2025-11-25"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return session
}

// TestTokenWithoutSubject checks that verified tokens which do not name a user do
// not make one owner of all users: they are refused, by every method, with
// what to do about it.
func TestTokenWithoutSubject(t *testing.T) {
	t.Parallel()
	r := setUpTasksOf(t, options{}, matrixTools)
	url, log := r.tokenServer(t, durablemcp.Options{})
	const told = "Tell the user that the operator of this server"
	nobody, ann := bearer(url, "nobody:1"), bearer(url, "ann:1")

	for tool, arguments := range map[string]string{
		"puppet": `{"name":"n"}`, "puppet_start": `{"name":"n"}`, "puppet_result": `{"name":"n"}`,
		"open_cart": `{"customer":"n"}`, "signal": `{"workflow_id":"x","name":"tea"}`, "query": `{"workflow_id":"x","prefix":""}`,
		"update": `{"workflow_id":"x","name":"tea"}`, "result": `{"workflow_id":"x"}`, "status": `{"workflow_id":"x"}`, "cancel": `{"workflow_id":"x"}`,
		"puppet_answer": `{"name":"n","key":"k","action":"decline"}`,
	} {
		modern, isError := ownText(t, nobody.callTool(t, tool, arguments).Result)
		if !isError || !strings.Contains(modern, told) || !strings.Contains(modern, "Nothing was done") {
			t.Errorf("%s: got %s", tool, modern)
		}
	}
	old, err := oldSession(t, url, "nobody:2").CallTool(t.Context(), &mcp.CallToolParams{Name: "puppet", Arguments: json.RawMessage(`{"name":"n"}`)})
	if err != nil || !old.IsError || !strings.Contains(outcomeOf(old).Text, told) {
		t.Errorf("an old client got %+v, %v", old, err)
	}
	for _, id := range []string{"-n", "-cart-n", "-n:", "-cart-n:"} {
		_, err := r.temporal.DescribeWorkflowExecution(t.Context(), r.queue+id, "")
		if _, none := errors.AsType[*serviceerror.NotFound](err); !none {
			t.Errorf("%s was started: %v", id, err)
		}
	}

	task := ann.start(t, "puppet", "a")
	for _, method := range taskMethods {
		m := nobody.about(t, method, task.TaskID)
		if wantError(t, m, -32600, ""); m.Error != nil {
			contains(t, m.Error.Message, told, "Nothing was done")
		}
	}
	m := nobody.open(t, "subscriptions/listen", `"notifications":{"taskIds":["`+task.TaskID+`"]}`).next(t)
	if wantError(t, m, -32600, ""); m.Error != nil {
		contains(t, m.Error.Message, told)
	}
	if got := ann.get(t, task.TaskID).Status; got != "working" {
		t.Errorf("the task of ann is %s", got)
	}
	contains(t, log.String(), "Options.Principal", "UserID")
}

// TestTokenWithoutSubjectButPrincipal checks that Options.Principal can name the
// callers of tokens that have no subject, and that the name is then what
// decides.
func TestTokenWithoutSubjectButPrincipal(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	url, _ := r.tokenServer(t, durablemcp.Options{Principal: func(_ context.Context, req mcp.Request) (string, error) {
		name, _ := req.GetExtra().TokenInfo.Extra["token"].(string)
		_, name, _ = strings.Cut(name, ":")
		return name, nil
	}})
	one, two, none := bearer(url, "nobody:1"), bearer(url, "nobody:2"), bearer(url, "nobody:")
	task := one.start(t, "puppet", "a")
	if got := one.get(t, task.TaskID).Status; got != "working" {
		t.Errorf("the task is %s", got)
	}
	wantUnknown(t, two, "the task of another", task.TaskID)
	if text, isError := ownText(t, none.callTool(t, "puppet", `{"name":"b"}`).Result); !isError || !strings.Contains(text, "does not name its user") {
		t.Errorf("a caller whom Options.Principal does not name got %s", text)
	}
	wantError(t, none.about(t, "tasks/get", task.TaskID), -32600, "")
}
