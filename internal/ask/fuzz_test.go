package ask

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/durablemcp/durablemcp/internal/memo"
)

// verdict is the form that the workflow of these tests asks for.
type verdict struct {
	Approve bool     `json:"approve"`
	Amount  int64    `json:"amount,omitempty" jsonschema:"minimum=1,default=7"`
	Email   string   `json:"email,omitempty" jsonschema:"format=email"`
	Colours []string `json:"colours,omitempty" jsonschema:"enum=red,enum=blue"`
}

// newVerdict returns an open question for a verdict.
func newVerdict(t testing.TB) (memo.Question, *Form) {
	t.Helper()
	f, err := FormOf(reflect.TypeFor[verdict]())
	if err != nil {
		t.Fatal(err)
	}
	return memo.Question{
		Key: "approval-00", Name: "approval", Message: "Pay?", Mode: memo.ModeForm, Schema: f.Requested(), Asked: time.Unix(1, 0),
	}, f
}

// FuzzCheck looks for an answer that a question accepts, and whose form cannot
// be read, or not with the same outcome when the workflow is replayed.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{
		`{"approve":true}`, `{"approve":true,"amount":9007199254740993,"email":"a@b.example","colours":["red","blue"]}`,
		`{"approve":"true"}`, `{"approve":true,"amount":0}`, `{"approve":true,"more":1}`, `{"approve":true,"email":"x"}`, `{"approve":null}`,
		`{"approve":true,"colours":[]}`, `{"approve":true,"colours":["green"]}`, `{"approve":true,"amount":1e2}`, `{"approve":true,"amount":1.0}`,
	} {
		f.Add("accept", seed)
	}
	f.Add("decline", `{}`)
	f.Add("cancel", `null`)
	f.Add("", `{}`)
	q, shape := newVerdict(f)
	f.Fuzz(func(t *testing.T, action, raw string) {
		a := memo.Answer{Action: action}
		if json.Unmarshal([]byte(raw), &a.Content) != nil {
			return // Temporal's data converter refuses it
		}
		content, err := Check(q, shape.Read, a)
		switch {
		case err != nil && content != nil, err == nil && action != "accept" && action != "decline" && action != "cancel":
			t.Errorf("%s %s: %s, %v", action, raw, content, err)
		case err == nil && action == "accept":
			value, err := shape.Value(content)
			if err != nil {
				t.Fatalf("%s is accepted, and cannot be read: %v", raw, err)
			}
			if v := value.Interface().(verdict); v.Amount < 1 {
				t.Errorf("%s is read as %+v", raw, v)
			}
			again, err := Check(q, shape.Read, memo.Answer{Action: "accept", Content: members(t, content)})
			if err != nil || !bytes.Equal(again, content) {
				t.Errorf("%s is checked to %s, and that to %s, %v", raw, content, again, err)
			}
		}
	})
}

func members(t *testing.T, object json.RawMessage) (m map[string]json.RawMessage) {
	t.Helper()
	if err := json.Unmarshal(object, &m); err != nil {
		t.Fatal(err)
	}
	return m
}
