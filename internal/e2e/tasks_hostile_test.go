package e2e

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp"
)

// TestTaskBadParams sends the methods about tasks parameters that are none, and
// looks at whether the server survives and says what is wrong.
func TestTaskBadParams(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	clients := r.clients(t)
	clients["http"] = newRawPeer(webWire{url: r.url, header: map[string]string{"Mcp-Protocol-Version": "2026-07-28"}})
	for name, c := range clients {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id := c.start(t, "puppet", name).TaskID
			meta := c.meta("")
			r.asks(t, c, name, id, 1, "ask q")
			before := r.quiet(t, name)
			deep := strings.Repeat(`[`, 500) + strings.Repeat(`]`, 500)
			for _, method := range taskMethods {
				for _, params := range []string{``, `null`, `[]`, `[1,2]`, `7`, `"text"`, `true`, `{}`, deep} {
					m := c.askRaw(t, method, params)
					if !slices.Contains([]int{-32602, -32021}, m.code()) {
						t.Errorf("%s with the params %.40s: got %s", method, params, m)
					}
				}
				for _, bad := range []string{
					``, `"taskId":null`, `"taskId":7`, `"taskId":1e400`, `"taskId":true`, `"taskId":{}`, `"taskId":["` + id + `"]`, `"taskId":""`,
					`"taskid":"` + id + `"`, `"TaskID":"` + id + `"`, `"taskId":` + deep, `"taskId":"` + strings.Repeat("x", 100_000) + `"`,
					`"taskId":"` + id + `","taskId":null`,
				} {
					m := c.askRaw(t, method, `{`+strings.Trim(bad+`,"inputResponses":{},`+meta, ",")+`}`)
					wantError(t, m, -32602, "")
					if m.Error != nil && (m.Error.Message == "" || strings.Contains(m.Error.Message, "durablemcp.")) {
						t.Errorf("%s with %.40s: the error is %q", method, bad, m.Error.Message)
					}
				}
			}
			for _, bad := range []string{
				``, `,"inputResponses":null`, `,"inputResponses":[]`, `,"inputResponses":7`, `,"inputResponses":"text"`, `,"inputResponses":true`,
				`,"inputresponses":{}`, `,"inputResponses":` + deep,
			} {
				m := c.ask(t, "tasks/update", `"taskId":"`+id+`"`+bad)
				wantError(t, m, -32602, "")
				if m.Error != nil && !strings.Contains(m.Error.Message, "inputResponses") {
					t.Errorf("with %.40s: the error is %q; want it to name the parameter", bad, m.Error.Message)
				}
			}
			// What is too much is ignored.
			m := c.ask(t, "tasks/get", `"taskId":"`+id+`","inputResponses":7,"requestState":"x","task":{"ttl":1}`)
			if task := readTask(t, m.Result); task.Status != "input_required" {
				t.Errorf("got %s", m)
			}
			if after := r.quiet(t, name); after != before {
				t.Errorf("the history grew from %d to %d", before, after)
			}
		})
	}
}

// TestTaskMethodsNeedAnID checks that notifications with the names of the
// methods do nothing.
func TestTaskMethodsNeedAnID(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	c := r.pipe(t)
	id := c.start(t, "puppet", "a").TaskID
	for _, method := range taskMethods {
		c.rawWire.(*pipeWire).write(t, `{"jsonrpc":"2.0","method":"`+method+`","params":{"taskId":"`+id+`","inputResponses":{},`+c.meta("")+`}}`)
	}
	if task := c.get(t, id); task.Status != "working" {
		t.Errorf("the task is %s", task.Status)
	}
	r.order(t, "a", "report 1")
	c.untilIt(t, id, "has reported", func(task wireTask) bool { return strings.Contains(task.StatusMessage, "step 1") })
	if r.cancelRequested(t, "a") {
		t.Error("the notification has cancelled the workflow")
	}
}

// TestTaskLegacy checks that a client of an earlier protocol sees nothing of the
// extension, whatever it declares.
func TestTaskLegacy(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	id := r.web("").start(t, "puppet", "a").TaskID
	for name, modern := range r.clients(t) {
		for _, version := range []string{"2025-11-25", "2025-06-18"} {
			t.Run(name+" "+version, func(t *testing.T) {
				t.Parallel()
				c := r.legacy(t, modern.rawWire, version)
				for _, method := range taskMethods {
					for _, params := range []string{`{"taskId":"` + id + `","inputResponses":{}}`, `{"taskId":"unknown"}`, `{}`, ``, `null`} {
						m := c.askRaw(t, method, params)
						wantError(t, m, -32601, "")
					}
				}
				m := c.askRaw(t, "tools/call", `{"name":"puppet","arguments":{"name":"a"}}`)
				wantNotTask(t, m)
				if text, isError := ownText(t, m.Result); isError || !strings.Contains(text, "is still running") {
					t.Errorf("got %s", m)
				}
				if strings.Contains(string(m.Result), "resultType") {
					t.Errorf("the result has what this protocol does not know: %s", m)
				}
				wantError(t, c.askRaw(t, "tools/call", `{"name":"puppet_required","arguments":{"name":"a"}}`), -32021, missingCapability)
			})
		}
	}
}

