package memo

import (
	"encoding/json"
)

// TypeProtocolError is the type of the failure that [ProtocolError] makes.
const TypeProtocolError = "durablemcp.ProtocolError"

// ProtocolFailure is what such a failure carries.
type ProtocolFailure struct {
	Code int64           `json:"code"`
	Data json.RawMessage `json:"data,omitempty"`
}
