package nws

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"
)

// A StatusError says that the service answered with a status other than 200.
type StatusError struct {
	StatusCode int

	// Problem is the service's own explanation, from the title and the detail
	// of its problem document. It is empty if there was none.
	Problem string

	// RetryAfter is how long the service asked to be left alone. It is zero
	// if it did not ask.
	RetryAfter time.Duration
}

func (e *StatusError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("weather service answered %d %s", e.StatusCode, http.StatusText(e.StatusCode)))
}

// Permanent reports whether the same request would be refused again: the
// service blames the request. A timeout (408) and a full service (429) are no
// one's mistake, and neither is anything from 500 on.
func (e *StatusError) Permanent() bool {
	return e.StatusCode >= 400 && e.StatusCode < 500 &&
		e.StatusCode != http.StatusRequestTimeout && e.StatusCode != http.StatusTooManyRequests
}

// A MalformedError says that the service answered, but not what was agreed.
type MalformedError struct{ Reason string }

func (e *MalformedError) Error() string {
	return "weather service sent an answer that cannot be used: " + e.Reason
}

// An UnreachableError says that no whole answer came back.
type UnreachableError struct{ Reason string }

func (e *UnreachableError) Error() string {
	return "weather service cannot be reached: " + e.Reason
}

// ErrNoForecast says that the service knows the point but forecasts nothing
// there, as for the open sea.
var ErrNoForecast = errors.New("weather service has no forecast for this point")

func malformed(reason string) error { return &MalformedError{Reason: reason} }

// malformedJSON says what is wrong with the JSON without naming Go types.
func malformedJSON(err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return malformed(fmt.Sprintf("%s is a JSON %s", wrong.Field, wrong.Value))
	}
	return malformed(err.Error())
}

// unreachable keeps the reason of a failed request and drops what net/http
// puts around it: the URL and the addresses of both ends.
func unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err() // the caller gave up; the service did nothing wrong
	}
	reason := "the connection failed"
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		reason = "it did not answer in time"
	} else if errors.Is(err, errRedirect) {
		reason = errRedirect.Error()
	} else if dns, ok := errors.AsType[*net.DNSError](err); ok {
		reason = dns.Err
	} else if errno, ok := errors.AsType[syscall.Errno](err); ok {
		reason = errno.Error()
	}
	return &UnreachableError{Reason: reason}
}

// statusError reads the service's problem document, if there is one.
func statusError(res *http.Response, body []byte) error {
	var problem struct {
		Title  string `json:"title"`
		Detail string `json:"detail"`
	}
	_ = json.Unmarshal(body, &problem) // a proxy's HTML page, say: the status is all there is
	return &StatusError{
		StatusCode: res.StatusCode,
		Problem:    joinProblem(line(problem.Title), line(problem.Detail)),
		RetryAfter: retryAfter(res.Header.Get("Retry-After"), time.Now()),
	}
}

func joinProblem(title, detail string) string {
	switch {
	case title == "", title == detail:
		return detail
	case detail == "":
		return title
	}
	return title + ": " + detail
}

// maxLine is the most that is kept of a text which the service chose freely.
const maxLine = 300

// line makes one short line of a text from outside.
func line(text string) string {
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r)
	}), " ")
	if runes := []rune(text); len(runes) > maxLine {
		return string(runes[:maxLine]) + "…"
	}
	return text
}

// retryAfter reads both forms of the header: seconds, and a date.
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if date, err := http.ParseTime(header); err == nil {
		return max(0, date.Sub(now))
	}
	return 0
}
