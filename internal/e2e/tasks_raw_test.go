package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp"
)

// What clients declare of themselves on each request.
const (
	declaresTasks   = `{"elicitation":{},"extensions":{"io.modelcontextprotocol/tasks":{}}}`
	declaresNothing = `{}`
)

// A rawMessage is a JSON-RPC message as it came over the wire.
type rawMessage struct {
	ID     json.RawMessage
	Method string          `json:",omitempty"`
	Params json.RawMessage `json:",omitempty"`
	Result json.RawMessage `json:",omitempty"`
	Error  *rawError       `json:",omitempty"`

	HTTPStatus int         `json:"-"` // 0 over a pipe
	HTTPHeader http.Header `json:"-"`
	Body       string      `json:",omitempty"` // what came, if it is no JSON-RPC message
}

type rawError struct {
	Code    int             `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data,omitempty"`
}

// code is the code of a message's error, 0 without one.
func (m rawMessage) code() int {
	if m.Error == nil {
		return 0
	}
	return m.Error.Code
}

func (m rawMessage) String() string {
	data, _ := json.Marshal(m)
	return fmt.Sprintf("%d %s", m.HTTPStatus, data)
}

// A rawStream is what comes in reply to one request: notifications, and then the
// response.
type rawStream struct {
	id       string          // of the request
	messages chan rawMessage // closed when nothing can come any more
	cancel   func()          // as a client cancels the request
}

// maxUnread is how many messages of a stream may wait to be read.
const maxUnread = 4096

func newRawStream(id string, cancel func()) *rawStream {
	return &rawStream{id: id, messages: make(chan rawMessage, maxUnread), cancel: cancel}
}

// next returns the next message of the stream.
func (s *rawStream) next(t *testing.T) rawMessage {
	t.Helper()
	select {
	case m, ok := <-s.messages:
		if !ok {
			t.Fatal("the stream has ended")
		}
		return m
	case <-time.After(time.Minute):
		t.Fatal("nothing has come on the stream")
	}
	return rawMessage{}
}

// response returns the response, and drops what comes before it.
func (s *rawStream) response(t *testing.T) rawMessage {
	t.Helper()
	for {
		if m := s.next(t); m.Method == "" {
			return m
		}
	}
}

// A rawWire takes requests to a server as they are.
type rawWire interface {
	// send sends a request whose ID nobody else uses. Its cancellation is that
	// of the transport.
	send(t *testing.T, id, request string) *rawStream
}

// rawRequests numbers the requests of all clients.
var rawRequests atomic.Int64

// A rawPeer is an MCP client that knows nothing: it says what it is told to.
type rawPeer struct {
	rawWire
	version      string // in each request's _meta, unless empty
	capabilities string
}

// newRawPeer returns a client of 2026-07-28 that declares the tasks extension.
func newRawPeer(w rawWire) rawPeer { return rawPeer{w, "2026-07-28", declaresTasks} }

// declaring returns the same client with other capabilities.
func (p rawPeer) declaring(capabilities string) rawPeer {
	p.capabilities = capabilities
	return p
}

// meta is the member _meta of the client's requests, with a comma after it.
func (p rawPeer) meta(more string) string {
	if p.version == "" {
		return ""
	}
	return `"_meta":{` + more + `"io.modelcontextprotocol/protocolVersion":"` + p.version + `",
		"io.modelcontextprotocol/clientInfo":{"name":"raw","version":"1"},
		"io.modelcontextprotocol/clientCapabilities":` + p.capabilities + `}`
}

// open sends a request with the members of params, without braces.
func (p rawPeer) open(t *testing.T, method, members string) *rawStream {
	t.Helper()
	return p.openRaw(t, method, `{`+strings.Trim(members+","+p.meta(""), ",")+`}`)
}

// openRaw sends a request with params as they are, without any if empty.
func (p rawPeer) openRaw(t *testing.T, method, params string) *rawStream {
	t.Helper()
	id := fmt.Sprint(rawRequests.Add(1))
	if params != "" {
		params = `,"params":` + params
	}
	return p.send(t, id, `{"jsonrpc":"2.0","id":`+id+`,"method":"`+method+`"`+params+`}`)
}

// ask sends a request and returns the response.
func (p rawPeer) ask(t *testing.T, method, members string) rawMessage {
	t.Helper()
	return p.open(t, method, members).response(t)
}

// askRaw sends a request with params as they are and returns the response.
func (p rawPeer) askRaw(t *testing.T, method, params string) rawMessage {
	t.Helper()
	return p.openRaw(t, method, params).response(t)
}

// A webWire is a connection over streamable HTTP.
type webWire struct {
	url    string
	user   string
	header map[string]string // sent in place of what would be sent; "" for none
}

func (w webWire) send(t *testing.T, id, request string) *rawStream {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s := newRawStream(id, cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, strings.NewReader(request))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range w.headers(request) {
		req.Header.Set(name, value)
	}
	go func() {
		defer close(s.messages)
		defer cancel()
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			if ctx.Err() == nil {
				s.messages <- rawMessage{ID: json.RawMessage(id), Body: err.Error()}
			}
			return
		}
		defer func() { _ = resp.Body.Close() }()
		readResponse(resp, s.messages)
	}()
	return s
}

