package main

import (
	"net/url"

	"github.com/durablemcp/durablemcp/examples/internal/cli"
	"github.com/durablemcp/durablemcp/examples/weather/nws"
	"github.com/durablemcp/durablemcp/examples/weather/simulated"
)

// Values of -upstream. Any other is a URL.
const (
	upstreamSimulated = "simulated"
	upstreamReal      = "real"
)

// An upstream is the weather service that the activities ask.
type upstream struct {
	client *nws.Client
	source string            // its name, as results and people see it
	fake   *simulated.Server // nil if it is not simulated
}

func checkUpstream(value string) error {
	if value == upstreamSimulated || value == upstreamReal {
		return nil
	}
	if _, err := nws.New(value, nil); err != nil {
		return cli.Usagef("-upstream: %q is none of: simulated, real, http(s)://host[:port]", value)
	}
	return nil
}

// openUpstream starts the simulated service, or prepares to ask another one.
func openUpstream(value string) (*upstream, error) {
	var (
		up   upstream
		base string
		err  error
	)
	switch value {
	case upstreamReal:
		base, up.source = nws.RealURL, "US National Weather Service"
	case upstreamSimulated:
		if up.fake, err = simulated.Start(); err != nil {
			return nil, err
		}
		base, up.source = up.fake.URL(), "simulated weather service, made-up data"
	default:
		base, up.source = value, "weather service at "+hostOf(value)
	}
	if up.client, err = nws.New(base, nil); err != nil {
		up.close()
		return nil, err
	}
	return &up, nil
}

func (u *upstream) close() {
	if u.fake != nil {
		u.fake.Close()
	}
}

func hostOf(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return base
	}
	return u.Host
}
