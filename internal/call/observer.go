package call

import (
	"context"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/execution"
)

// An observer is the client of a waiting call, as the workflow's questions and
// reports reach it.
type observer struct {
	*Waiter
	c       *Call
	e       *execution.Execution
	session *mcp.ServerSession
	wake    chan struct{}   // has a value if asking a person has come to an end
	replies responseResults // of the answers that came with the call

	token        any     // for notifications/progress, nil if the client wants none
	lastProgress float64 // the last progress that was sent
	lastMessage  string  // the last message that was sent

	mu           sync.Mutex
	elicitations map[string]context.CancelFunc // what a person is or was asked, by key
	open         int                           // how much of it is open
	openSince    time.Time                     // when it began that something is
	elicitFailed bool                          // the client has turned out not to ask
	waitUntil    time.Time                     // when the wait is over after a person was asked

	expires time.Time       // when the wait is over in any case, zero for never
	closing <-chan struct{} // closed when the server shuts down
}
