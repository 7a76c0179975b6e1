package call

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/durablemcp/durablemcp/internal/memo"
)

// TestAnswerRule holds who may answer, for each combination of what the tools of a
// workflow type say.
func TestAnswerRule(t *testing.T) {
	t.Parallel()
	only := func(name string) AnswerFunc {
		return func(_ context.Context, r AccessRequest, _ Question) error {
			if r.Caller.Principal == name {
				return nil
			}
			return errors.New("not " + name)
		}
	}
	nobody := func(context.Context, AccessRequest, Question) error { return errors.New("nobody") }
	b := &Tool{Opts: Options{Logger: slog.New(slog.DiscardHandler)}}
	q := memo.Question{Key: "k", Asked: time.Now()}
	for name, test := range map[string]struct {
		allow []AnswerFunc
		own   AnswerFunc
		want  string // who may
	}{
		"nothing":     {nil, nil, "ann"},
		"boss":        {[]AnswerFunc{only("boss")}, nil, "boss"},
		"two agree":   {[]AnswerFunc{only("boss"), only("boss")}, nil, "boss"},
		"two differ":  {[]AnswerFunc{only("boss"), only("ann")}, nil, ""},
		"narrowed":    {[]AnswerFunc{only("boss")}, nobody, ""},
		"not widened": {[]AnswerFunc{only("boss")}, only("ann"), ""},
	} {
		rule := &AnswerRule{Allow: test.allow}
		got := ""
		for _, who := range []string{"ann", "boss", "eve", ""} {
			if rule.mayAnswer(t.Context(), b, test.own, AccessRequest{Caller: Caller{Principal: who}, Owner: "ann"}, q) {
				got += who
			}
		}
		if got != test.want {
			t.Errorf("%s: %q may answer; want %q", name, got, test.want)
		}
	}
}
