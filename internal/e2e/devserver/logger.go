package devserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"

	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/log/tag"
)

// serverLogger is the logger of a Temporal server: it passes errors on to slog until it is muted, and drops the rest.
type serverLogger struct {
	slog  *slog.Logger
	muted atomic.Bool
}

var _ log.Logger = (*serverLogger)(nil)

// A fatalError is a fault for which the Temporal server would end the process.
type fatalError struct {
	msg string
	err error // may be nil
}

func (e *fatalError) Error() string {
	if e.err == nil {
		return e.msg
	}
	return fmt.Sprintf("%s: %v", e.msg, e.err)
}

func (e *fatalError) Unwrap() error { return e.err }

func (l *serverLogger) Debug(string, ...tag.Tag) {}
func (l *serverLogger) Info(string, ...tag.Tag)  {}
func (l *serverLogger) Warn(string, ...tag.Tag)  {}

func (l *serverLogger) Error(msg string, tags ...tag.Tag) {
	if l.muted.Load() || passing(errorOf(tags)) {
		return
	}
	attrs := make([]slog.Attr, len(tags))
	for i, t := range tags {
		attrs[i] = slog.Any(t.Key(), t.Value())
	}
	l.slog.LogAttrs(context.Background(), slog.LevelError, msg, attrs...)
}

func (l *serverLogger) DPanic(msg string, tags ...tag.Tag) { l.Error(msg, tags...) }

func (l *serverLogger) Panic(msg string, tags ...tag.Tag) {
	l.Error(msg, tags...)
	panic(msg)
}

// Fatal must not return, and must not end a process that is not the server's own. The faults that can be foreseen, such
// as an address in use, come up while the server is created, where newTemporal recovers.
func (l *serverLogger) Fatal(msg string, tags ...tag.Tag) {
	panic(&fatalError{msg: msg, err: errorOf(tags)})
}

// passing reports whether an error only says that a client gave its request up, or that a slow disk makes the server
// acquire its shard again (shard.ErrShardStatusUnknown), after which it goes on by itself. The server wraps them in its
// own errors, whose texts alone tell.
func passing(err error) bool {
	return err != nil && (errors.Is(err, context.Canceled) ||
		strings.Contains(err.Error(), context.Canceled.Error()) || strings.Contains(err.Error(), "shard status unknown"))
}

// errorOf returns the first error among tags, or nil.
func errorOf(tags []tag.Tag) error {
	for _, t := range tags {
		if zapTag, ok := t.(tag.ZapTag); ok {
			if err, ok := zapTag.Field().Interface.(error); ok {
				return err
			}
		}
	}
	return nil
}
