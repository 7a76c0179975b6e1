package listen

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

const listenParams = `{"notifications":{"taskIds":["a","b"]}}`

// newWriter opens a stream over w.
func newWriter(t *testing.T, w http.ResponseWriter) (*Writer, *Stream) {
	t.Helper()
	writer, rest := NewWriter(w, json.RawMessage(`7`), json.RawMessage(listenParams))
	if writer == nil {
		t.Fatal("there is no stream")
	}
	t.Cleanup(writer.Close)
	s := Find(metaOf(t, rest))
	if s == nil {
		t.Fatal("the stream is not found")
	}
	return writer, s
}

func event(data string) string { return "event: message\ndata: " + data + "\n\n" }

// ack is what the SDK acknowledges a request with.
var ack = event(`{"jsonrpc":"2.0","method":"` + AckMethod + `","params":{"_meta":{"` + subscriptionKey + `":7},"notifications":{"toolsListChanged":true}}}`)

func write(t *testing.T, w http.ResponseWriter, text string) {
	t.Helper()
	if n, err := w.Write([]byte(text)); n != len(text) || err != nil {
		t.Errorf("Write returned %d, %v; want %d", n, err, len(text))
	}
}

func TestWriter(t *testing.T) {
	t.Parallel()
	recorded := httptest.NewRecorder()
	w, s := newWriter(t, recorded)
	write(t, w, ": a comment\n\n")
	s.Agree("a")
	if isAcknowledged(s) {
		t.Error("acknowledged too early")
	}
	write(t, w, ack)
	if !isAcknowledged(s) {
		t.Error("not acknowledged")
	}
	if err := s.Notify("notifications/tasks", map[string]string{"taskId": "a\n"}); err != nil {
		t.Fatal(err)
	}
	if !recorded.Flushed {
		t.Error("the notification was not flushed")
	}
	other := event(`{"jsonrpc":"2.0","method":"notifications/x","params":{"text":"` + AckMethod + `"}}`)
	write(t, w, other)
	w.Close()
	w.Close()
	if err := s.Notify("notifications/tasks", struct{}{}); !errors.Is(err, errClosed) {
		t.Errorf("the error of a notification after the end is %v", err)
	}

	events := strings.SplitAfter(recorded.Body.String(), "\n\n")
	if len(events) != 5 || events[0] != ": a comment\n\n" || events[3] != other {
		t.Fatalf("got %q", events)
	}
	for i, want := range map[int]string{
		1: `{"jsonrpc":"2.0","method":"` + AckMethod + `","params":{"_meta":{"` + subscriptionKey + `":7},"notifications":{"toolsListChanged":true,"taskIds":["a"]}}}`,
		2: `{"jsonrpc":"2.0","method":"notifications/tasks","params":{"taskId":"a\n","_meta":{"` + subscriptionKey + `":7}}}`,
	} {
		data, ok := strings.CutPrefix(strings.TrimSuffix(events[i], "\n\n"), "event: message\ndata: ")
		if !ok || strings.Contains(data, "\n") {
			t.Errorf("got the event %q", events[i])
		}
		same(t, data, want)
	}
}

// TestWriterNothing checks that other requests have no writer.
func TestWriterNothing(t *testing.T) {
	t.Parallel()
	for _, params := range []string{``, `null`, `{}`, `{"notifications":{"toolsListChanged":true}}`} {
		if w, rest := NewWriter(nil, nil, json.RawMessage(params)); w != nil || string(rest) != params {
			t.Errorf("%s: got %v, %s", params, w, rest)
		}
	}
}

// TestWriterPassesErrors checks that what comes in place of an acknowledgement
// passes as it is.
func TestWriterPassesErrors(t *testing.T) {
	t.Parallel()
	recorded := httptest.NewRecorder()
	w, s := newWriter(t, recorded)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	const failure = `{"jsonrpc":"2.0","id":7,"error":{"code":-32021,"message":"no"}}`
	write(t, w, failure)
	if recorded.Code != http.StatusBadRequest || recorded.Body.String() != failure || isAcknowledged(s) {
		t.Errorf("got %d, %s", recorded.Code, recorded.Body)
	}
}

// TestWriterStrangeAcknowledgements checks that an acknowledgement which is not
// as expected is passed on.
func TestWriterStrangeAcknowledgements(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"data: " + AckMethod + "\n\n", "data: [\"" + AckMethod + "\"]\n\n", AckMethod, "data: {\"" + AckMethod + "\n\n"} {
		recorded := httptest.NewRecorder()
		w, _ := newWriter(t, recorded)
		write(t, w, text)
		if got := recorded.Body.String(); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

// brokenWriter is a response whose client is gone.
type brokenWriter struct{ http.ResponseWriter }

var errBroken = errors.New("broken pipe")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestWriterBreaks(t *testing.T) {
	t.Parallel()
	w, s := newWriter(t, brokenWriter{httptest.NewRecorder()})
	if _, err := w.Write([]byte(ack)); !errors.Is(err, errBroken) {
		t.Errorf("the error of the acknowledgement is %v", err)
	}
	if isAcknowledged(s) {
		t.Error("acknowledged, though the client is gone")
	}
	if err := s.Notify("notifications/tasks", struct{}{}); !errors.Is(err, errBroken) {
		t.Errorf("the error of a notification is %v", err)
	}
}

// exclusiveWriter is a response that notes when it is used from two sides at
// once, which the responses of net/http do not allow.
type exclusiveWriter struct {
	http.ResponseWriter

	busy   atomic.Int32
	shared atomic.Bool
}

func (w *exclusiveWriter) use() {
	if w.busy.Add(1) > 1 {
		w.shared.Store(true)
	}
	for range 10 {
		runtime.Gosched()
	}
	w.busy.Add(-1)
}

func (w *exclusiveWriter) Write(p []byte) (int, error) { w.use(); return len(p), nil }
func (w *exclusiveWriter) FlushError() error           { w.use(); return nil }

// TestWriterIsExclusive checks that the SDK, which writes an event and flushes
// it, and the stream do not get in each other's way.
func TestWriterIsExclusive(t *testing.T) {
	t.Parallel()
	under := &exclusiveWriter{ResponseWriter: httptest.NewRecorder()}
	w, s := newWriter(t, under)
	write(t, w, ack)
	var users sync.WaitGroup
	users.Go(func() {
		for range 1000 {
			write(t, w, event(`{}`))
			_ = http.NewResponseController(w).Flush()
		}
	})
	users.Go(func() {
		for range 1000 {
			_ = s.Notify("notifications/tasks", struct{}{})
		}
	})
	users.Wait()
	if under.shared.Load() {
		t.Error("the response was used from two sides at once")
	}
}
