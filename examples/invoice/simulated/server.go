// Package simulated has stand-ins for the ERP and the payment gateway, for
// demonstrations and tests without a network.
//
// They are real HTTP services on the loopback interface, and can be told to
// fail the way real ones do: see [Faults]. No money moves.
package simulated

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// An Answer is a request that was answered.
type Answer struct {
	Method, Path string
	Key          string // what the request is about: an invoice, or an idempotency key
	Status       int
	Body         string
}

// server is what both services have in common. It is safe for concurrent use.
type server struct {
	url  string
	mux  *http.ServeMux
	http *http.Server

	mu       sync.Mutex
	onAnswer func(Answer)
}

// start listens on a free port of the loopback interface, until Close: the
// context is for the start only.
func start(ctx context.Context, name string) (*server, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the simulated %s: %w", name, err)
	}
	mux := http.NewServeMux()
	s := &server{
		url:  "http://" + listener.Addr().String(),
		mux:  mux,
		http: &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second},
	}
	go func() { _ = s.http.Serve(listener) }() // ends with Close
	return s, nil
}

// URL is the base URL of the service.
func (s *server) URL() string { return s.url }

// Close stops the service. Requests that wait for their answer are cut off.
func (s *server) Close() { _ = s.http.Close() }

// OnAnswer calls f after each answer. There is one f; nil removes it.
func (s *server) OnAnswer(f func(Answer)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onAnswer = f
}

// handle lets the faults have their way, and reports.
func (s *server) handle(pattern string, faults *Faults, key func(*http.Request) string, answer http.HandlerFunc) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		recorded := &recorder{ResponseWriter: w, status: http.StatusOK}
		if fault := faults.next(key(r)); fault != nil {
			fault(recorded, r, answer)
		} else {
			answer(recorded, r)
		}
		s.report(Answer{Method: r.Method, Path: r.URL.Path, Key: key(r), Status: recorded.status, Body: recorded.body.String()})
	})
}

func (s *server) report(answer Answer) {
	s.mu.Lock()
	f := s.onAnswer
	s.mu.Unlock()
	if f != nil {
		f(answer)
	}
}

// recorder remembers an answer.
type recorder struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(data []byte) (int, error) {
	r.body.Write(data)
	return r.ResponseWriter.Write(data)
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		return // the client is gone
	}
}

// problem is how both services explain errors.
type problem struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}
