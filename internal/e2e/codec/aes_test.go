package codec

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"testing"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
)

const encrypted = "binary/encrypted"

// An encryption is a payload codec that encrypts with AES-GCM, under a random
// nonce each.
type encryption struct{ aead cipher.AEAD }

func newEncryption(t *testing.T) encryption {
	t.Helper()
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		t.Fatal(err)
	}
	return encryption{aead}
}

func (e encryption) Encode(payloads []*common.Payload) ([]*common.Payload, error) {
	return each(payloads, func(p *common.Payload) (*common.Payload, error) {
		plain, err := p.Marshal()
		if err != nil {
			return nil, err
		}
		return &common.Payload{
			Metadata: map[string][]byte{converter.MetadataEncoding: []byte(encrypted)}, Data: e.aead.Seal(nil, nil, plain, nil),
		}, nil
	})
}

func (e encryption) Decode(payloads []*common.Payload) ([]*common.Payload, error) {
	return each(payloads, func(p *common.Payload) (*common.Payload, error) {
		if found := p.GetMetadata()[converter.MetadataEncoding]; string(found) != encrypted {
			return nil, fmt.Errorf("a payload was not encrypted: its encoding is %q", found)
		}
		plain, err := e.aead.Open(nil, nil, p.GetData(), nil)
		if err != nil {
			return nil, errors.New("a payload was encrypted with another key")
		}
		decoded := new(common.Payload)
		return decoded, decoded.Unmarshal(plain)
	})
}

func each(payloads []*common.Payload, one func(*common.Payload) (*common.Payload, error)) ([]*common.Payload, error) {
	changed := make([]*common.Payload, len(payloads))
	for i, p := range payloads {
		var err error
		if changed[i], err = one(p); err != nil {
			return nil, err
		}
	}
	return changed, nil
}
