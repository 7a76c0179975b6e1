package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// A Service is an example that runs.
type Service interface {
	// MCPServer has the example's tools.
	MCPServer() *mcp.Server
	// Introduction tells people what runs where: over HTTP with the URL for clients, over stdio
	// without one.
	Introduction(url string) string
	// Close stops everything. Workflows stay as they are.
	Close()
}

// A Starter starts an example. If its worker breaks down later, fail is called.
type Starter func(ctx context.Context, fail context.CancelCauseFunc, logger *slog.Logger) (Service, error)

// Run runs an example as the flags say, until the context ends or the client of the standard
// streams goes. The middleware, such as authentication, is for HTTP.
func (f *Flags) Run(ctx context.Context, start Starter, in io.Reader, out, logs io.Writer, middleware ...func(http.Handler) http.Handler) error {
	if f.Stdio {
		return serveStdio(ctx, start, in, out, logs)
	}
	return f.serveHTTP(ctx, start, in, out, logs, middleware)
}

func (f *Flags) serveHTTP(ctx context.Context, start Starter, in io.Reader, out, logs io.Writer, middleware []func(http.Handler) http.Handler) error {
	listener, err := f.Listen()
	if err != nil {
		return err
	}
	defer listener.Close() // again, if it was used
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	f.EndWithInput(in, fail)
	service, err := start(ctx, fail, newLogger(logs))
	if err != nil {
		return err
	}
	defer service.Close()
	fmt.Fprint(out, service.Introduction(MCPURL(listener)))
	return errors.Join(ServeHTTP(ctx, service.MCPServer(), listener, middleware...), WorkerFailure(ctx))
}

// serveStdio serves MCP over the standard streams until the client goes.
// Nothing but MCP may be written to out.
func serveStdio(ctx context.Context, start Starter, in io.Reader, out, logs io.Writer) error {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	service, err := start(ctx, fail, newLogger(logs))
	if err != nil {
		return err
	}
	defer service.Close()
	fmt.Fprint(logs, service.Introduction(""))
	return errors.Join(ServeStdio(ctx, service.MCPServer(), in, out), WorkerFailure(ctx))
}

// newLogger keeps to warnings: failed attempts of activities are among them.
func newLogger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelWarn}))
}
