package task

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/durablemcp/durablemcp/internal/listen"
)

// FuzzTaskFront looks for requests that the front of the HTTP handler passes on
// as others than they are, or with a header that names another task.
func FuzzTaskFront(f *testing.F) {
	for _, body := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{"taskId":"a"}}`, `{"params":{"taskId":"=?base64?YQ==?="}}`, `{"params":{"taskId":7}}`,
		`{"jsonrpc":"2.0","id":"x","method":"subscriptions/listen","params":{"notifications":{"taskIds":["a"]}}}`, `{"params":[]}`, `[]`, ``, `{`,
	} {
		for _, name := range []string{"", "a", "=?base64?YQ==?=", "=?base64??=", "=?base64?"} {
			f.Add(MethodGet, name, body)
			f.Add(listen.Method, name, body)
		}
	}
	f.Fuzz(func(t *testing.T, method, name, body string) {
		passed, got := false, []byte(nil)
		front := NewHandler(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
			passed = true
			got, _ = io.ReadAll(req.Body)
		}), 0)
		req := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		req.Header["Mcp-Method"], req.Header["Mcp-Name"] = []string{method}, []string{name}
		w := httptest.NewRecorder()
		front.ServeHTTP(w, req)
		switch isTask := method == MethodGet || method == MethodUpdate || method == MethodCancel; {
		case !passed && (!isTask || w.Code != http.StatusBadRequest || !json.Valid(w.Body.Bytes())):
			t.Errorf("refused with %d %s", w.Code, w.Body)
		case passed && method != listen.Method && string(got) != body:
			t.Errorf("%s became %s", body, got)
		case passed && isTask && name != "" && taskIn(body) != plain(name):
			t.Errorf("the header %q passed with %s", name, body)
		}
	})
}

// taskIn is the task ID in a request as the SDK reads it, which tells names
// apart by case.
func taskIn(body string) string {
	var message, params map[string]json.RawMessage
	var id string
	if json.Unmarshal([]byte(body), &message) == nil && json.Unmarshal(message["params"], &params) == nil {
		_ = json.Unmarshal(params["taskId"], &id) // empty if it is none
	}
	return id
}

// plain is what a header stands for.
func plain(header string) string {
	encoded, ok := strings.CutPrefix(header, "=?base64?")
	if encoded, end := strings.CutSuffix(encoded, "?="); ok && end {
		if data, err := base64.StdEncoding.DecodeString(encoded); err == nil {
			return string(data)
		}
	}
	return header
}
