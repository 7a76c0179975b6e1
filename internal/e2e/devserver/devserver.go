// Package devserver runs one Temporal server, with its Web UI, inside the calling process: the server that the
// examples, the end-to-end tests and the benchmarks use. It keeps its data in one SQLite file, which survives a kill of
// the process, or in memory.
//
// It is tuned for short round trips on one machine. It is not a production server: there is no authentication, no
// encryption, and one process at a time can use a database. It never writes to the standard output, which belongs to
// the MCP protocol when a server runs over stdio, and makes no connection to any other machine.
package devserver

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
)

const (
	defaultNamespace    = "default"
	defaultFrontendAddr = "127.0.0.1:0"

	// startTimeout bounds a start whose context has no deadline. A usual start takes about a second.
	startTimeout = time.Minute
)

// Options configure a [Server]. The zero value is a server in memory, without Web UI, on a free port.
type Options struct {
	// Namespace is the namespace that the server offers. It is created when the database has none of this name; its
	// closed workflows are kept for a day. If empty, it is "default".
	Namespace string

	// DataFile is the SQLite file that holds all data. If it does not exist, it is created, and so are the directories
	// above it. A file named like it with ".lock" appended stays beside it; it marks which process uses the database.
	// If empty, data is kept in memory and lost when the server stops.
	DataFile string

	// FrontendAddr is the host:port on which the server listens for Temporal clients. An empty host is 127.0.0.1, and
	// port 0 picks a free one. Any other host than a loopback address exposes the server, which asks nobody for
	// credentials. If empty, it is "127.0.0.1:0".
	FrontendAddr string

	// UIAddr is the host:port of the Web UI, in the same form. If empty, there is no Web UI.
	UIAddr string

	// SearchAttributes are custom search attributes of the namespace, by name. They can be used as soon as Start
	// returns. A namespace that lacks some of them gets them, and none is ever removed.
	SearchAttributes map[string]enumspb.IndexedValueType

	// Logger receives what the server and the Web UI report at error level while they run, and nothing below that. It is
	// also the logger of clients from NewClient that have none of their own. If nil, all of this is discarded.
	Logger *slog.Logger
}

// withDefaults returns o with the documented default in place of every empty field.
func (o Options) withDefaults() Options {
	o.Namespace = cmp.Or(o.Namespace, defaultNamespace)
	o.FrontendAddr = cmp.Or(o.FrontendAddr, defaultFrontendAddr)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// A Server is a running Temporal server. Its methods are safe for concurrent use.
//
// Several servers can run in one process, each on ports and a database of its own.
type Server struct {
	opts         Options
	frontendAddr string
	uiURL        string

	stopOnce sync.Once
	stops    []func() // what Stop has to do, last one first
}

// Start starts a server and returns when workflows can be started on it. The caller must call Stop on it.
//
// Start fails with an [AddrInUseError] for each address of the options that is taken, and with a [DatabaseLockedError]
// if another server, in this or another process, uses the data file. It refuses a data file that is not a Temporal
// database of this server version, and leaves it unchanged. It gives up when ctx ends, or after a minute. A failed
// Start leaves nothing running.
func Start(ctx context.Context, opts Options) (*Server, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()

	s := &Server{opts: opts.withDefaults()}
	if err := s.start(ctx); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

// start takes the lock first: when the whole command runs twice, "the database is in use" says more than "the port is
// taken".
func (s *Server) start(ctx context.Context) error {
	file, unlock, err := lockDatabase(s.opts.DataFile)
	if err != nil {
		return err
	}
	s.onStop(unlock)

	uiListener, err := s.checkAddrs()
	if err != nil {
		return err
	}
	db, err := openDatabase(file, s.opts.Namespace, s.opts.SearchAttributes)
	if err != nil {
		return err
	}
	if err := s.startTemporal(ctx, db); err != nil {
		return err
	}
	if err := s.awaitUsable(ctx); err != nil {
		return err
	}
	if uiListener == nil {
		return nil
	}
	if err := s.startUI(uiListener); err != nil {
		return fmt.Errorf("set up the Web UI: %w", err)
	}
	return nil
}

// onStop makes Stop call f before everything that was given to onStop earlier.
func (s *Server) onStop(f func()) {
	s.stops = append(s.stops, f)
}

// FrontendAddr returns the host:port at which clients of this machine reach the server.
func (s *Server) FrontendAddr() string { return s.frontendAddr }

// WebUIURL returns the http URL of the Web UI, without a trailing slash, or "" if there is none.
func (s *Server) WebUIURL() string { return s.uiURL }

// Namespace returns the name of the server's namespace.
func (s *Server) Namespace() string { return s.opts.Namespace }

// NewClient returns a connected client of this server. It replaces opts.HostPort, and fills in an empty opts.Namespace
// and a nil opts.Logger with those of the server. The caller must close the client, best before it stops the server.
func (s *Server) NewClient(ctx context.Context, opts client.Options) (client.Client, error) {
	opts.HostPort = s.frontendAddr
	opts.Namespace = cmp.Or(opts.Namespace, s.opts.Namespace)
	if opts.Logger == nil {
		// The SDK would log to the standard output.
		opts.Logger = sdklog.NewStructuredLogger(s.opts.Logger)
	}
	return client.DialContext(ctx, opts)
}

// Stop stops the Web UI and the server and then gives the data file free for another server. It takes a second or two.
// Running workflows stay as they are and go on when a server is started on the file again. Further calls wait for the
// first one and do nothing.
//
// The connection to the data file is closed up to a minute later. It is idle then and does no harm, but Windows
// cannot remove the file until then.
func (s *Server) Stop() {
	s.stopOnce.Do(func() {
		for _, stop := range slices.Backward(s.stops) {
			stop()
		}
	})
}
