package devserver

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"go.temporal.io/server/common/log/tag"
)

// TestRegressionAbandonedRequestsAreNoErrors checks that a request which its
// client gave up is not reported: under load, the server called it a failure.
func TestRegressionAbandonedRequestsAreNoErrors(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	logger := &serverLogger{slog: slog.New(slog.NewTextHandler(&out, nil))}
	logger.Error("Operation failed with internal error.", tag.Error(errors.New("GetWorkflowExecution: context canceled")))
	logger.Error("service failures", tag.Error(context.Canceled))
	logger.Error("Queue reader unable to retrieve tasks", tag.Error(errors.New("shard status unknown")))
	if out.Len() > 0 {
		t.Errorf("the log has %s", &out)
	}
	logger.Error("disk full", tag.Error(errors.New("no space left")))
	if !strings.Contains(out.String(), "no space left") {
		t.Errorf("the log has %s", &out)
	}
}
