package simulated

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

// A Fault spoils the answer to one request. It may write another answer, or
// spend time and then call the right one.
type Fault func(w http.ResponseWriter, r *http.Request, answer http.HandlerFunc)

// Status answers with an error status and a problem document.
func Status(status int) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
		writeProblem(w, problem{
			Type:   "UnexpectedProblem",
			Title:  http.StatusText(status),
			Detail: "The simulated service was told to fail.",
			Status: status,
		})
	}
}

// RateLimited answers 429 and asks to be left alone for some whole seconds.
func RateLimited(wait time.Duration) Fault {
	return func(w http.ResponseWriter, r *http.Request, answer http.HandlerFunc) {
		w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds())))
		Status(http.StatusTooManyRequests)(w, r, answer)
	}
}

// Malformed answers 200 with a body that breaks off.
func Malformed() Fault { return Body(`{"properties": {`) }

// Body answers 200 with a body of your own.
func Body(body string) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
		w.Header().Set("Content-Type", "application/geo+json")
		_, _ = w.Write([]byte(body))
	}
}

// Redirect answers 301 and names another URL.
func Redirect(to string) Fault {
	return func(w http.ResponseWriter, r *http.Request, _ http.HandlerFunc) {
		http.Redirect(w, r, to, http.StatusMovedPermanently)
	}
}

// HangUp closes the connection without an answer.
func HangUp() Fault {
	return func(http.ResponseWriter, *http.Request, http.HandlerFunc) {
		panic(http.ErrAbortHandler) // net/http's own way to do so
	}
}

// Slow answers rightly, but late.
func Slow(delay time.Duration) Fault {
	return func(w http.ResponseWriter, r *http.Request, answer http.HandlerFunc) {
		select {
		case <-time.After(delay):
			answer(w, r)
		case <-r.Context().Done():
		}
	}
}

// Hold answers rightly, but only when release is called. Arrived is closed
// when the request is there. Release may be called more than once.
func Hold() (hold Fault, arrived <-chan struct{}, release func()) {
	there, open := make(chan struct{}), make(chan struct{})
	hold = func(w http.ResponseWriter, r *http.Request, answer http.HandlerFunc) {
		close(there)
		select {
		case <-open:
			answer(w, r)
		case <-r.Context().Done():
		}
	}
	return hold, there, sync.OnceFunc(func() { close(open) })
}
