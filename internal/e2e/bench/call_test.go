package bench

import (
	"strconv"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp"
)

// BenchmarkCall calls a trivial workflow through the tool, through a tool as
// tutorials write it, both over HTTP, and through the Temporal client alone.
func BenchmarkCall(b *testing.B) {
	r := setUp(b)
	ctx := b.Context()
	session := connect(b, r.serveTools(b, durablemcp.Options{EagerStart: true}))
	byHand := mcp.NewServer(implementation, nil)
	addByHand[input, output](byHand, &mcp.Tool{Name: "greet", Description: "Greets."}, r.client, "greet")
	tutorial := connect(b, serve(b, byHand))
	contenders := []contender{
		{"tool", func(i int) error { return callTool(ctx, session, "greet", strconv.Itoa(i)) }},
		{"tutorial", func(i int) error { return callTool(ctx, tutorial, "greet", strconv.Itoa(i)) }},
		{"client", func(i int) error {
			_, err := execute[input, output](ctx, r.client, "greet", input{strconv.Itoa(i)}, true)
			return err
		}},
	}
	for _, test := range []struct {
		name                   string
		rounds, callers, calls int
	}{
		{"1-caller", 150, 1, 5},
		{"16-callers", 20, 16, 10},
	} {
		b.Run(test.name, func(b *testing.B) {
			scores := race(b, test.rounds, test.callers, test.calls, contenders...)
			reportLatencies(b, scores)
			tool, client := scores["tool"], scores["client"]
			b.ReportMetric(tool.p50()/client.p50(), "p50-tool/client")
			b.ReportMetric(tool.perSecond()/client.perSecond(), "throughput-tool/client")
			b.ReportMetric(tool.p50()/scores["tutorial"].p50(), "p50-tool/tutorial")
		})
	}
}
