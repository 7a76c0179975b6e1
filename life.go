package durablemcp

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"

	"github.com/durablemcp/durablemcp/internal/listen"
)

// In a session over HTTP, the context of a call does not end with the HTTP
// request, nor with the session: the SDK lets the call go on, and waits for it
// when the session is deleted. What can be known of the client travels in the
// values of the request's context (see requestcontext.go).

// errClientGone is the cause of the context of a call whose answer nobody can
// get any more. It is not a cancellation by the client.
var errClientGone = errors.New("the client is gone, or the session is closing")

// cancelGrace is how long a call goes on after its client's connection is gone:
// clients that cancel a request close it, too, before or after they say so in a
// request of its own.
const cancelGrace = 2 * time.Second

// A callLife is what is known of how long the answer to a request is wanted.
type callLife struct {
	request context.Context //nolint:containedctx // done when the answer cannot be delivered, nil if that is not known
	session *sessionLife    // nil without a session
	closing <-chan struct{} // closed when the HTTP server shuts down, nil if that is not known
}

type callLifeKey struct{}

func lifeOf(ctx context.Context) callLife {
	life, _ := ctx.Value(callLifeKey{}).(callLife)
	return life
}

// whileWanted returns a context for a call that ends when nobody can get its
// answer any more, and a function that must be called when the call is over.
func whileWanted(ctx context.Context) (context.Context, func()) {
	life := lifeOf(ctx)
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
	if life.request != nil {
		after(life.request, cancelGrace)
	}
	if life.session != nil {
		life.session.retain()
		ends = append(ends, life.session.release)
		after(life.session.ctx, 0)
	}
	return ctx, func() {
		for _, end := range ends {
			end()
		}
	}
}

// A sessionLife is one session, for as long as a request or a call of it goes on.
type sessionLife struct {
	ctx    context.Context //nolint:containedctx // of the session
	cancel context.CancelFunc
	lives  *sessionLives
	key    sessionKey
	refs   int
}

// A sessionKey has the user, because the SDK refuses requests of others for the
// session.
type sessionKey struct{ id, user string }

// sessionLives are the sessions of one handler in which something goes on.
type sessionLives struct {
	mu   sync.Mutex
	open map[sessionKey]*sessionLife
}

func keyOf(req *http.Request) sessionKey {
	key := sessionKey{id: req.Header.Get("Mcp-Session-Id")}
	if info := auth.TokenInfoFromContext(req.Context()); info != nil {
		key.user = info.UserID
	}
	return key
}

// of returns the session of a request, nil without one. It must be released.
func (l *sessionLives) of(req *http.Request) *sessionLife {
	key := keyOf(req)
	if key.id == "" {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.open[key]
	if s == nil {
		s = &sessionLife{lives: l, key: key}
		s.ctx, s.cancel = context.WithCancel(context.Background())
		if l.open == nil {
			l.open = make(map[sessionKey]*sessionLife)
		}
		l.open[key] = s
	}
	s.refs++
	return s
}

// end ends what goes on in the session of a request.
func (l *sessionLives) end(req *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.open[keyOf(req)]; s != nil {
		s.cancel()
	}
}

func (s *sessionLife) retain() {
	s.lives.mu.Lock()
	defer s.lives.mu.Unlock()
	s.refs++
}

func (s *sessionLife) release() {
	s.lives.mu.Lock()
	defer s.lives.mu.Unlock()
	if s.refs--; s.refs == 0 {
		s.cancel()
		if s.lives.open[s.key] == s {
			delete(s.lives.open, s.key)
		}
	}
}

// shutdowns tells of the shutdown of the HTTP servers that a handler serves,
// which wait for all requests then.
type shutdowns struct {
	mu   sync.Mutex
	seen map[*http.Server]chan struct{}
}

// of returns a channel that is closed when the server of a request shuts down,
// nil if it is not known.
func (s *shutdowns) of(req *http.Request) <-chan struct{} {
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

// An httpFront passes requests on to the handler for their generation of client,
// with what is known of how long their answers are wanted.
type httpFront struct {
	stateless, sessions http.Handler
	resumable           bool // a client of a session can get an answer later
	shutdowns           shutdowns
	lives               sessionLives
}

func (f *httpFront) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	life := callLife{closing: f.shutdowns.of(req)}
	inSession := req.Header.Get("Mcp-Protocol-Version") < statelessProtocol
	if req.Method == http.MethodGet || !inSession && req.Header.Get("Mcp-Method") == listen.Method {
		// The response of a stream has no end of its own.
		ctx, stop := untilClosed(req.Context(), life.closing)
		defer stop()
		req = req.WithContext(ctx)
	}
	if !inSession {
		f.stateless.ServeHTTP(w, life.of(req))
		return
	}
	switch req.Method {
	case http.MethodPost:
		if !f.resumable {
			life.request = req.Context()
		}
		if life.session = f.lives.of(req); life.session != nil {
			defer life.session.release()
		}
	case http.MethodDelete:
		f.lives.end(req) // the SDK waits for the session's calls
	}
	f.sessions.ServeHTTP(w, carryValues(life.of(req)))
}

// of returns the request with its life in the values of its context.
func (l callLife) of(req *http.Request) *http.Request {
	return req.WithContext(context.WithValue(req.Context(), callLifeKey{}, l))
}

// untilClosed returns a context that ends when closing is closed, too, and what
// must be called when it is not needed any more.
func untilClosed(ctx context.Context, closing <-chan struct{}) (context.Context, context.CancelFunc) {
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
