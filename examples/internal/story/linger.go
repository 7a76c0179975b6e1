package story

import (
	"context"
	"fmt"
	"os"
	"time"
)

// Linger keeps a Web UI up for people who want to look: for a minute at most,
// and only if there is somebody at a terminal.
func Linger(ctx context.Context, ui string, in, out *os.File) {
	if !isTerminal(in) || !isTerminal(out) {
		return
	}
	fmt.Fprintf(out, "The Web UI stays up for a minute, or until you press Enter: %s\n", ui)
	entered := make(chan struct{})
	go func() {
		defer close(entered)
		_, _ = in.Read(make([]byte, 1))
	}()
	select {
	case <-entered:
	case <-time.After(time.Minute):
	case <-ctx.Done():
	}
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
