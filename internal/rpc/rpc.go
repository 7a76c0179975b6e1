// Package rpc makes the errors of JSON-RPC.
package rpc

import (
	"encoding/json"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
)

// Error is a JSON-RPC error. The SDK forwards its code and data only if it
// is not wrapped.
func Error(code int64, message string, data any) *jsonrpc.Error {
	e := &jsonrpc.Error{Code: code, Message: message}
	if data != nil {
		e.Data = Marshal(data)
	}
	return e
}

// Marshal marshals the library's own data, whose JSON cannot fail.
func Marshal(data any) json.RawMessage {
	raw, err := json.Marshal(data)
	if err != nil {
		panic(err)
	}
	return raw
}
