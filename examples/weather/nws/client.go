// Package nws is a client of the US National Weather Service's public API: the
// forecast for a point, and the active alerts of a state.
//
// It makes one HTTP request a call and never retries: whoever calls it decides
// that. Its errors carry no addresses and no response bodies, so that they can
// be shown to anybody.
package nws

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// RealURL is where the National Weather Service answers.
const RealURL = "https://api.weather.gov"

// maxBody is the longest answer that is read. Real ones stay below a quarter
// of it; a broken server must not fill the memory.
const maxBody = 8 << 20

const maxRedirects = 5

// Options for [New].
type Options struct {
	// UserAgent names the program and whom to ask about it. The service
	// refuses requests without one. If empty, a generic one is sent.
	UserAgent string

	// Timeout is for one whole request, from the connection to the last byte
	// of the answer. If zero, defaults to 10 seconds.
	Timeout time.Duration
}

// A Client asks one weather service. It is safe for concurrent use.
type Client struct {
	base      *url.URL
	http      *http.Client
	userAgent string
}

// New returns a client of the service at base, such as [RealURL]. The options
// may be nil.
func New(base string, options *Options) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" ||
		(u.Path != "" && u.Path != "/") || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, fmt.Errorf("%q is not the base URL of a weather service: want http(s)://host[:port]", base)
	}
	var opts Options
	if options != nil {
		opts = *options
	}
	return &Client{
		base:      &url.URL{Scheme: u.Scheme, Host: u.Host},
		userAgent: cmp.Or(opts.UserAgent, "(durablemcp-weather-example, see github.com/durablemcp/durablemcp)"),
		http: &http.Client{
			Timeout:       cmp.Or(opts.Timeout, 10*time.Second),
			CheckRedirect: stayOnHost,
		},
	}, nil
}

// errRedirect is what stayOnHost refuses with.
var errRedirect = errors.New("redirected to another host, or too often")

// stayOnHost follows redirects, which the service uses to tidy up coordinates,
// but only on the host that was configured: an answer must not be able to make
// this process call anything else.
func stayOnHost(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects || req.URL.Host != via[0].URL.Host || req.URL.Scheme != via[0].URL.Scheme {
		return errRedirect
	}
	return nil
}

// get fetches the path, which may have a query, and decodes the answer.
func (c *Client) get(ctx context.Context, path string, into any) error {
	ref, err := url.ParseRequestURI(path)
	if err != nil || ref.Host != "" {
		return malformed("its link is not a path")
	}
	// The host is always the configured one, wherever the path came from.
	target := url.URL{Scheme: c.base.Scheme, Host: c.base.Host, Path: ref.Path, RawPath: ref.RawPath, RawQuery: ref.RawQuery}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return malformed("its link is not a path")
	}
	req.Header.Set("User-Agent", c.userAgent)
	req.Header.Set("Accept", "application/geo+json")

	res, err := c.http.Do(req)
	if err != nil {
		return unreachable(ctx, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	switch {
	case res.StatusCode != http.StatusOK:
		return statusError(res, body) // the status counts, even if the body broke off
	case err != nil:
		return unreachable(ctx, err)
	case len(body) > maxBody:
		return malformed("it is too long")
	}
	if err := json.Unmarshal(body, into); err != nil {
		return malformedJSON(err)
	}
	return nil
}
