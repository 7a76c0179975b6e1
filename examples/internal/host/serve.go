package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp"
)

// shutdownTimeout is how long a server that was told to stop lets its clients
// finish.
const shutdownTimeout = 3 * time.Second

// Listen listens on the address of -http. It is called before anything else is
// started, so that a taken address is found at once.
func (f *Flags) Listen() (net.Listener, error) { return listen(f.HTTP, "http") }

func listen(address, flag string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	const windowsInUse = syscall.Errno(10048) // WSAEADDRINUSE, which is not syscall.EADDRINUSE there
	if errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, windowsInUse) {
		return nil, inUse(address, flag)
	}
	if err != nil {
		return nil, fmt.Errorf("-%s: %w", flag, err)
	}
	return listener, nil
}

// MCPURL is where clients of this machine reach an MCP server on a listener.
func MCPURL(listener net.Listener) string {
	host, port, _ := net.SplitHostPort(listener.Addr().String()) // a listener's address always has both
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port) + "/mcp"
}

// What the introduction of an example over HTTP says on lines of its own, for
// people and for the programs that have started it.
const (
	MCPLabel  = "  MCP server       " // followed by the URL for clients
	UILabel   = "  Temporal Web UI  " // followed by its URL
	ReadyText = "Stop with Ctrl-C."   // begins the last line
)

// EndWithInput ends the context when the input ends, if the flags say so.
func (f *Flags) EndWithInput(in io.Reader, end context.CancelCauseFunc) {
	if f.UntilEOF {
		go func() {
			_, _ = io.Copy(io.Discard, in)
			end(nil)
		}()
	}
}

// ServeHTTP serves MCP over streamable HTTP at /mcp until the context ends. The
// middleware, such as authentication, is wrapped around it, the last one
// outermost.
func ServeHTTP(ctx context.Context, server *mcp.Server, listener net.Listener, middleware ...func(http.Handler) http.Handler) error {
	served := durablemcp.NewHTTPHandler(server, &mcp.StreamableHTTPOptions{
		SessionTimeout: time.Hour, // for clients that leave without a word; calls renew it
	})
	for _, wrap := range middleware {
		served = wrap(served)
	}
	mux := http.NewServeMux()
	mux.Handle("/mcp", served)
	// A web page from elsewhere must not be able to call the tools through the
	// browser of someone who runs this.
	handler := http.NewCrossOriginProtection().Handler(mux)
	web := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}

	failed := make(chan error, 1)
	go func() { failed <- web.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return shutDown(web, server)
	}
}

// shutDown ends the sessions first: each holds a request open for as long as
// it lives. Calls that wait for a workflow are cut off, and nothing is lost by
// that: the workflow goes on, and the same call joins it later.
func shutDown(web *http.Server, server *mcp.Server) error {
	for session := range server.Sessions() {
		go func() { _ = session.Close() }()
	}
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	if err := web.Shutdown(ctx); err != nil {
		return web.Close()
	}
	return nil
}

// ServeStdio serves MCP over a pair of streams until the client closes its
// side or the context ends.
//
// The transport is wrapped, so that clients can subscribe to their tasks.
func ServeStdio(ctx context.Context, server *mcp.Server, in io.Reader, out io.Writer) error {
	streams := &mcp.IOTransport{Reader: io.NopCloser(in), Writer: nopCloser{out}}
	session, err := server.Connect(ctx, durablemcp.NewTransport(streams), nil)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- session.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		// Not session.Close: it would wait for a read that nothing ends but
		// the client. The process is about to end.
		return nil
	}
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }
