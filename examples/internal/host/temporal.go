package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/log"

	"github.com/durablemcp/durablemcp/internal/e2e/devserver"
)

// A Temporal is a client of the Temporal service that an example uses, and
// the service itself if it is embedded.
type Temporal struct {
	Client    client.Client
	Namespace string
	WebUIURL  string // of the Web UI, without a slash at the end; may be empty
	Place     string // where it is, for people

	server *devserver.Server // nil if it is not embedded
}

// Close closes the client, and stops the service if it is embedded. Running
// workflows are not touched: they go on when it is started again.
func (t *Temporal) Close() {
	t.Client.Close()
	if t.server != nil {
		t.server.Stop()
	}
}

// OpenTemporal starts the embedded Temporal, or connects to the existing one
// that the flags and the environment name.
func (f *Flags) OpenTemporal(ctx context.Context, logger *slog.Logger) (*Temporal, error) {
	if f.existingTemporal(os.LookupEnv) != "" {
		return f.dialTemporal(ctx, logger)
	}
	temporal, err := f.embed(ctx, logger)
	return temporal, advise(err)
}

func (f *Flags) embed(ctx context.Context, logger *slog.Logger) (*Temporal, error) {
	server, err := devserver.Start(ctx, devserver.Options{DataFile: f.Data, UIAddr: f.UI, Logger: logger})
	if err != nil {
		return nil, err
	}
	c, err := server.NewClient(ctx, client.Options{})
	if err != nil {
		server.Stop()
		return nil, err
	}
	return &Temporal{
		Client: c, Namespace: server.Namespace(), WebUIURL: server.WebUIURL(), Place: "embedded, data in " + f.Data, server: server,
	}, nil
}

// advise adds which flag helps.
func advise(err error) error {
	if taken, ok := errors.AsType[*devserver.AddrInUseError](err); ok {
		return inUse(taken.Addr, "ui")
	}
	if locked, ok := errors.AsType[*devserver.DatabaseLockedError](err); ok {
		return fmt.Errorf("the database %s is in use by another process: stop that one, or choose another file with -data", locked.File)
	}
	return err
}

func inUse(address, flag string) error {
	return fmt.Errorf("the address %s is in use (is this example running already?): choose another one with -%s", address, flag)
}

// dialTemporal connects to an existing Temporal.
func (f *Flags) dialTemporal(ctx context.Context, logger *slog.Logger) (*Temporal, error) {
	opts, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return nil, fmt.Errorf("the Temporal configuration of the environment: %w", err)
	}
	if f.Temporal != "" {
		opts.HostPort = f.Temporal
	}
	if opts.HostPort == "" {
		opts.HostPort = client.DefaultHostPort
	}
	if opts.Namespace == "" {
		opts.Namespace = client.DefaultNamespace
	}
	opts.Logger = log.NewStructuredLogger(logger) // the SDK's own logs to the standard output
	c, err := client.DialContext(ctx, opts)
	if err != nil {
		return nil, fmt.Errorf("no Temporal at %s: %w", opts.HostPort, err)
	}
	return &Temporal{
		Client: c, Namespace: opts.Namespace, WebUIURL: f.existingUI(),
		Place: fmt.Sprintf("at %s, namespace %s", opts.HostPort, opts.Namespace),
	}, nil
}

// existingUI is the URL of an existing Temporal's Web UI. There is no way to
// guess it: without -ui, results have no links.
func (f *Flags) existingUI() string {
	switch {
	case !f.Given("ui"):
		return ""
	case strings.Contains(f.UI, "://"):
		return strings.TrimSuffix(f.UI, "/")
	}
	return "http://" + f.UI
}
