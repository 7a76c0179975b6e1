package devserver_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp/internal/e2e/devserver"
)

const taskQueue = "test"

// greet is a trivial workflow.
func greet(_ workflow.Context, name string) (string, error) {
	return "Hello " + name, nil
}

// nap waits on a timer.
func nap(ctx workflow.Context, d time.Duration) (string, error) {
	return "rested", workflow.Sleep(ctx, d)
}

// counter adds up what it is told in updates, until the sum is 10 or more.
func counter(ctx workflow.Context) (int, error) {
	sum := 0
	err := workflow.SetUpdateHandler(ctx, "add", func(_ workflow.Context, n int) (int, error) {
		sum += n
		return sum, nil
	})
	if err != nil {
		return 0, err
	}
	return sum, workflow.Await(ctx, func() bool { return sum >= 10 && workflow.AllHandlersFinished(ctx) })
}

// testContext returns a context that ends before a hanging test is noticed otherwise.
func testContext(tb testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(tb.Context(), 3*time.Minute)
	tb.Cleanup(cancel)
	return ctx
}

// start starts a server for the duration of the test.
func start(tb testing.TB, opts devserver.Options) *devserver.Server {
	tb.Helper()
	s, err := devserver.Start(testContext(tb), opts)
	if err != nil {
		tb.Fatalf("Start: %v", err)
	}
	tb.Cleanup(s.Stop)
	return s
}

// connect returns a client of s for the duration of the test.
func connect(tb testing.TB, s *devserver.Server) client.Client {
	tb.Helper()
	c, err := s.NewClient(testContext(tb), client.Options{})
	if err != nil {
		tb.Fatalf("NewClient: %v", err)
	}
	tb.Cleanup(c.Close)
	return c
}

// work runs a worker for the workflows above until the returned function is called, at the latest until the test ends.
func work(tb testing.TB, c client.Client) (stop func()) {
	tb.Helper()
	w := newWorker(c)
	if err := w.Start(); err != nil {
		tb.Fatalf("start worker: %v", err)
	}
	tb.Cleanup(w.Stop)
	return w.Stop
}

func newWorker(c client.Client) worker.Worker {
	w := worker.New(c, taskQueue, worker.Options{})
	w.RegisterWorkflow(greet)
	w.RegisterWorkflow(nap)
	w.RegisterWorkflow(counter)
	return w
}

// runGreet runs the trivial workflow on s to its end.
func runGreet(tb testing.TB, s *devserver.Server) {
	tb.Helper()
	c := connect(tb, s)
	defer work(tb, c)()
	run, err := c.ExecuteWorkflow(testContext(tb), client.StartWorkflowOptions{TaskQueue: taskQueue}, greet, "world")
	if err != nil {
		tb.Fatalf("start workflow: %v", err)
	}
	var got string
	if err := run.Get(testContext(tb), &got); err != nil || got != "Hello world" {
		tb.Fatalf("workflow returned %q, %v", got, err)
	}
}

// startNap starts the nap workflow and returns when its timer runs. It needs a worker.
func startNap(tb testing.TB, c client.Client, id string, d time.Duration) {
	tb.Helper()
	ctx := testContext(tb)
	run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: id, TaskQueue: taskQueue}, nap, d)
	if err != nil {
		tb.Fatalf("start workflow: %v", err)
	}
	history := c.GetWorkflowHistory(ctx, id, run.GetRunID(), true, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for history.HasNext() {
		event, err := history.Next()
		if err != nil {
			tb.Fatalf("history of %s: %v", id, err)
		}
		if event.GetEventType() == enums.EVENT_TYPE_TIMER_STARTED {
			return
		}
	}
	tb.Fatalf("workflow %s ended without a timer", id)
}

// wantRested waits for the nap workflow to end. It needs a worker.
func wantRested(tb testing.TB, c client.Client, id string) {
	tb.Helper()
	var got string
	if err := c.GetWorkflow(testContext(tb), id, "").Get(testContext(tb), &got); err != nil || got != "rested" {
		tb.Errorf("workflow %s returned %q, %v", id, got, err)
	}
}

