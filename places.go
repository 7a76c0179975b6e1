package durablemcp

import (
	"context"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// places are what [Options.MaxWaiting] bounds: each costs Temporal a long poll.
type places struct {
	mu    sync.Mutex
	taken int
	by    map[string]int // by principal
}

// take takes one of a number of places for a principal, which has to release it,
// and reports whether it may. A principal can have no more places than are free
// for others, so that none can take them all; callers without a name are not one
// another's rivals.
func (p *places) take(of int, principal string) (release func(), ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	free := of - p.taken
	if free <= 0 || principal != "" && p.by[principal] >= free {
		return nil, false
	}
	if p.by == nil {
		p.by = make(map[string]int)
	}
	p.taken++
	p.by[principal]++
	return func() { p.release(principal) }, true
}

func (p *places) release(principal string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken--
	if p.by[principal]--; p.by[principal] == 0 {
		delete(p.by, principal)
	}
}

// place takes a place for a caller, which has to be released in any case.
func (b *base) place(ctx context.Context, c *connection, caller Caller) (release func(), ok bool) {
	if release, ok = c.places.take(b.opts.MaxWaiting, caller.Principal); !ok {
		b.log(ctx, "too many calls and subscriptions wait (Options.MaxWaiting)", "max_waiting", b.opts.MaxWaiting)
		return func() {}, false
	}
	return release, true
}

// expiryTolerance is how long a token that has expired, which the verifier has
// accepted for clocks that differ, is good for.
const expiryTolerance = time.Minute

// expiry is when the access token of a request that began at a time expires:
// what waits for its caller ends then. It is zero if the token does not expire,
// or if there is none.
func expiry(req mcp.Request, began time.Time) time.Time {
	extra := req.GetExtra()
	if extra == nil || extra.TokenInfo == nil || extra.TokenInfo.Expiration.IsZero() {
		return time.Time{}
	}
	if at := extra.TokenInfo.Expiration; at.After(began) {
		return at
	}
	return began.Add(expiryTolerance)
}

// notAfter returns the earlier one of two times, of which the second can be zero
// for never.
func notAfter(t, limit time.Time) time.Time {
	if limit.IsZero() {
		return t
	}
	return earlier(t, limit)
}
