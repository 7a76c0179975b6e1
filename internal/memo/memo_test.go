package memo

import (
	"encoding/json"
	"testing"
	"time"
)

// TestDurableNames pins what stands in the histories and memos of users' workflows: with
// other names or JSON, what was started before a deploy could not be read after it.
func TestDurableNames(t *testing.T) {
	t.Parallel()
	for got, want := range map[string]string{
		RecordField: "durablemcp", QuestionsField: "durablemcp.questions", ProgressField: "durablemcp.progress", UpdatedField: "durablemcp.updated",
		AnswerUpdate: "durablemcp.answer", RefusalUpdate: "durablemcp.refusal",
		TypeInvalidAnswer: "InvalidAnswer", TypeNotAsked: "QuestionNotAsked", TypeStaysOpen: "QuestionStaysOpen",
		TypeDeclined: "ElicitationDeclined", TypeDismissed: "ElicitationCancelled", TypeUnanswered: "ElicitationTimedOut",
	} {
		if got != want {
			t.Errorf("%q was %q", got, want)
		}
	}
	at := time.Unix(1, 0).UTC()
	sender := Sender{Principal: "p", Claims: map[string]string{"c": "v"}}
	for want, value := range map[string]any{
		`{"tool":"t","input":"i","given":"g","owner":"o","claims":{"c":"v"},"created":"1970-01-01T00:00:01Z","salt":"s"}`: Record{
			Tool: "t", Input: "i", Given: "g", Owner: "o", Claims: sender.Claims, Created: at, Salt: "s"},
		`{"key":"k","name":"n","title":"t","message":"m","mode":"form","schema":{},"url":"u","asked":"1970-01-01T00:00:01Z","until_accepted":true,"refused":1,"reason":"r"}`: Question{
			Key: "k", Name: "n", Title: "t", Message: "m", Mode: ModeForm, Schema: json.RawMessage(`{}`), URL: "u", Asked: at, UntilAccepted: true, Refused: 1, Reason: "r"},
		`{"done":1,"total":2,"message":"m","at":"1970-01-01T00:00:01Z"}`: Progress{Done: 1, Total: 2, Message: "m", At: at},
		`{"key":"k","action":"accept","content":{"a":1},"by":{"principal":"p","claims":{"c":"v"}}}`: Answer{
			Key: "k", Action: Accept, Content: map[string]json.RawMessage{"a": json.RawMessage(`1`)}, By: sender},
		`{"key":"k","refused":1,"reason":"r"}`: WrongAnswer{Key: "k", Refused: 1, Reason: "r"},
	} {
		if got, err := json.Marshal(value); err != nil || string(got) != want {
			t.Errorf("the JSON is %s, %v; it was %s", got, err, want)
		}
	}
	// Temporal takes an answer of one digest once, also if it is sent again by a later version.
	if got := (Answer{Key: "k", Action: Decline}).Digest(); got != "answer-k-809d8b58912dfb30" {
		t.Errorf("the digest is %s; it was another one", got)
	}
}
