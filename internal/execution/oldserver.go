package execution

import (
	"fmt"
	"sync/atomic"
)

// MinVersion is MinTemporalVersion of package durablemcp.
const MinVersion = "1.25.0"

// An oldServerError says that the Temporal server is older than
// [MinTemporalVersion].
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
