package execution

import (
	"context"
	"fmt"
	"sync/atomic"

	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
)

// MinVersion is MinTemporalVersion of package durablemcp.
const MinVersion = "1.25.0"

// An oldServerError says that the Temporal server is older than
// durablemcp.MinTemporalVersion.
type oldServerError struct{ version string } // empty if it is not known

func (e *oldServerError) Error() string {
	version := e.version
	if version == "" {
		version = "unknown"
	}
	return fmt.Sprintf("the Temporal server is too old: its version is %s, and durablemcp needs %s or later", version, MinVersion)
}

// serverVersion is the version of the Temporal server, once it was asked for.
type serverVersion struct{ known atomic.Pointer[string] }

// checkVersion returns an [*oldServerError] if the server that has described an
// execution is too old. A server shows it by what it leaves out: only an old one
// is asked for its version, once.
func (c *Client) checkVersion(ctx context.Context, described *workflow.WorkflowExecutionInfo) error {
	if described.GetFirstRunId() != "" {
		return nil
	}
	if known := c.version.known.Load(); known != nil {
		return &oldServerError{*known}
	}
	ctx, cancel := context.WithTimeout(ctx, LookTimeout)
	defer cancel()
	info, err := c.WorkflowService().GetSystemInfo(ctx, &workflowservice.GetSystemInfoRequest{})
	if err != nil {
		return &oldServerError{}
	}
	version := info.GetServerVersion()
	c.version.known.Store(&version)
	return &oldServerError{version}
}
