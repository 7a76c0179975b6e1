package listen

import (
	"context"
	"encoding/json"
	"io"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Conn is a connection, such as stdio, on which streams are multiplexed with
// everything else.
type Conn struct {
	mcp.Connection

	ended <-chan struct{} // closed when the session has to end

	begin  sync.Once
	closed sync.Once
	read   chan incoming
	done   chan struct{} // closed when the connection is

	mu      sync.Mutex
	streams map[jsonrpc.ID]*Stream
}

// incoming is what was read from the connection.
type incoming struct {
	message jsonrpc.Message
	err     error
}

// NewConn wraps a connection, which ends with ctx as if its client had ended it:
// the SDK then cancels what its requests wait for.
func NewConn(ctx context.Context, c mcp.Connection) *Conn {
	return &Conn{
		Connection: c, ended: ctx.Done(), read: make(chan incoming), done: make(chan struct{}), streams: make(map[jsonrpc.ID]*Stream),
	}
}

// readAll reads until the connection is closed.
func (c *Conn) readAll(ctx context.Context) {
	for {
		var in incoming
		in.message, in.err = c.Connection.Read(ctx)
		select {
		case c.read <- in:
		case <-c.done:
			return
		}
		if in.err != nil {
			return
		}
	}
}

// next returns the next message.
func (c *Conn) next(ctx context.Context) (jsonrpc.Message, error) {
	c.begin.Do(func() { go c.readAll(ctx) })
	select {
	case <-c.ended:
		return nil, io.EOF // and not the context's error, which would be a cancellation by the client
	case <-c.done:
		return nil, io.EOF
	case in := <-c.read:
		return in.message, in.err
	}
}

// Read reads the next message, and opens streams.
func (c *Conn) Read(ctx context.Context) (jsonrpc.Message, error) {
	message, err := c.next(ctx)
	request, ok := message.(*jsonrpc.Request)
	if err != nil || !ok || request.Method != Method || !request.IsCall() {
		return message, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.streams[request.ID] != nil {
		return request, nil // the SDK refuses an ID that is in use
	}
	params, stream := Open(marshal(request.ID.Raw()), request.Params, c.send)
	if stream != nil {
		request.Params = params
		c.streams[request.ID] = stream
	}
	return request, nil
}

// Write writes a message, and adds to acknowledgements what was agreed to.
func (c *Conn) Write(ctx context.Context, message jsonrpc.Message) error {
	switch m := message.(type) {
	case *jsonrpc.Response:
		c.end(m.ID)
	case *jsonrpc.Request:
		if stream := c.acknowledges(m); stream != nil {
			copied := *m
			copied.Params = stream.Acknowledge(m.Params)
			err := c.Connection.Write(ctx, &copied)
			stream.sent()
			return err
		}
	}
	return c.Connection.Write(ctx, message)
}

// Close ends all streams.
func (c *Conn) Close() error {
	c.closed.Do(func() { close(c.done) })
	c.mu.Lock()
	for id, stream := range c.streams {
		stream.Close()
		delete(c.streams, id)
	}
	c.mu.Unlock()
	return c.Connection.Close()
}

// end closes the stream of a request that has been answered.
func (c *Conn) end(id jsonrpc.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if stream := c.streams[id]; stream != nil {
		stream.Close()
		delete(c.streams, id)
	}
}

// acknowledges returns the stream that a message acknowledges, nil if none.
func (c *Conn) acknowledges(m *jsonrpc.Request) *Stream {
	if m.Method != AckMethod {
		return nil
	}
	meta := object(object(m.Params)["_meta"])
	var raw any
	if json.Unmarshal(meta[subscriptionKey], &raw) != nil {
		return nil
	}
	id, err := jsonrpc.MakeID(raw)
	if err != nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.streams[id]
}

// send writes a notification.
func (c *Conn) send(method string, params json.RawMessage) error {
	return c.Connection.Write(context.Background(), &jsonrpc.Request{Method: method, Params: params})
}
