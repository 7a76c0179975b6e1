package e2e

import (
	"context"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/durablemcp/durablemcp"
)

// shifting is an interceptor through which the server's clock seems to be set otherwise.
func shifting(by time.Duration) grpc.UnaryClientInterceptor {
	return func(ctx context.Context, method string, req, resp any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		err := invoke(ctx, method, req, resp, conn, opts...)
		if m, ok := resp.(proto.Message); ok && err == nil {
			shift(m.ProtoReflect(), by)
		}
		return err
	}
}

// shift moves all times in a message.
func shift(m protoreflect.Message, by time.Duration) {
	if t, ok := m.Interface().(*timestamppb.Timestamp); ok {
		moved := timestamppb.New(t.AsTime().Add(by))
		t.Seconds, t.Nanos = moved.GetSeconds(), moved.GetNanos()
		return
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Message() == nil:
		case f.IsMap() && f.MapValue().Message() != nil:
			v.Map().Range(func(_ protoreflect.MapKey, e protoreflect.Value) bool {
				shift(e.Message(), by)
				return true
			})
		case f.IsMap():
		case f.IsList():
			for i := range v.List().Len() {
				shift(v.List().Get(i).Message(), by)
			}
		default:
			shift(v.Message(), by)
		}
		return true
	})
}

// TestClocksDiffer runs against a server whose clock is set otherwise than this machine's:
// what Temporal dates is compared with Temporal's time.
func TestClocksDiffer(t *testing.T) {
	t.Parallel()
	for name, by := range map[string]time.Duration{"ahead": 90 * time.Minute, "behind": -90 * time.Minute, "same": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options{Options: durablemcp.Options{Wait: time.Second}, client: client.Options{ConnectionOptions: client.ConnectionOptions{
				DialOptions: []grpc.DialOption{grpc.WithUnaryInterceptor(shifting(by))},
			}}}
			r := setUp(t, o, func(queue string) []durablemcp.Tool { return append(cartTools(queue), payTool(queue)) })
			r.call("open_cart", `{"customer":"ann"}`)
			r.untilPolled(t)
			r.want(t, "items", `{"customer":"ann","prefix":""}`, `{"result":[]}`)
			started := time.Now()
			for _, tool := range []string{"cart_status", "receipt"} {
				if o := outcomeOf(r.call(tool, `{"customer":"ann"}`)); strings.Contains(o.Text+o.Structured, "no worker") || strings.Contains(o.Text, "hour") {
					t.Errorf("%s: %s", tool, o.Text)
				}
			}
			if elapsed := outcomeOf(r.call("shop", `{"customer":"bob"}`)); strings.Contains(elapsed.Text, "1h30m") {
				t.Errorf("after %s: %s", time.Since(started), elapsed.Text)
			}
			r.payAgain(t)
			t.Run("no worker", func(t *testing.T) {
				t.Parallel()
				o.noWorker = true
				r := setUp(t, o, cartTools)
				r.call("open_cart", `{"customer":"ann"}`)
				r.wantFailure(t, "items", `{"customer":"ann","prefix":""}`, "NoWorker", "no worker polls its task queue")
			})
		})
	}
}

// payAgain repeats a call within the window in which it is not carried out again.
func (r *rig) payAgain(t *testing.T) {
	t.Helper()
	first := workflowOf(t, r.call("pay", `{"kind":"complete"}`))
	again := r.call("pay", `{"kind":"complete"}`)
	if workflowOf(t, again)["run_id"] != first["run_id"] {
		t.Errorf("the repeat was carried out: %s", outcomeOf(again).Text)
	}
	contains(t, outcomeOf(again).Text, "The same call was completed", "s ago; it was not done again")
	if strings.Contains(outcomeOf(again).Text, "1h30m") {
		t.Errorf("the repeat is told %s", outcomeOf(again).Text)
	}
}
