// Package listen carries subscriptions to tasks (ext-tasks, Task Status
// Notifications) past the MCP SDK, which does not know them: it drops the
// task IDs of a subscriptions/listen request, and sends no notifications/tasks.
//
// The HTTP handler and [Conn] take the IDs out of the request and open a [Stream].
// Its token travels in the request's _meta; with it, the server finds the stream, agrees to
// IDs, and notifies.
package listen

import (
	"crypto/rand"
	"encoding/json"
	"sync"
)

const (
	// Method is the request that opens a stream.
	Method = "subscriptions/listen"
	// AckMethod is the first notification on a stream.
	AckMethod = "notifications/subscriptions/acknowledged"

	tokenKey        = "durablemcp/stream" //nolint:gosec // the name of a member
	subscriptionKey = "io.modelcontextprotocol/subscriptionId"
)

// A Stream is one subscriptions/listen request that names tasks.
type Stream struct {
	// TaskIDs are the IDs that the client asks for, nil if they are not a list
	// of strings.
	TaskIDs []string

	token string
	id    json.RawMessage // of the request
	send  func(method string, params json.RawMessage) error

	mu     sync.Mutex
	agreed []string
	acked  chan struct{}
	once   sync.Once
}

// streams are the open streams of this process, by their tokens. They live as
// long as their connections do.
var streams sync.Map

// Open takes the task IDs out of the parameters of a subscriptions/listen
// request. The stream is nil if it names none. send sends a notification to the
// client; it may be called concurrently.
func Open(id, params json.RawMessage, send func(method string, params json.RawMessage) error) (rest json.RawMessage, s *Stream) {
	root, notifications, meta := object(params), object(nil), object(nil)
	if root != nil {
		notifications, meta = object(root["notifications"]), object(root["_meta"])
	}
	raw, ok := notifications["taskIds"]
	if !ok {
		return params, nil
	}
	s = &Stream{token: rand.Text(), id: id, send: send, acked: make(chan struct{})}
	if json.Unmarshal(raw, &s.TaskIDs) != nil {
		s.TaskIDs = nil
	}
	delete(notifications, "taskIds")
	if meta == nil {
		meta = make(map[string]json.RawMessage)
	}
	meta[tokenKey] = marshal(s.token)
	root["notifications"], root["_meta"] = marshal(notifications), marshal(meta)
	streams.Store(s.token, s)
	return marshal(root), s
}

// Close ends the stream: nothing finds it any more.
func (s *Stream) Close() { streams.Delete(s.token) }

// Find returns the stream of a request by its _meta, nil if there is none.
func Find(meta map[string]any) *Stream {
	token, _ := meta[tokenKey].(string)
	found, _ := streams.Load(token)
	s, _ := found.(*Stream)
	return s
}

// Agree adds IDs to those that the acknowledgement names. It must come before
// the acknowledgement.
func (s *Stream) Agree(ids ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.agreed = append(s.agreed, ids...)
}

// Acknowledged is closed when the acknowledgement has been sent: nothing may
// come before it.
func (s *Stream) Acknowledged() <-chan struct{} { return s.acked }

// Acknowledge adds the agreed IDs to the parameters of an acknowledgement, which
// is sent next.
func (s *Stream) Acknowledge(params json.RawMessage) json.RawMessage {
	s.mu.Lock()
	agreed := s.agreed
	s.mu.Unlock()
	root := object(params)
	if root == nil {
		root = make(map[string]json.RawMessage)
	}
	notifications := object(root["notifications"])
	if notifications == nil {
		notifications = make(map[string]json.RawMessage)
	}
	if len(agreed) > 0 {
		notifications["taskIds"] = marshal(agreed)
	}
	root["notifications"] = marshal(notifications)
	return marshal(root)
}

// sent says that the acknowledgement is out.
func (s *Stream) sent() { s.once.Do(func() { close(s.acked) }) }

// Notify sends a notification on the stream. The parameters are those of the
// notification but for the reference to the stream.
func (s *Stream) Notify(method string, params any) error {
	data, err := json.Marshal(params)
	if err != nil {
		return err
	}
	root := object(data)
	meta := object(root["_meta"])
	if meta == nil {
		meta = make(map[string]json.RawMessage)
	}
	meta[subscriptionKey] = s.id
	root["_meta"] = marshal(meta)
	return s.send(method, marshal(root))
}

// object reads a JSON object, nil if it is not one.
func object(data json.RawMessage) (members map[string]json.RawMessage) {
	if json.Unmarshal(data, &members) != nil {
		return nil
	}
	return members
}

// marshal marshals what was read from JSON, or is made of strings.
func marshal(v any) json.RawMessage {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}
