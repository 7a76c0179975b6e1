package call

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
	"github.com/durablemcp/durablemcp/internal/peer"
)

func newTestAudience() *observer {
	w := &Waiter{Tool: &Tool{Name: "pay", Opts: Options{Logger: slog.New(slog.DiscardHandler)}}}
	req := &mcp.CallToolRequest{Params: &mcp.CallToolParamsRaw{Name: "pay"}}
	return &observer{Waiter: w, e: &execution.Execution{ID: "pay-1"}, c: &Call{Req: req, Peer: peer.Of(req)}, wake: make(chan struct{}, 1), elicitations: map[string]context.CancelFunc{}}
}

// TestAskingThatPanics lets asking a person panic, as an embedder's codec may. The
// call goes on without the person.
func TestAskingThatPanics(t *testing.T) {
	t.Parallel()
	a := newTestAudience() // without a session
	a.elicit(t.Context(), memo.Question{Key: "k", Mode: memo.ModeForm})
	<-a.wake
	if !a.hasElicitFailed() || a.open != 0 {
		t.Errorf("after a panic, %d people are being asked, deaf %v", a.open, a.elicitFailed)
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
	a.open, a.openSince = 1, now.Add(-maxElicitation+time.Minute)
	if got := a.deadline(over); !got.After(now) {
		t.Errorf("a person is being asked, and the deadline was %v", got)
	}
	a.openSince = now.Add(-maxElicitation)
	if got := a.deadline(over); got.After(time.Now()) {
		t.Errorf("a person was asked for %v, and the deadline is %v", maxElicitation, got)
	}
}

// Adding a thousandth each time showed 1.0019999999999998 to people.
func TestProgressWithoutAStepIsReadable(t *testing.T) {
	t.Parallel()
	told := 1.0
	for _, want := range []string{"1.001", "1.002", "1.003", "1.004"} {
		if told = nextProgress(told); fmt.Sprint(told) != want {
			t.Errorf("progress %v, want %s", told, want)
		}
	}
	for _, told := range []float64{0, 0.0004, 0.0006, 0.9999, 2.5, 1e9 + 0.1, 1e15, 1e17, 1e300, math.MaxFloat64 / 2} {
		if next := nextProgress(told); next <= told || next-told > max(0.002, told*1e-9) {
			t.Errorf("%v is followed by %v", told, next)
		}
	}
}
