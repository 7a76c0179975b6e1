package listen

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A sent is a notification that a stream has sent.
type sent struct{ method, params string }

// recorder keeps what is sent through it.
type recorder struct {
	mu   sync.Mutex
	sent []sent
	err  error
}

func (r *recorder) send(method string, params json.RawMessage) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent = append(r.sent, sent{method, string(params)})
	return r.err
}

// open opens a stream, which must be there, and closes it after the test.
func open(t *testing.T, id, params string, r *recorder) (json.RawMessage, *Stream) {
	t.Helper()
	rest, s := Open(json.RawMessage(id), json.RawMessage(params), r.send)
	if s == nil {
		t.Fatalf("%s opens no stream", params)
	}
	t.Cleanup(s.Close)
	return rest, s
}

// metaOf is the _meta of parameters, as the SDK passes it on.
func metaOf(t *testing.T, params json.RawMessage) map[string]any {
	t.Helper()
	var p struct {
		Meta map[string]any `json:"_meta"`
	}
	if err := json.Unmarshal(params, &p); err != nil {
		t.Fatal(err)
	}
	return p.Meta
}

func same(t *testing.T, got, want string) {
	t.Helper()
	var a, b any
	if json.Unmarshal([]byte(got), &a) != nil || json.Unmarshal([]byte(want), &b) != nil || !reflect.DeepEqual(a, b) {
		t.Errorf("got %s; want %s", got, want)
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		params, notifications string
		ids                   []string
	}{
		{`{"notifications":{"taskIds":["a","b"]}}`, `{}`, []string{"a", "b"}},
		{`{"notifications":{"taskIds":[]}}`, `{}`, []string{}},
		{`{"notifications":{"taskIds":["a"],"toolsListChanged":true,"n":12345678901234567890},"_meta":{"k":[1]},"x":null}`,
			`{"toolsListChanged":true,"n":12345678901234567890}`, []string{"a"}},
		{`{"notifications":{"taskIds":null}}`, `{}`, nil},
		{`{"notifications":{"taskIds":7}}`, `{}`, nil},
		{`{"notifications":{"taskIds":{"a":"b"}}}`, `{}`, nil},
		{`{"notifications":{"taskIds":["a",7]}}`, `{}`, nil},
		{`{"notifications":{"taskIds":["a"]},"_meta":7}`, `{}`, []string{"a"}},
		{`{"notifications":{"taskIds":["a"]},"_meta":{"durablemcp/stream":"mine"}}`, `{}`, []string{"a"}},
	} {
		rest, s := open(t, "1", test.params, &recorder{})
		if !slices.Equal(s.TaskIDs, test.ids) || (s.TaskIDs == nil) != (test.ids == nil) {
			t.Errorf("%s asks for %#v; want %#v", test.params, s.TaskIDs, test.ids)
		}
		same(t, string(object(rest)["notifications"]), test.notifications)
		if Find(metaOf(t, rest)) != s {
			t.Errorf("%s: the stream is not found", test.params)
		}
		s.Close()
		s.Close()
		if Find(metaOf(t, rest)) != nil {
			t.Errorf("%s: the stream is found after it was closed", test.params)
		}
	}
}

// TestOpenNothing checks that everything else passes as it is.
func TestOpenNothing(t *testing.T) {
	t.Parallel()
	for _, params := range []string{
		``, `null`, `[]`, `7`, `"text"`, `{`, `{}`, `{"notifications":null}`, `{"notifications":[]}`, `{"notifications":"taskIds"}`,
		`{"notifications":{}}`, `{"notifications":{"toolsListChanged":true}}`, `{"notifications":{"TaskIds":["a"]}}`, `{"taskIds":["a"]}`,
		`{"Notifications":{"taskIds":["a"]}}`, ` { "notifications" : { "toolsListChanged" : true } } `,
	} {
		if rest, s := Open(json.RawMessage("1"), json.RawMessage(params), nil); s != nil || string(rest) != params {
			t.Errorf("%s: got %s and the stream %v", params, rest, s)
		}
	}
}

// TestOpenKeepsTheRest checks that what a client says beside the IDs reaches the
// SDK to the digit.
func TestOpenKeepsTheRest(t *testing.T) {
	t.Parallel()
	rest, _ := open(t, "1", `{"_meta":{"a":{"b":[1.50]}},"notifications":{"taskIds":["a"],"big":12345678901234567890.10},"more":[null]}`, &recorder{})
	for _, part := range []string{`"a":{"b":[1.50]}`, `"big":12345678901234567890.10`, `"more":[null]`} {
		if !strings.Contains(string(rest), part) {
			t.Errorf("%s lacks %s", rest, part)
		}
	}
}

func TestFindNothing(t *testing.T) {
	t.Parallel()
	open(t, "1", `{"notifications":{"taskIds":["a"]}}`, &recorder{})
	for _, meta := range []map[string]any{
		nil, {}, {tokenKey: nil}, {tokenKey: ""}, {tokenKey: "guess"}, {tokenKey: 7.0}, {tokenKey: map[string]any{}}, {tokenKey: []any{"a"}},
	} {
		if s := Find(meta); s != nil {
			t.Errorf("%v finds %v", meta, s)
		}
	}
}

