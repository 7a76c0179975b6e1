package httpserver

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/peer"
)

// slowServer has one tool, which answers when gate is closed.
func slowServer() (server *mcp.Server, entered, gate chan struct{}) {
	entered, gate = make(chan struct{}), make(chan struct{})
	server = mcp.NewServer(&mcp.Implementation{Name: "slow", Version: "1"}, nil)
	server.AddTool(&mcp.Tool{Name: "slow", InputSchema: map[string]any{"type": "object"}},
		func(ctx context.Context, _ *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			close(entered)
			select {
			case <-gate:
				return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "done at last"}}}, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		})
	return server, entered, gate
}

// writeUntilTimeout is a handler that writes until the server's WriteTimeout stops it.
func writeUntilTimeout(w http.ResponseWriter, _ *http.Request) {
	for {
		_, err := w.Write(bytes.Repeat([]byte("x"), 4096))
		if err == nil {
			err = http.NewResponseController(w).Flush()
		}
		if err != nil {
			return
		}
	}
}

// TestServerTimeouts lets a call wait for longer than the timeouts of the
// http.Server, for both generations of client and both versions of HTTP. A
// request that began after the call, and was stopped by the timeout, shows that
// they have passed.
func TestServerTimeouts(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"2025-06-18", "2025-11-25", peer.StatelessProtocol} {
		for name, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
			t.Run(version+" "+name, func(t *testing.T) {
				t.Parallel()
				server, entered, gate := slowServer()
				var streams atomic.Int64
				handler := NewHandler(server, nil)
				mux := http.NewServeMux()
				mux.HandleFunc("/timeout", writeUntilTimeout)
				mux.HandleFunc("/mcp", func(w http.ResponseWriter, req *http.Request) {
					if req.Method == http.MethodGet {
						streams.Add(1)
					}
					handler.ServeHTTP(wrappedWriter{w}, req)
				})
				web := httptest.NewUnstartedServer(mux)
				web.EnableHTTP2 = http2
				web.Config.ReadTimeout, web.Config.WriteTimeout = 900*time.Millisecond, time.Second
				web.StartTLS()
				t.Cleanup(web.Close)

				session, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(),
					&mcp.StreamableClientTransport{Endpoint: web.URL + "/mcp", HTTPClient: web.Client(), MaxRetries: -1},
					&mcp.ClientSessionOptions{ProtocolVersion: version})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = session.Close() })
				go func() {
					<-entered
					resp, err := web.Client().Get(web.URL + "/timeout")
					if err == nil {
						_, err = io.Copy(io.Discard, resp.Body)
						_ = resp.Body.Close()
					}
					if err == nil {
						t.Error("the timeout has stopped nothing")
					}
					close(gate)
				}()
				result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "slow"})
				if err != nil || result.Content[0].(*mcp.TextContent).Text != "done at last" {
					t.Errorf("got %+v, %v", result, err)
				}
				if n := streams.Load(); n > 1 {
					t.Errorf("the client has opened its standing stream %d times", n)
				}
			})
		}
	}
}

// wrappedWriter is a response as middleware wraps it.
type wrappedWriter struct{ http.ResponseWriter }

func (w wrappedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// TestWriteTimeoutBoundsEachWrite checks that a client which reads nothing does
// not hold a stream for ever, although its response may take as long as it
// likes.
func TestWriteTimeoutBoundsEachWrite(t *testing.T) {
	t.Parallel()
	stopped := make(chan error, 1)
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		stream := newStreamWriter(w, req, nil)
		defer stream.Close()
		for {
			if _, err := stream.Write(bytes.Repeat([]byte("x"), 1<<16)); err != nil {
				stopped <- err
				return
			}
			stream.Flush()
		}
	}))
	web.Config.WriteTimeout = 100 * time.Millisecond
	web.Start()
	t.Cleanup(web.Close)
	resp, err := web.Client().Get(web.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	<-stopped
}

// TestInvalidHost checks that a request which the SDK's DNS rebinding protection
// refuses is explained in the log, once, and that the option named there helps.
func TestInvalidHost(t *testing.T) {
	t.Parallel()
	for _, disabled := range []bool{false, true} {
		var log bytes.Buffer
		server, _, _ := slowServer()
		handler := NewHandler(server, &mcp.StreamableHTTPOptions{
			Logger: slog.New(slog.NewTextHandler(&log, nil)), DisableLocalhostProtection: disabled,
		})
		web := httptest.NewServer(handler)
		t.Cleanup(web.Close)
		for _, version := range []string{"2025-11-25", peer.StatelessProtocol, peer.StatelessProtocol} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, web.URL, strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"ping"}`))
			if err != nil {
				t.Fatal(err)
			}
			req.Host = "tunnel.example"
			req.Header.Set("Mcp-Protocol-Version", version)
			resp, err := web.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if refused := resp.StatusCode == http.StatusForbidden; refused == disabled {
				t.Errorf("%s, disabled %v: the status is %s", version, disabled, resp.Status)
			}
		}
		want := 1
		if disabled {
			want = 0
		}
		if n := strings.Count(log.String(), "DisableLocalhostProtection"); n != want || want == 1 && !strings.Contains(log.String(), "host=tunnel.example") {
			t.Errorf("the log is %s", log.String())
		}
	}
}
