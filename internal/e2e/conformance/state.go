package main

// The requestState of the input-required-result scenarios. It goes through the
// client's hands, so it is signed.

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
)

// key lives as long as the process: states of an earlier one are refused.
var key = []byte(rand.Text())

// seal returns a state that holds the payload, and that only unseal for the
// same tool accepts.
func seal(tool, payload string) string {
	return encode([]byte(payload)) + "." + encode(signature(tool, payload))
}

// unseal returns the payload of a state. The error is a JSON-RPC error: the
// client has not sent what the tool has returned.
func unseal(tool, state string) (string, error) {
	encoded, mac, _ := strings.Cut(state, ".")
	payload, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil || !hmac.Equal([]byte(mac), []byte(encode(signature(tool, string(payload))))) {
		return "", &jsonrpc.Error{Code: jsonrpc.CodeInvalidParams, Message: "requestState is not one that this tool has returned"}
	}
	return string(payload), nil
}

func signature(tool, payload string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(tool + "\x00" + payload)) // no tool's name has a NUL
	return mac.Sum(nil)
}

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }
