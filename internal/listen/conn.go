package listen

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Conn is a connection, such as stdio, on which streams are multiplexed with
// everything else.
type Conn struct {
	mcp.Connection

	mu      sync.Mutex
	streams map[jsonrpc.ID]*Stream
}

// NewConn wraps a connection.
func NewConn(c mcp.Connection) *Conn {
	return &Conn{Connection: c, streams: make(map[jsonrpc.ID]*Stream)}
}

// Read reads the next message, and opens streams.
func (c *Conn) Read(ctx context.Context) (jsonrpc.Message, error) {
	message, err := c.Connection.Read(ctx)
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
