package e2e

import (
	"bytes"
	"slices"
	"testing"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/durablemcp/durablemcp"
)

// scrambler is a payload codec as encrypting ones are, without the keys.
type scrambler struct{}

func (scrambler) Encode(payloads []*common.Payload) ([]*common.Payload, error) {
	return scramble(payloads, func(p *common.Payload) (*common.Payload, error) {
		data, err := p.Marshal()
		return &common.Payload{
			Metadata: map[string][]byte{converter.MetadataEncoding: []byte("binary/scrambled")}, Data: flip(data),
		}, err
	})
}

func (scrambler) Decode(payloads []*common.Payload) ([]*common.Payload, error) {
	return scramble(payloads, func(p *common.Payload) (*common.Payload, error) {
		if string(p.GetMetadata()[converter.MetadataEncoding]) != "binary/scrambled" {
			return p, nil
		}
		decoded := new(common.Payload)
		return decoded, decoded.Unmarshal(flip(p.GetData()))
	})
}

func scramble(payloads []*common.Payload, one func(*common.Payload) (*common.Payload, error)) ([]*common.Payload, error) {
	var out []*common.Payload
	for _, p := range payloads {
		p, err := one(p)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

func flip(data []byte) []byte {
	flipped := slices.Clone(data)
	for i := range flipped {
		flipped[i] ^= 0xff
	}
	return flipped
}

// TestPayloadCodec checks that arguments, results, failures and the library's
// own record go through the codec of the embedder's client.
func TestPayloadCodec(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{client: client.Options{
		DataConverter: converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), scrambler{}),
	}}, func(queue string) []durablemcp.Tool {
		return append(cartTools(queue), durablemcp.WorkflowTool{
			Name: "greet", Description: "Test.", Workflow: Greet, TaskQueue: queue, WorkflowID: queue + "-greet",
		})
	})
	greeted := r.want(t, "greet", `{"city":"Atlantis","zip":7}`, `{"text":"hello Atlantis","zip":7}`)
	r.call("open_cart", `{"customer":"ann"}`)
	r.call("open_cart", `{"customer":"ann"}`) // joins: its record can be read
	r.want(t, "add", `{"customer":"ann","name":"grail"}`, `{"result":1}`)
	r.want(t, "items", `{"customer":"ann","prefix":""}`, `{"result":["grail"]}`)

	id := workflowOf(t, greeted)["workflow_id"]
	resp, err := r.temporal.DescribeWorkflowExecution(t.Context(), id, "")
	if err != nil {
		t.Fatal(err)
	}
	described := []byte(resp.String())
	history := r.temporal.GetWorkflowHistory(t.Context(), id, "", false, 0)
	for history.HasNext() {
		event, err := history.Next()
		if err != nil {
			t.Fatal(err)
		}
		described = append(described, event.String()...)
	}
	for _, secret := range []string{"Atlantis", "created"} {
		if bytes.Contains(described, []byte(secret)) {
			t.Errorf("Temporal sees %q", secret)
		}
	}
}
