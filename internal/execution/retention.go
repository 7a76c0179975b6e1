package execution

import (
	"context"
	"sync"
	"time"

	"go.temporal.io/api/workflowservice/v1"
)

// A retention is how long a namespace keeps closed workflows.
type retention struct {
	mu    sync.Mutex
	known time.Duration
	err   error
	asked time.Time
}

// retentionAge is how long a retention that was read is taken to hold, and
// retryRetention when it is asked for again if it could not be read.
const (
	retentionAge   = time.Hour
	retryRetention = time.Minute
)

// Retention returns how long the namespace keeps workflows that have closed.
func (c *Client) Retention(ctx context.Context) (time.Duration, error) {
	r := &c.kept
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.asked) < retentionAge {
		return r.known, r.err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), LookTimeout) // it is for others, too
	defer cancel()
	resp, err := c.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: c.Namespace})
	switch {
	case err == nil:
		r.known, r.err, r.asked = resp.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration(), nil, time.Now()
	case r.known > 0: // what was read before holds longer
		r.asked = time.Now().Add(retryRetention - retentionAge)
	default:
		r.err, r.asked = err, time.Now().Add(retryRetention-retentionAge)
	}
	return r.known, r.err
}
