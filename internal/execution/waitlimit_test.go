package execution

import (
	"testing"
)

// TestWaitLimit takes all the places that principals can get.
func TestWaitLimit(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ of, first, second, third int }{
		{1, 1, 0, 0}, {2, 1, 1, 0}, {3, 2, 1, 0}, {10, 5, 3, 1}, {1000, 500, 250, 125},
	} {
		var p WaitLimit
		var releases []func()
		all := func(principal string) (n int) {
			for {
				release, ok := p.Take(test.of, principal)
				if !ok {
					return n
				}
				n++
				releases = append(releases, release)
			}
		}
		first, second, third := all("ann"), all("bob"), all("eve")
		if first != test.first || second != test.second || third != test.third {
			t.Errorf("of %d places, the principals have %d, %d and %d", test.of, first, second, third)
		}
		if n := all(""); first+second+third+n != test.of {
			t.Errorf("of %d places, callers without a name have %d", test.of, n)
		}
		for _, release := range releases {
			release()
		}
		if p.taken != 0 || len(p.by) != 0 {
			t.Errorf("%d places are left, by %v", p.taken, p.by)
		}
	}
}

// TestWaitLimitLeavesOne checks that one principal cannot take the last place,
// whatever it does.
func TestWaitLimitLeavesOne(t *testing.T) {
	t.Parallel()
	for of := 2; of < 50; of++ {
		var p WaitLimit
		for range 2 * of {
			_, _ = p.Take(of, "greedy")
		}
		if _, ok := p.Take(of, "another"); !ok {
			t.Errorf("of %d places, none is left", of)
		}
	}
}
