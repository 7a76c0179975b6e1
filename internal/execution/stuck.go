package execution

import (
	"time"

	"go.temporal.io/api/workflowservice/v1"
)

// StuckPrefix begins what is said of a workflow that goes on only if somebody mends
// something.
const StuckPrefix = "stuck: "

// patience is how long a workflow task may stay unfinished before that is
// worth telling: workers take them up within milliseconds.
const patience = 2 * time.Second

// pollerMemory is how long after its last poll a worker can be alive: polls
// last a minute, and Temporal remembers them for five.
const pollerMemory = 90 * time.Second

func lastPoll(resp *workflowservice.DescribeTaskQueueResponse) (last time.Time) {
	for _, poller := range resp.GetPollers() {
		if seen := poller.GetLastAccessTime().AsTime(); seen.After(last) {
			last = seen
		}
	}
	return last
}

// idle is what a workflow does that has nothing pending which Temporal tells.
const idle = "waiting for a timer, a signal or an update"

// metadataQuery is a query that Temporal's SDKs answer for every workflow.
const metadataQuery = "__temporal_workflow_metadata"

// detailsTimeout bounds the query for a workflow's current details, which are
// shown only if a worker has them at hand.
const detailsTimeout = time.Second
