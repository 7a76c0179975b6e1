package bench

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

// A contender is one of several ways to get the same thing done.
type contender struct {
	name string
	do   func(i int) error // i is another one for each call
}

// A score is what a contender has needed.
type score struct {
	latencies []time.Duration
	elapsed   time.Duration
	calls     int
	mallocs   uint64
}

// race lets the contenders take turns, in an order that is drawn again for each
// round. In its turn, a contender makes a number of calls through each of its
// callers, which call at once.
func race(b *testing.B, rounds, callers, calls int, contenders ...contender) map[string]*score {
	b.Helper()
	scores := make(map[string]*score)
	for _, c := range contenders {
		scores[c.name] = new(score)
		turn(b, c, new(score), callers, calls, 0) // to warm up
	}
	n := callers * calls
	for b.Loop() {
		for range rounds {
			for _, k := range rand.Perm(len(contenders)) {
				turn(b, contenders[k], scores[contenders[k].name], callers, calls, n)
				n += callers * calls
			}
		}
	}
	b.ReportMetric(0, "ns/op")
	return scores
}

func turn(b *testing.B, c contender, s *score, callers, calls, from int) {
	b.Helper()
	latencies := make([]time.Duration, callers*calls)
	errs := make([]error, callers)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	var group sync.WaitGroup
	for caller := range callers {
		work := func() {
			for i := range calls {
				k := caller*calls + i
				began := time.Now()
				if err := c.do(from + k); err != nil {
					errs[caller] = err
				}
				latencies[k] = time.Since(began)
			}
		}
		if callers == 1 {
			work()
			break
		}
		group.Go(work)
	}
	group.Wait()
	s.elapsed += time.Since(start)
	runtime.ReadMemStats(&after)
	for _, err := range errs {
		if err != nil {
			b.Fatalf("%s: %v", c.name, err)
		}
	}
	s.latencies = append(s.latencies, latencies...)
	s.calls += callers * calls
	s.mallocs += after.Mallocs - before.Mallocs
}

// quantile returns the latency that a part of the calls stays below, in µs.
func (s *score) quantile(part float64) float64 {
	slices.Sort(s.latencies)
	i := min(int(part*float64(len(s.latencies))), len(s.latencies)-1)
	return float64(s.latencies[i].Nanoseconds()) / 1000
}

func (s *score) p50() float64       { return s.quantile(0.50) }
func (s *score) p99() float64       { return s.quantile(0.99) }
func (s *score) perSecond() float64 { return float64(s.calls) / s.elapsed.Seconds() }
func (s *score) allocs() float64    { return float64(s.mallocs) / float64(s.calls) }

// reportLatencies reports the times and the throughput of each contender.
func reportLatencies(b *testing.B, scores map[string]*score) {
	for name, s := range scores {
		b.ReportMetric(s.p50(), name+"-p50-µs")
		b.ReportMetric(s.p99(), name+"-p99-µs")
		b.ReportMetric(s.perSecond(), name+"/s")
	}
}
