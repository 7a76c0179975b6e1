package main

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// A kill is one that is planned.
type kill struct {
	after  int           // the number of the call with whose start it is due
	delay  time.Duration // after that, so that it meets calls at all stages
	victim int
}

// A killer kills processes while calls are under way, and starts them again.
// Calls that come after a kill's turn wait until it is done.
type killer struct {
	plan    []kill
	victims []*replica

	mu       sync.Mutex
	changed  *sync.Cond
	started  int // calls
	underWay int
	done     []killed
	over     bool
}

// A killed is a kill that has happened.
type killed struct {
	victim   string
	underWay int // calls
	err      error
}

// newKiller spreads the kills over the calls.
func newKiller(c config, victims []*replica) *killer {
	k := &killer{victims: victims}
	k.changed = sync.NewCond(&k.mu)
	random := rand.New(rand.NewPCG(c.seed, 1))
	for i := range c.kills {
		first, end := i*c.calls/c.kills, (i+1)*c.calls/c.kills
		k.plan = append(k.plan, kill{
			after: first + random.IntN(end-first), delay: time.Duration(random.IntN(500)) * time.Millisecond, victim: random.IntN(len(victims)),
		})
	}
	slices.SortStableFunc(k.plan, func(a, b kill) int { return a.after - b.after })
	return k
}

// starts says that a call is about to start, after the kills whose turn was
// before. If there are no calls left to meet, those wait for this one.
func (k *killer) starts(number int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for !k.over && k.underWay > 0 && len(k.done) < len(k.plan) && k.plan[len(k.done)].after < number {
		k.changed.Wait()
	}
	k.started, k.underWay = number, k.underWay+1
	k.changed.Broadcast()
}

// ended says that a call has ended.
func (k *killer) ended() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.underWay--
	k.changed.Broadcast()
}

// abandon ends the killing.
func (k *killer) abandon() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.over = true
	k.changed.Broadcast()
}

// run kills what is planned, until ctx is done.
func (k *killer) run(ctx context.Context) {
	defer context.AfterFunc(ctx, k.abandon)()
	for _, next := range k.plan {
		if !k.await(func() bool { return k.started >= next.after && k.underWay > 0 }) {
			return
		}
		late := false
		timer := time.AfterFunc(next.delay, func() {
			k.mu.Lock()
			defer k.mu.Unlock()
			late = true
			k.changed.Broadcast()
		})
		goesOn := k.await(func() bool { return late || k.underWay <= 1 }) // before the last one has ended
		timer.Stop()
		if !goesOn {
			return
		}
		k.strike(ctx, k.victims[next.victim])
	}
}

// await waits until a condition holds, and reports whether the killing goes on.
func (k *killer) await(condition func() bool) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	for !k.over && !condition() {
		k.changed.Wait()
	}
	return !k.over
}

// strike kills a process and starts it again.
func (k *killer) strike(ctx context.Context, victim *replica) {
	k.mu.Lock()
	underWay := k.underWay
	k.mu.Unlock()
	victim.kill()
	err := victim.start(ctx)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.done = append(k.done, killed{victim.name, underWay, err})
	k.changed.Broadcast()
}
