package bench

import (
	"testing"

	"github.com/durablemcp/durablemcp"
)

// TestDeclared checks that the tools which the benchmarks call can be declared: CI runs no
// benchmarks.
func TestDeclared(t *testing.T) {
	t.Parallel()
	if _, err := newRegistry(durablemcp.Options{}); err != nil {
		t.Error(err)
	}
}
