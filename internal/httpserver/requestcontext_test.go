package httpserver

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

type testKey string

// TestRequestContext checks which context decides on which value, in a request
// of a session that another one has opened.
func TestRequestContext(t *testing.T) {
	t.Parallel()
	type sdkKey struct{}
	with := func(values ...string) *http.Request {
		ctx, cancel := context.WithCancel(t.Context())
		t.Cleanup(cancel)
		for i := 0; i < len(values); i += 2 {
			ctx = context.WithValue(ctx, testKey(values[i]), values[i+1]) //nolint:fatcontext // a few values
		}
		return carryValues(httptest.NewRequestWithContext(ctx, http.MethodPost, "/", nil))
	}
	opened := with("user", "ann", "only first", "x", "group", "staff")
	current := with("user", "bob", "only current", "y")
	current.Header.Add("Other", "kept")
	session, cancel := context.WithCancelCause(context.WithValue(opened.Context(), sdkKey{}, "the SDK's"))

	called := false
	handler := requestContexts(func(ctx context.Context, _ string, req mcp.Request) (mcp.Result, error) {
		called = true
		for key, want := range map[any]any{
			testKey("user"): "bob", testKey("only current"): "y", testKey("only first"): nil, testKey("group"): nil, sdkKey{}: "the SDK's",
		} {
			if got := ctx.Value(key); got != want {
				t.Errorf("%v is %v; want %v", key, got, want)
			}
		}
		child, stop := context.WithCancel(ctx)
		defer stop()
		cancel(context.DeadlineExceeded)
		<-child.Done()
		if cause := context.Cause(child); !errors.Is(cause, context.DeadlineExceeded) {
			t.Errorf("the cause is %v; want the session's", cause)
		}
		header := req.GetExtra().Header
		if header.Get(contextHeader) != "" || header.Get("Other") != "kept" {
			t.Errorf("the handler sees the headers %v", header)
		}
		return nil, nil
	})
	req := &mcp.CallToolRequest{Extra: &mcp.RequestExtra{Header: current.Header}}
	if _, err := requestContexts(handler)(session, "tools/call", req); err != nil || !called { // twice, as by two handlers of one server
		t.Fatal(err)
	}
}

// TestRequestContextForged checks that a client cannot have the context of
// another request.
func TestRequestContextForged(t *testing.T) {
	t.Parallel()
	ann := httptest.NewRequestWithContext(context.WithValue(t.Context(), testKey("user"), "ann"), http.MethodPost, "/", nil)
	victim := carryValues(ann)
	bob := httptest.NewRequestWithContext(context.WithValue(t.Context(), testKey("user"), "bob"), http.MethodPost, "/", nil)
	bob.Header.Set(contextHeader, victim.Header.Get(contextHeader))
	sent := carryValues(bob)
	_, _ = requestContexts(func(ctx context.Context, _ string, _ mcp.Request) (mcp.Result, error) {
		if got := ctx.Value(testKey("user")); got != "bob" {
			t.Errorf("the user is %v", got)
		}
		return nil, nil
	})(victim.Context(), "tools/call", &mcp.CallToolRequest{Extra: &mcp.RequestExtra{Header: sent.Header}})
}

// TestRequestContextsAreReleased checks that nothing is kept of requests that
// are over.
func TestRequestContextsAreReleased(t *testing.T) {
	t.Parallel()
	var tokens []string
	for range 100 {
		tokens = append(tokens, carryValues(httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)).Header.Get(contextHeader))
	}
	kept := func() (n int) {
		for _, token := range tokens {
			if _, ok := requestValues.Load(token); ok {
				n++
			}
		}
		return n
	}
	for deadline := time.Now().Add(time.Minute); kept() > 0; runtime.GC() {
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d are kept", kept(), len(tokens))
		}
	}
}
