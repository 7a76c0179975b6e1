package execution

import (
	"sync"
)

// A WaitLimit bounds what waits for workflows, as durablemcp.Options.MaxWaiting says: each
// wait costs Temporal a long poll.
type WaitLimit struct {
	mu    sync.Mutex
	taken int
	by    map[string]int // by principal
}

// Take takes one of a number of places for a principal, which has to release it,
// and reports whether it may. A principal can have no more places than are free
// for others, so that none can take them all; callers without a name are not one
// another's rivals.
func (p *WaitLimit) Take(of int, principal string) (release func(), ok bool) {
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

func (p *WaitLimit) release(principal string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken--
	if p.by[principal]--; p.by[principal] == 0 {
		delete(p.by, principal)
	}
}