// legacy returns a client with a session of its own of an earlier protocol,
// which declares the extension.
func (r *taskRig) legacy(t *testing.T, w rawWire, version string) rawPeer {
	t.Helper()
	c := rawPeer{rawWire: w}
	if _, ok := w.(*pipeWire); ok {
		c.rawWire = r.pipe(t).rawWire
	}
	m, session := c.initialize(t, version)
	if web, ok := c.rawWire.(webWire); ok {
		web.header = map[string]string{"Mcp-Session-Id": session, "Mcp-Protocol-Version": version, "Mcp-Method": "", "Mcp-Name": ""}
		c.rawWire = web
	}
	var result struct {
		ProtocolVersion string
		Capabilities    map[string]json.RawMessage
	}
	if err := json.Unmarshal(m.Result, &result); err != nil || result.ProtocolVersion != version {
		t.Fatalf("initialize has answered with %s: %v", m, err)
	}
	if result.Capabilities["extensions"] != nil || result.Capabilities["tasks"] != nil || strings.Contains(string(m.Result), "tasks") {
		t.Errorf("the server declares %s", m.Result)
	}
	return c
}

// initialize begins a session, and returns its ID over HTTP.
func (p rawPeer) initialize(t *testing.T, version string) (m rawMessage, session string) {
	t.Helper()
	params := `{"protocolVersion":"` + version + `","capabilities":` + declaresTasks + `,"clientInfo":{"name":"raw","version":"1"}}`
	s := p.openRaw(t, "initialize", params)
	m = s.response(t)
	if w, ok := p.rawWire.(*pipeWire); ok {
		w.write(t, `{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	}
	return m, m.HTTPHeader.Get("Mcp-Session-Id")
}

// TestTaskNameHeader checks the header by which proxies find the way.
func TestTaskNameHeader(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	id := r.web("").start(t, "puppet", "a").TaskID
	other := r.web("").start(t, "puppet", "b").TaskID
	encoded := func(s string) string { return "=?base64?" + base64.StdEncoding.EncodeToString([]byte(s)) + "?=" }
	for _, method := range taskMethods {
		for name, test := range map[string]struct {
			header string
			ok     bool
		}{
			"the ID":              {id, true},
			"none":                {"", true},
			"the ID in base64":    {encoded(id), true},
			"another ID":          {other, false},
			"another in base64":   {encoded(other), false},
			"nothing in base64":   {"=?base64??=", false},
			"no base64":           {"=?base64?" + id + "!?=", false},
			"the tool":            {"puppet", false},
			"a part":              {id[:10], false},
			"more":                {id + "x", false},
			"the ID in capitals":  {strings.ToUpper(id), false},
			"half the mark":       {"=?base64?" + base64.StdEncoding.EncodeToString([]byte(id)), false},
			"a space in base64":   {encoded(id + " "), false},
			"the ID twice":        {id + "," + id, false},
			"the ID and a second": {id + ", " + other, false},
		} {
			c := newRawPeer(webWire{url: r.url, header: map[string]string{"Mcp-Name": test.header}})
			m := c.about(t, method, id)
			if test.ok {
				if m.Error != nil {
					t.Errorf("%s with %s in the header: got %s", method, name, m)
				}
				continue
			}
			wantError(t, m, -32020, "")
			if m.HTTPStatus != 400 {
				t.Errorf("%s with %s in the header: the status is %d", method, name, m.HTTPStatus)
			}
		}
	}
	// What the header is held to is what the server goes by.
	for _, params := range []string{
		`"taskId":"` + id + `","TASKID":"` + other + `"`, `"taskId":"` + id + `","taskid":"` + other + `"`, `"TaskId":"` + other + `","taskId":"` + id + `"`,
	} {
		for _, header := range []string{id, other} {
			c := newRawPeer(webWire{url: r.url, header: map[string]string{"Mcp-Name": header}})
			m := c.ask(t, "tasks/get", params)
			if header == other && m.code() != -32020 {
				t.Errorf("{%s} with the header %s: got %s; want it refused", params, header, m)
			}
			if m.Error == nil && readTask(t, m.Result).TaskID != header {
				t.Errorf("{%s} with the header %s: got %s", params, header, m)
			}
		}
	}
	members := `{"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{"taskId":"` + id + `",` + r.web("").meta("") + `},"PARAMS":{"taskId":"` + other + `"}}`
	if m := (webWire{url: r.url, header: map[string]string{"Mcp-Name": other, "Mcp-Method": "tasks/get"}}).send(t, `1`, members).response(t); m.code() != -32020 {
		t.Errorf("%s with the header %s: got %s; want it refused", members, other, m)
	}
	// The response to a request that is refused has its ID.
	web := webWire{url: r.url, header: map[string]string{"Mcp-Name": other}}
	m := web.send(t, `"x"`, `{"jsonrpc":"2.0","id":"x","method":"tasks/get","params":{"taskId":"`+id+`",`+r.web("").meta("")+`}}`).response(t)
	if string(m.ID) != `"x"` || m.code() != -32020 {
		t.Errorf("got %s", m)
	}
}

// TestTaskMethodHeader checks that the header which decides how a request is
// served cannot differ from what the request is.
func TestTaskMethodHeader(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	id := r.web("").start(t, "puppet", "a").TaskID
	for _, test := range [][2]string{
		{"tasks/get", "tasks/cancel"}, {"tasks/cancel", "tasks/get"}, {"server/discover", "tasks/get"}, {"tasks/get", "server/discover"},
		{"", "tasks/get"}, {"", "subscriptions/listen"}, {"tasks/get", "subscriptions/listen"}, {"subscriptions/listen", "tasks/get"},
	} {
		c := newRawPeer(webWire{url: r.url, header: map[string]string{"Mcp-Method": test[0], "Mcp-Name": ""}})
		m := c.ask(t, test[1], `"taskId":"`+id+`","notifications":{"taskIds":["`+id+`"]}`)
		if m.HTTPStatus != 400 || m.Result != nil {
			t.Errorf("%s with the header %q: got %s", test[1], test[0], m)
		}
	}
	if got := r.web("").get(t, id).Status; got != "working" {
		t.Errorf("the task is %s", got)
	}
}

// TestTaskBodies checks requests whose body is none.
func TestTaskBodies(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{noWorker: true})
	for _, method := range append(slices.Clone(taskMethods), "subscriptions/listen") {
		for _, body := range []string{"", "{", "null", "[]", "7", `"text"`, `{"jsonrpc":"2.0"}`, `{"jsonrpc":"2.0","id":{},"method":7,"params":[]}`, "\x00\xff"} {
			web := webWire{url: r.url, header: map[string]string{"Mcp-Method": method, "Mcp-Protocol-Version": "2026-07-28"}}
			if m := web.send(t, "null", body).response(t); m.HTTPStatus < 400 || m.HTTPStatus > 499 {
				t.Errorf("%s with the body %q: got %s", method, body, m)
			}
		}
	}
	big := r.web("")
	m := big.ask(t, "tasks/update", `"taskId":"x","inputResponses":{"a":"`+strings.Repeat("x", 5<<20)+`"}`)
	if m.HTTPStatus != 413 {
		t.Errorf("a body of 5 MiB: got %d; want 413", m.HTTPStatus)
	}
}

// TestTaskHooksThatPanic checks that a panic in an embedder's hook is one
// request's trouble.
func TestTaskHooksThatPanic(t *testing.T) {
	t.Parallel()
	principal := func(ctx context.Context, req mcp.Request) (string, error) {
		switch user, _ := userHeader(ctx, req); user {
		case "bomb":
			panic("the principal explodes")
		case "stranger":
			return "", fmt.Errorf("who is this?")
		default:
			return user, nil
		}
	}
	r := setUpTasks(t, options{Options: durablemcp.Options{Principal: principal}})
	id := r.web("").start(t, "puppet", "a").TaskID
	for _, method := range taskMethods {
		m := r.web("bomb").about(t, method, id)
		wantError(t, m, -32603, "")
		if m.Error != nil && containsAny(m.Error.Message, "explodes", "goroutine", ".go") {
			t.Errorf("the error shows internals: %s", m)
		}
	}
	for _, method := range taskMethods {
		wantError(t, r.web("stranger").about(t, method, id), -32600, "")
	}
	if got := r.web("").get(t, id).Status; got != "working" {
		t.Errorf("the task is %s", got)
	}
}

// TestOriginComesFirst checks that a page of another origin is refused, as the
// documentation says, and that proxies are told to pass events on.
func TestOriginComesFirst(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{noWorker: true})
	web := httptest.NewServer(http.NewCrossOriginProtection().Handler(durablemcp.NewHTTPHandler(r.anotherServer(t, r.temporal), nil)))
	t.Cleanup(web.Close)
	for _, test := range []struct {
		origin, name string
		status, code int
	}{
		{"https://evil.example", "another", http.StatusForbidden, 0}, {"https://evil.example", "unknown", http.StatusForbidden, 0},
		{"", "another", http.StatusBadRequest, -32020}, {"", "unknown", http.StatusBadRequest, -32602},
	} {
		c := newRawPeer(webWire{url: web.URL, header: map[string]string{"Origin": test.origin, "Mcp-Name": test.name}})
		m := c.about(t, "tasks/get", "unknown")
		if m.HTTPStatus != test.status || m.code() != test.code {
			t.Errorf("the origin %q and the name %q: got %d: %s; want %d", test.origin, test.name, m.HTTPStatus, m, test.status)
		}
		if test.status != http.StatusForbidden && m.HTTPHeader.Get("X-Accel-Buffering") != "no" {
			t.Errorf("the headers are %v", m.HTTPHeader)
		}
	}
}