func TestInMemory(t *testing.T) {
	t.Parallel()
	s := start(t, devserver.Options{})
	if s.Namespace() != "default" || s.WebUIURL() != "" || !strings.HasPrefix(s.FrontendAddr(), "127.0.0.1:") {
		t.Errorf("Namespace %q, WebUIURL %q, FrontendAddr %q", s.Namespace(), s.WebUIURL(), s.FrontendAddr())
	}
	runGreet(t, s)
	s.Stop()
	s.Stop()
	if _, err := s.NewClient(testContext(t), client.Options{}); err == nil {
		t.Error("NewClient works on a stopped server")
	}
}

func TestServersAreApart(t *testing.T) {
	t.Parallel()
	for _, namespace := range []string{"one", "two"} {
		t.Run(namespace, func(t *testing.T) {
			t.Parallel()
			s := start(t, devserver.Options{Namespace: namespace, UIAddr: ":0"})
			if s.Namespace() != namespace {
				t.Errorf("Namespace %q, want %q", s.Namespace(), namespace)
			}
			runGreet(t, s)
			if n := len(executions(t, connect(t, s))); n != 1 {
				t.Errorf("%d workflows, want 1", n)
			}
		})
	}
}

// executions returns the IDs of all workflows that the server lists. It waits for the first one.
func executions(tb testing.TB, c client.Client) []string {
	tb.Helper()
	ctx := testContext(tb)
	for {
		list, err := c.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{})
		if err != nil {
			tb.Fatalf("list workflows: %v", err)
		}
		var ids []string
		for _, e := range list.GetExecutions() {
			ids = append(ids, e.GetExecution().GetWorkflowId())
		}
		if len(ids) > 0 {
			return ids
		}
	}
}

func TestUpdatesAndPollers(t *testing.T) {
	t.Parallel()
	s := start(t, devserver.Options{})
	c := connect(t, s)
	work(t, c)
	ctx := testContext(t)

	add := client.UpdateWorkflowOptions{
		WorkflowID: "counter", UpdateName: "add", Args: []any{4},
		WaitForStage: client.WorkflowUpdateStageCompleted,
	}
	update, err := c.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: c.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
			ID: "counter", TaskQueue: taskQueue,
			WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		}, counter),
		UpdateOptions: add,
	})
	wantUpdate(t, update, err, 4)
	add.Args = []any{6}
	update, err = c.UpdateWorkflow(ctx, add)
	wantUpdate(t, update, err, 10)

	queue, err := c.DescribeTaskQueue(ctx, taskQueue, enums.TASK_QUEUE_TYPE_WORKFLOW)
	if err != nil || len(queue.GetPollers()) == 0 {
		t.Errorf("DescribeTaskQueue: pollers %v, %v", queue.GetPollers(), err)
	}
}

func wantUpdate(t *testing.T, update client.WorkflowUpdateHandle, err error, want int) {
	t.Helper()
	if err != nil {
		t.Fatalf("update: %v", err)
	}
	var got int
	if err := update.Get(testContext(t), &got); err != nil || got != want {
		t.Errorf("update returned %d, %v, want %d", got, err, want)
	}
}

func TestRestart(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "new", "dir with % and ?", "temporal.db")

	s := start(t, devserver.Options{DataFile: file})
	c := connect(t, s)
	stopWork := work(t, c)
	startNap(t, c, "nap", 2*time.Second)
	stopWork()
	c.Close()
	s.Stop()

	s = start(t, devserver.Options{DataFile: file})
	c = connect(t, s)
	work(t, c)
	wantRested(t, c, "nap")
}

func TestFileReplacedBetweenStarts(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "temporal.db")
	s := start(t, devserver.Options{DataFile: file})
	runGreet(t, s)
	s.Stop()
	removeDatabase(t, file)

	s = start(t, devserver.Options{DataFile: file})
	c := connect(t, s)
	work(t, c)
	startNap(t, c, "the-only-one", time.Hour)
	if ids := executions(t, c); len(ids) != 1 {
		t.Errorf("workflows %q, want one", ids)
	}
}

func TestLocked(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "temporal.db")
	s := start(t, devserver.Options{DataFile: file})

	for name, other := range map[string]string{"same name": file, "other name": otherName(t, file)} {
		_, err := devserver.Start(testContext(t), devserver.Options{DataFile: other})
		locked, ok := errors.AsType[*devserver.DatabaseLockedError](err)
		if !ok || filepath.Base(locked.File) != "temporal.db" {
			t.Errorf("%s: second Start returned %v, want a DatabaseLockedError for the file", name, err)
		}
	}
	runGreet(t, s)

	s.Stop()
	runGreet(t, start(t, devserver.Options{DataFile: file}))
}

