// Package handle makes and reads the opaque text by which a client refers to a
// workflow that a tool started for it: a task ID, or the state of a call that
// waits for a person's answer.
//
// A handle names the tool, the workflow and the first run of its chain, and
// carries a code of 128 bits over them, which only the workflow's own record
// can confirm. So any replica of a server can serve any handle, nothing is kept
// in the server, and who does not have the handle cannot make it.
package handle

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"

	"github.com/google/uuid"
)

// MaxLength is the longest text, in bytes, that [Parse] looks at: the longest
// tool name and workflow ID fit with room to spare.
const MaxLength = 4096

const (
	version  = 1
	codeSize = 16 // 128 bits
)

// A Handle is what a text refers to. It is to be trusted only after [Handle.By]
// has confirmed it.
type Handle struct {
	Tool       string // the tool that was called
	WorkflowID string
	FirstRunID string // the first run of the workflow's chain: continue-as-new, retries and resets keep it

	code [codeSize]byte
}

// errMalformed says no more: who guesses handles shall learn nothing.
var errMalformed = errors.New("malformed handle")

var encoding = base64.RawURLEncoding.Strict() // one spelling for each handle

// NewSalt returns the random text that a workflow's record keeps.
func NewSalt() string {
	salt := make([]byte, codeSize)
	_, _ = rand.Read(salt) // never fails
	return encoding.EncodeToString(salt)
}

// Text returns the handle as text, confirmed by the salt of the workflow's
// record and the server's secret, which may be empty.
func (h Handle) Text(salt string, secret []byte) (string, error) {
	body, err := h.body()
	if err != nil {
		return "", err
	}
	return encoding.EncodeToString(append(code(body, salt, secret), body...)), nil
}

// Parse reads a handle, without confirming it.
func Parse(text string) (Handle, error) {
	if len(text) > MaxLength {
		return Handle{}, errMalformed
	}
	data, err := encoding.DecodeString(text)
	if err != nil || len(data) < codeSize+1+len(uuid.UUID{})+1 {
		return Handle{}, errMalformed
	}
	var h Handle
	copy(h.code[:], data)
	data = data[codeSize:]
	if data[0] != version {
		return Handle{}, errMalformed
	}
	run := uuid.UUID(data[1:17])
	h.FirstRunID = run.String()
	data = data[17:]
	end := 1 + int(data[0])
	if end >= len(data) {
		return Handle{}, errMalformed
	}
	h.Tool, h.WorkflowID = string(data[1:end]), string(data[end:])
	return h, nil
}

// By reports whether the handle was made with the salt and the secret. It takes
// as long for every handle of a length.
func (h Handle) By(salt string, secret []byte) bool {
	body, err := h.body()
	return err == nil && salt != "" && hmac.Equal(h.code[:], code(body, salt, secret))
}

// body is what the code confirms: version, first run, tool and workflow ID.
func (h Handle) body() ([]byte, error) {
	run, err := uuid.Parse(h.FirstRunID)
	if err != nil || h.Tool == "" || len(h.Tool) > 255 || h.WorkflowID == "" {
		return nil, errMalformed
	}
	body := append([]byte{version}, run[:]...)
	body = append(body, byte(len(h.Tool)))
	body = append(body, h.Tool...)
	return append(body, h.WorkflowID...), nil
}

func code(body []byte, salt string, secret []byte) []byte {
	// The salt has one length, so that salt and secret cannot be shifted.
	mac := hmac.New(sha256.New, append([]byte(salt), secret...))
	mac.Write(body)
	return mac.Sum(nil)[:codeSize]
}
