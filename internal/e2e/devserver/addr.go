package devserver

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

const (
	loopback = "127.0.0.1"

	frontendName = "Temporal frontend"
	uiName       = "Web UI"
)

// An AddrInUseError reports that a server cannot listen on an address because something else does.
type AddrInUseError struct {
	// What the address is for: "Temporal frontend" or "Web UI".
	What string
	// Addr is the host:port.
	Addr string
}

func (e *AddrInUseError) Error() string {
	return fmt.Sprintf("%s address %s is taken by another process; choose another one", e.What, e.Addr)
}

// checkAddrs fails with an error for each configured address that cannot be listened on. It returns the listener of the
// Web UI, or nil if there is to be none. The Temporal server insists on opening its own.
func (s *Server) checkAddrs() (uiListener net.Listener, err error) {
	frontend, frontendErr := listen(frontendName, s.opts.FrontendAddr)
	if frontendErr == nil {
		defer frontend.Close()
	}
	if s.opts.UIAddr == "" {
		return nil, frontendErr
	}
	ui, uiErr := listen(uiName, s.opts.UIAddr)
	if uiErr == nil {
		s.onStop(func() { ui.Close() })
	}
	return ui, errors.Join(frontendErr, uiErr)
}

// listen listens on addr, with the loopback address for an empty host.
func listen(what, addr string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	if host == "" {
		host = loopback
	}
	addr = net.JoinHostPort(host, port)
	listener, err := net.Listen("tcp", addr)
	if isAddrInUse(err) {
		return nil, &AddrInUseError{What: what, Addr: addr}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return listener, nil
}

// isAddrInUse reports whether err is the operating system's error for an address that is taken.
func isAddrInUse(err error) bool {
	const windowsAddrInUse = syscall.Errno(10048) // WSAEADDRINUSE, which is not syscall.EADDRINUSE
	return errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, windowsAddrInUse)
}

// addrOf returns the address that l listens on.
func addrOf(l net.Listener) netip.AddrPort {
	addr, _ := netip.ParseAddrPort(l.Addr().String()) // a TCP listener's always is one
	return netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port())
}

// dialable returns the address at which this machine reaches a listener on addr: loopback if it listens on all.
func dialable(addr netip.AddrPort) string {
	if addr.Addr().IsUnspecified() {
		addr = netip.AddrPortFrom(netip.MustParseAddr(loopback), addr.Port())
	}
	return addr.String()
}
