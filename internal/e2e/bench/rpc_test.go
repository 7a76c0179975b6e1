package bench

import (
	"context"
	"maps"
	"path"
	"sync"

	"google.golang.org/grpc"
)

// An rpcCounter counts the requests that a Temporal client makes, by method.
type rpcCounter struct {
	mu     sync.Mutex
	counts map[string]int
}

func (r *rpcCounter) intercept(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	r.mu.Lock()
	if r.counts == nil {
		r.counts = make(map[string]int)
	}
	r.counts[path.Base(method)]++
	r.mu.Unlock()
	return invoke(ctx, method, req, reply, conn, opts...)
}

func (r *rpcCounter) snapshot() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.counts)
}

// ofWorkers are the requests that a worker makes by itself.
var ofWorkers = map[string]bool{
	"PollWorkflowTaskQueue": true, "PollActivityTaskQueue": true, "PollNexusTaskQueue": true,
	"RespondWorkflowTaskCompleted": true, "RecordWorkerHeartbeat": true, "GetSystemInfo": true,
}

// since sums the requests since an earlier snapshot, without those of workers.
func since(now, before map[string]int) (sum int) {
	for method, n := range now {
		if !ofWorkers[method] {
			sum += n - before[method]
		}
	}
	return sum
}
