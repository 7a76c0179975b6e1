package taskclient

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
)

// Answers that are none are errors, and not ones of the server.
func TestMalformedHTTP(t *testing.T) {
	t.Parallel()
	const js, sse = "application/json", "text/event-stream"
	huge := strings.Repeat("x", maxMessage)
	for name, test := range map[string]struct {
		contentType, body string
		err               string
	}{
		"empty":             {js, "", "malformed message"},
		"no JSON":           {js, "<html>", "malformed message"},
		"no RPC":            {js, `{"id":1,"result":{}}`, "malformed message"},
		"a proxy's error":   {js, `{"error":{"code":1,"message":"no upstream"}}`, "malformed message"},
		"other ID":          {js, `{"jsonrpc":"2.0","id":2,"result":{}}`, "a response to the request 2; want one to 1"},
		"ID as text":        {js, `{"jsonrpc":"2.0","id":"1","result":{}}`, "a response to the request"},
		"no ID":             {js, `{"jsonrpc":"2.0","result":{}}`, "malformed message"},
		"no response":       {js, `{"jsonrpc":"2.0","method":"notifications/message"}`, "found no response"},
		"batch":             {js, `[{"jsonrpc":"2.0","id":1,"result":{}}]`, "malformed message"},
		"no result":         {js, `{"jsonrpc":"2.0","id":1}`, "neither result nor error"},
		"null":              {js, `{"jsonrpc":"2.0","id":1,"result":null}`, "neither result nor error"},
		"list":              {js, `{"jsonrpc":"2.0","id":1,"result":[]}`, "malformed result"},
		"odd type":          {js, `{"jsonrpc":"2.0","id":1,"result":{"resultType":1}}`, "malformed result"},
		"huge":              {js, huge + "x", "more than 16777216 bytes"},
		"deep":              {js, `{"jsonrpc":"2.0","id":1,"result":{"a":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}}`, "malformed message"},
		"other content":     {"text/plain", "hello", `found the content type "text/plain"`},
		"no content type":   {"", "", `found the content type`},
		"event: no JSON":    {sse, "data: hello\n\n", "malformed message"},
		"event: other ID":   {sse, `data: {"jsonrpc":"2.0","id":2,"result":{}}` + "\n\n", "a response to the request 2"},
		"event: huge":       {sse, "data: " + huge + "\n\n", "more than 16777216 bytes"},
		"event: many lines": {sse, strings.Repeat("data: "+huge[:maxMessage/4]+"\n", 5), "more than 16777216 bytes"},
		"event: none":       {sse, "", "ended the stream without a response"},
		"event: cut off":    {sse, `data: {"jsonrpc":"2.0","id":1,"result":{}}`, "ended the stream without a response"},
		"event: request":    {sse, `data: {"jsonrpc":"2.0","id":1,"method":"ping"}` + "\n\n", "ended the stream without a response"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := overHTTP(t, nil, raw(test.contentType, test.body)).Cancel(t.Context(), "t1")
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Fatalf("found the error %.300v; want %q", err, test.err)
			}
			if _, ok := errors.AsType[*jsonrpc.Error](err); ok {
				t.Errorf("%v looks as if it came from the server", err)
			}
			if transient(err) != strings.Contains(test.err, "ended the stream") {
				t.Errorf("found transient(%v) = %v", err, transient(err))
			}
		})
	}
}

func TestHTTPStatus(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status int
		body   string
		text   string
		code   int64
	}{
		"JSON-RPC":       {404, `{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"method not found"}}`, "method not found (code -32601)", -32601},
		"without ID":     {403, `{"jsonrpc":"2.0","error":{"code":-32600,"message":"wrong origin"}}`, "wrong origin (code -32600)", -32600},
		"null ID":        {400, `{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"parse error"}}`, "parse error (code -32700)", -32700},
		"of another ID":  {400, `{"jsonrpc":"2.0","id":9,"error":{"code":-32700,"message":"x"}}`, `HTTP 400 Bad Request: {"jsonrpc"`, 0},
		"result":         {500, `{"jsonrpc":"2.0","id":1,"result":{}}`, `HTTP 500 Internal Server Error: {"jsonrpc"`, 0},
		"text":           {401, "who are you?", "HTTP 401 Unauthorized: who are you?", 0},
		"nothing":        {502, "", "HTTP 502 Bad Gateway", 0},
		"accepted":       {202, "", "HTTP 202 Accepted", 0},
		"long, not UTF8": {404, strings.Repeat("\xff", 100) + strings.Repeat("x", maxExcerpt), "HTTP 404 Not Found: " + strings.Repeat("x", maxExcerpt-100), 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := overHTTP(t, nil, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
			})).Cancel(t.Context(), "t1")
			if err == nil || !strings.HasPrefix(err.Error(), "taskclient: tasks/cancel: "+test.text) || strings.Contains(err.Error(), strings.Repeat("x", maxExcerpt)) {
				t.Errorf("found the error %v; want %q", err, test.text)
			}
			rpc, ok := errors.AsType[*jsonrpc.Error](err)
			if ok != (test.code != 0) || ok && rpc.Code != test.code {
				t.Errorf("found the JSON-RPC error %+v; want the code %d", rpc, test.code)
			}
		})
	}
}

