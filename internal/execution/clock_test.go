package execution

import (
	"testing"
	"time"
)

// TestClock holds that the quickest request tells how far the clocks differ, that a slow
// one is no difference, and that an estimate is not kept for ever.
func TestClock(t *testing.T) {
	t.Parallel()
	var c clock
	wants := func(what string, ahead time.Duration, known bool) {
		t.Helper()
		if got, k := c.difference(); got != ahead || k != known {
			t.Errorf("%s: got %v, %v; want %v, %v", what, got, k, ahead, known)
		}
	}
	wants("nothing learned", 0, false)
	asked := time.Now()
	c.learn(asked, asked.Add(99*time.Second))
	wants("a slow request", 99*time.Second, true)
	c.learn(asked, asked.Add(90*time.Second))
	wants("a quick request", 90*time.Second, true)
	c.learn(asked, asked.Add(95*time.Second))
	wants("a slower one", 90*time.Second, true)
	c.learn(asked, asked.Add(time.Second))
	wants("the same clock", 0, true)
	c.learned = c.learned.Add(-2 * estimateAge)
	c.learn(asked, asked.Add(50*time.Second))
	wants("a clock that was set", 50*time.Second, true)
	c.learn(asked, asked.Add(-90*time.Second))
	wants("a clock that is behind", -90*time.Second, true)
}
