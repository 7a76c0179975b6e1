package listen

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// line is a connection to a client that the test plays.
type line struct {
	mcp.Connection

	in chan jsonrpc.Message

	mu     sync.Mutex
	out    []string
	err    error
	closed bool
}

func (l *line) Read(context.Context) (jsonrpc.Message, error) {
	if m, ok := <-l.in; ok {
		return m, nil
	}
	return nil, io.EOF
}

func (l *line) Write(_ context.Context, m jsonrpc.Message) error {
	data, err := jsonrpc.EncodeMessage(m)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return mcp.ErrConnectionClosed
	}
	if l.err != nil {
		return l.err
	}
	l.out = append(l.out, string(data))
	return nil
}

func (l *line) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	return nil
}

func (l *line) written() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.out)
}

func newLine(t *testing.T) (*line, *Conn) {
	t.Helper()
	l := &line{in: make(chan jsonrpc.Message, 100)}
	c := NewConn(t.Context(), l)
	t.Cleanup(func() { _ = c.Close() })
	return l, c
}

// receive lets a message come from the client, and returns what the SDK reads.
func (l *line) receive(t *testing.T, c *Conn, text string) *jsonrpc.Request {
	t.Helper()
	m, err := jsonrpc.DecodeMessage([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	l.in <- m
	read, err := c.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	request, ok := read.(*jsonrpc.Request)
	if !ok {
		t.Fatalf("read %v", read)
	}
	return request
}

// listen opens a stream for the task "a", and agrees to it.
func (l *line) listen(t *testing.T, c *Conn, id string) (jsonrpc.ID, *Stream, map[string]any) {
	t.Helper()
	request := l.receive(t, c, `{"jsonrpc":"2.0","id":`+id+`,"method":"subscriptions/listen","params":{"notifications":{"taskIds":["a"]}}}`)
	meta := metaOf(t, request.Params)
	s := Find(meta)
	if s == nil {
		t.Fatalf("%s opens no stream: %s", id, request.Params)
	}
	s.Agree("a")
	return request.ID, s, meta
}

// acknowledge writes what the SDK acknowledges a request with.
func acknowledge(t *testing.T, c *Conn, id any) {
	t.Helper()
	params := marshal(map[string]any{"notifications": struct{}{}, "_meta": map[string]any{subscriptionKey: id}})
	if err := c.Write(t.Context(), &jsonrpc.Request{Method: AckMethod, Params: params}); err != nil {
		t.Fatal(err)
	}
}

func isAcknowledged(s *Stream) bool {
	select {
	case <-s.Acknowledged():
		return true
	default:
		return false
	}
}

// TestConn opens several streams, with IDs of both kinds, and looks at whether
// each gets what is its own.
func TestConn(t *testing.T) {
	t.Parallel()
	l, c := newLine(t)
	ids := []string{`1`, `"1"`, `2`, `"a b"`, `""`, `0`, `-1`, `9007199254740991`}
	var streams []*Stream
	for i, id := range ids {
		requestID, s, _ := l.listen(t, c, id)
		acknowledge(t, c, requestID.Raw())
		for _, earlier := range streams {
			if earlier == s {
				t.Fatalf("%s has the stream of another", id)
			}
		}
		streams = append(streams, s)
		same(t, l.written()[i], `{"jsonrpc":"2.0","method":"`+AckMethod+`","params":{"notifications":{"taskIds":["a"]},"_meta":{"`+subscriptionKey+`":`+id+`}}}`)
		if !isAcknowledged(s) {
			t.Errorf("%s is not acknowledged", id)
		}
	}
	for i, s := range streams {
		if err := s.Notify("notifications/tasks", map[string]int{"n": i}); err != nil {
			t.Fatal(err)
		}
		same(t, l.written()[len(ids)+i], fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/tasks","params":{"n":%d,"_meta":{"%s":%s}}}`, i, subscriptionKey, ids[i]))
	}
}

// TestConnAcknowledgesTheRightStream checks that acknowledgements which are not
// a stream's pass as they are.
func TestConnAcknowledgesTheRightStream(t *testing.T) {
	t.Parallel()
	l, c := newLine(t)
	_, s, _ := l.listen(t, c, `1`)
	for i, params := range []string{
		`{"_meta":{"` + subscriptionKey + `":"1"},"notifications":{}}`, `{"_meta":{"` + subscriptionKey + `":2},"notifications":{}}`,
		`{"_meta":{"` + subscriptionKey + `":null}}`, `{"_meta":{"` + subscriptionKey + `":{}}}`, `{"_meta":{"` + subscriptionKey + `":[1]}}`,
		`{"_meta":{}}`, `{"_meta":7}`, `{}`,
	} {
		if err := c.Write(t.Context(), &jsonrpc.Request{Method: AckMethod, Params: json.RawMessage(params)}); err != nil {
			t.Fatal(err)
		}
		same(t, l.written()[i], `{"jsonrpc":"2.0","method":"`+AckMethod+`","params":`+params+`}`)
	}
	if isAcknowledged(s) {
		t.Error("the stream is acknowledged")
	}
	acknowledge(t, c, 1)
	if !isAcknowledged(s) || !strings.Contains(l.written()[8], `"taskIds":["a"]`) {
		t.Errorf("got %s", l.written()[8])
	}
}

// TestConnLetsThePassingPass checks that nothing else is touched.
func TestConnLetsThePassingPass(t *testing.T) {
	t.Parallel()
	l, c := newLine(t)
	for _, text := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"notifications":{"taskIds":["a"]}}}`,
		`{"jsonrpc":"2.0","method":"subscriptions/listen","params":{"notifications":{"taskIds":["a"]}}}`,
		`{"jsonrpc":"2.0","id":2,"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true}}}`,
		`{"jsonrpc":"2.0","id":3,"method":"subscriptions/listen"}`,
		`{"jsonrpc":"2.0","id":4,"method":"subscriptions/listen","params":[]}`,
		`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`,
	} {
		data, err := jsonrpc.EncodeMessage(l.receive(t, c, text))
		if err != nil {
			t.Fatal(err)
		}
		same(t, string(data), text)
		m, _ := jsonrpc.DecodeMessage([]byte(text))
		if err := c.Write(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		same(t, l.written()[len(l.written())-1], text)
	}
	if len(c.streams) > 0 {
		t.Errorf("there are the streams %v", c.streams)
	}
}

// TestConnEnds checks that a stream ends with the response to its request, and
// all of them with the connection.
func TestConnEnds(t *testing.T) {
	t.Parallel()
	l, c := newLine(t)
	one, _, oneMeta := l.listen(t, c, `1`)
	_, two, twoMeta := l.listen(t, c, `"1"`)
	acknowledge(t, c, one.Raw())
	acknowledge(t, c, "1")
	if err := c.Write(t.Context(), &jsonrpc.Response{ID: one, Result: json.RawMessage(`{}`)}); err != nil {
		t.Fatal(err)
	}
	if Find(oneMeta) != nil || Find(twoMeta) != two {
		t.Error("the response has ended another stream than its own")
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if Find(twoMeta) != nil || len(c.streams) > 0 {
		t.Error("the connection is closed, and its streams are not")
	}
	if err := two.Notify("notifications/tasks", struct{}{}); !errors.Is(err, mcp.ErrConnectionClosed) {
		t.Errorf("the error of a notification after the end is %v", err)
	}
	if err := c.Write(t.Context(), &jsonrpc.Response{ID: one, Result: json.RawMessage(`{}`)}); !errors.Is(err, mcp.ErrConnectionClosed) {
		t.Errorf("the error of a response after the end is %v", err)
	}
}

// TestConnOneIDTwice checks that a client that uses an ID again leaves nothing
// behind when it is gone.
func TestConnOneIDTwice(t *testing.T) {
	t.Parallel()
	l, c := newLine(t)
	_, _, first := l.listen(t, c, `1`)
	second := metaOf(t, l.receive(t, c, `{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"taskIds":["a"]}}}`).Params)
	_ = c.Close()
	if Find(first) != nil || Find(second) != nil {
		t.Errorf("the connection is closed, and its streams are not: %v, %v", Find(first), Find(second))
	}
}

// TestConnWriteFails checks that the writer learns what becomes of an
// acknowledgement.
func TestConnWriteFails(t *testing.T) {
	t.Parallel()
	l, c := newLine(t)
	l.listen(t, c, `1`)
	l.err = errors.New("broken")
	params := json.RawMessage(`{"notifications":{},"_meta":{"` + subscriptionKey + `":1}}`)
	if err := c.Write(t.Context(), &jsonrpc.Request{Method: AckMethod, Params: params}); !errors.Is(err, l.err) {
		t.Errorf("the error is %v", err)
	}
}

// TestConnConcurrently uses a connection from all sides at once.
func TestConnConcurrently(t *testing.T) {
	t.Parallel()
	l, c := newLine(t)
	var users sync.WaitGroup
	for i := range 50 {
		id, s, _ := l.listen(t, c, fmt.Sprint(i))
		users.Go(func() {
			_ = s.Notify("notifications/tasks", struct{}{})
			s.Agree("b")
		})
		users.Go(func() { acknowledge(t, c, id.Raw()) })
		users.Go(func() {
			<-s.Acknowledged()
			_ = c.Write(t.Context(), &jsonrpc.Response{ID: id, Result: json.RawMessage(`{}`)})
		})
	}
	users.Wait()
	if len(c.streams) > 0 || len(l.written()) != 150 {
		t.Errorf("%d streams are left, %d messages were written", len(c.streams), len(l.written()))
	}
}