// The examples of the specification, section "Value Encoding".
func TestHeaderValue(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"us-west1":            "us-west1",
		"a b~!":               "a b~!",
		"":                    "",
		"Hello, 世界":           "=?base64?SGVsbG8sIOS4lueVjA==?=",
		" padded ":            "=?base64?IHBhZGRlZCA=?=",
		"line1\nline2":        "=?base64?bGluZTEKbGluZTI=?=",
		"=?base64?literal?=":  "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=",
		"=?base64?no end":     "=?base64?no end",
		"\xff":                "=?base64?/w==?=",
		"x\r\nMcp-Name: evil": "=?base64?eA0KTWNwLU5hbWU6IGV2aWw=?=",
	} {
		if got := headerValue(value); got != want {
			t.Errorf("%q: found %q; want %q", value, got, want)
		}
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		stream string
		want   []string
	}{
		"one":            {"data: a\n\n", []string{"a"}},
		"CRLF":           {"event: message\r\ndata: a\r\n\r\ndata: b\r\n\r\n", []string{"a", "b"}},
		"lines":          {"data: a\ndata:b\ndata\ndata:  c\n\n", []string{"a\nb\n\n c"}},
		"comments":       {": hi\n\n:\r\n\r\ndata: a\n: hi\n\n", []string{"a"}},
		"other fields":   {"id: 1\nretry: 10\nfoo\ndata: a\nfoo: bar\n\n", []string{"a"}},
		"other events":   {"event: close\ndata: x\n\ndata: a\n\n", []string{"a"}},
		"empty":          {"data:\n\nid: 1\n\n\n\ndata: a\n\n", []string{"a"}},
		"cut off":        {"data: a\n\ndata: b\n", []string{"a"}},
		"cut off, early": {"data: a\n\ndata: b", []string{"a"}},
		"nothing":        {"", nil},
	} {
		for _, r := range []io.Reader{strings.NewReader(test.stream), iotest.OneByteReader(strings.NewReader(test.stream))} {
			var got []string
			for data, err := range events(r, 20) {
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
				got = append(got, string(data))
			}
			if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", test.want) {
				t.Errorf("%s: found %q; want %q", name, got, test.want)
			}
		}
	}
	broken := io.MultiReader(strings.NewReader("data: a\n"), iotest.ErrReader(context.Canceled))
	for data, err := range events(broken, 20) {
		if _, ok := errors.AsType[*networkError](err); data != nil || !ok || !errors.Is(err, context.Canceled) {
			t.Errorf("found %q, %v; want the reader's error", data, err)
		}
	}
	for data, err := range events(bytes.NewReader([]byte("data: 0123456789\ndata: 0123456789\n\n")), 20) {
		if data != nil || !errors.Is(err, errTooLarge) {
			t.Errorf("found %q, %v; want %v", data, err, errTooLarge)
		}
	}
}

// A stream that stays open after the response holds nobody up for good.
func TestStreamStaysOpen(t *testing.T) {
	t.Parallel()
	left := make(chan struct{})
	c := overHTTP(t, nil, serveHTTP(func(x *exchange) {
		x.notify("notifications/message", `{}`)
		x.result(`{}`)
		<-x.ctx.Done()
		close(left)
	}))
	if err := c.Cancel(t.Context(), "t1"); err != nil {
		t.Error(err)
	}
	<-left
}

// A stream is read to its end: only then is its TCP connection used again.
func TestStreamEnds(t *testing.T) {
	t.Parallel()
	body := &slowBody{stream: "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n\n"}
	c := NewHTTP("http://example.com", &Options{HTTPClient: &http.Client{Transport: body}})
	if err := c.Cancel(t.Context(), "t1"); err != nil {
		t.Error(err)
	}
	if !body.ended || !body.closed {
		t.Errorf("found that the stream was read to its end: %v, and closed: %v", body.ended, body.closed)
	}
}

// A slowBody sends a response one byte at a time.
type slowBody struct {
	stream        string
	ended, closed bool
}

func (b *slowBody) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/event-stream"}}, Body: b}, nil
}

func (b *slowBody) Read(p []byte) (n int, err error) {
	if b.stream == "" {
		b.ended = true
		return 0, io.EOF
	}
	n = copy(p[:1], b.stream)
	b.stream = b.stream[n:]
	return n, nil
}

func (b *slowBody) Close() error { b.closed = true; return nil }

func TestDefaultHTTPClient(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(serveHTTP(result(`{}`)))
	t.Cleanup(server.Close)
	c := NewHTTP(server.URL, nil)
	if err := errors.Join(c.Cancel(t.Context(), "t1"), c.Close()); err != nil {
		t.Error(err)
	}
}
