package load

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/taskclient"
)

var (
	openTasks = flag.Int("tasks", 100, "how many tasks are open at once")
	polling   = flag.Duration("polling", 5*time.Second, "how long they are polled")
)

// maxGrowth is by how much the memory of this process may grow while tasks are
// polled: Temporal, whose data is in it, and the worker grow a little.
const maxGrowth = 64 << 20

// replicas is how many servers answer for the tasks.
const replicas = 2

// parallel is how many requests are made at a time.
const parallel = 16

// TestOpenTasks polls many open tasks as they ask for, from all replicas in
// turn. A server keeps nothing of them.
func TestOpenTasks(t *testing.T) { //nolint:paralleltest // it measures the process
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	server, temporal := startTemporal(t)
	stop := work(t, temporal)
	p := &poller{ctx: ctx, due: make(chan *openTask, *openTasks)}
	for range replicas {
		url := mount(t, server, nil)
		p.clients = append(p.clients, taskclient.NewHTTP(url, &taskclient.Options{HTTPClient: httpClient(t, parallel)}))
	}
	tasks := p.open(t)
	stop() // what it has in its cache is not the servers'

	p.poll(tasks, 0) // each once: what is made at first use is there
	before := inUse()
	p.poll(tasks, *polling)
	after := inUse()
	if err := p.err.Load(); err != nil {
		t.Fatal(*err)
	}
	t.Logf("%d tasks were polled %d times in %v; %d MiB of heap and stacks before, %d MiB after",
		len(tasks), p.polls.Load(), *polling, before>>20, after>>20)
	if after-before > maxGrowth {
		t.Errorf("polling takes memory: %d MiB", (after-before)>>20)
	}
}

// An openTask is a task that is polled.
type openTask struct {
	id       string
	interval time.Duration
}

// A poller is a client of all replicas.
type poller struct {
	ctx     context.Context
	clients []*taskclient.Client
	due     chan *openTask
	next    atomic.Int64
	polls   atomic.Int64
	err     atomic.Pointer[error]
}

func (p *poller) client() *taskclient.Client {
	return p.clients[p.next.Add(1)%int64(len(p.clients))]
}

// open makes the tasks.
func (p *poller) open(t *testing.T) []*openTask {
	t.Helper()
	tasks := make([]*openTask, *openTasks)
	numbers := make([]int, len(tasks))
	for n := range numbers {
		numbers[n] = n
	}
	must(t, forEach(p.ctx, parallel, numbers, func(ctx context.Context, n int) error {
		outcome, err := p.client().CallTool(ctx, &mcp.CallToolParams{Name: "gate", Arguments: numbered{n}})
		if err == nil && outcome.Task == nil {
			err = fmt.Errorf("call %d is no task", n)
		}
		if err != nil {
			return err
		}
		tasks[n] = &openTask{outcome.Task.ID, outcome.Task.PollInterval}
		return nil
	}))
	return tasks
}

// poll polls all tasks, once and then when they are due, for some time.
func (p *poller) poll(tasks []*openTask, during time.Duration) {
	ctx, cancel := context.WithCancel(p.ctx)
	defer cancel()
	over := time.Now().Add(during)
	var left sync.WaitGroup
	left.Add(len(tasks))
	for range parallel {
		go func() {
			for {
				select {
				case <-ctx.Done():
					return
				case task := <-p.due:
					p.get(ctx, task)
					if again := time.Now().Add(task.interval); again.Before(over) && p.err.Load() == nil {
						time.AfterFunc(task.interval, func() { p.due <- task })
					} else {
						left.Done()
					}
				}
			}
		}()
	}
	for _, task := range tasks {
		p.due <- task
	}
	done := make(chan struct{})
	go func() {
		left.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		err := ctx.Err()
		p.err.CompareAndSwap(nil, &err)
	}
}

func (p *poller) get(ctx context.Context, task *openTask) {
	state, err := p.client().Get(ctx, task.id)
	if err == nil && state.Status != taskclient.Working {
		err = errors.New("an open task is " + string(state.Status))
	}
	if err != nil {
		p.err.CompareAndSwap(nil, &err)
		return
	}
	p.polls.Add(1)
	task.interval = state.PollInterval
}

// startWith starts a workflow by a call that becomes a task.
func startWith(ctx context.Context, url string, n int) error {
	_, err := taskclient.NewHTTP(url, nil).CallTool(ctx, &mcp.CallToolParams{Name: "gate", Arguments: numbered{n}})
	return err
}
