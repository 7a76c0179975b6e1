package taskclient

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
)

const (
	maxMessage = 16 << 20 // bytes of one message from the server, as in the SDK
	maxExcerpt = 200      // bytes of a body that is not a message, in an error

	contentJSON = "application/json"
	contentSSE  = "text/event-stream"
)

// lingerTime is how long a server may take to end a stream after its response,
// so that the TCP connection can be used again.
const lingerTime = 250 * time.Millisecond

// httpTransport is streamable HTTP of protocol version 2026-07-28: each
// request is a POST, and what the server answers to it belongs to it.
type httpTransport struct {
	endpoint string
	client   *http.Client
}

func (t *httpTransport) close() error { return nil }

func (t *httpTransport) roundTrip(ctx context.Context, call *call) iter.Seq2[jsonrpc.Message, error] {
	return func(yield func(jsonrpc.Message, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		resp, err := t.post(ctx, call)
		if err != nil {
			yield(nil, err)
			return
		}
		defer resp.Body.Close()
		switch content, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); {
		case resp.StatusCode != http.StatusOK:
			yield(nil, readError(resp, call.ID))
		case content == contentJSON:
			yield(readMessage(resp.Body, call.ID))
		case content == contentSSE:
			if stream(resp.Body, call.ID, yield) {
				linger := time.AfterFunc(lingerTime, cancel)
				defer linger.Stop()
				_, _ = io.CopyN(io.Discard, resp.Body, maxExcerpt)
			}
		default:
			yield(nil, fmt.Errorf("found the content type %q; want %s or %s", content, contentJSON, contentSSE))
		}
	}
}

// post sends the call with the headers that repeat parts of its body
// (basic/transports/streamable-http, "Request Metadata").
func (t *httpTransport) post(ctx context.Context, call *call) (*http.Response, error) {
	body, err := jsonrpc.EncodeMessage(call.Request)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if req.URL.Scheme != "http" && req.URL.Scheme != "https" || req.URL.Host == "" {
		return nil, fmt.Errorf("found the endpoint %q; want an http or https URL", t.endpoint)
	}
	req.Header.Set("Content-Type", contentJSON)
	req.Header.Set("Accept", contentJSON+", "+contentSSE)
	req.Header.Set("Mcp-Protocol-Version", protocolVersion)
	req.Header.Set("Mcp-Method", call.Method)
	if call.name != "" {
		req.Header.Set("Mcp-Name", headerValue(call.name))
	}
	resp, err := t.client.Do(req)
	if err != nil {
		return nil, &networkError{err}
	}
	return resp, nil
}

// headerValue encodes what is not fit for a header ("Value Encoding").
func headerValue(s string) string {
	const prefix, suffix = "=?base64?", "?="
	unfit := strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
	looksEncoded := strings.HasPrefix(s, prefix) && strings.HasSuffix(s, suffix)
	if unfit || looksEncoded || strings.Trim(s, " ") != s {
		return prefix + base64.StdEncoding.EncodeToString([]byte(s)) + suffix
	}
	return s
}

// stream yields the messages of an event stream up to the response, and
// reports whether it came to it. A stream that ends earlier is not an error here.
func stream(body io.Reader, id jsonrpc.ID, yield func(jsonrpc.Message, error) bool) (answered bool) {
	for data, err := range events(body, maxMessage) {
		if err != nil {
			yield(nil, err)
			return false
		}
		msg, err := decodeMessage(data, id)
		_, answered = msg.(*jsonrpc.Response)
		if !yield(msg, err) || err != nil || answered {
			return answered
		}
	}
	return false
}

// readMessage reads a body that is one response.
func readMessage(body io.Reader, id jsonrpc.ID) (jsonrpc.Message, error) {
	data, err := io.ReadAll(io.LimitReader(body, maxMessage+1))
	if err != nil {
		return nil, &networkError{err}
	}
	if len(data) > maxMessage {
		return nil, errTooLarge
	}
	msg, err := decodeMessage(data, id)
	if err != nil {
		return nil, err
	}
	if _, ok := msg.(*jsonrpc.Response); !ok {
		return nil, errors.New("malformed message: found no response in the body")
	}
	return msg, nil
}

// readError turns an answer with another status than 200 into an error.
func readError(resp *http.Response, id jsonrpc.ID) error {
	e := &httpError{status: resp.StatusCode}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxMessage))
	if err != nil {
		return e // the status says enough
	}
	if msg, err := decodeMessage(data, id); err == nil {
		if response, ok := msg.(*jsonrpc.Response); ok && response.Error != nil {
			e.rpc = response.Error
		}
	}
	e.body = strings.ToValidUTF8(string(data[:min(len(data), maxExcerpt)]), "")
	return e
}

// decodeMessage reads a message that belongs to the request id.
func decodeMessage(data []byte, id jsonrpc.ID) (jsonrpc.Message, error) {
	if response := anonymousError(data, id); response != nil {
		return response, nil
	}
	msg, err := jsonrpc.DecodeMessage(data)
	if err != nil {
		// As text: the SDK's own errors are JSON-RPC errors too, and would
		// look as if the server had sent them.
		return nil, fmt.Errorf("malformed message: %s", err.Error())
	}
	if response, ok := msg.(*jsonrpc.Response); ok && response.ID != id {
		return nil, fmt.Errorf("malformed message: found a response to the request %v; want one to %v", response.ID.Raw(), id.Raw())
	}
	return msg, nil
}

// anonymousError returns an error response that has no ID, because the server
// did not get to read it, or nil. Over HTTP, it can only be the one to the
// request in question. The SDK does not decode it.
func anonymousError(data []byte, id jsonrpc.ID) *jsonrpc.Response {
	var msg struct {
		Version string         `json:"jsonrpc"`
		ID      any            `json:"id"`
		Method  any            `json:"method"`
		Error   *jsonrpc.Error `json:"error"`
	}
	if json.Unmarshal(data, &msg) != nil || msg.Version != "2.0" || msg.ID != nil || msg.Method != nil || msg.Error == nil {
		return nil
	}
	return &jsonrpc.Response{ID: id, Error: msg.Error}
}
