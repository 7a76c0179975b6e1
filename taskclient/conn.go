package taskclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// connTransport shares one connection, such as a subprocess's standard
// streams, between all calls. One goroutine reads it and gives each message to
// the call that it belongs to.
type connTransport struct {
	conn mcp.Connection
	done chan struct{} // closed when nothing more is read
	err  error         // why; set before done is closed

	mu      sync.Mutex
	pending map[jsonrpc.ID]*inbox
}

func newConnTransport(conn mcp.Connection) *connTransport {
	t := &connTransport{conn: conn, done: make(chan struct{}), pending: map[jsonrpc.ID]*inbox{}}
	go t.read()
	return t
}

func (t *connTransport) close() error { return t.conn.Close() }

// read reads until the connection fails: after a message that is none, nobody
// can tell whom the next ones belong to.
func (t *connTransport) read() {
	for {
		msg, err := t.conn.Read(context.Background())
		if err != nil {
			t.err = connectionClosed(err)
			close(t.done)
			_ = t.conn.Close()
			return
		}
		t.dispatch(msg)
	}
}

// connectionClosed wraps an error as text: see decodeMessage.
func connectionClosed(err error) error {
	return fmt.Errorf("%w: %s", mcp.ErrConnectionClosed, err.Error())
}

func (t *connTransport) dispatch(msg jsonrpc.Message) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch msg := msg.(type) {
	case *jsonrpc.Response:
		if in := t.pending[msg.ID]; in != nil { // else the answer to a call that was cancelled
			in.push(msg)
		}
	case *jsonrpc.Request:
		t.dispatchNotification(msg)
	}
}

// dispatchNotification finds whom a notification is for. A request of the
// server's, which this protocol version does not have, is for nobody.
func (t *connTransport) dispatchNotification(msg *jsonrpc.Request) {
	var params struct {
		ProgressToken any `json:"progressToken"`
		RequestID     any `json:"requestId"`
		Meta          struct {
			SubscriptionID any `json:"io.modelcontextprotocol/subscriptionId"`
		} `json:"_meta"`
	}
	if present(msg.Params) && json.Unmarshal(msg.Params, &params) != nil {
		return
	}
	switch msg.Method {
	case notificationProgress:
		for _, in := range t.pending {
			if in.progressToken != nil && in.progressToken == params.ProgressToken {
				in.push(msg)
			}
		}
	case notificationCancelled:
		// It ends a subscription, and nothing else (basic/patterns/cancellation).
		if in := t.subscription(params.RequestID); in != nil {
			in.push(&jsonrpc.Response{Result: json.RawMessage("{}")})
		}
	case notificationAcknowledged, notificationTask:
		if in := t.subscription(params.Meta.SubscriptionID); in != nil {
			in.push(msg)
		}
	}
}

// subscription returns the subscription that a notification names. If it names
// none, as the examples of the tasks extension do, it can still be for the
// only one.
func (t *connTransport) subscription(raw any) (found *inbox) {
	if id, err := jsonrpc.MakeID(raw); err != nil || id.IsValid() {
		if in := t.pending[id]; in != nil && in.subscription {
			return in
		}
		return nil
	}
	for _, in := range t.pending {
		if in.subscription && found != nil {
			return nil
		}
		if in.subscription {
			found = in
		}
	}
	return found
}

func (t *connTransport) roundTrip(ctx context.Context, call *call) iter.Seq2[jsonrpc.Message, error] {
	return func(yield func(jsonrpc.Message, error) bool) {
		in := newInbox(call)
		t.mu.Lock()
		t.pending[call.ID] = in
		t.mu.Unlock()
		sent := t.write(ctx, call.Request)
		answered := false
		defer func() {
			t.mu.Lock()
			delete(t.pending, call.ID)
			t.mu.Unlock()
			if !answered {
				go t.cancel(ctx, call.ID, sent)
			}
		}()
		for !answered {
			msg, err := t.next(ctx, in, sent)
			_, answered = msg.(*jsonrpc.Response)
			if !yield(msg, err) || err != nil {
				return
			}
		}
	}
}

// next waits for the next message of a call.
func (t *connTransport) next(ctx context.Context, in *inbox, sent *written) (jsonrpc.Message, error) {
	writing := sent.done
	for {
		// What has come counts, whatever has happened since.
		if msg, err := in.pop(); msg != nil || err != nil {
			return msg, err
		}
		select {
		case <-in.arrived:
		case <-writing:
			if ctx.Err() == nil && sent.err != nil {
				return nil, connectionClosed(sent.err)
			}
			writing = nil
		case <-t.done:
			if msg, err := in.pop(); msg != nil || err != nil {
				return msg, err
			}
			return nil, t.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// A written is a message on its way: err is set when done is closed.
type written struct {
	done chan struct{}
	err  error
}

// write writes in the background: a server that does not read must not keep a
// call from ending with its context.
func (t *connTransport) write(ctx context.Context, msg jsonrpc.Message) *written {
	w := &written{done: make(chan struct{})}
	go func() {
		defer close(w.done)
		w.err = t.conn.Write(ctx, msg)
	}()
	return w
}

// cancel tells the server that the response is no longer wanted, once it
// has got the request.
func (t *connTransport) cancel(ctx context.Context, id jsonrpc.ID, sent *written) {
	if <-sent.done; sent.err != nil {
		return
	}
	params := mcp.CancelledParams{RequestID: id.Raw()}
	if err := ctx.Err(); err != nil {
		params.Reason = err.Error()
	}
	data, err := json.Marshal(params)
	if err != nil {
		return
	}
	// A connection that fails here fails its reader too.
	_ = t.conn.Write(context.WithoutCancel(ctx), &jsonrpc.Request{Method: notificationCancelled, Params: data})
}

// maxUnread bounds the notifications that wait for a slow caller.
const maxUnread = 1000

var errUnread = errors.New("too many notifications were left unread")

// An inbox holds what has come for one call. It does not block the reader:
// calls of a slow caller must not delay the others.
type inbox struct {
	subscription  bool
	progressToken any
	arrived       chan struct{} // has an element if there may be something to pop

	mu       sync.Mutex
	queue    []jsonrpc.Message
	overflow bool
}

func newInbox(call *call) *inbox {
	return &inbox{
		subscription:  call.Method == methodListen,
		progressToken: comparableToken(call.progressToken),
		arrived:       make(chan struct{}, 1),
	}
}

// comparableToken returns a progress token as JSON has it.
func comparableToken(token any) (same any) {
	data, err := json.Marshal(token)
	if err != nil || json.Unmarshal(data, &same) != nil {
		return nil
	}
	switch same.(type) {
	case string, float64:
		return same
	}
	return nil
}

func (in *inbox) push(msg jsonrpc.Message) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if _, ok := msg.(*jsonrpc.Request); ok && len(in.queue) >= maxUnread {
		in.overflow = in.subscription // unread progress may be dropped
		if !in.overflow {
			return
		}
	} else {
		in.queue = append(in.queue, msg)
	}
	select {
	case in.arrived <- struct{}{}:
	default:
	}
}

func (in *inbox) pop() (jsonrpc.Message, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.overflow {
		return nil, errUnread
	}
	if len(in.queue) == 0 {
		return nil, nil //nolint:nilnil // nothing yet
	}
	msg := in.queue[0]
	in.queue = in.queue[1:]
	return msg, nil
}