func TestAddrInUse(t *testing.T) {
	t.Parallel()
	s := start(t, devserver.Options{UIAddr: "127.0.0.1:0"})
	uiAddr := strings.TrimPrefix(s.WebUIURL(), "http://")
	frontend := &devserver.AddrInUseError{What: "Temporal frontend", Addr: s.FrontendAddr()}
	ui := &devserver.AddrInUseError{What: "Web UI", Addr: uiAddr}

	for _, test := range []struct {
		name                 string
		frontendAddr, uiAddr string
		want                 []*devserver.AddrInUseError
	}{
		{"frontend", s.FrontendAddr(), "127.0.0.1:0", []*devserver.AddrInUseError{frontend}},
		{"web ui", "127.0.0.1:0", uiAddr, []*devserver.AddrInUseError{ui}},
		{"both", s.FrontendAddr(), uiAddr, []*devserver.AddrInUseError{frontend, ui}},
	} {
		file := filepath.Join(t.TempDir(), "temporal.db")
		_, err := devserver.Start(testContext(t), devserver.Options{
			DataFile: file, FrontendAddr: test.frontendAddr, UIAddr: test.uiAddr,
		})
		if err == nil {
			t.Fatalf("%s: Start succeeded", test.name)
		}
		for _, want := range test.want {
			if !strings.Contains(err.Error(), want.Error()) {
				t.Errorf("%s: Start returned %q, want %q in it", test.name, err, want)
			}
		}
		if _, ok := errors.AsType[*devserver.AddrInUseError](err); !ok {
			t.Errorf("%s: Start returned a %T without AddrInUseError", test.name, err)
		}
		if exists(file) {
			t.Errorf("%s: the database was created", test.name)
		}
	}
	wantOK(t, s.WebUIURL()+"/")
	runGreet(t, s)
}

func TestBadAddr(t *testing.T) {
	t.Parallel()
	for _, opts := range []devserver.Options{
		{FrontendAddr: "7233"},
		{FrontendAddr: "127.0.0.1:http:1"},
		{UIAddr: "127.0.0.1:99999"},
		{UIAddr: "192.0.2.1:0"},
	} {
		if _, err := devserver.Start(testContext(t), opts); err == nil {
			t.Errorf("Start(%+v) succeeded", opts)
		}
	}
}

func TestFixedAddrAndLoopback(t *testing.T) {
	t.Parallel()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	free.Close()
	s := start(t, devserver.Options{FrontendAddr: strings.TrimPrefix(addr, "127.0.0.1"), UIAddr: "localhost:0"})
	if s.FrontendAddr() != addr {
		t.Errorf("FrontendAddr %q, want %q", s.FrontendAddr(), addr)
	}
	wantOK(t, s.WebUIURL()+"/")
}

func TestUI(t *testing.T) {
	t.Parallel()
	s := start(t, devserver.Options{Namespace: "shown", UIAddr: ":0"})
	if page := wantOK(t, s.WebUIURL()+"/"); !strings.Contains(page, "<html") {
		t.Errorf("the page is %.100q", page)
	}
	if settings := wantOK(t, s.WebUIURL()+"/api/v1/settings"); !strings.Contains(settings, `"shown"`) {
		t.Errorf("settings without the namespace: %s", settings)
	}
	if list := wantOK(t, s.WebUIURL()+"/api/v1/namespaces"); !strings.Contains(list, `"shown"`) {
		t.Errorf("namespaces without shown: %s", list)
	}
	wantOK(t, s.WebUIURL()+"/namespaces/shown/workflows")
	wantOK(t, s.WebUIURL()+"/api/v1/namespaces/shown/workflows?query=")
	if releases := wantOK(t, s.WebUIURL()+"/api/v1/releases"); strings.ContainsAny(releases, "0123456789") {
		t.Errorf("releases were looked up: %s", releases)
	}
	s.Stop()
	if _, err := http.Get(s.WebUIURL()); err == nil {
		t.Error("the Web UI still answers after Stop")
	}
}