func TestAcknowledge(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ params, agreed, want string }{
		{`{"notifications":{},"_meta":{"s":1}}`, "a b", `{"notifications":{"taskIds":["a","b"]},"_meta":{"s":1}}`},
		{`{"notifications":{"toolsListChanged":true}}`, "a", `{"notifications":{"toolsListChanged":true,"taskIds":["a"]}}`},
		{`{"notifications":{"toolsListChanged":true}}`, "", `{"notifications":{"toolsListChanged":true}}`},
		{`{"_meta":{}}`, "", `{"_meta":{},"notifications":{}}`},
		{`{"notifications":null}`, "a", `{"notifications":{"taskIds":["a"]}}`},
		{`{"notifications":7}`, "a", `{"notifications":{"taskIds":["a"]}}`},
		{`null`, "a", `{"notifications":{"taskIds":["a"]}}`},
		{`[1]`, "a", `{"notifications":{"taskIds":["a"]}}`},
		{``, "a", `{"notifications":{"taskIds":["a"]}}`},
	} {
		_, s := open(t, "1", `{"notifications":{"taskIds":["a"]}}`, &recorder{})
		s.Agree(strings.Fields(test.agreed)...)
		same(t, string(s.Acknowledge(json.RawMessage(test.params))), test.want)
		select {
		case <-s.Acknowledged():
			t.Error("acknowledged before the acknowledgement was sent")
		default:
		}
		s.sent()
		s.sent()
		<-s.Acknowledged()
	}
}

func TestNotify(t *testing.T) {
	t.Parallel()
	for _, id := range []string{`1`, `"1"`, `"a b"`, `9007199254740993`} {
		r := new(recorder)
		_, s := open(t, id, `{"notifications":{"taskIds":["a"]}}`, r)
		for _, params := range []any{map[string]any{}, struct{}{}, map[string]any{"_meta": map[string]any{"k": 1}}, json.RawMessage(`{"n":12345678901234567890}`)} {
			if err := s.Notify("notifications/tasks", params); err != nil {
				t.Error(err)
			}
		}
		for i, want := range []string{
			`{"_meta":{"` + subscriptionKey + `":` + id + `}}`, `{"_meta":{"` + subscriptionKey + `":` + id + `}}`,
			`{"_meta":{"` + subscriptionKey + `":` + id + `,"k":1}}`, `{"_meta":{"` + subscriptionKey + `":` + id + `},"n":12345678901234567890}`,
		} {
			if got := r.sent[i]; got != (sent{"notifications/tasks", want}) {
				t.Errorf("sent %v; want %s", got, want)
			}
		}
		if err := s.Notify("notifications/tasks", func() {}); err == nil {
			t.Error("what cannot be marshalled was sent")
		}
		r.err = errors.New("gone")
		if err := s.Notify("notifications/tasks", struct{}{}); !errors.Is(err, r.err) {
			t.Errorf("the error is %v; want that of the connection", err)
		}
	}
}

// TestTokensDiffer checks that one client's stream cannot be another's.
func TestTokensDiffer(t *testing.T) {
	t.Parallel()
	seen := make(map[any]bool)
	for i := range 100 {
		rest, _ := open(t, fmt.Sprint(i), `{"notifications":{"taskIds":["a"]}}`, &recorder{})
		token := metaOf(t, rest)[tokenKey]
		if text, _ := token.(string); len(text) < 22 || seen[token] {
			t.Errorf("the token is %v", token)
		}
		seen[token] = true
	}
}

// FuzzOpen opens streams with whatever a client may send.
func FuzzOpen(f *testing.F) {
	for _, params := range []string{
		``, `null`, `[]`, `{}`, `{"notifications":{"taskIds":["a"]}}`, `{"notifications":{"taskIds":[7,null]},"_meta":{"durablemcp/stream":"x"}}`,
		`{"notifications":{"taskIds":["a"],"taskIds":["b"]},"notifications":{"taskIds":7}}`, `{"notifications":{"taskIds":"\ud800"},"_meta":[]}`,
		`{"notifications":{"taskIds":["a"],"` + "\xff" + `":1}}`,
	} {
		f.Add(`1`, params)
		f.Add(`"x"`, params)
	}
	f.Add(``, `{"notifications":{"taskIds":["a"]}}`)
	f.Fuzz(func(t *testing.T, id, params string) {
		if !json.Valid([]byte(id)) && id != "" {
			return // the message would not have been read
		}
		r := new(recorder)
		rest, s := Open(json.RawMessage(id), json.RawMessage(params), r.send)
		if s == nil {
			if string(rest) != params {
				t.Errorf("%q became %q", params, rest)
			}
			return
		}
		defer s.Close()
		if !json.Valid(rest) {
			t.Fatalf("%q became %q", params, rest)
		}
		if object(object(rest)["notifications"])["taskIds"] != nil {
			t.Errorf("the SDK sees the IDs: %q", rest)
		}
		if Find(metaOf(t, rest)) != s {
			t.Errorf("%q: the stream is not found", rest)
		}
		before, after := object(json.RawMessage(params)), object(rest)
		for key, value := range before {
			if key != "notifications" && key != "_meta" {
				same(t, string(after[key]), string(value))
			}
		}
		if id == "" {
			return
		}
		s.Agree(s.TaskIDs...)
		if ack := s.Acknowledge(json.RawMessage(params)); !json.Valid(ack) {
			t.Errorf("the acknowledgement is %q", ack)
		}
		if err := s.Notify("n", before); err != nil || !json.Valid([]byte(r.sent[0].params)) {
			t.Errorf("sent %v: %v", r.sent, err)
		}
	})
}
