package taskclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Listen subscribes to the states of tasks (subscriptions/listen). For each
// task, it yields the state at the time when the server has acknowledged the
// subscription (tasks/get), and then each one that the server tells of
// (notifications/tasks), so that none is missed. At the start, a state may come
// twice, and an older one after a newer one; nothing comes for a task after a
// state that is final.
//
// It ends when all tasks are done, and when the server ends the subscription,
// as one that shuts down does: then the tasks yielded last are not done, and
// the caller subscribes again or polls. An error is yielded last, with a nil
// task: that of ctx when it is done, and whatever else breaks the stream.
// Listen does not try again. Breaking the loop ends the subscription.
//
// A server need not acknowledge all tasks. Listen then goes on with those that
// it has acknowledged, yields no state of the others, and names them when it
// ends: the error is a [*SubscriptionError], unless there is another one. If
// the server acknowledges none, that is at once.
//
// Each loop over the iterator is a subscription of its own. On a connection
// given to [New], one that leaves more than 1000 notifications unread ends
// with an error.
func (c *Client) Listen(ctx context.Context, taskIDs ...string) iter.Seq2[*Task, error] {
	taskIDs = slices.Clone(taskIDs)
	return func(yield func(*Task, error) bool) {
		l := &listener{Client: c, taskIDs: taskIDs, yield: yield, open: map[string]bool{}}
		if err := l.listen(ctx); !errors.Is(err, errStop) {
			yield(nil, methodError(methodListen, err))
		}
	}
}

type listenParams struct {
	Meta          mcp.Meta   `json:"_meta"`
	Notifications taskFilter `json:"notifications"`
}

type taskFilter struct {
	TaskIDs []string `json:"taskIds"`
}

// A listener is one subscription.
type listener struct {
	*Client
	taskIDs      []string
	yield        func(*Task, error) bool
	open         map[string]bool // tasks that are not known to be done, nor left out
	leftOut      []string        // tasks that the server has not acknowledged
	acknowledged bool
}

// errStop ends a subscription without an error.
var errStop = errors.New("stop")

// listen returns why the subscription has ended: it is never nil.
func (l *listener) listen(ctx context.Context) error {
	for _, id := range l.taskIDs {
		if id == "" {
			return errors.New("found an empty task ID; want that of a task")
		}
		l.open[id] = true
	}
	if len(l.open) == 0 {
		return errors.New("found no task ID; want at least one")
	}
	request, err := l.request(methodListen, listenParams{Meta: l.meta(nil), Notifications: taskFilter{TaskIDs: l.taskIDs}})
	if err != nil {
		return err
	}
	for msg, err := range l.transport.roundTrip(ctx, &call{Request: request}) {
		if err == nil {
			err = l.message(ctx, msg)
		}
		if err != nil {
			return err
		}
	}
	if !l.acknowledged {
		return errors.New("the server ended the stream without acknowledging the subscription")
	}
	return l.end()
}

// end is the end of a subscription that nothing has broken.
func (l *listener) end() error {
	if l.leftOut != nil {
		return &SubscriptionError{TaskIDs: l.leftOut}
	}
	return errStop
}

func (l *listener) message(ctx context.Context, msg jsonrpc.Message) error {
	switch msg := msg.(type) {
	case *jsonrpc.Response:
		return msg.Error // without one, the server has ended the subscription
	case *jsonrpc.Request:
		switch msg.Method {
		case notificationAcknowledged:
			return l.acknowledge(ctx, msg.Params)
		case notificationTask:
			task, err := decodeTask(msg.Params)
			if err != nil {
				return err
			}
			return l.tell(task)
		}
	}
	return nil
}

// acknowledge drops what the server did not agree to, and tells the other
// tasks' states.
func (l *listener) acknowledge(ctx context.Context, params json.RawMessage) error {
	var agreed struct {
		Notifications taskFilter `json:"notifications"`
	}
	if err := json.Unmarshal(params, &agreed); err != nil {
		return fmt.Errorf("malformed acknowledgement: %w", err)
	}
	for _, id := range l.taskIDs {
		if l.open[id] && !slices.Contains(agreed.Notifications.TaskIDs, id) {
			delete(l.open, id)
			l.leftOut = append(l.leftOut, id)
		}
	}
	if len(l.open) == 0 {
		return l.end()
	}
	l.acknowledged = true
	for _, id := range l.taskIDs {
		if !l.open[id] {
			continue
		}
		task, err := l.Get(ctx, id)
		if err != nil {
			return err
		}
		if err := l.tell(task); err != nil {
			return err
		}
	}
	return nil
}

// tell yields a state of a task that was not done. It trusts the order in which
// the server sends states, and not their lastUpdatedAt: what the last change
// leads to comes last.
func (l *listener) tell(task *Task) error {
	if !l.open[task.ID] {
		return nil
	}
	if task.Done() {
		delete(l.open, task.ID)
	}
	if !l.yield(task, nil) {
		return errStop
	}
	if len(l.open) == 0 {
		return l.end()
	}
	return nil
}
