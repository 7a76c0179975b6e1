// Package task implements MCP's tasks extension (SEP-2663): tasks/get, tasks/update, tasks/cancel,
// subscriptions, and what the extension adds to HTTP. A task is a workflow execution. Tools
// implement [Tool].
package task

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/listen"
	"github.com/durablemcp/durablemcp/internal/rpc"
)

// maxTaskBody is how large a request about tasks may be if the embedder sets no
// limit.
const maxTaskBody = 4 << 20

// NewHandler serves what is about tasks before next does. It goes by the header
// Mcp-Method, which next holds to the body.
func NewHandler(next http.Handler, maxBody int64) http.Handler {
	if maxBody <= 0 {
		maxBody = maxTaskBody
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		method := req.Header.Get("Mcp-Method")
		isTask := method == MethodGet || method == MethodUpdate || method == MethodCancel
		if req.Method != http.MethodPost || req.Body == nil || !isTask && method != listen.Method {
			next.ServeHTTP(w, req)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxBody))
		if err != nil {
			status := http.StatusBadRequest
			if _, large := errors.AsType[*http.MaxBytesError](err); large {
				status = http.StatusRequestEntityTooLarge
			}
			http.Error(w, err.Error(), status)
			return
		}
		message := readMessage(body)
		switch {
		case isTask && slices.ContainsFunc(req.Header.Values("Mcp-Name"), func(name string) bool { return !message.named(name) }):
			refuseName(w, message.ID)
		case method == listen.Method && message.Method == method:
			serveStream(next, w, req, message, body)
		default:
			next.ServeHTTP(w, withBody(req, body))
		}
	})
}

// serveStream serves a request for notifications, those about tasks among them.
func serveStream(next http.Handler, w http.ResponseWriter, req *http.Request, message *rpcMessage, body []byte) {
	writer, params := listen.NewWriter(w, message.ID, message.Params)
	if writer == nil {
		next.ServeHTTP(w, withBody(req, body))
		return
	}
	defer writer.Close()
	message.Params = params
	next.ServeHTTP(writer, withBody(req, rpc.Marshal(message)))
}

// withBody returns the request with a body that was read already.
func withBody(req *http.Request, body []byte) *http.Request {
	req = req.Clone(req.Context())
	req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return req
}

// An rpcMessage is a JSON-RPC request.
type rpcMessage struct {
	Version json.RawMessage `json:"jsonrpc"`
	ID      json.RawMessage `json:"id,omitempty"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params,omitempty"`
}

// readMessage reads a request by the exact names of its members, as the SDK
// does: a struct would take "PARAMS" for "params". Of what is no request, it
// returns what there is: next says what is wrong with it.
func readMessage(body []byte) *rpcMessage {
	var members map[string]json.RawMessage
	_ = json.Unmarshal(body, &members)
	m := &rpcMessage{Version: members["jsonrpc"], ID: members["id"], Params: members["params"]}
	_ = json.Unmarshal(members["method"], &m.Method)
	return m
}

// named reports whether the header Mcp-Name may stand with the message.
func (m *rpcMessage) named(header string) bool {
	if header == "" {
		return true
	}
	// SEP-2243, Value Encoding.
	if encoded, ok := strings.CutPrefix(header, "=?base64?"); ok && strings.HasSuffix(encoded, "?=") {
		decoded, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(encoded, "?="))
		if err != nil {
			return false
		}
		header = string(decoded)
	}
	var params map[string]json.RawMessage // exact names, as the SDK reads them
	var id string
	return json.Unmarshal(m.Params, &params) == nil && json.Unmarshal(params["taskId"], &id) == nil && id == header
}

func refuseName(w http.ResponseWriter, id json.RawMessage) {
	if id == nil {
		id = json.RawMessage("null")
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	_, _ = fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":%s}`, id,
		rpc.Marshal(rpc.Error(mcp.CodeHeaderMismatch, "The header Mcp-Name is not params.taskId.", nil)))
}
