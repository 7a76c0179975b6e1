package execution

import (
	"sync"
	"time"
)

// A clock tells the time of the Temporal server, which need not be that of this machine.
// What Temporal dates is compared with it.
//
// It costs no requests: of each workflow that a tool has started, the memo has the time
// at which a server like this one sent the request, and Temporal the time at which the
// workflow started, a moment later.
type clock struct {
	mu      sync.Mutex
	ahead   time.Duration // of this machine's time
	learned time.Time     // when, zero for never
}

// estimateAge is how long an estimate holds: the clocks may have been set since.
const estimateAge = 10 * time.Minute

// learn notes what Temporal dated, and when that was asked for by this machine's time.
// Of several, the request that took the least time tells the most.
func (c *clock) learn(asked, dated time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ahead := dated.Sub(asked); ahead < c.ahead || time.Since(c.learned) > estimateAge {
		c.ahead, c.learned = ahead, time.Now()
	}
}

// noDifference is what a request can take that starts a workflow: clocks that differ by
// less are taken to be the same.
const noDifference = 2 * time.Second

// difference is how far Temporal's time is ahead of this machine's, and whether that is
// known. It is taken to be the same as long as it is not.
func (c *clock) difference() (ahead time.Duration, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ahead.Abs() < noDifference {
		return 0, !c.learned.IsZero()
	}
	return c.ahead, !c.learned.IsZero()
}
