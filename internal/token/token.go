// Package token makes and reads the opaque text by which a client refers to a
// workflow that a tool started for it: a task ID, or the state of a call that
// waits for a person's answer.
//
// A token names the tool, the workflow and the first run of its chain. It carries a
// MAC of 128 bits, keyed with a salt from the workflow's memo and durablemcp.Options.Secret,
// so that it cannot be forged. Any replica of a server can serve any token, and nothing
// is kept in the server.
package token

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"

	"github.com/google/uuid"

	"github.com/durablemcp/durablemcp/internal/idtemplate"
)

// MaxLength is the longest text, in bytes, that [Parse] looks at: the longest
// tool name and workflow ID fit with room to spare.
const MaxLength = 4096

const (
	version  = 1
	codeSize = 16 // 128 bits
)

// A Token is what a text refers to. It is to be trusted only after [Token.By]
// has confirmed it.
type Token struct {
	Tool       string // the tool that was called
	WorkflowID string
	FirstRunID string // the first run of the workflow's chain: continue-as-new, retries and resets keep it
	Round      string // what tells this token from others for the same work, up to 255 bytes; may be empty
	Holder     string // who alone may use it, or empty: confirmed by the code, and no part of the text

	code [codeSize]byte
}

// errMalformed says no more: who guesses tokens shall learn nothing.
var errMalformed = errors.New("malformed token")

var encoding = base64.RawURLEncoding.Strict() // one spelling for each token

// NewSalt returns the random text that a workflow's record keeps.
func NewSalt() string {
	salt := make([]byte, codeSize)
	_, _ = rand.Read(salt) // never fails
	return encoding.EncodeToString(salt)
}

// Text returns the token as text, confirmed by the salt of the workflow's
// record and the server's secret, which may be empty.
func (t Token) Text(salt string, secret []byte) (string, error) {
	body, err := t.body()
	if err != nil {
		return "", err
	}
	return encoding.EncodeToString(append(t.codeOf(body, salt, secret), body...)), nil
}

// Parse reads a token, without confirming it.
func Parse(text string) (Token, error) {
	if len(text) > MaxLength || strings.ContainsAny(text, "\r\n") { // which the encoding skips
		return Token{}, errMalformed
	}
	data, err := encoding.DecodeString(text)
	if err != nil || len(data) < codeSize+1+len(uuid.UUID{}) || data[codeSize] != version {
		return Token{}, errMalformed
	}
	var h Token
	data = data[copy(h.code[:], data)+1:]
	var run uuid.UUID
	data = data[copy(run[:], data):]
	h.FirstRunID = run.String()
	var tool, round bool
	h.Tool, data, tool = cut(data)
	h.Round, data, round = cut(data)
	if h.WorkflowID = string(data); !tool || !round || h.Tool == "" || h.WorkflowID == "" || !idtemplate.Printable(h.WorkflowID) {
		return Token{}, errMalformed
	}
	return h, nil
}

// cut takes a text of up to 255 bytes, which its length precedes, off data.
func cut(data []byte) (text string, rest []byte, ok bool) {
	if len(data) == 0 || int(data[0]) >= len(data) {
		return "", nil, false
	}
	end := 1 + int(data[0])
	return string(data[1:end]), data[end:], true
}

// By reports whether the token was made with the salt and the secret, for its
// Holder. It takes as long for every token of a length.
func (t Token) By(salt string, secret []byte) bool {
	body, err := t.body()
	return err == nil && salt != "" && hmac.Equal(t.code[:], t.codeOf(body, salt, secret))
}

// body is the token as the text has it.
func (t Token) body() ([]byte, error) {
	run, err := uuid.Parse(t.FirstRunID)
	if err != nil || t.Tool == "" || len(t.Tool) > 255 || len(t.Round) > 255 || t.WorkflowID == "" || !idtemplate.Printable(t.WorkflowID) {
		return nil, errMalformed
	}
	body := append([]byte{version}, run[:]...)
	for _, text := range []string{t.Tool, t.Round} {
		body = append(body, byte(len(text))) //nolint:gosec // at most 255
		body = append(body, text...)
	}
	return append(body, t.WorkflowID...), nil
}

func (t Token) codeOf(body []byte, salt string, secret []byte) []byte {
	// The salt has one length, so that salt and secret cannot be shifted.
	mac := hmac.New(sha256.New, append([]byte(salt), secret...))
	mac.Write(body)
	mac.Write([]byte("\x00" + t.Holder)) // no workflow ID, which ends the body, has this byte
	return mac.Sum(nil)[:codeSize]
}
