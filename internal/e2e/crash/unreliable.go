package main

import (
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// idempotencyKey is the header by which the gateway tells a repeated charge from
// a second one.
const idempotencyKey = "Idempotency-Key"

// unreliable is a service that takes its time, and lets some first requests
// fail: with an error status, without an answer, or without an answer although
// they were carried out. What becomes of a request is up to the seed and to what
// it asks for, and not to when it comes.
func unreliable(service http.Handler, seed uint64) http.Handler {
	var mu sync.Mutex
	asked := make(map[string]bool)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		about := r.URL.Path + r.Header.Get(idempotencyKey)
		hash := fnv.New64a()
		_, _ = hash.Write([]byte(about)) // never fails
		random := rand.New(rand.NewPCG(seed, hash.Sum64()))
		mu.Lock()
		first := !asked[about]
		asked[about] = true
		mu.Unlock()
		select {
		case <-time.After(time.Duration(random.IntN(300)) * time.Millisecond):
		case <-r.Context().Done():
			return
		}
		if !first {
			service.ServeHTTP(w, r)
			return
		}
		switch random.IntN(12) {
		case 0:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 1:
			panic(http.ErrAbortHandler)
		case 2:
			service.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		default:
			service.ServeHTTP(w, r)
		}
	})
}
