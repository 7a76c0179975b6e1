package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/sdk/worker"

	"github.com/durablemcp/durablemcp"
	"github.com/durablemcp/durablemcp/examples/internal/host"
	"github.com/durablemcp/durablemcp/examples/weather/forecast"
)

// A service is all of the example that runs: Temporal, a worker with the
// workflows and activities, and an MCP server with the tools.
type service struct {
	upstream *upstream
	temporal *host.Temporal
	worker   worker.Worker
	server   *mcp.Server
}

// startService starts the service that the flags describe. If its worker
// breaks down later, fail is called.
func startService(ctx context.Context, fail context.CancelCauseFunc, flags *flags, logger *slog.Logger) (*service, error) {
	upstream, err := openUpstream(flags.upstream)
	if err != nil {
		return nil, err
	}
	temporal, err := flags.OpenTemporal(ctx, logger)
	if err != nil {
		upstream.close()
		return nil, err
	}
	s := &service{upstream: upstream, temporal: temporal}
	if err := s.start(fail, flags.pause, logger); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// start puts the tools on a worker and on an MCP server. This is the part to
// copy. In production it is two programs: one makes a worker of the registry,
// the other mounts it.
func (s *service) start(fail context.CancelCauseFunc, pause time.Duration, logger *slog.Logger) error {
	registry, err := durablemcp.New(&durablemcp.Options{
		WebUIURL: s.temporal.WebUIURL, Namespace: s.temporal.Namespace, EagerStart: true, Logger: logger,
	}, forecast.Tools()...)
	if err != nil {
		return err
	}

	w := worker.New(s.temporal.Client, forecast.TaskQueue, worker.Options{
		OnFatalError:      host.FailWorker(fail),
		WorkerStopTimeout: time.Second, // for activities under way; later ones are repeated
	})
	if err := registry.RegisterWorkflows(w, forecast.TaskQueue); err != nil {
		return err
	}
	w.RegisterActivity(&forecast.Activities{Weather: s.upstream.client, Source: s.upstream.source, Pause: pause})
	if err := w.Start(); err != nil {
		return err
	}
	s.worker = w

	s.server = mcp.NewServer(&mcp.Implementation{Name: "weather", Title: "Durable weather", Version: "1.0.0"}, nil)
	return registry.Mount(s.server, s.temporal.Client)
}

// Close stops everything, in the reverse order. Workflows stay as they are.
func (s *service) Close() {
	if s.worker != nil {
		s.worker.Stop()
	}
	s.temporal.Close()
	s.upstream.close()
}

// MCPServer has the tools.
func (s *service) MCPServer() *mcp.Server { return s.server }

// Introduction says what runs where.
func (s *service) Introduction(url string) string {
	places := fmt.Sprintf(host.UILabel+"%s\n  Temporal         %s\n  Weather          %s\n",
		cmp.Or(s.temporal.WebUIURL, "not known: name it with -ui"), s.temporal.Place, s.upstream.source)
	if s.upstream.fake != nil {
		places += "                   (real weather: -upstream real)\n"
	}
	if url == "" {
		return "The weather example is ready: it serves MCP over its standard input and output.\n" + places
	}
	return "The weather example is ready.\n\n" + host.MCPLabel + url + "\n" + places +
		"\nConnect a client, for example: claude mcp add --transport http weather " + url + "\n" +
		host.ReadyText + " Forecasts that are under way go on at the next start.\n"
}
