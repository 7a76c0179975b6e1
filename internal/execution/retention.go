package execution

import (
	"sync"
	"time"
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
