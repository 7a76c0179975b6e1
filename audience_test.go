package durablemcp

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/memo"
)

func newTestAudience() *audience {
	w := &waiter{base: &base{name: "pay", opts: Options{Logger: slog.New(slog.DiscardHandler)}}}
	req := &mcp.CallToolRequest{Params: &mcp.CallToolParamsRaw{Name: "pay"}}
	return &audience{waiter: w, e: &execution.Execution{ID: "pay-1"}, req: req, woken: make(chan struct{}, 1), asking: map[string]context.CancelFunc{}}
}

// TestAskingThatPanics lets asking a person panic, as an embedder's codec may. The
// call goes on without the person.
func TestAskingThatPanics(t *testing.T) {
	t.Parallel()
	a := newTestAudience() // without a session
	a.ask(t.Context(), memo.Question{Key: "k", Mode: memo.ModeForm})
	<-a.woken
	if !a.isDeaf() || a.busy != 0 {
		t.Errorf("after a panic, %d people are being asked, deaf %v", a.busy, a.deaf)
	}
}

// TestNobodyIsAskedForEver checks how long a call stays open for a person.
func TestNobodyIsAskedForEver(t *testing.T) {
	t.Parallel()
	a, now := newTestAudience(), time.Now()
	over := now.Add(-time.Second)
	if got := a.deadline(over); !got.Equal(over) {
		t.Errorf("nobody is asked, and the deadline is %v; want %v", got, over)
	}
	a.busy, a.since = 1, now.Add(-mostAsked+time.Minute)
	if got := a.deadline(over); !got.After(now) {
		t.Errorf("a person is being asked, and the deadline was %v", got)
	}
	a.since = now.Add(-mostAsked)
	if got := a.deadline(over); got.After(time.Now()) {
		t.Errorf("a person was asked for %v, and the deadline is %v", mostAsked, got)
	}
}

// Adding a thousandth each time showed 1.0019999999999998 to people.
func TestProgressWithoutAStepIsReadable(t *testing.T) {
	t.Parallel()
	told := 1.0
	for _, want := range []string{"1.001", "1.002", "1.003", "1.004"} {
		if told = nudged(told); fmt.Sprint(told) != want {
			t.Errorf("progress %v, want %s", told, want)
		}
	}
	for _, told := range []float64{0, 0.0004, 0.0006, 0.9999, 2.5, 1e9 + 0.1, 1e15, 1e17, 1e300, math.MaxFloat64 / 2} {
		if next := nudged(told); next <= told || next-told > max(0.002, told*1e-9) {
			t.Errorf("%v is followed by %v", told, next)
		}
	}
}
