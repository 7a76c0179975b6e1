package execution

import (
	"context"
	"sync/atomic"

	"google.golang.org/grpc/metadata"
)

// An unsentError is the error of a request that surely did not leave this
// process: the data converter, a payload codec or a context propagator of the
// Temporal client failed before.
type unsentError struct{ error }

func (e *unsentError) Unwrap() error { return e.error }

// Send makes a request to Temporal that changes something. If do fails before
// gRPC has begun to send, the error is an [*unsentError]: then nothing was done, and
// that is no guess. The SDK's own errors do not tell: a failed codec and a server
// that answers with the code Unknown look the same.
func Send(ctx context.Context, do func(ctx context.Context) error) error {
	watched := &sendingContext{Context: ctx}
	err := do(watched) //nolint:contextcheck // it inherits ctx
	if err != nil && !watched.sent.Load() {
		return &unsentError{err}
	}
	return err
}

// A sendingContext notes when gRPC reads the metadata of a request from it, as it
// does for every request that it sends.
type sendingContext struct {
	context.Context //nolint:containedctx // it is a context
	sent            atomic.Bool
}

func (c *sendingContext) Value(key any) any {
	if key == metadataKey || metadataKey == nil {
		c.sent.Store(true)
	}
	return c.Context.Value(key)
}

// metadataKey is the key under which gRPC keeps the metadata of a request in a
// context. It is nil if that cannot be found out: then every request counts as sent
// that asks its context for anything.
var metadataKey = func() (key any) {
	_, _ = metadata.FromOutgoingContext(&keyContext{context.Background(), &key})
	return key
}()

// A keyContext notes the last key that it is asked for.
type keyContext struct {
	context.Context //nolint:containedctx // it is a context
	key             *any
}

func (c *keyContext) Value(key any) any {
	*c.key = key
	return nil
}
