// Package codec tests that with an encrypting payload codec, whoever has
// Temporal's database has nothing of the work in it.
package codec

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"

	"github.com/durablemcp/durablemcp"
	"github.com/durablemcp/durablemcp/internal/e2e/devserver"
	"github.com/durablemcp/durablemcp/taskclient"
)

// TestEncryption looks for secrets in the database. That they are there without
// encryption shows that they would be found.
func TestEncryption(t *testing.T) {
	t.Parallel()
	t.Run("none", func(t *testing.T) {
		t.Parallel()
		database := play(t, client.Options{})
		for _, secret := range stored {
			if !bytes.Contains(database, []byte(secret)) {
				t.Errorf("%s is not in the database: the search does not find it", secret)
			}
		}
	})
	t.Run("AES-GCM", func(t *testing.T) {
		t.Parallel()
		data := converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), newEncryption(t))
		database := play(t, client.Options{
			DataConverter: data,
			FailureConverter: temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{
				DataConverter: data, EncodeCommonAttributes: true,
			}),
		})
		for _, secret := range append(stored, passing...) {
			if bytes.Contains(database, []byte(secret)) {
				t.Errorf("%s is in the database", secret)
			}
		}
		for _, known := range readable {
			if !bytes.Contains(database, []byte(known)) {
				t.Errorf("%s is not in the database", known)
			}
		}
	})
}

// play runs everything, and returns Temporal's database.
func play(t *testing.T, opts client.Options) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	file := filepath.Join(t.TempDir(), "temporal.db")
	server, err := devserver.Start(ctx, devserver.Options{DataFile: file})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	url := serve(ctx, t, server, opts)

	tasks := &script{t: t, asked: make(chan struct{})}
	client := taskclient.NewHTTP(url, &taskclient.Options{Elicit: tasks.elicit})
	outcome, err := client.CallTool(ctx, &mcp.CallToolParams{Name: "deal", Arguments: order{7, argument}})
	if err != nil || outcome.Task == nil {
		t.Fatalf("got %+v, %v; want a task", outcome, err)
	}
	ended := make(chan string, 1)
	go func() {
		r, err := client.Wait(ctx, outcome.Task.ID)
		ended <- fmt.Sprint(text(r), err)
	}()
	select {
	case <-tasks.asked:
	case <-ctx.Done():
		t.Fatal("nobody was asked")
	}
	session := connect(ctx, t, url)
	must(ctx, t, session, "look", `{"id":7}`, progressMessage)
	must(ctx, t, session, "inquire", `{"id":7,"word":"`+queryArgument+`"}`, queryResult)
	must(ctx, t, session, "reply", `{"id":7,"word":"`+updateArgument+`"}`, updateResult)
	must(ctx, t, session, "go", `{"id":7,"word":"`+signalArgument+`"}`, "deal-7")
	if got := <-ended; !strings.Contains(got, result) {
		t.Errorf("the task has ended with %s", got)
	}
	must(ctx, t, session, "await", `{"id":7}`, result)
	must(ctx, t, session, "fail", `{"id":8,"item":"`+argument+`"}`, failure)
	_, err = session.CallTool(ctx, params("refuse", `{"id":9,"item":"`+argument+`"}`))
	if err == nil || !strings.Contains(err.Error(), protocolMessage) {
		t.Errorf("refuse: %v", err)
	}
	return read(t, file)
}

// serve runs a worker and an MCP server, and returns the address of that.
func serve(ctx context.Context, t *testing.T, server *devserver.Server, opts client.Options) string {
	t.Helper()
	c, err := server.NewClient(ctx, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	registry, err := durablemcp.New(&durablemcp.Options{
		InlineWait: time.Millisecond, Logger: slog.New(slog.DiscardHandler),
		Principal: func(context.Context, mcp.Request) (string, error) { return owner, nil },
	}, tools()...)
	if err != nil {
		t.Fatal(err)
	}
	w := worker.New(c, queue, worker.Options{})
	if err := registry.RegisterWorkflows(w, queue); err != nil {
		t.Fatal(err)
	}
	w.RegisterActivity(work)
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Stop)
	s := mcp.NewServer(&mcp.Implementation{Name: "codec", Version: "1"}, nil)
	if err := registry.Mount(s, c); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(durablemcp.NewHTTPHandler(s, nil))
	t.Cleanup(web.Close)
	return web.URL
}

// A script is what a person answers.
type script struct {
	t     *testing.T
	asked chan struct{}
}

func (s *script) elicit(_ context.Context, q *taskclient.Question) (*mcp.ElicitResult, error) {
	if q.Params.Message != questionMessage {
		s.t.Errorf("the person was asked %q", q.Params.Message)
	}
	close(s.asked)
	return &mcp.ElicitResult{Action: "accept", Content: map[string]any{"word": answered}}, nil
}

func connect(ctx context.Context, t *testing.T, url string) *mcp.ClientSession {
	t.Helper()
	c := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	session, err := c.Connect(ctx, &mcp.StreamableClientTransport{Endpoint: url}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return session
}

func params(tool, arguments string) *mcp.CallToolParams {
	return &mcp.CallToolParams{Name: tool, Arguments: json.RawMessage(arguments)}
}

// must calls a tool, whose answer must have a text.
func must(ctx context.Context, t *testing.T, session *mcp.ClientSession, tool, arguments, want string) {
	t.Helper()
	got, err := session.CallTool(ctx, params(tool, arguments))
	if err != nil || !strings.Contains(text(got), want) {
		t.Errorf("%s: %s, %v", tool, text(got), err)
	}
}

func text(r *mcp.CallToolResult) (all string) {
	if r == nil {
		return ""
	}
	for _, content := range r.Content {
		if c, ok := content.(*mcp.TextContent); ok {
			all += c.Text
		}
	}
	return all
}

// read returns the database with all that SQLite keeps beside it.
func read(t *testing.T, file string) (all []byte) {
	t.Helper()
	names, err := filepath.Glob(file + "*")
	if err != nil || len(names) < 2 {
		t.Fatalf("the database is %v, %v", names, err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, data...)
	}
	return all
}
