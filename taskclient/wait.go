package taskclient

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const (
	defaultPollInterval = time.Second
	minPollInterval     = 100 * time.Millisecond
	maxPollInterval     = 10 * time.Minute
	minBackoff          = time.Second
	maxBackoff          = 30 * time.Second
	attemptTimeout      = time.Minute // tasks/get and tasks/update answer at once
	maxInternal         = 50          // internal errors in a row
)

// Wait polls a task (tasks/get) until it is done, and returns its result. The
// task need not be one that this client has started: after a restart of the
// program, Wait with the stored ID goes on.
//
// The first poll is immediate. The next ones come at the task's PollInterval,
// within 100 ms and 10 minutes, or each second if it has none. Questions of
// the task go to [Options.Elicit], all that are open at a time, and their
// answers to the server (tasks/update). Each is asked once, unless the server
// refuses the answers (code -32602): then those that are still open are asked
// again, with the reason, for at most 100 times. If the error's data names
// answers by their keys, with a reason each, as {"refused":{"name":"too long"}},
// the server has taken the others, and only those are asked again.
//
// Wait outlasts a server that is away: after failures of the network, a minute
// without an answer, and the HTTP statuses 408, 429 and 5xx, it tries again after 1
// to 30 seconds until ctx is done. So it does after internal errors (code -32603), but
// no more than 50 times in a row, which takes 12 to 25 minutes: a server that answers
// may say the same for ever. The last such error ends Wait; the task may go on. A
// connection given to [New] cannot be re-established, so Wait fails when it ends.
//
// If the task is cancelled or failed, or if it requires input that the client
// cannot give, the error is a [*TaskError]. In the last case, answer with
// [Client.Update] and call Wait again. Any other error of the server, such as
// that for an unknown task (code -32602), ends Wait; the task may go on.
func (c *Client) Wait(ctx context.Context, taskID string) (*mcp.CallToolResult, error) {
	w := &waiter{Client: c, taskID: taskID, answered: map[string]bool{}, refused: map[string]string{}}
	for {
		task, err := w.get(ctx)
		if err != nil {
			return nil, err
		}
		switch task.Status {
		case Completed:
			return task.Result, nil
		case Cancelled, Failed:
			return nil, &TaskError{Task: task}
		case InputRequired:
			again, err := w.input(ctx, task)
			if err != nil {
				return nil, err
			}
			if again {
				continue
			}
		case Working:
		}
		if err := c.sleep(ctx, pollInterval(task)); err != nil {
			return nil, w.error(err)
		}
	}
}

func pollInterval(task *Task) time.Duration {
	if task.PollInterval == 0 {
		return defaultPollInterval
	}
	return min(max(task.PollInterval, minPollInterval), maxPollInterval)
}

// A waiter is one call of Wait.
type waiter struct {
	*Client
	taskID   string
	answered map[string]bool   // keys whose answers the server has taken
	refused  map[string]string // why the server refused the last answer to a key
	refusals int
}

func (w *waiter) get(ctx context.Context) (task *Task, err error) {
	err = w.patiently(ctx, func(ctx context.Context) (err error) {
		task, err = w.Get(ctx, w.taskID)
		return err
	})
	if err == nil && w.opts.OnTask != nil {
		w.opts.OnTask(task)
	}
	return task, err
}

// input answers the task's open questions. It returns again if the server
// refused any of the answers: whether the task still asks has to be read first, as it
// may be done by now.
func (w *waiter) input(ctx context.Context, task *Task) (again bool, err error) {
	open := mcp.InputRequestMap{}
	for key, request := range task.InputRequests {
		if !w.answered[key] {
			open[key] = request
		}
	}
	if len(open) == 0 {
		return false, nil
	}
	if !w.canAnswer(open) {
		return false, &TaskError{Task: task}
	}
	responses, err := w.answer(ctx, w.taskID, open, w.refused)
	if err != nil {
		return false, w.error(err)
	}
	err = w.patiently(ctx, func(ctx context.Context) error { return w.Update(ctx, w.taskID, responses) })
	var refused map[string]string
	if rpc, ok := errors.AsType[*jsonrpc.Error](err); ok && rpc.Code == jsonrpc.CodeInvalidParams && w.refusals < maxRounds {
		w.refusals++
		refused, again, err = refusedAnswers(rpc, responses), true, nil
	}
	maps.Copy(w.refused, refused)
	for key := range responses {
		_, isRefused := refused[key]
		w.answered[key] = !isRefused
	}
	return again, err
}

// refusedAnswers returns the reasons for which an error refuses answers, by
// their keys. What its data says is this project's, not the protocol's: if it
// names none of the answers, the error is about all of them.
func refusedAnswers(rpc *jsonrpc.Error, responses mcp.InputResponseMap) map[string]string {
	var data struct {
		Refused map[string]string `json:"refused"`
	}
	refused := map[string]string{}
	if json.Unmarshal(rpc.Data, &data) == nil {
		for key, reason := range data.Refused {
			if _, sent := responses[key]; sent {
				refused[key] = cmp.Or(reason, rpc.Message)
			}
		}
	}
	if len(refused) > 0 {
		return refused
	}
	for key := range responses {
		refused[key] = rpc.Message
	}
	return refused
}

// patiently repeats a request until it succeeds, fails for good, or ctx is
// done.
func (w *waiter) patiently(ctx context.Context, request func(context.Context) error) error {
	internal := 0
	for attempt := 0; ; attempt++ {
		bounded, cancel := context.WithTimeout(ctx, attemptTimeout)
		err := request(bounded)
		cancel()
		if err == nil || ctx.Err() != nil || !transient(err) {
			return err
		}
		if rpc, ok := errors.AsType[*jsonrpc.Error](err); !ok || rpc.Code != jsonrpc.CodeInternalError {
			internal = 0
		} else if internal++; internal > maxInternal {
			return w.error(fmt.Errorf("the server failed %d times in a row: %w", internal, err))
		}
		if done := w.sleep(ctx, backoff(attempt)); done != nil {
			return w.error(fmt.Errorf("%w; the last attempt failed: %w", done, err))
		}
	}
}

// backoff is the pause after a failed attempt, counted from 0. It is random,
// lest all clients of a server come back at once when it does.
func backoff(attempt int) time.Duration {
	longest := min(minBackoff<<min(attempt, 10), maxBackoff)
	return max(minBackoff, longest/2+rand.N(longest/2)) //nolint:gosec // no secret
}

func (*waiter) error(err error) error {
	return fmt.Errorf("taskclient: waiting for a task: %w", err)
}
