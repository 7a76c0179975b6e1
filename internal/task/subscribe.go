package task

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/listen"
	"github.com/durablemcp/durablemcp/internal/peer"
	"github.com/durablemcp/durablemcp/internal/rpc"
)

// taskNotification tells the state of a task on a subscriptions/listen stream.
const taskNotification = "notifications/tasks"

// maxListened is how many tasks one request can listen to: each costs Temporal
// a long poll. The acknowledgement says which were agreed to.
const maxListened = 100

type listenRequest = mcp.ServerRequest[*mcp.SubscriptionsListenParams]

// beginKey is the key of what has to be done before a subscription of one server
// is acknowledged: a func() error.
type beginKey struct{ server *Server }

// listen serves a request for notifications. Those that have nothing to do with
// tasks are the SDK's.
//
// What the client may listen to is looked up when the SDK acknowledges the
// request, which is behind all receiving middleware: that can refuse it before
// anything is done.
func (s *Server) listen(ctx context.Context, method string, req *listenRequest, next mcp.MethodHandler) (mcp.Result, error) {
	var stream *listen.Stream
	if req.Params != nil {
		stream = listen.Find(req.Params.Meta)
	}
	if stream == nil {
		return next(ctx, method, req)
	}
	var tasks sync.WaitGroup
	defer tasks.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if end := peer.Expiry(req, time.Now()); !end.IsZero() {
		var expire context.CancelFunc
		ctx, expire = execution.Until(ctx, end)
		defer expire()
	}
	var agreed []*task
	var refusal error
	begin := func() error {
		agreed, refusal = s.begin(ctx, req, stream, &tasks)
		return refusal
	}
	result, err := next(context.WithValue(ctx, beginKey{s}, begin), method, req)
	if refusal != nil {
		return nil, refusal // as it is: the SDK has wrapped it
	}
	if err == nil && len(agreed) > 0 {
		<-ctx.Done() // the SDK ends streams that have nothing of its own at once
	}
	return result, err
}

// Sending is sending middleware that does what comes before an acknowledgement.
func (s *Server) Sending(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
		if begin, ok := ctx.Value(beginKey{s}).(func() error); ok && method == listen.AckMethod {
			if err := begin(); err != nil {
				return nil, err
			}
		}
		return next(ctx, method, req)
	}
}

// begin agrees to tasks, as far as there are places, and begins to tell of them
// once that is acknowledged.
func (s *Server) begin(ctx context.Context, req *listenRequest, stream *listen.Stream, tasks *sync.WaitGroup) (agreed []*task, err error) {
	var none mcp.Result
	defer s.recoverPanic(ctx, listen.Method, &none, &err)
	client := peer.Of(req)
	switch {
	case !client.Tasks():
		return nil, MissingExtension()
	case stream.TaskIDs == nil:
		return nil, rpc.Error(jsonrpc.CodeInvalidParams, "params.notifications.taskIds: want a list of task IDs.", nil)
	}
	known, err := s.known(ctx, req, stream)
	if err != nil || len(known) == 0 {
		return nil, err
	}
	for _, t := range known {
		release, ok, err := s.Reserve(ctx, s.c, req)
		if err != nil {
			return nil, err
		}
		if !ok {
			break // its client has to poll
		}
		agreed = append(agreed, t)
		stream.Agree(t.id)
		tasks.Go(func() {
			defer release()
			defer t.c.Contain(ctx, "telling of a task")
			t.tell(ctx, req, client, stream)
		})
	}
	return agreed, nil
}

// maxLooks is how many tasks are looked up at a time when a stream begins.
const maxLooks = 10

// known returns the tasks that a stream asks for and its client may see. Its
// error says that it could not be learned which: that is not the same as none.
func (s *Server) known(ctx context.Context, req *listenRequest, stream *listen.Stream) ([]*task, error) {
	ids := slices.Clone(stream.TaskIDs)
	slices.Sort(ids)
	var tasks []*task
	for _, id := range slices.Compact(ids) {
		t, err := s.parse(rpc.Marshal(id))
		if t == nil || err != nil {
			continue
		}
		if len(tasks) == maxListened { // also of made-up IDs
			break
		}
		tasks = append(tasks, t)
	}
	var looks sync.WaitGroup
	errs, free := make([]error, len(tasks)), make(chan struct{}, maxLooks)
	for i, t := range tasks {
		free <- struct{}{}
		errs[i] = rpc.Error(jsonrpc.CodeInternalError, "The server has a fault, which its log explains.", nil) // if it panics
		looks.Go(func() {
			defer func() { <-free }()
			defer t.c.Contain(ctx, "looking a task up")
			errs[i] = t.lookUp(ctx, req)
		})
	}
	looks.Wait()
	var known []*task
	for i, t := range tasks {
		switch {
		case errs[i] == nil:
			known = append(known, t)
		case !isUnknownTask(errs[i]):
			return nil, errs[i]
		}
	}
	return known, nil
}

// lookUp learns where the task is, if the caller may see it.
func (t *task) lookUp(ctx context.Context, req mcp.Request) error {
	seen, err := t.find(ctx, req)
	if err == nil {
		t.runID = seen.Execution().RunID
	}
	return err
}

// tell notifies of the task's state, now and after each change, until it has
// ended or ctx is done.
func (t *task) tell(ctx context.Context, req mcp.Request, client peer.Peer, stream *listen.Stream) {
	select {
	case <-stream.Acknowledged():
	case <-ctx.Done():
		return
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	watch := t.c.Watch(ctx, t.token.WorkflowID, t.runID)
	var told json.RawMessage
	for {
		seen, err := t.find(ctx, req)
		switch {
		case isUnknownTask(err), isUnknownCaller(err):
			return // it has expired, or the caller has become unknown
		case err == nil:
			told, err = t.tellIfNew(ctx, req, seen, client, stream, told)
			if err == nil && seen.Closed() {
				return
			}
		}
		var again <-chan time.Time
		if err == nil && watch.Over() { // and goes on after all: a reset
			watch = t.c.Watch(ctx, t.token.WorkflowID, seen.Execution().RunID)
		}
		ended := watch.Ended
		if err != nil {
			again, ended = time.After(execution.RetryPause), nil
		}
		select {
		case <-ctx.Done():
			return
		case <-again:
		case <-ended:
		case <-watch.Changed:
		}
		watch.Coalesce(ctx)
	}
}

// tellIfNew notifies of the task's state unless that was told before, and
// returns what was told last, and why it could not be told.
func (t *task) tellIfNew(ctx context.Context, req mcp.Request, seen *execution.Snapshot, client peer.Peer, stream *listen.Stream, told json.RawMessage) (json.RawMessage, error) {
	state, err := t.get(ctx, req, seen, client)
	if err != nil {
		return told, err
	}
	state.ResultType = "" // of tasks/get
	now := *state
	now.PollIntervalMs = 0 // which grows all the time
	news := rpc.Marshal(now)
	if string(news) == string(told) {
		return told, nil
	}
	if err := stream.Notify(taskNotification, state); err != nil {
		if ctx.Err() == nil {
			t.c.Log(ctx, "notifying of a task failed", "error", err)
		}
		return told, err
	}
	return news, nil
}
