package taskclient

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// A Status says where a task stands (section "Task Status").
type Status string

// The statuses of a task. The last three are final.
const (
	Working       Status = "working"        // the work goes on
	InputRequired Status = "input_required" // it needs answers to the task's InputRequests
	Completed     Status = "completed"      // the task has a Result, which may be one with IsError
	Cancelled     Status = "cancelled"      // the work was cancelled before it was done
	Failed        Status = "failed"         // the call ended in the task's JSON-RPC Error
)

// A Task is one state of a task (section "Tasks"). Its JSON is that of the
// protocol, so that it can be stored; the ID alone is enough to go on.
type Task struct { //nolint:recvcheck // values have the protocol's JSON too
	// ID names the task at its server. Who knows it may be able to act on the
	// task: treat it as a secret.
	ID string

	// Status is one of the constants.
	Status Status

	// StatusMessage says more about the status, for a person or a model. It
	// may be empty.
	StatusMessage string

	// CreatedAt and LastUpdatedAt are times of the server's clock.
	CreatedAt, LastUpdatedAt time.Time

	// TTL is how long after CreatedAt the server keeps the task at least. Nil
	// means for ever.
	TTL *time.Duration

	// PollInterval is how long the server wants clients to wait between two
	// requests for the task's state. Zero means that it does not say.
	PollInterval time.Duration

	// InputRequests are the questions that wait for an answer, by their keys,
	// if the status is [InputRequired].
	InputRequests mcp.InputRequestMap

	// Result is the tool's result if the status is [Completed].
	Result *mcp.CallToolResult

	// Error is what the call failed with if the status is [Failed].
	Error *jsonrpc.Error
}

// Done reports whether the task has reached its last state.
func (t *Task) Done() bool {
	switch t.Status {
	case Completed, Cancelled, Failed:
		return true
	case Working, InputRequired:
	}
	return false
}

// A baseTask is what a task has in each of its states.
type baseTask struct {
	ID            string    `json:"taskId"`
	Status        Status    `json:"status"`
	StatusMessage string    `json:"statusMessage,omitempty"`
	CreatedAt     time.Time `json:"createdAt"`
	LastUpdatedAt time.Time `json:"lastUpdatedAt"`
	TTL           *float64  `json:"ttlMs"`
	PollInterval  float64   `json:"pollIntervalMs,omitempty"`
}

type wireTask struct {
	baseTask

	InputRequests json.RawMessage `json:"inputRequests,omitempty"`
	Result        json.RawMessage `json:"result,omitempty"`
	Error         *jsonrpc.Error  `json:"error,omitempty"`
}

// MarshalJSON returns the task as the protocol has it.
func (t Task) MarshalJSON() ([]byte, error) {
	wire := wireTask{Error: t.Error, baseTask: baseTask{
		ID: t.ID, Status: t.Status, StatusMessage: t.StatusMessage,
		CreatedAt: t.CreatedAt, LastUpdatedAt: t.LastUpdatedAt,
		PollInterval: float64(t.PollInterval.Milliseconds()),
	}}
	if t.TTL != nil {
		wire.TTL = new(float64(t.TTL.Milliseconds()))
	}
	var err error
	if t.InputRequests != nil {
		wire.InputRequests, err = json.Marshal(t.InputRequests)
	}
	if t.Result != nil && err == nil {
		wire.Result, err = json.Marshal(t.Result)
	}
	if err != nil {
		return nil, err
	}
	return json.Marshal(wire)
}

// UnmarshalJSON reads the protocol's form. It is an error if the ID, one of
// the times, or a known status is missing. A missing ttlMs is read as null,
// and durations beyond Go's are cut to the longest one.
func (t *Task) UnmarshalJSON(data []byte) error {
	var wire wireTask
	if err := json.Unmarshal(data, &wire); err != nil {
		return fmt.Errorf("malformed task: %w", err)
	}
	read, err := wire.task()
	if err != nil {
		return err
	}
	read.Error = wire.Error
	if present(wire.InputRequests) {
		read.InputRequests, err = decodeInputRequests(wire.InputRequests)
	}
	if present(wire.Result) && err == nil {
		read.Result, err = decodeToolResult(wire.Result)
	}
	if err != nil {
		return fmt.Errorf("malformed task: %w", err)
	}
	*t = *read
	return nil
}

func (w *baseTask) task() (*Task, error) {
	if err := w.check(); err != nil {
		return nil, fmt.Errorf("malformed task: %w", err)
	}
	t := &Task{
		ID: w.ID, Status: w.Status, StatusMessage: w.StatusMessage,
		CreatedAt: w.CreatedAt, LastUpdatedAt: w.LastUpdatedAt,
		PollInterval: milliseconds(w.PollInterval),
	}
	if w.TTL != nil {
		t.TTL = new(milliseconds(*w.TTL))
	}
	return t, nil
}

func (w *baseTask) check() error {
	switch {
	case w.ID == "":
		return errors.New("found no taskId")
	case w.CreatedAt.IsZero() || w.LastUpdatedAt.IsZero():
		return errors.New("found no createdAt or no lastUpdatedAt")
	case w.PollInterval < 0 || w.TTL != nil && *w.TTL < 0:
		return errors.New("found a negative duration")
	}
	switch w.Status {
	case Working, InputRequired, Completed, Cancelled, Failed:
		return nil
	}
	return fmt.Errorf("found the status %q; want one that the protocol has", w.Status)
}

// milliseconds returns ms as a duration. The protocol has integers, but some
// JSON encoders write those with an exponent or a fraction.
func milliseconds(ms float64) time.Duration {
	whole, fraction := math.Modf(ms)
	if whole >= math.MaxInt64/float64(time.Millisecond) {
		return math.MaxInt64
	}
	return time.Duration(whole)*time.Millisecond + time.Duration(fraction*float64(time.Millisecond))
}

// decodeCreatedTask reads a task's first state, as tools/call has it. Clients
// must not use more of it than the base, so nothing else may cost them its ID.
func decodeCreatedTask(data json.RawMessage) (*Task, error) {
	var wire baseTask
	if err := json.Unmarshal(data, &wire); err != nil {
		return nil, fmt.Errorf("malformed task: %w", err)
	}
	return wire.task()
}

// decodeTask reads a task's state as tasks/get and notifications/tasks have
// it: with what belongs to its status.
func decodeTask(data json.RawMessage) (*Task, error) {
	t := &Task{}
	if err := t.UnmarshalJSON(data); err != nil {
		return nil, err
	}
	missing := ""
	switch {
	case t.Status == Completed && t.Result == nil:
		missing = "result"
	case t.Status == Failed && t.Error == nil:
		missing = "error"
	case t.Status == InputRequired && t.InputRequests == nil:
		missing = "inputRequests"
	}
	if missing != "" {
		return nil, fmt.Errorf("malformed task: its status is %q, but it has no %s", t.Status, missing)
	}
	return t, nil
}