// wantOK returns what a GET of url answers, with status 200.
func wantOK(tb testing.TB, url string) string {
	tb.Helper()
	resp, err := http.Get(url)
	if err != nil {
		tb.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		tb.Errorf("GET %s: %s, %v", url, resp.Status, err)
	}
	return string(body)
}

func TestSearchAttributes(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "temporal.db")
	first := map[string]enums.IndexedValueType{
		"Customer": enums.INDEXED_VALUE_TYPE_KEYWORD,
		"Notes":    enums.INDEXED_VALUE_TYPE_TEXT,
		"Tags":     enums.INDEXED_VALUE_TYPE_KEYWORD_LIST,
		"Paid":     enums.INDEXED_VALUE_TYPE_BOOL,
		"Due":      enums.INDEXED_VALUE_TYPE_DATETIME,
		"Price":    enums.INDEXED_VALUE_TYPE_DOUBLE,
	}
	s := start(t, devserver.Options{DataFile: file, SearchAttributes: first})
	useAttribute(t, s, temporal.NewSearchAttributeKeyKeyword("Customer").ValueSet("c1"))
	s.Stop()

	// The first one is unchanged and the second one is new.
	later := map[string]enums.IndexedValueType{
		"Customer": enums.INDEXED_VALUE_TYPE_KEYWORD,
		"Amount":   enums.INDEXED_VALUE_TYPE_INT,
	}
	s = start(t, devserver.Options{DataFile: file, SearchAttributes: later})
	useAttribute(t, s, temporal.NewSearchAttributeKeyInt64("Amount").ValueSet(7))
	useAttribute(t, s, temporal.NewSearchAttributeKeyBool("Paid").ValueSet(true))
	s.Stop()

	changed := map[string]enums.IndexedValueType{"Customer": enums.INDEXED_VALUE_TYPE_BOOL}
	_, err := devserver.Start(testContext(t), devserver.Options{DataFile: file, SearchAttributes: changed})
	if err == nil || !strings.Contains(err.Error(), "Customer") {
		t.Errorf("Start with another type returned %v, want an error with the attribute", err)
	}
}

// useAttribute starts a workflow with a search attribute.
func useAttribute(tb testing.TB, s *devserver.Server, attr temporal.SearchAttributeUpdate) {
	tb.Helper()
	_, err := connect(tb, s).ExecuteWorkflow(testContext(tb), client.StartWorkflowOptions{
		TaskQueue:             taskQueue,
		TypedSearchAttributes: temporal.NewSearchAttributes(attr),
	}, greet, "world")
	if err != nil {
		tb.Errorf("start workflow with search attribute: %v", err)
	}
}

func TestContextEnds(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "temporal.db")
	for _, after := range []time.Duration{0, 50 * time.Millisecond} {
		ctx, cancel := context.WithTimeout(t.Context(), after)
		defer cancel()
		_, err := devserver.Start(ctx, devserver.Options{DataFile: file})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Start with %s returned %v, want the context's error", after, err)
		}
		prepare(t, file) // It is not locked any more.
	}
}

// TestQuietStop checks that a server which is stopped, even under a running worker, does not report the consequences.
func TestQuietStop(t *testing.T) {
	t.Parallel()
	var log syncBuffer
	s := start(t, devserver.Options{
		UIAddr: ":0",
		Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	c, err := s.NewClient(testContext(t), client.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	defer work(t, c)()
	startNap(t, c, "nap", time.Hour)
	before := log.String()
	s.Stop()
	if after := log.String(); after != before {
		t.Errorf("reported errors:\n%s", strings.TrimPrefix(after, before))
	}
}

// syncBuffer is a buffer that can be read while it is written.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// BenchmarkWorkflow measures the time from the start of a trivial workflow to its result.
func BenchmarkWorkflow(b *testing.B) {
	s := start(b, devserver.Options{DataFile: filepath.Join(b.TempDir(), "temporal.db")})
	c := connect(b, s)
	work(b, c)
	opts := client.StartWorkflowOptions{TaskQueue: taskQueue, EnableEagerStart: true}
	for b.Loop() {
		run, err := c.ExecuteWorkflow(b.Context(), opts, greet, "world")
		if err != nil {
			b.Fatal(err)
		}
		if err := run.Get(b.Context(), nil); err != nil {
			b.Fatal(err)
		}
	}
}