// headers are those of a request.
func (w webWire) headers(request string) map[string]string {
	var parsed map[string]any
	_ = json.Unmarshal([]byte(request), &parsed) // hostile requests have what can be read
	method, _ := parsed["method"].(string)
	params, _ := parsed["params"].(map[string]any)
	meta, _ := params["_meta"].(map[string]any)
	version, _ := meta["io.modelcontextprotocol/protocolVersion"].(string)
	headers := map[string]string{
		"Content-Type": "application/json", "Accept": "application/json, text/event-stream",
		"Mcp-Protocol-Version": version, "Mcp-Method": method, "X-User": w.user,
	}
	for _, name := range []string{"name", "taskId"} {
		if text, ok := params[name].(string); ok {
			headers["Mcp-Name"] = headerValue(text)
		}
	}
	maps.Copy(headers, w.header)
	maps.DeleteFunc(headers, func(_, value string) bool { return value == "" })
	return headers
}

// headerValue is a text as it stands in a header (SEP-2243, Value Encoding).
func headerValue(text string) string {
	plain := func(r rune) bool { return r > ' ' && r <= '~' }
	if strings.IndexFunc(text, func(r rune) bool { return !plain(r) }) < 0 {
		return text
	}
	return "=?base64?" + base64.StdEncoding.EncodeToString([]byte(text)) + "?="
}

// readResponse reads the messages of a response, be it one or a stream.
func readResponse(resp *http.Response, into chan<- rawMessage) {
	lines := bufio.NewReader(resp.Body)
	var body []byte
	for {
		line, err := lines.ReadBytes('\n')
		if data, ok := bytes.CutPrefix(line, []byte("data: ")); ok {
			var m rawMessage
			if json.Unmarshal(data, &m) == nil {
				m.HTTPStatus, m.HTTPHeader = resp.StatusCode, resp.Header
				into <- m
			}
		} else {
			body = append(body, line...)
		}
		if err != nil {
			break
		}
	}
	if resp.Header.Get("Content-Type") == "text/event-stream" {
		return
	}
	m := rawMessage{HTTPStatus: resp.StatusCode, HTTPHeader: resp.Header}
	if json.Unmarshal(body, &m) != nil {
		m.Body = string(body)
	}
	into <- m
}

// A pipeWire is a connection as over stdio: one for all requests.
type pipeWire struct {
	in io.WriteCloser

	mu      sync.Mutex
	streams map[string]*rawStream
	stray   []rawMessage // for no stream
}

// pipeTo connects a client to a server over pipes, and through
// [durablemcp.NewTransport].
func pipeTo(t *testing.T, server *mcp.Server) *pipeWire {
	t.Helper()
	fromClient, toServer := io.Pipe()
	fromServer, toClient := io.Pipe()
	transport := durablemcp.NewTransport(&mcp.IOTransport{Reader: fromClient, Writer: toClient})
	session, err := server.Connect(t.Context(), transport, nil)
	if err != nil {
		t.Fatal(err)
	}
	w := &pipeWire{in: toServer, streams: make(map[string]*rawStream)}
	var reading sync.WaitGroup
	reading.Go(func() { w.read(fromServer) })
	t.Cleanup(func() {
		_ = toServer.Close()
		_ = session.Wait()
		_ = toClient.Close()
		reading.Wait()
	})
	return w
}

func (w *pipeWire) send(t *testing.T, id, request string) *rawStream {
	t.Helper()
	s := newRawStream(id, func() {
		w.write(t, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":`+id+`}}`)
	})
	w.mu.Lock()
	w.streams[id] = s
	w.mu.Unlock()
	w.write(t, request)
	return s
}

// write writes a message.
func (w *pipeWire) write(t *testing.T, text string) {
	t.Helper()
	var line bytes.Buffer
	if err := json.Compact(&line, []byte(text)); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	line.WriteByte('\n')
	if _, err := w.in.Write(line.Bytes()); err != nil {
		t.Fatal(err)
	}
}

// read takes messages to the streams that they belong to.
func (w *pipeWire) read(r io.Reader) {
	decoder := json.NewDecoder(r)
	for {
		var m rawMessage
		if err := decoder.Decode(&m); err != nil {
			break
		}
		w.mu.Lock()
		id := string(m.ID)
		if m.Method != "" {
			id = string(subscriptionOf(m))
		}
		if s := w.streams[id]; s != nil {
			s.messages <- m
		} else {
			w.stray = append(w.stray, m)
		}
		w.mu.Unlock()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.streams {
		close(s.messages)
	}
}

// strays are the messages that belong to no request.
func (w *pipeWire) strays() []rawMessage {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]rawMessage(nil), w.stray...)
}

// subscriptionOf is the ID of the request that a notification is for.
func subscriptionOf(m rawMessage) json.RawMessage {
	var params struct {
		Meta map[string]json.RawMessage `json:"_meta"`
	}
	_ = json.Unmarshal(m.Params, &params)
	return params.Meta["io.modelcontextprotocol/subscriptionId"]
}
