package e2e

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

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

// keyless is a codec that has lost the key to results: it reads no "secret".
type keyless struct{ scrambler }

func (k keyless) Decode(payloads []*common.Payload) ([]*common.Payload, error) {
	decoded, err := k.scrambler.Decode(payloads)
	for _, p := range decoded {
		if bytes.Contains(p.GetData(), []byte("secret")) {
			return nil, errors.New("there is no key for this at 10.0.0.7")
		}
	}
	return decoded, err
}

// Keep returns what the server of TestUnreadableResult cannot read, when it is
// told to.
func Keep(ctx workflow.Context, name string) (string, error) {
	workflow.GetSignalChannel(ctx, "go on").Receive(ctx, nil)
	return "secret of " + name, nil
}

// TestUnreadableResult lets workflows end with a result that the server's data
// converter cannot read. Calls say so, once; a task is not lost.
func TestUnreadableResult(t *testing.T) {
	t.Parallel()
	for _, g := range generations() {
		for _, when := range []string{"at once", "later"} {
			t.Run(g.name+"/"+when, func(t *testing.T) {
				t.Parallel()
				o := quick()
				o.client.DataConverter = converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), keyless{})
				s := newStage(t, o, asking(Keep))
				id := s.queue + "-ann"
				goOn := func() {
					if err := s.temporal.SignalWorkflow(t.Context(), id, "", "go on", nil); err != nil {
						t.Fatal(err)
					}
				}
				if when == "at once" {
					if _, err := generations()[0].begin(s, &calling{tool: "start", arguments: ann}).end(); err != nil {
						t.Fatal(err)
					}
					goOn()
					eventually(t, "the workflow has ended", func() bool { return s.count(id, enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED) > 0 })
					wantUnreadable(t, g.begin(s, &calling{tool: "result", arguments: ann}))
					return
				}
				call := g.begin(s, &calling{tool: "ask", arguments: ann})
				if g.name == "tasks" {
					task := call.taskID()
					goOn()
					eventually(t, "the task cannot be read", func() bool {
						_, err := s.task(t.Context(), "tasks/get", task, taskCaps(formCaps), "")
						failed, isRPC := errors.AsType[*rpcError](err)
						return isRPC && failed.Code == -32603 && strings.Contains(failed.Message, "cannot read how it ended")
					})
					call.hangUp()
					return
				}
				eventually(t, "the call waits", func() bool { return s.requests.of("DescribeWorkflowExecution") > 0 })
				goOn()
				wantUnreadable(t, call)
			})
		}
	}
}

func wantUnreadable(t *testing.T, call *calling) {
	t.Helper()
	failed := call.wantFailure("InvalidResult")
	contains(t, failed.Error.Message, "is done, but this server cannot read how it ended")
	if strings.Contains(call.result.String(), "10.0.0.7") {
		t.Errorf("the error shows internals: %s", call.result)
	}
}
