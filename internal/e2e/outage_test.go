package e2e

import (
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/sdk/client"

	"github.com/durablemcp/durablemcp"
)

// TestTemporalUnreachable checks that a server without Temporal starts, and
// tells its callers that nothing was started.
func TestTemporalUnreachable(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{noWorker: true, newClient: func() client.Client { return lazyClient(t, closedPort(t)) }}, gateTools)
	result := r.call("gate", `{"name":"a"}`)
	f := mustFail(t, result)
	if f.Error.Type != "TemporalUnavailable" || !f.Error.Retryable {
		t.Errorf("got %+v", f.Error)
	}
	contains(t, outcomeOf(result).Text, "cannot be reached", "Nothing was started", "make the same call again")
	if containsAny(outcomeOf(result).Text+outcomeOf(result).Structured, "127.0.0.1", "dial", "rpc") {
		t.Errorf("the error shows internals: %s", outcomeOf(result).Text)
	}
}

// TestUnknownOutcome checks what a call says when Temporal takes the request
// and never answers: whether a retry is safe depends on the workflow ID.
func TestUnknownOutcome(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{noWorker: true, newClient: func() client.Client { return lazyClient(t, blackHole(t)) }}, func(queue string) []durablemcp.Tool {
		once := gateTools(queue)[0].(durablemcp.WorkflowTool)
		random := once
		random.Name, random.WorkflowID = "random", queue+"-{@uuid}"
		return []durablemcp.Tool{once, random}
	})
	safe := r.goCall("gate", `{"name":"a"}`)
	unsafe := r.goCall("random", `{"name":"a"}`)
	for result, want := range map[string]struct {
		retryable bool
		text      string
	}{
		"gate":   {true, "It is safe to make the same call again"},
		"random": {false, "could do the work a second time"},
	} {
		got := <-map[string]<-chan *mcp.CallToolResult{"gate": safe, "random": unsafe}[result]
		f := mustFail(t, got)
		if f.Error.Type != "OutcomeUnknown" && f.Error.Type != "TemporalUnavailable" {
			t.Errorf("%s: got %+v", result, f.Error)
		}
		if f.Error.Type == "OutcomeUnknown" && f.Error.Retryable != want.retryable {
			t.Errorf("%s: got %+v", result, f.Error)
		}
		if f.Error.Type == "OutcomeUnknown" {
			contains(t, outcomeOf(got).Text, want.text)
		}
	}
}

// TestArgumentsTooLarge checks the answer to arguments that the schema allows
// and Temporal does not take.
func TestArgumentsTooLarge(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{Options: durablemcp.Options{MaxArgumentBytes: 4 << 20}}, func(queue string) []durablemcp.Tool {
		return []durablemcp.Tool{durablemcp.WorkflowTool{Name: "greet", Description: "Test.", Workflow: Greet, TaskQueue: queue, WorkflowID: "greet-{@uuid}"}}
	})
	result := r.call("greet", `{"city":"`+strings.Repeat("x", 3<<20)+`"}`)
	f := mustFail(t, result)
	if f.Error.Type != "TemporalRefused" || f.Error.Retryable {
		t.Errorf("got %+v", f.Error)
	}
	contains(t, outcomeOf(result).Text, "larger than Temporal accepts", "Nothing was started", "smaller arguments")
}

// TestUnknownNamespace checks the answer of a server whose namespace is not
// there.
func TestUnknownNamespace(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{noWorker: true, newClient: func() client.Client {
		c, err := client.NewLazyClient(client.Options{HostPort: devServer.FrontendAddr(), Namespace: "nowhere", Logger: quiet{}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return c
	}}, gateTools)
	result := r.call("gate", `{"name":"a"}`)
	if f := mustFail(t, result); f.Error.Type != "TemporalRefused" || f.Error.Retryable {
		t.Errorf("got %+v", f.Error)
	}
	contains(t, outcomeOf(result).Text, "namespace does not exist in Temporal", "Nothing was started", "Tell the user")
}

func lazyClient(t *testing.T, addr string) client.Client {
	t.Helper()
	c, err := client.NewLazyClient(client.Options{
		HostPort: addr, Logger: quiet{},
		ConnectionOptions: client.ConnectionOptions{GetSystemInfoTimeout: 500 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// closedPort returns an address on which nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// blackHole returns an address that takes connections and never answers.
func blackHole(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err == nil {
				t.Cleanup(func() { _ = conn.Close() })
			}
		}
	}()
	return listener.Addr().String()
}
