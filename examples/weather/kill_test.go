package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/examples/internal/exampletest"
	"github.com/durablemcp/durablemcp/examples/weather/simulated"
)

// The process is killed between the two requests of a forecast. The next one
// goes on from there: it does not repeat the first request, and the same call
// gets the result.
func TestKillNineInTheMiddleOfAForecast(t *testing.T) {
	t.Parallel()
	upstream := newUpstream(t)
	hold, arrived, release := simulated.Hold()
	defer release()
	upstream.Fail(simulated.Forecast, hold)
	data := filepath.Join(t.TempDir(), "weather.db")

	first := exampletest.Start(t, "-data", data, "-upstream", upstream.URL(), "-pause", "3s")
	ctx, cancel := context.WithCancel(t.Context())
	lost := start(ctx, connect(t, &mcp.StreamableClientTransport{Endpoint: first.MCPURL}), "get_forecast", newYork)
	var before run
	exampletest.Eventually(t, "the pause", func() bool {
		before = look(t, first)
		return before.sleeping
	})
	first.Kill(t)
	cancel()
	if got := exampletest.Receive(t, lost, "the lost call"); got.Err == nil {
		t.Fatalf("the call was answered before the kill: %s", got.Text)
	}
	if points, forecasts := upstream.Asked(simulated.Points), upstream.Asked(simulated.Forecast); points != 1 || forecasts != 0 {
		t.Fatalf("before the kill, the weather service was asked %d and %d times", points, forecasts)
	}

	// Without a pause: what counts is the one that the workflow began with. A
	// workflow that looked at the flag would not fit its own history now.
	second := exampletest.Start(t, "-data", data, "-upstream", upstream.URL())
	sent := make(chan struct{})
	client := connect(t, &mcp.StreamableClientTransport{Endpoint: second.MCPURL, HTTPClient: tell(sent)})
	again := start(t.Context(), client, "get_forecast", newYork)
	exampletest.Receive(t, sent, "the call to be sent")
	// As in TestRegressionConcurrentCallsForOnePlaceJoin: now it has joined.
	other := connect(t, &mcp.StreamableClientTransport{Endpoint: second.MCPURL})
	call(t.Context(), other, "get_alerts", `{"state": "NY"}`).mustSucceed(t)
	exampletest.Receive(t, arrived, "the second request of the forecast")
	release()

	got := exampletest.Receive(t, again, "the forecast")
	got.mustBeForecast(t, newYorkTown)
	if got.RunID != before.id {
		t.Errorf("the forecast is from run %s, want the one from before the kill, %s", got.RunID, before.id)
	}
	if points, forecasts := upstream.Asked(simulated.Points), upstream.Asked(simulated.Forecast); points != 1 || forecasts != 1 {
		t.Errorf("the weather service was asked %d and %d times, want once each", points, forecasts)
	}
}

// A run is what the Web UI knows of the workflow.
type run struct {
	id       string
	sleeping bool
}

// look asks a process's Web UI, by the requests that its pages make.
func look(t *testing.T, p *exampletest.Process) run {
	t.Helper()
	workflow := p.WebUIURL + "/api/v1/namespaces/default/workflows/" + url.PathEscape(newYorkWorkflowID)
	var description struct {
		WorkflowExecutionInfo struct {
			Execution struct{ RunID string }
		}
	}
	var log struct {
		History struct {
			Events []struct{ EventType string }
		}
	}
	if !getJSON(t, workflow, &description) {
		return run{} // not started yet
	}
	id := description.WorkflowExecutionInfo.Execution.RunID
	if !getJSON(t, workflow+"/history?execution.runId="+url.QueryEscape(id), &log) {
		return run{}
	}
	for _, event := range log.History.Events {
		if event.EventType == "EVENT_TYPE_TIMER_STARTED" {
			return run{id: id, sleeping: true}
		}
	}
	return run{}
}

func getJSON(t *testing.T, url string, into any) bool {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return false
	}
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
	return true
}
