// Package simulated is a stand-in for the US National Weather Service, for
// demonstrations and tests without a network.
//
// It speaks the service's wire format over real HTTP, and can be told to fail
// the way the real one does: see [Server.Fail]. The weather it reports is made
// up, and every forecast and alert says so.
package simulated

import (
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// An Endpoint is one of the kinds of requests that the service answers.
type Endpoint string

// The endpoints.
const (
	Points   Endpoint = "points"
	Forecast Endpoint = "forecast"
	Alerts   Endpoint = "alerts"
)

// An Answer is a request that was answered, for [Server.OnAnswer].
type Answer struct {
	Endpoint Endpoint
	Path     string
	Status   int
}

// A Server is a running weather service. It is safe for concurrent use.
type Server struct {
	url  string
	http *http.Server

	mu       sync.Mutex
	faults   map[Endpoint][]Fault
	broken   map[Endpoint]Fault
	asked    map[Endpoint]int
	onAnswer func(Answer)
}

// Start starts a weather service on a free port of the loopback interface.
func Start() (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the simulated weather service: %w", err)
	}
	s := &Server{
		url:    "http://" + listener.Addr().String(),
		faults: map[Endpoint][]Fault{},
		broken: map[Endpoint]Fault{},
		asked:  map[Endpoint]int{},
	}
	mux := http.NewServeMux()
	mux.Handle("GET /points/{point}", s.endpoint(Points, s.servePoint))
	mux.Handle("GET /gridpoints/{office}/{cell}/forecast", s.endpoint(Forecast, s.serveForecast))
	mux.Handle("GET /alerts/active/area/{area}", s.endpoint(Alerts, s.serveAlerts))
	mux.HandleFunc("/", notFound)
	s.http = &http.Server{Handler: requireUserAgent(mux), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.http.Serve(listener) }() // ends with Close
	return s, nil
}

// URL is the base URL of the service.
func (s *Server) URL() string { return s.url }

// Close stops the service. Requests that wait for their answer are cut off.
func (s *Server) Close() { _ = s.http.Close() }

// Fail makes the next requests to an endpoint fail, one for each fault and
// after those that were asked for earlier. Then the service answers again.
func (s *Server) Fail(endpoint Endpoint, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[endpoint] = append(s.faults[endpoint], faults...)
}

// Break makes all requests to an endpoint fail until [Server.Mend] is called.
func (s *Server) Break(endpoint Endpoint, fault Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken[endpoint] = fault
}

// Mend ends what [Server.Break] has begun.
func (s *Server) Mend(endpoint Endpoint) { s.Break(endpoint, nil) }

// Asked returns how many requests an endpoint has received.
func (s *Server) Asked(endpoint Endpoint) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[endpoint]
}

// OnAnswer calls f after each answer. There is one f; nil removes it.
func (s *Server) OnAnswer(f func(Answer)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onAnswer = f
}

// endpoint counts requests, lets the faults have their way, and reports.
func (s *Server) endpoint(name Endpoint, answer http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recorded := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
		if fault := s.nextFault(name); fault != nil {
			fault(recorded, r, answer)
		} else {
			answer(recorded, r)
		}
		s.report(Answer{Endpoint: name, Path: r.URL.Path, Status: recorded.status})
	})
}

func (s *Server) nextFault(endpoint Endpoint) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked[endpoint]++
	queue := s.faults[endpoint]
	if len(queue) == 0 {
		return s.broken[endpoint]
	}
	s.faults[endpoint] = queue[1:]
	return queue[0]
}

func (s *Server) report(answer Answer) {
	s.mu.Lock()
	f := s.onAnswer
	s.mu.Unlock()
	if f != nil {
		f(answer)
	}
}

// statusRecorder remembers the status of an answer.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (r *statusRecorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}
