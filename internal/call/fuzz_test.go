package call

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/durablemcp/durablemcp/internal/advice"
	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/memo"
)

// FuzzReadAnswer looks for a response that is read as what it does not say.
func FuzzReadAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"action":"accept","content":{"a":1e400}}`, `{"action":"accept","content":null}`, `{"action":"accept","content":[]}`,
		`{"action":"decline","content":7}`, `{"action":7}`, `{}`, `null`, `[]`, `"accept"`, ``, `{"action":"\u0000"}`,
	} {
		f.Add(seed)
	}
	w := &Waiter{Tool: &Tool{Opts: Options{MaxArgumentBytes: 1000}}}
	f.Fuzz(func(t *testing.T, raw string) {
		a, err := w.readAnswer("k", json.RawMessage(raw))
		var refused *execution.RefusedAnswerError
		if err != nil && (!errors.As(err, &refused) || refused.Reason == "") {
			t.Errorf("the error is %v", err)
		}
		if err != nil {
			return
		}
		if a.Key != "k" || a.Action == "" || a.Content != nil && a.Action != "accept" {
			t.Errorf("%q was read as %+v", raw, a)
		}
		var again memo.Answer
		if err := json.Unmarshal(advice.MustMarshal(a), &again); err != nil || again.Digest() != a.Digest() {
			t.Errorf("%+v becomes %+v on its way: %v", a, again, err)
		}
	})
}
