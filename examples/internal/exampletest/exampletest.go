// Package exampletest is what the tests of the examples share.
package exampletest

import (
	"bytes"
	"net"
	"sync"
	"testing"
	"time"
)

// Limit is how long anything in these tests may take before it counts as
// hanging.
const Limit = 2 * time.Minute

// Receive waits for a value, but not for ever.
func Receive[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case value := <-from:
		return value
	case <-time.After(Limit):
		t.Fatalf("timed out waiting for %s", what)
		panic("unreachable")
	}
}

// Eventually polls until ok returns true.
func Eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for timeout := time.After(Limit); !ok(); {
		select {
		case <-ticker.C:
		case <-timeout:
			t.Fatalf("timed out waiting for %s", what)
		}
	}
}

// TakenAddress returns an address on which something listens.
func TakenAddress(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener.Addr().String()
}

// A Buffer is one that one goroutine writes and another one reads.
type Buffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}
