// Package lifetime tells when to give up on a request: when its client is gone, its session has
// ended, or the server shuts down.
package lifetime

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
)

// In a session over HTTP, the context of a call does not end with the HTTP
// request, nor with the session: the SDK lets the call go on, and waits for it
// when the session is deleted. What can be known of the client travels in the
// values of the request's context (see package httpserver).

// errClientGone is the cause of the context of a call whose answer nobody can
// get any more. It is not a cancellation by the client.
var errClientGone = errors.New("the client is gone, or the session is closing")

// cancelGrace is how long a call goes on after its client's connection is gone:
// clients that cancel a request close it, too, before or after they say so in a
// request of its own.
const cancelGrace = 2 * time.Second

// A Lifetime is what is known of how long the answer to a request is wanted.
type Lifetime struct {
	Request context.Context //nolint:containedctx // done when the answer cannot be delivered, nil if that is not known
	Session *Session        // nil without a session
	Closing <-chan struct{} // closed when the HTTP server shuts down, nil if that is not known
}

type callLifeKey struct{}

// Of returns what is known of the request of a context, the zero value without anything.
func Of(ctx context.Context) Lifetime {
	life, _ := ctx.Value(callLifeKey{}).(Lifetime)
	return life
}

// WhileWanted returns a context for a call that ends when its client can no longer get its
// answer any more, and a function that must be called when the call is over.
func WhileWanted(ctx context.Context) (context.Context, func()) {
	life := Of(ctx)
	ctx, cancel := context.WithCancelCause(ctx)
	ends := []func(){func() { cancel(nil) }}
	after := func(over context.Context, grace time.Duration) {
		stop := context.AfterFunc(over, func() {
			select {
			case <-ctx.Done():
			case <-time.After(grace):
				cancel(errClientGone)
			}
		})
		ends = append(ends, func() { stop() })
	}
	if life.Request != nil {
		after(life.Request, cancelGrace)
	}
	if life.Session != nil {
		life.Session.retain()
		ends = append(ends, life.Session.Release)
		after(life.Session.ctx, 0)
	}
	return ctx, func() {
		for _, end := range ends {
			end()
		}
	}
}

// A Session is one session, for as long as a request or a call of it goes on.
type Session struct {
	ctx    context.Context //nolint:containedctx // of the session
	cancel context.CancelFunc
	lives  *Sessions
	key    sessionKey
	refs   int
}

// A sessionKey has the user, because the SDK refuses requests of others for the
// session.
type sessionKey struct{ id, user string }

// Sessions are the sessions of one handler in which something goes on.
type Sessions struct {
	mu   sync.Mutex
	open map[sessionKey]*Session
}

func keyOf(req *http.Request) sessionKey {
	key := sessionKey{id: req.Header.Get("Mcp-Session-Id")}
	if info := auth.TokenInfoFromContext(req.Context()); info != nil {
		key.user = info.UserID
	}
	return key
}

// Open returns the session of a request, nil without one. It must be released.
func (l *Sessions) Open(req *http.Request) *Session {
	key := keyOf(req)
	if key.id == "" {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.open[key]
	if s == nil {
		s = &Session{lives: l, key: key}
		s.ctx, s.cancel = context.WithCancel(context.Background())
		if l.open == nil {
			l.open = make(map[sessionKey]*Session)
		}
		l.open[key] = s
	}
	s.refs++
	return s
}

// End ends what goes on in the session of a request.
func (l *Sessions) End(req *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.open[keyOf(req)]; s != nil {
		s.cancel()
	}
}

func (s *Session) retain() {
	s.lives.mu.Lock()
	defer s.lives.mu.Unlock()
	s.refs++
}

// Release ends the use of the session by a request or a call: after the last one, it is
// forgotten.
func (s *Session) Release() {
	s.lives.mu.Lock()
	defer s.lives.mu.Unlock()
	if s.refs--; s.refs == 0 {
		s.cancel()
		if s.lives.open[s.key] == s {
			delete(s.lives.open, s.key)
		}
	}
}

// Shutdowns tells of the shutdown of the HTTP servers that a handler serves,
// which wait for all requests then.
type Shutdowns struct {
	mu   sync.Mutex
	seen map[*http.Server]chan struct{}
}

// Closing returns a channel that is closed when the server of a request shuts down,
// nil if it is not known.
func (s *Shutdowns) Closing(req *http.Request) <-chan struct{} {
	server, _ := req.Context().Value(http.ServerContextKey).(*http.Server)
	if server == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	closing := s.seen[server]
	if closing == nil {
		closing = make(chan struct{})
		if s.seen == nil {
			s.seen = make(map[*http.Server]chan struct{})
		}
		s.seen[server] = closing
		server.RegisterOnShutdown(sync.OnceFunc(func() { close(closing) }))
	}
	return closing
}

// Attach returns the request with its life in the values of its context.
func (l Lifetime) Attach(req *http.Request) *http.Request {
	return req.WithContext(context.WithValue(req.Context(), callLifeKey{}, l))
}

// UntilClosed returns a context that ends when closing is closed, too, and what
// must be called when it is not needed any more.
func UntilClosed(ctx context.Context, closing <-chan struct{}) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-closing:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}
