package httpserver

import (
	"bytes"
	"errors"
	"net/http"
	"time"
)

// A streamWriter is a response that can take longer than the WriteTimeout of its
// [http.Server], which counts from the beginning of the request: a call waits, and
// a stream stays open. It bounds each write instead. (The ReadTimeout ends with
// the request's body.)
type streamWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	timeout time.Duration // 0 for none
	status  int
	refused func()
}

// newStreamWriter returns the response of a request. It must be closed before the
// handler returns. refused is called if the SDK refuses the request for its host.
func newStreamWriter(w http.ResponseWriter, req *http.Request, refused func()) *streamWriter {
	s := &streamWriter{ResponseWriter: w, control: http.NewResponseController(w), refused: refused}
	if server, ok := req.Context().Value(http.ServerContextKey).(*http.Server); ok && server != nil {
		s.timeout = server.WriteTimeout
	}
	s.lift()
	return s
}

// lift lets the response take as long as it likes. Writers that know no
// deadlines, such as those of tests, have none.
func (s *streamWriter) lift() { _ = s.control.SetWriteDeadline(time.Time{}) }

// limit bounds what is written next.
func (s *streamWriter) limit() {
	if s.timeout > 0 {
		_ = s.control.SetWriteDeadline(time.Now().Add(s.timeout))
	}
}

// Close bounds what the server itself writes at the end of the response.
func (s *streamWriter) Close() { s.limit() }

// Unwrap lets [http.ResponseController] find the response.
func (s *streamWriter) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// WriteHeader writes the status.
func (s *streamWriter) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

// hostRefused is how the SDK begins to say that it refuses a request for its
// host.
const hostRefused = "Forbidden: invalid Host header"

func (s *streamWriter) Write(p []byte) (int, error) {
	if s.status == http.StatusForbidden && bytes.HasPrefix(p, []byte(hostRefused)) {
		s.refused()
	}
	s.limit()
	return s.ResponseWriter.Write(p)
}

// FlushError flushes, for [http.ResponseController].
func (s *streamWriter) FlushError() error {
	s.limit()
	err := s.control.Flush()
	if err == nil || errors.Is(err, http.ErrNotSupported) {
		s.lift()
	}
	return err
}

// Flush flushes.
func (s *streamWriter) Flush() { _ = s.FlushError() }
