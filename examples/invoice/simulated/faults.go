package simulated

import (
	"bytes"
	"net/http"
	"sync"

	"github.com/durablemcp/durablemcp/examples/invoice/gateway"
)

// A Fault spoils the answer to one request. It may write another answer, or
// give the right one and spoil something else.
type Fault func(w http.ResponseWriter, r *http.Request, answer http.HandlerFunc)

// Always is a number of failures without an end.
const Always = -1

// Faults decides which requests of one kind are spoiled. What a request is
// about is its key: an invoice's ID, or an idempotency key. It is safe for
// concurrent use.
type Faults struct {
	mu     sync.Mutex
	queues map[string][]Fault // key -> of its next requests
	each   Fault              // of the first requests for each key
	times  int                // how many of them
	asked  map[string]int     // key -> requests
}

func newFaults() *Faults {
	return &Faults{queues: map[string][]Fault{}, asked: map[string]int{}}
}

// Fail spoils the next requests for a key, one for each fault and after those
// that were asked for earlier. Then the service answers again.
func (f *Faults) Fail(key string, faults ...Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queues[key] = append(f.queues[key], faults...)
}

// FailEach spoils the first requests for each key, or all with [Always]. It
// replaces what an earlier FailEach said.
func (f *Faults) FailEach(times int, fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.each, f.times = fault, times
}

// Asked returns how many requests for a key have arrived.
func (f *Faults) Asked(key string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked[key]
}

// next counts a request, and returns its fault or nil.
func (f *Faults) next(key string) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked[key]++
	if queue := f.queues[key]; len(queue) > 0 {
		f.queues[key] = queue[1:]
		return queue[0]
	}
	if f.times == Always || f.asked[key] <= f.times {
		return f.each
	}
	return nil
}

// Status answers with an error status. The request is not carried out.
func Status(status int) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
		writeJSON(w, status, problem{Code: "SIMULATED", Message: "this service is simulated and was told to fail"})
	}
}

// Mismatch is the ERP's answer that an invoice is not what was ordered.
func Mismatch(reason string) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
		writeJSON(w, http.StatusOK, match{Reason: reason})
	}
}

// InsufficientFunds is the gateway's answer that there is no money.
func InsufficientFunds() Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
		writeJSON(w, http.StatusPaymentRequired, problem{
			Code: gateway.CodeInsufficientFunds, Message: "the account has not enough money for this charge",
		})
	}
}

// HangUp closes the connection without an answer. The request is not carried
// out.
func HangUp() Fault {
	return func(http.ResponseWriter, *http.Request, http.HandlerFunc) {
		panic(http.ErrAbortHandler) // net/http's own way to do so
	}
}

// LoseAnswer carries the request out, and closes the connection without an
// answer: the caller cannot know.
func LoseAnswer() Fault {
	return func(_ http.ResponseWriter, r *http.Request, answer http.HandlerFunc) {
		answer(&keptAnswer{}, r)
		panic(http.ErrAbortHandler)
	}
}

// HoldAnswer carries the request out and closes done, but keeps the answer
// back until release is called, which may be called more than once.
func HoldAnswer() (hold Fault, done <-chan struct{}, release func()) {
	carriedOut, open := make(chan struct{}), make(chan struct{})
	hold = func(w http.ResponseWriter, r *http.Request, answer http.HandlerFunc) {
		var kept keptAnswer
		answer(&kept, r)
		close(carriedOut)
		select {
		case <-open:
			w.WriteHeader(kept.status)
			_, _ = w.Write(kept.body.Bytes())
		case <-r.Context().Done():
		}
	}
	return hold, carriedOut, sync.OnceFunc(func() { close(open) })
}

// keptAnswer is an answer that is not sent, or not yet.
type keptAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (k *keptAnswer) Header() http.Header {
	if k.header == nil {
		k.header = http.Header{}
	}
	return k.header
}

func (k *keptAnswer) WriteHeader(status int)         { k.status = status }
func (k *keptAnswer) Write(data []byte) (int, error) { return k.body.Write(data) }
