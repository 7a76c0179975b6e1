package durablemcp

import (
	"encoding/json"
	"errors"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"go.temporal.io/sdk/temporal"
)

// errProtocol is the type of the failure that [ProtocolError] makes.
const errProtocol = "durablemcp.ProtocolError"

// protocolFailure is what such a failure carries.
type protocolFailure struct {
	Code int64           `json:"code"`
	Data json.RawMessage `json:"data,omitempty"`
}

// ProtocolError returns an error with which a workflow ends a call not with a
// result that is an error, which the model reads and can act upon, but with an
// error of the protocol: a JSON-RPC error of the given code, which goes to the
// client, as a task that has failed. Most failures are not that: return other
// errors for them.
//
// The workflow fails with it, and is not retried. The message and data, which
// must marshal to JSON or be nil, reach the client as they are.
func ProtocolError(code int64, message string, data any) error {
	failure := protocolFailure{Code: code}
	if data != nil {
		raw, err := json.Marshal(data) //workflowcheck:ignore // it depends on data alone
		if err != nil {
			return errors.Join(errors.New("durablemcp.ProtocolError: data: "+err.Error()), errors.New(message))
		}
		failure.Data = raw
	}
	return temporal.NewNonRetryableApplicationError(message, errProtocol, nil, failure)
}

// protocolError returns the JSON-RPC error with which a workflow has ended, nil
// if it is none.
func protocolError(err error) *jsonrpc.Error {
	failed, ok := errors.AsType[*temporal.ApplicationError](err)
	if !ok || failed.Type() != errProtocol {
		return nil
	}
	var failure protocolFailure
	if failed.Details(&failure) != nil {
		failure.Code = jsonrpc.CodeInternalError
	}
	return &jsonrpc.Error{Code: failure.Code, Message: failed.Message(), Data: failure.Data}
}
