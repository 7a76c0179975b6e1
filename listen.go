package durablemcp

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/listen"
)

// taskNotification tells the state of a task on a subscriptions/listen stream.
const taskNotification = "notifications/tasks"

// maxListened is how many tasks one request can listen to: each costs Temporal
// a long poll. The acknowledgement says which were agreed to.
const maxListened = 100

type listenRequest = mcp.ServerRequest[*mcp.SubscriptionsListenParams]

// listen serves a request for notifications. Those that have nothing to do with
// tasks are the SDK's.
func (s *taskServer) listen(ctx context.Context, method string, req *listenRequest, next mcp.MethodHandler) (mcp.Result, error) {
	var stream *listen.Stream
	if req.Params != nil {
		stream = listen.Find(req.Params.Meta)
	}
	if stream == nil {
		return next(ctx, method, req)
	}
	client := clientOf(req)
	switch {
	case !client.tasks():
		return nil, missingTasks()
	case stream.TaskIDs == nil:
		return nil, rpcError(jsonrpc.CodeInvalidParams, "params.notifications.taskIds: want a list of task IDs.", nil)
	}
	ctx, stop := context.WithCancel(ctx)
	var tasks sync.WaitGroup
	defer tasks.Wait()
	defer stop()
	agreed := s.agree(ctx, req, stream)
	for _, t := range agreed {
		tasks.Go(func() {
			defer t.contain(ctx, "telling of a task")
			t.tell(ctx, req, client, stream)
		})
	}
	result, err := next(ctx, method, req)
	if err == nil && len(agreed) > 0 {
		<-ctx.Done() // the SDK ends streams that have nothing of its own at once
	}
	return result, err
}

// agree returns the tasks that a stream asks for and its client may see.
func (s *taskServer) agree(ctx context.Context, req *listenRequest, stream *listen.Stream) (agreed []*task) {
	ids := slices.Clone(stream.TaskIDs)
	slices.Sort(ids)
	looked := 0
	for _, id := range slices.Compact(ids) {
		t, err := s.parse(mustMarshal(id))
		if t == nil || err != nil {
			continue
		}
		if looked++; looked > maxListened { // also of IDs that somebody has made up
			break
		}
		if seen, err := t.find(ctx, req); err == nil {
			t.runID = seen.execution().runID
			agreed = append(agreed, t)
			stream.Agree(id)
		}
	}
	return agreed
}

// tell notifies of the task's state, now and after each change, until it has
// ended or ctx is done.
func (t *task) tell(ctx context.Context, req mcp.Request, client peer, stream *listen.Stream) {
	select {
	case <-stream.Acknowledged():
	case <-ctx.Done():
		return
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	watch := t.c.watch(ctx, t.handle.WorkflowID, t.runID)
	var told json.RawMessage
	for {
		seen, err := t.find(ctx, req)
		switch {
		case isUnknownTask(err):
			return // it has expired
		case err == nil:
			told, err = t.tellIfNew(ctx, req, seen, client, stream, told)
			if err == nil && seen.closed() {
				return
			}
		}
		changed := watch.changed
		again := (<-chan time.Time)(nil)
		ended := watch.ended
		if err != nil || seen.closed() {
			again, ended = time.After(rewatch), nil
		}
		select {
		case <-ctx.Done():
			return
		case <-again:
		case <-ended:
		case <-changed:
		}
		breathe(ctx, watch)
	}
}

// tellIfNew notifies of the task's state unless that was told before, and
// returns what was told last, and why it could not be told.
func (t *task) tellIfNew(ctx context.Context, req mcp.Request, seen *snapshot, client peer, stream *listen.Stream, told json.RawMessage) (json.RawMessage, error) {
	state, err := t.get(ctx, req, seen, client)
	if err != nil {
		return told, err
	}
	state.ResultType = "" // of tasks/get
	now := *state
	now.PollIntervalMs = 0 // which grows all the time
	news := mustMarshal(now)
	if string(news) == string(told) {
		return told, nil
	}
	if err := stream.Notify(taskNotification, state); err != nil {
		if ctx.Err() == nil {
			t.log(ctx, "notifying of a task failed", "error", err)
		}
		return told, err
	}
	return news, nil
}
