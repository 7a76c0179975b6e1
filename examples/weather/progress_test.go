package main

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/examples/internal/exampletest"
	"github.com/durablemcp/durablemcp/examples/weather/simulated"
)

// A client that asks for progress is told of the retries while they happen,
// whatever its protocol version, and of the steps that the workflow reports.
func TestProgress(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	unavailable := simulated.Status(http.StatusServiceUnavailable)
	const failed = "last failure weather service answered 503 Service Unavailable"
	for version, place := range map[string]struct{ arguments, town string }{
		"2025-11-25": {newYork, newYorkTown},
		"2026-07-28": {seattle, "Seattle, WA"},
	} {
		t.Run(version, func(t *testing.T) {
			r.upstream.Break(simulated.Points, unavailable)
			r.upstream.Break(simulated.Forecast, unavailable)
			c := follow(t, r.url, version, "get_forecast", place.arguments)
			c.await(t, "0 of 2: looking the place up; LookUpPoint: attempt ", failed+", next try in ")
			r.upstream.Mend(simulated.Points)
			c.await(t, "1 of 2: fetching the forecast for "+place.town+"; FetchForecast: attempt ", failed+", next try in ")
			r.upstream.Mend(simulated.Forecast)
			exampletest.Receive(t, c.answer, "the forecast").mustBeForecast(t, place.town)
			c.mustGrow(t, 0, 2)
		})
	}
}

// It is told of the retries, too, where the workflow reports nothing.
func TestProgressWithoutReports(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.upstream.Break(simulated.Alerts, simulated.Malformed())
	c := follow(t, r.url, "", "get_alerts", `{"state": "NY"}`)
	c.await(t, "FetchAlerts: attempt ", "last failure weather service sent an answer that cannot be used: unexpected end of JSON input, next try in ")
	r.upstream.Mend(simulated.Alerts)
	exampletest.Receive(t, c.answer, "the alerts").mustSucceed(t)
	c.mustGrow(t, 0, 0)
}

// A following is a call whose client asks for progress.
type following struct {
	progress chan *mcp.ProgressNotificationParams
	all      []*mcp.ProgressNotificationParams
	answer   <-chan answer
}

func follow(t *testing.T, url, version, tool, arguments string) *following {
	t.Helper()
	f := &following{progress: make(chan *mcp.ProgressNotificationParams, 1000)} // more than there are: a handler that blocks keeps the answer back
	session := exampletest.Connect(t, &mcp.StreamableClientTransport{Endpoint: url}, version, &mcp.ClientOptions{
		ProgressNotificationHandler: func(_ context.Context, req *mcp.ProgressNotificationClientRequest) { f.progress <- req.Params },
	})
	answers := make(chan answer, 1)
	f.answer = answers
	call := exampletest.Params(tool, arguments)
	call.SetProgressToken(tool)
	go func() { answers <- answerOf(session.CallTool(t.Context(), call)) }()
	return f
}

// await waits for a message with the beginning and the end, whatever the number
// of the attempt between them.
func (f *following) await(t *testing.T, beginning, end string) {
	t.Helper()
	for {
		got := exampletest.Receive(t, f.progress, beginning+"…"+end)
		f.all = append(f.all, got)
		if strings.HasPrefix(got.Message, beginning) && strings.Contains(got.Message, end) {
			return
		}
	}
}

// mustGrow checks the numbers: each is more than the one before.
func (f *following) mustGrow(t *testing.T, first, total float64) {
	t.Helper()
	for i, got := range f.all {
		if i == 0 && got.Progress != first || i > 0 && got.Progress <= f.all[i-1].Progress {
			t.Errorf("progress %d is %v", i, got.Progress)
		}
		if got.Total != total || total > 0 && got.Progress > total {
			t.Errorf("progress %d is %v of %v, want a total of %v", i, got.Progress, got.Total, total)
		}
	}
}
