package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/taskclient"
)

// A child is a server in a process of its own, whose memory is nobody else's.
type child struct {
	b   *testing.B
	url string
}

func startChild(b *testing.B, r *rig) *child {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childOf+"="+r.address)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return &child{b, strings.TrimSpace(line)}
}

// stats asks the child about itself, after it has settled.
func (c *child) stats() (s stats) {
	c.b.Helper()
	time.Sleep(2 * time.Second)
	http.DefaultClient.CloseIdleConnections()
	resp, err := http.Get(c.url + "/stats")
	if err == nil {
		err = json.NewDecoder(resp.Body).Decode(&s)
	}
	if err != nil {
		c.b.Fatal(err)
	}
	_ = resp.Body.Close()
	return s
}

// serverInterval is how long Temporal holds a long poll in which nothing
// happens.
const serverInterval = 20 * time.Second

// BenchmarkWaiting has many calls wait for workflows in which nothing happens,
// and reports what one costs the server, and Temporal in an interval of its long
// polls.
func BenchmarkWaiting(b *testing.B) {
	const calls = 300
	r := setUp(b)
	memory := make(map[string]float64)
	for b.Loop() {
		for _, kind := range []string{"hand", "tool"} {
			c := startChild(b, r)
			session := connect(b, c.url+"/"+kind)
			before := c.stats()
			stop := c.wait(session, kind, calls)
			during := c.stats()
			time.Sleep(serverInterval - 2*time.Second) // stats takes the rest
			after := c.stats()
			stop()
			memory[kind] = float64(during.Memory-before.Memory) / calls
			b.ReportMetric(memory[kind], kind+"-B/call")
			b.ReportMetric(float64(during.Goroutines-before.Goroutines)/calls, kind+"-goroutines/call")
			b.ReportMetric(float64(since(after.RPCs, during.RPCs))/calls, kind+"-RPCs/call/20s")
		}
	}
	b.ReportMetric(memory["tool"]/memory["hand"], "memory-tool/hand")
	b.ReportMetric(0, "ns/op")
}

// wait makes calls that wait, until stop.
func (c *child) wait(session *mcp.ClientSession, kind string, calls int) (stop func()) {
	ctx, cancel := context.WithCancel(c.b.Context())
	var group sync.WaitGroup
	for i := range calls {
		group.Go(func() {
			if err := callTool(ctx, session, "sleep", fmt.Sprint(kind, time.Now().UnixNano(), "-", i)); ctx.Err() == nil {
				c.b.Errorf("a call did not wait: %v", err)
			}
		})
		time.Sleep(50 * time.Millisecond) // Temporal starts no more at once on a small machine
	}
	return func() {
		cancel()
		group.Wait()
	}
}

// BenchmarkOpenTask opens many tasks and reports what one leaves in the server.
func BenchmarkOpenTask(b *testing.B) {
	r := setUp(b)
	c := startChild(b, r)
	tasks := taskclient.NewHTTP(c.url+"/tool", nil)
	open := func(n int) {
		for range n {
			name := fmt.Sprint("task-", time.Now().UnixNano())
			outcome, err := tasks.CallTool(b.Context(), &mcp.CallToolParams{Name: "sleep", Arguments: input{name}})
			if err != nil || outcome.Task == nil {
				b.Fatalf("no task: %v", err)
			}
		}
	}
	const few, many = 50, 2000
	for b.Loop() {
		open(few) // to warm up
		before := c.stats()
		open(many)
		after := c.stats()
		b.ReportMetric(float64(int64(after.Heap)-int64(before.Heap))/many, "B/task")
		b.ReportMetric(float64(after.Goroutines-before.Goroutines)/many, "goroutines/task")
	}
	b.ReportMetric(0, "ns/op")
}
