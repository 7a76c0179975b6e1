package listen

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
)

// Writer is the response of a subscriptions/listen request over streamable
// HTTP: events that the SDK writes, and between them those of the stream.
type Writer struct {
	http.ResponseWriter
	stream *Stream

	mu     sync.Mutex
	acked  bool
	closed bool
}

// NewWriter opens the stream of a request, and returns its response and the
// parameters for the SDK. The writer is nil if the request names no tasks.
func NewWriter(w http.ResponseWriter, id, params json.RawMessage) (*Writer, json.RawMessage) {
	writer := &Writer{ResponseWriter: w}
	rest, stream := Open(id, params, writer.send)
	if stream == nil {
		return nil, params
	}
	writer.stream = stream
	return writer, rest
}

// Unwrap lets [http.ResponseController] set deadlines.
func (w *Writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// FlushError flushes, for [http.ResponseController].
func (w *Writer) FlushError() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// WriteHeader writes the status.
func (w *Writer) WriteHeader(status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ResponseWriter.WriteHeader(status)
}

// Close ends the stream. It must be called before the handler returns.
func (w *Writer) Close() {
	w.stream.Close()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
}

// Write writes an event of the SDK, which writes each at once.
func (w *Writer) Write(event []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.acked || !bytes.Contains(event, []byte(AckMethod)) {
		return w.ResponseWriter.Write(event)
	}
	if _, err := w.ResponseWriter.Write(w.acknowledge(event)); err != nil {
		return 0, err
	}
	w.acked = true
	w.stream.sent()
	return len(event), nil
}

// acknowledge adds the agreed IDs to the event of the acknowledgement.
func (w *Writer) acknowledge(event []byte) []byte {
	var out []byte
	for line := range bytes.Lines(event) {
		if data, ok := bytes.CutPrefix(line, []byte("data: ")); ok {
			if message := object(bytes.TrimSpace(data)); message != nil {
				message["params"] = w.stream.Acknowledge(message["params"])
				line = append(append([]byte("data: "), marshal(message)...), '\n')
			}
		}
		out = append(out, line...)
	}
	return out
}

var errClosed = errors.New("the stream is closed")

// send writes a notification as an event.
func (w *Writer) send(method string, params json.RawMessage) error {
	message := marshal(map[string]any{"jsonrpc": "2.0", "method": method, "params": params})
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return errClosed
	}
	if _, err := w.ResponseWriter.Write([]byte("event: message\ndata: " + string(message) + "\n\n")); err != nil {
		return err
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}
