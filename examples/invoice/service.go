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
	"github.com/durablemcp/durablemcp/examples/invoice/billing"
)

// A service is all of the example that runs: Temporal, a worker with the
// workflows and activities, and an MCP server with the tools.
type service struct {
	flags     *flags
	upstreams *upstreams
	temporal  *host.Temporal
	worker    worker.Worker
	server    *mcp.Server
}

// startService starts the service that the flags describe. If its worker
// breaks down later, fail is called.
func startService(ctx context.Context, fail context.CancelCauseFunc, flags *flags, logger *slog.Logger) (*service, error) {
	temporal, err := flags.OpenTemporal(ctx, logger)
	if err != nil {
		return nil, err
	}
	// After Temporal, whose lock on the database also keeps a second process
	// away from the ledger beside it.
	upstreams, err := flags.openUpstreams(ctx)
	if err != nil {
		temporal.Close()
		return nil, err
	}
	s := &service{flags: flags, upstreams: upstreams, temporal: temporal}
	if err := s.start(fail, logger); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// start puts the tools on a worker and on an MCP server. This is the part to
// copy. In production it is two programs: one makes a worker of the registry,
// the other mounts it.
func (s *service) start(fail context.CancelCauseFunc, logger *slog.Logger) error {
	registry, err := durablemcp.New(&durablemcp.Options{
		WebUIURL: s.temporal.WebUIURL, Namespace: s.temporal.Namespace, Principal: s.flags.principal, EagerStart: true, Logger: logger,
	}, billing.Tools(access())...)
	if err != nil {
		return err
	}

	w := worker.New(s.temporal.Client, billing.TaskQueue, worker.Options{
		OnFatalError:      host.FailWorker(fail),
		WorkerStopTimeout: time.Second, // for activities under way; later ones are repeated
	})
	if err := registry.RegisterWorkflows(w, billing.TaskQueue); err != nil {
		return err
	}
	billing.Register(w, &billing.Activities{ERP: s.upstreams.erp, Gateway: s.upstreams.gateway, Policy: s.flags.policy()})
	if err := w.Start(); err != nil {
		return err
	}
	s.worker = w

	s.server = mcp.NewServer(&mcp.Implementation{Name: "invoice", Title: "Durable invoices", Version: "1.0.0"}, nil)
	return registry.Mount(s.server, s.temporal.Client)
}

// Close stops everything, in the reverse order. Workflows stay as they are.
func (s *service) Close() {
	if s.worker != nil {
		s.worker.Stop()
	}
	s.upstreams.close()
	s.temporal.Close()
}

// MCPServer has the tools.
func (s *service) MCPServer() *mcp.Server { return s.server }

// httpIntroduction is what people need to know at the start.
const httpIntroduction = `The invoice example is ready.

%[6]s%[1]s
%[2]s
DEMO tokens, for the header Authorization: "Bearer %[3]s" submits and asks,
"Bearer %[4]s" asks, reviews, approves and rejects. Everybody knows them.

Connect a client, for example: claude mcp add --transport http invoice %[1]s \
  --header "Authorization: Bearer %[3]s"
%[5]s Invoices that are under way go on at the next start.
`

// Introduction says what runs where, and who the callers are.
func (s *service) Introduction(url string) string {
	if url == "" {
		return fmt.Sprintf("The invoice example is ready: it serves MCP over its standard input and output,\nto the %s (a DEMO of a login: -as).\n\n%s",
			s.flags.as, s.describe())
	}
	return fmt.Sprintf(httpIntroduction, url, s.describe(), submitterToken, approverToken, host.ReadyText, host.MCPLabel)
}

// describe says what runs where, on a line each.
func (s *service) describe() string {
	policy := s.flags.policy()
	return fmt.Sprintf(host.UILabel+`%s
  Temporal         %s
  ERP              %s
  Payment gateway  %s
  Approval         below %v by policy, else by a human within %v
`,
		cmp.Or(s.temporal.WebUIURL, "not known: name it with -ui"), s.temporal.Place,
		s.upstreams.erpPlace, s.upstreams.gatewayPlace, policy.AutoApproveBelow, policy.ApprovalTimeout)
}
