package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"sync/atomic"
)

// replicas is how many processes each example has.
const replicas = 2

// A fleet is the processes of one example, behind a balancer that knows nothing
// of what it balances: each request goes to the next process.
type fleet struct {
	replicas []*replica
	next     atomic.Int64
}

// start starts all processes of a fleet.
func (f *fleet) start(ctx context.Context, dir, name string, args []string) error {
	for i := range replicas {
		address, err := freeAddress(ctx)
		if err != nil {
			return err
		}
		r := &replica{
			name: fmt.Sprintf("%s %d", name, i+1), program: program(dir, name), address: address,
			args: append([]string{"-http", address}, args...), log: filepath.Join(dir, fmt.Sprintf("%s-%d.log", name, i+1)),
		}
		f.replicas = append(f.replicas, r)
		if err := r.start(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (f *fleet) stop() {
	for _, r := range f.replicas {
		r.kill()
	}
}

// url is the address that clients use. Where it leads is up to the route.
const url = "http://127.0.0.1/mcp"

// client returns an HTTP client of the fleet for somebody with a token. If it is
// sticky, all its requests go to one process: sessions live in one.
func (f *fleet) client(token string, sticky bool) *http.Client {
	r := &route{fleet: f, token: token, fixed: -1}
	if sticky {
		r.fixed = f.turn()
	}
	return &http.Client{Transport: r}
}

func (f *fleet) turn() int { return int(f.next.Add(1) % int64(len(f.replicas))) }

// A route is how the requests of a client reach the fleet.
type route struct {
	fleet *fleet
	token string
	fixed int // the process, or -1 for each in turn
}

// RoundTrip sends a request to the next process. If that one is down, the one
// after it has its turn: nothing was sent.
func (r *route) RoundTrip(req *http.Request) (resp *http.Response, err error) {
	at := r.fixed
	for range r.fleet.replicas {
		if r.fixed < 0 {
			at = r.fleet.turn()
		}
		sent := req.Clone(req.Context())
		if req.GetBody != nil {
			if sent.Body, err = req.GetBody(); err != nil {
				return nil, err
			}
		}
		sent.URL.Host = r.fleet.replicas[at].address
		if r.token != "" {
			sent.Header.Set("Authorization", "Bearer "+r.token)
		}
		resp, err = http.DefaultTransport.RoundTrip(sent)
		if unsent, ok := errors.AsType[*net.OpError](err); !ok || unsent.Op != "dial" || r.fixed >= 0 || req.Body != nil && req.GetBody == nil {
			return resp, err
		}
	}
	return nil, err
}
