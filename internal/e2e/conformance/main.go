// Conformance serves what MCP's official conformance suite asks a server for:
//
//	go run ./internal/e2e/conformance -http 127.0.0.1:8080
//
// The tools that the suite runs as tasks are workflows on an embedded Temporal
// (tasks.go). The other fixtures are written by hand on the MCP SDK: they show
// that the library's handler keeps a server conformant, in both generations of
// the protocol on one URL. Each file says which of the suite's scenarios it is
// for; scenarios that need no fixture (server-initialize, ping, caching,
// dns-rebinding-protection and the like) exercise the SDK and the handler.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"github.com/durablemcp/durablemcp"
	"github.com/durablemcp/durablemcp/internal/e2e/devserver"
)

const (
	queue = "conformance"

	// shutdownTimeout is how long clients may take to finish.
	shutdownTimeout = 3 * time.Second
	// inlineWait is short: the suite wants a task of what takes a second.
	inlineWait = 300 * time.Millisecond
	// sessionTimeout ends the sessions of clients that leave without a word.
	sessionTimeout = 10 * time.Minute
)

func main() {
	address := flag.String("http", "127.0.0.1:8080", "`address` to serve MCP on")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	err := run(ctx, *address)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

// run serves until the context ends, or the worker gives up.
func run(ctx context.Context, address string) error {
	working, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	temporal, err := devserver.Start(ctx, devserver.Options{Logger: logger})
	if err != nil {
		return err
	}
	defer temporal.Stop()
	c, err := temporal.NewClient(ctx, client.Options{})
	if err != nil {
		return err
	}
	defer c.Close()

	server := newServer()
	w, err := mountWorkflows(server, c, &durablemcp.Options{Logger: logger, InlineWait: inlineWait}, fail)
	if err != nil {
		return err
	}
	defer w.Stop()
	if err := serve(working, server, listener); err != nil || ctx.Err() != nil {
		return err
	}
	return context.Cause(working) // why the worker has given up
}

// mountWorkflows adds the tools that are workflows to the server, and starts
// the worker that runs them, which calls fail if it cannot go on.
func mountWorkflows(server *mcp.Server, c client.Client, opts *durablemcp.Options, fail func(error)) (worker.Worker, error) {
	registry, err := durablemcp.New(opts, tools(queue)...)
	if err != nil {
		return nil, err
	}
	w := worker.New(c, queue, worker.Options{OnFatalError: fail})
	if err := registry.RegisterWorkflows(w, queue); err != nil {
		return nil, err
	}
	if err := registry.Mount(server, c); err != nil {
		return nil, err
	}
	addNameQuestion(server)
	return w, w.Start()
}

// serve serves the MCP server at /mcp until the context ends.
func serve(ctx context.Context, server *mcp.Server, listener net.Listener) error {
	mux := http.NewServeMux()
	mux.Handle("/mcp", durablemcp.NewHTTPHandler(server, &mcp.StreamableHTTPOptions{
		EventStore:     mcp.NewMemoryEventStore(nil),
		SessionTimeout: sessionTimeout,
	}))
	web := &http.Server{Handler: http.NewCrossOriginProtection().Handler(mux), ReadHeaderTimeout: 10 * time.Second}

	failed := make(chan error, 1)
	go func() { failed <- web.Serve(listener) }()
	fmt.Printf("serving MCP on http://%s/mcp\n", listener.Addr())
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		shutDown(context.WithoutCancel(ctx), web, server)
		return nil
	}
}

// shutDown ends the sessions first: each holds a request open for as long as it
// lives.
func shutDown(ctx context.Context, web *http.Server, server *mcp.Server) {
	for session := range server.Sessions() {
		go func() { _ = session.Close() }()
	}
	ctx, cancel := context.WithTimeout(ctx, shutdownTimeout)
	defer cancel()
	if err := web.Shutdown(ctx); err != nil {
		_ = web.Close()
	}
}
