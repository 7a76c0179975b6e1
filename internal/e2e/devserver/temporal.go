package devserver

import (
	"context"
	"fmt"
	"net"

	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/temporal"
)

// startAttempts is how often the Temporal server is started. Between the choice of a free port and the server's
// listening on it, another process may take it.
const startAttempts = 3

// startTemporal starts the Temporal server on db.
func (s *Server) startTemporal(ctx context.Context, db *config.SQL) error {
	var err error
	for range startAttempts {
		if err = ctx.Err(); err != nil {
			return err
		}
		if err = s.tryStartTemporal(db); !isAddrInUse(err) {
			return err
		}
	}
	return err
}

func (s *Server) tryStartTemporal(db *config.SQL) error {
	addrs, err := chooseAddrs(s.opts.FrontendAddr)
	if err != nil {
		return err
	}
	logger := &serverLogger{slog: s.opts.Logger}
	server, err := newTemporal(
		temporal.WithConfig(serverConfig(addrs, db)),
		temporal.WithDynamicConfigClient(dynamicConfig()),
		temporal.WithStaticHosts(staticHosts(addrs)),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithLogger(logger),
	)
	if err != nil {
		return fmt.Errorf("create Temporal server: %w", err)
	}
	s.onStop(func() {
		logger.muted.Store(true) // a server that stops complains about its own absence
		_ = server.Stop()
	})
	if err := server.Start(); err != nil {
		return fmt.Errorf("start Temporal server: %w", err)
	}
	s.frontendAddr = dialable(addrs[primitives.FrontendService])
	return nil
}

// newTemporal creates a Temporal server, which opens its listeners. A fatal error of the server is returned; listeners
// that it has opened before stay open, as nobody has a handle on them.
func newTemporal(opts ...temporal.ServerOption) (server temporal.Server, err error) {
	defer func() {
		p := recover()
		if fatal, ok := p.(*fatalError); ok {
			err = fatal
		} else if p != nil {
			panic(p)
		}
	}()
	return temporal.NewServer(opts...)
}

// chooseAddrs returns an address for each of the server's services: frontendAddr for the frontend, with a free port if
// its port is 0, and free ones on the loopback interface for the services that only talk to each other.
func chooseAddrs(frontendAddr string) (serviceAddrs, error) {
	addrs := make(serviceAddrs)
	var listeners []net.Listener // all open until the last one is chosen, so that no two are the same
	defer func() {
		for _, l := range listeners {
			l.Close()
		}
	}()
	for _, service := range services {
		name, addr := string(service), defaultFrontendAddr
		if service == primitives.FrontendService {
			name, addr = frontendName, frontendAddr
		}
		l, err := listen(name, addr)
		if err != nil {
			return nil, err
		}
		listeners = append(listeners, l)
		addrs[service] = addrOf(l)
	}
	return addrs, nil
}

// staticHosts tells the services where the others are, instead of letting them find out over a gossip protocol.
func staticHosts(addrs serviceAddrs) map[primitives.ServiceName]static.Hosts {
	hosts := make(map[primitives.ServiceName]static.Hosts)
	for service, addr := range addrs {
		hosts[service] = static.SingleLocalHost(dialable(addr))
	}
	return hosts
}
