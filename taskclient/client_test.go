package taskclient

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net/http"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// recorder keeps the last request and answers with result.
type recorder struct {
	header http.Header
	body   string
	result string
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	r.header, r.body = req.Header, string(body)
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(`{"jsonrpc":"2.0","id":1,"result":` + r.result + `}`)),
	}, err
}

// Each request has exactly the headers and the body that the protocol wants.
func TestRequests(t *testing.T) {
	t.Parallel()
	const meta = `"io.modelcontextprotocol/clientCapabilities":{"extensions":{"io.modelcontextprotocol/tasks":{}},"elicitation":{}},` +
		`"io.modelcontextprotocol/clientInfo":{"name":"me","version":"1"},` +
		`"io.modelcontextprotocol/protocolVersion":"2026-07-28"`
	for name, test := range map[string]struct {
		send         func(context.Context, *Client) error
		result       string
		method, name string
		params       string
	}{
		"call": {
			send: func(ctx context.Context, c *Client) error {
				params := &mcp.CallToolParams{Name: "päy", Arguments: map[string]any{"amount": 3}, Meta: mcp.Meta{"own": 1, "io.modelcontextprotocol/protocolVersion": "older"}}
				_, err := c.CallTool(ctx, params)
				if len(params.Meta) != 2 || params.Meta["io.modelcontextprotocol/protocolVersion"] != "older" {
					t.Errorf("the caller's meta has become %v", params.Meta)
				}
				return err
			},
			result: `{"content":[]}`, method: "tools/call", name: "=?base64?cMOkeQ==?=",
			params: `{"_meta":{` + meta + `,"own":1},"name":"päy","arguments":{"amount":3}}`,
		},
		"get": {
			send: func(ctx context.Context, c *Client) error {
				_, err := c.Get(ctx, "t1")
				return err
			},
			result: state("t1", Working, 0, ""), method: "tasks/get", name: "t1",
			params: `{"_meta":{` + meta + `},"taskId":"t1"}`,
		},
		"update": {
			send: func(ctx context.Context, c *Client) error {
				return c.Update(ctx, "t1", mcp.InputResponseMap{"name": &mcp.ElicitResult{Action: "decline"}})
			},
			result: `{"resultType":"complete"}`, method: "tasks/update", name: "t1",
			params: `{"_meta":{` + meta + `},"taskId":"t1","inputResponses":{"name":{"action":"decline"}}}`,
		},
		"cancel": {
			send:   func(ctx context.Context, c *Client) error { return c.Cancel(ctx, "t1") },
			result: `{}`, method: "tasks/cancel", name: "t1",
			params: `{"_meta":{` + meta + `},"taskId":"t1"}`,
		},
		"listen": {
			send: func(ctx context.Context, c *Client) error {
				for _, err := range c.Listen(ctx, "t1", "t2") {
					if err != nil && !strings.Contains(err.Error(), "without acknowledging") {
						return err
					}
				}
				return nil
			},
			result: `{}`, method: "subscriptions/listen",
			params: `{"_meta":{` + meta + `},"notifications":{"taskIds":["t1","t2"]}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &recorder{result: test.result}
			c := NewHTTP("http://example.com/mcp", &Options{
				HTTPClient:     &http.Client{Transport: r},
				Implementation: &mcp.Implementation{Name: "me", Version: "1"},
				Elicit:         func(context.Context, *Question) (*mcp.ElicitResult, error) { panic("not called") },
			})
			if err := test.send(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			want := `{"jsonrpc":"2.0","id":1,"method":"` + test.method + `","params":` + test.params + `}`
			if r.body != want {
				t.Errorf("found the body\n%s\nwant\n%s", r.body, want)
			}
			headers := http.Header{
				"Accept": {"application/json, text/event-stream"}, "Content-Type": {"application/json"},
				"Mcp-Protocol-Version": {"2026-07-28"}, "Mcp-Method": {test.method},
			}
			if test.name != "" {
				headers["Mcp-Name"] = []string{test.name}
			}
			got, _ := json.Marshal(r.header)
			if want, _ := json.Marshal(headers); string(got) != string(want) {
				t.Errorf("found the headers\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestCapabilities(t *testing.T) {
	t.Parallel()
	declared := &mcp.ClientCapabilities{
		Extensions:  map[string]any{"com.example/x": map[string]any{}},
		Elicitation: &mcp.ElicitationCapabilities{URL: &mcp.URLElicitationCapabilities{}},
	}
	for want, opts := range map[string]*Options{
		`{"extensions":{"io.modelcontextprotocol/tasks":{}},"elicitation":{}}`:                            nil,
		`{"extensions":{"io.modelcontextprotocol/tasks":{}}}`:                                             {Capabilities: &mcp.ClientCapabilities{}},
		`{"extensions":{"com.example/x":{},"io.modelcontextprotocol/tasks":{}},"elicitation":{"url":{}}}`: {Capabilities: declared},
	} {
		meta := NewHTTP("http://example.com", opts).meta(nil)
		if got, err := json.Marshal(meta["io.modelcontextprotocol/clientCapabilities"]); err != nil || string(got) != want {
			t.Errorf("found %s, %v; want %s", got, err, want)
		}
		if _, ok := meta["io.modelcontextprotocol/clientInfo"]; ok {
			t.Error("a client without an implementation tells one")
		}
	}
	if len(declared.Extensions) != 1 {
		t.Errorf("the caller's extensions have become %v", declared.Extensions)
	}
}

// Mistakes of the caller are found without a request.
func TestMistakes(t *testing.T) {
	t.Parallel()
	_, c := pipe(t, nil)
	ctx := t.Context()
	wrongEndpoint := func(endpoint string) error { return NewHTTP(endpoint, nil).Cancel(ctx, "t1") }
	for name, err := range map[string]error{
		"nil params":        second(c.CallTool(ctx, nil)),
		"no tool":           second(c.CallTool(ctx, &mcp.CallToolParams{})),
		"wrong arguments":   second(c.CallTool(ctx, &mcp.CallToolParams{Name: "x", Arguments: make(chan int)})),
		"get":               second(c.Get(ctx, "")),
		"wait":              second(c.Wait(ctx, "")),
		"cancel":            c.Cancel(ctx, ""),
		"update":            c.Update(ctx, "", mcp.InputResponseMap{"k": &mcp.ElicitResult{}}),
		"no responses":      c.Update(ctx, "t1", nil),
		"listen to nothing": last(c.Listen(ctx)),
		"listen to no ID":   last(c.Listen(ctx, "t1", "")),
		"no URL":            wrongEndpoint(""),
		"no host":           wrongEndpoint("localhost:8080/mcp"),
		"no scheme":         wrongEndpoint("//example.com"),
		"no address":        wrongEndpoint("http://%"),
	} {
		if err == nil || transient(err) {
			t.Errorf("%s: found the error %v; want one that is not transient", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func last(states iter.Seq2[*Task, error]) (last error) {
	for _, err := range states {
		last = err
	}
	return last
}

func TestGetUpdateCancel(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, connect func(*Options, handler) *Client) {
		c := connect(nil, methods(map[string]handler{
			"tasks/get":    result(state("t1", Failed, 3, `,"statusMessage":"it broke","pollIntervalMs":5e3,"error":{"code":-32603,"message":"broken"}`)),
			"tasks/update": failure(jsonrpc.CodeInvalidParams, "not a name"),
			"tasks/cancel": result(`{"resultType":"complete"}`),
		}))
		task, err := c.Get(t.Context(), "t1")
		if err != nil {
			t.Fatal(err)
		}
		if !task.Done() || task.StatusMessage != "it broke" || task.Error.Message != "broken" || task.TTL != nil || task.PollInterval.Seconds() != 5 {
			t.Errorf("found the task %+v", task)
		}
		if _, err := c.Get(t.Context(), "t2"); err == nil || !strings.Contains(err.Error(), "another task") {
			t.Errorf("found the error %v for an answer about another task", err)
		}
		err = c.Update(t.Context(), "t1", mcp.InputResponseMap{"name": &mcp.ElicitResult{Action: "accept"}})
		if rpc, ok := errors.AsType[*jsonrpc.Error](err); !ok || rpc.Code != jsonrpc.CodeInvalidParams {
			t.Errorf("found the error %v; want that of the server", err)
		}
		if want := "taskclient: tasks/update: not a name (code -32602)"; err.Error() != want {
			t.Errorf("found the text %q; want %q", err, want)
		}
		if err := c.Cancel(t.Context(), "t1"); err != nil {
			t.Error(err)
		}
	})
}

// A context that is done ends a call, and the server hears of it.
func TestCancelledCall(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, connect func(*Options, handler) *Client) {
		received, cancelled := make(chan struct{}), make(chan struct{})
		c := connect(nil, func(x *exchange) {
			x.notify("notifications/progress", `{"progressToken":1,"progress":1}`)
			close(received)
			<-x.ctx.Done()
			close(cancelled)
		})
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-received; cancel() }()
		if _, err := c.CallTool(ctx, &mcp.CallToolParams{Name: "pay"}); !errors.Is(err, context.Canceled) {
			t.Errorf("found the error %v; want that of the context", err)
		}
		<-cancelled
	})
}

func TestProgress(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, connect func(*Options, handler) *Client) {
		var seen []float64
		opts := &Options{OnProgress: func(p *mcp.ProgressNotificationParams) { seen = append(seen, p.Progress) }}
		c := connect(opts, func(x *exchange) {
			x.notify("notifications/progress", `{"progressToken":7,"progress":1}`)
			x.notify("notifications/message", `{"level":"info","data":"hello"}`)
			x.notify("notifications/progress", `{"progressToken":7,"progress":"many"}`)
			x.notify("notifications/progress", `{"progressToken":7,"progress":2}`)
			x.result(`{"content":[{"type":"text","text":"done"}]}`)
		})
		params := &mcp.CallToolParams{Name: "pay"}
		params.SetProgressToken(7)
		outcome, err := c.CallTool(t.Context(), params)
		if err != nil || text(t, outcome.Result) != "done" {
			t.Fatalf("found %+v, %v", outcome, err)
		}
		if len(seen) != 2 || seen[0] != 1 || seen[1] != 2 {
			t.Errorf("found the progress %v; want 1 and 2", seen)
		}
	})
}
