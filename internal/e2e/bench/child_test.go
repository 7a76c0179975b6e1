package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"

	"github.com/durablemcp/durablemcp"
)

// childOf names the environment variable that makes this program an MCP server
// in a process of its own, of the Temporal server at an address.
const childOf = "BENCH_CHILD_OF"

// childWait is how long the calls of a child wait: longer than it takes to
// measure them.
const childWait = 2 * time.Minute

// stats are what a child says of itself.
type stats struct {
	Memory     uint64 // heap and stacks in use
	Heap       uint64 // of live objects
	Goroutines int
	RPCs       map[string]int
}

// serveChild serves the tools of the library at /tool, those of a hand-written
// server at /hand, and stats at /stats. It prints its URL, and stops when its
// standard input ends.
func serveChild(ctx context.Context, temporal string) error {
	rpcs := new(rpcCounter)
	c, err := client.DialContext(ctx, client.Options{HostPort: temporal, Logger: quiet{}, ConnectionOptions: client.ConnectionOptions{
		DialOptions: []grpc.DialOption{grpc.WithChainUnaryInterceptor(rpcs.intercept)},
	}})
	if err != nil {
		return err
	}
	defer c.Close()
	tool, err := newServer(durablemcp.Options{EagerStart: true, Wait: childWait, InlineWait: time.Millisecond}, c)
	if err != nil {
		return err
	}
	hand := mcp.NewServer(implementation, nil)
	addWaitingByHand(hand, c)
	mux := http.NewServeMux()
	mux.Handle("/tool", durablemcp.NewHTTPHandler(tool, nil))
	mux.Handle("/hand", durablemcp.NewHTTPHandler(hand, nil))
	mux.HandleFunc("/stats", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(readStats(rpcs))
	})
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", listener.Addr())
	go func() {
		_, _ = os.Stdin.Read(make([]byte, 1))
		_ = listener.Close()
	}()
	_ = http.Serve(listener, mux) // until the parent is gone
	return nil
}

func readStats(rpcs *rpcCounter) stats {
	runtime.GC()
	runtime.GC() // what the first has emptied, such as pools, the second frees
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return stats{Memory: m.HeapInuse + m.StackInuse, Heap: m.HeapAlloc, Goroutines: runtime.NumGoroutine(), RPCs: rpcs.snapshot()}
}

// addWaitingByHand adds a tool that waits as those of the library do: for a
// bounded time.
func addWaitingByHand(server *mcp.Server, c client.Client) {
	mcp.AddTool(server, &mcp.Tool{Name: "sleep", Description: "Does it."},
		func(ctx context.Context, _ *mcp.CallToolRequest, in input) (*mcp.CallToolResult, output, error) {
			ctx, cancel := context.WithTimeout(ctx, childWait)
			defer cancel()
			out, err := execute[input, output](ctx, c, "sleep", in, true)
			return nil, out, err
		})
}
