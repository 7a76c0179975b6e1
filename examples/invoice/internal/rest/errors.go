package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"unicode"
)

// A StatusError says that the service answered with an error status.
type StatusError struct {
	Service    string
	StatusCode int

	// Code and Message are the service's own explanation. They are empty if
	// there was none.
	Code    string
	Message string
}

func (e *StatusError) Error() string {
	text := fmt.Sprintf("%s answered %d %s", e.Service, e.StatusCode, http.StatusText(e.StatusCode))
	if explanation := strings.Trim(e.Code+": "+e.Message, ": "); explanation != "" {
		text += ": " + explanation
	}
	return text
}

// Permanent reports whether the same request would be refused again: the
// service blames the request. A timeout (408), a conflict with another request
// that is under way (409) and a full service (429) are no one's mistake, and
// neither is anything from 500 on.
func (e *StatusError) Permanent() bool {
	switch e.StatusCode {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooManyRequests:
		return false
	}
	return e.StatusCode < http.StatusInternalServerError
}

// refused reads the service's explanation, if there is one.
func (c *Client) refused(status int, body []byte) error {
	var explanation struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	_ = json.Unmarshal(body, &explanation) // a proxy's HTML page, say: the status is all there is
	return &StatusError{Service: c.service, StatusCode: status, Code: Line(explanation.Code), Message: Line(explanation.Message)}
}

// unreachable says why there was no answer, without addresses. If the caller
// is gone, its own error is the reason.
func (c *Client) unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	reason := "the connection failed"
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		reason = "it did not answer in time"
	} else if errno, ok := errors.AsType[syscall.Errno](err); ok {
		reason = errno.Error()
	}
	return fmt.Errorf("%s cannot be reached: %s", c.service, reason)
}

// maxLine is the most that is kept of a text which a service chose freely.
const maxLine = 300

// Line makes one short line of a text from outside.
func Line(text string) string {
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r)
	}), " ")
	if runes := []rune(text); len(runes) > maxLine {
		return string(runes[:maxLine]) + "…"
	}
	return text
}
