package call

import (
	"context"
	"errors"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// While a person is being asked, nothing need come from the client for long, and
// some transports do not tell that it is gone. It is asked for a sign of life
// then; one that misses several is gone.
const (
	pingEvery   = 15 * time.Second
	pingTimeout = 10 * time.Second
	pingsMissed = 3
)

// codeRejected is the code of the SDK's error for a message that its transport
// cannot deliver.
const codeRejected = -32005

// watchClient ends the call's wait if the client turns out to be gone while a person is
// being asked, until ctx is done.
func (o *observer) watchClient(ctx context.Context) {
	if o.session == nil || o.c.Peer.Modern() {
		return // the server cannot send requests
	}
	defer o.recoverPanic(ctx, "looking after a client")
	ticker := time.NewTicker(pingEvery)
	defer ticker.Stop()
	for missed := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if !o.isEliciting() {
			continue
		}
		switch ping(ctx, o.session) {
		case alive:
			missed = 0
			continue
		case silent:
			if missed++; missed < pingsMissed {
				continue
			}
		case gone:
		}
		o.abandon()
		return
	}
}

func (o *observer) isEliciting() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.open > 0
}

// abandon ends the wait.
func (o *observer) abandon() {
	o.mu.Lock()
	o.expires = time.Now()
	o.mu.Unlock()
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// A pingResult is what a client has given of its life.
type pingResult int

const (
	alive pingResult = iota
	silent
	gone
)

// ping asks a client for a sign of life.
func ping(ctx context.Context, session *mcp.ServerSession) pingResult {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	err := session.Ping(ctx, nil)
	answer, answered := errors.AsType[*jsonrpc.Error](err)
	switch {
	case err == nil, answered && answer.Code != codeRejected:
		return alive // also one that does not know the method
	case ctx.Err() != nil:
		return silent
	}
	return gone
}
