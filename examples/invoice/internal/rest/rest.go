// Package rest sends JSON to the services that the invoice example needs.
//
// It makes one HTTP request a call and never retries: Temporal does that. (But
// net/http does, once, if a connection from an earlier request turns out to be
// broken and the request has an idempotency key.) Its errors carry no
// addresses, so that they can be shown to anybody.
package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

const (
	// timeout is for one whole request. It is shorter than the 30 seconds that
	// an attempt of an activity may take, because it gives the better error.
	timeout = 25 * time.Second

	// maxBody is the longest answer that is read.
	maxBody = 1 << 20
)

// A Client talks to one service. It is safe for concurrent use.
type Client struct {
	service string
	base    *url.URL
	http    *http.Client
}

// New returns a client of the service at base. The service's name is for
// errors, such as "the ERP".
func New(service, base string) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" ||
		(u.Path != "" && u.Path != "/") || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, fmt.Errorf("%q is not the base URL of a service: want http(s)://host[:port]", base)
	}
	return &Client{service: service, base: u, http: &http.Client{Timeout: timeout, CheckRedirect: stay}}, nil
}

// stay follows no redirect: what was posted must not end up elsewhere.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Post posts request as JSON to a path below the base URL, whose steps are
// escaped, and decodes the answer. Headers may be nil.
func (c *Client) Post(ctx context.Context, path []string, header http.Header, request, answer any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.address(path), bytes.NewReader(body))
	if err != nil {
		return err
	}
	if header != nil {
		req.Header = header.Clone()
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := c.http.Do(req)
	if err != nil {
		return c.unreachable(ctx, err)
	}
	defer func() { _ = res.Body.Close() }() // all of it was read, or is not wanted
	body, err = io.ReadAll(io.LimitReader(res.Body, maxBody))
	if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusCreated {
		return c.refused(res.StatusCode, body) // the status counts, even if the body broke off
	}
	if err != nil {
		return c.unreachable(ctx, err)
	}
	if err := json.Unmarshal(body, answer); err != nil {
		return fmt.Errorf("%s sent an answer that cannot be used", c.service)
	}
	return nil
}

func (c *Client) address(path []string) string {
	escaped := make([]string, len(path))
	for i, step := range path {
		escaped[i] = url.PathEscape(step)
	}
	return c.base.JoinPath(escaped...).String()
}
