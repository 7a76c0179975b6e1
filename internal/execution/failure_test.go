package execution

import (
	"context"
	"testing"

	"go.temporal.io/api/serviceerror"
)

// TestUnanswered checks that a Temporal which answers anything is not taken for
// one that is away: it may be old, or not allow the request by which it is tried.
func TestUnanswered(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err  error
		want bool
	}{
		"answers":          {nil, false},
		"does not allow":   {serviceerror.NewPermissionDenied("no", ""), false},
		"does not know it": {serviceerror.NewUnimplemented("no"), false},
		"is busy":          {&serviceerror.ResourceExhausted{}, false},
		"is away":          {serviceerror.NewUnavailable("connection refused"), true},
		"hangs":            {serviceerror.NewDeadlineExceeded("late"), true},
		"the call is over": {context.Canceled, true},
	} {
		if got := unanswered(test.err); got != test.want {
			t.Errorf("a Temporal that %s: %v; want %v", name, got, test.want)
		}
	}
}
