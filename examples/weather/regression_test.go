package main

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"

	"github.com/durablemcp/durablemcp/examples/internal/exampletest"
	"github.com/durablemcp/durablemcp/examples/weather/simulated"
)

// These tests are named after bugs of the well-known weather examples that
// this one replaces. They run against all of it: an MCP client over HTTP, the
// library, a worker, and a Temporal server.

const newYorkTown = "New York, NY"

// A point outside the US was retried for ever.
func TestRegressionPointOutsideUSIsNotRetried(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	got := call(t.Context(), r.client, "get_forecast", `{"latitude": 51.5074, "longitude": -0.1278}`)
	if got.Err != nil || !got.IsError {
		t.Fatalf("got %+v, want a tool error", got)
	}
	for _, want := range []string{
		"no forecast for latitude 51.5074, longitude -0.1278", "United States", "Unable to provide data for requested point",
	} {
		if !strings.Contains(got.Text, want) {
			t.Errorf("%q does not say %q", got.Text, want)
		}
	}
	if strings.Contains(got.Text, "127.0.0.1") {
		t.Errorf("%q leaks an address", got.Text)
	}
	if asked := r.upstream.Asked(simulated.Points); asked != 1 {
		t.Errorf("the weather service was asked %d times", asked)
	}
	if got.Retryable {
		t.Error("the error is said to be retryable")
	}
}

// The second of two concurrent calls for one place failed with "already
// started".
func TestRegressionConcurrentCallsForOnePlaceJoin(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	hold, arrived, release := simulated.Hold()
	defer release()
	r.upstream.Fail(simulated.Points, hold)

	first := start(t.Context(), r.client, "get_forecast", newYork)
	exampletest.Receive(t, arrived, "the first call's request")
	others := make([]<-chan answer, 5)
	for i := range others {
		sent := make(chan struct{})
		client := connect(t, &mcp.StreamableClientTransport{Endpoint: r.url, HTTPClient: tell(sent)})
		others[i] = start(t.Context(), client, "get_forecast", newYork)
		exampletest.Receive(t, sent, "a call to be sent")
	}
	// A call that went all the way to Temporal and back is a sign that those
	// before it have at least got to Temporal.
	call(t.Context(), r.client, "get_alerts", `{"state": "NY"}`).mustSucceed(t)
	release()

	want := exampletest.Receive(t, first, "the first answer")
	want.mustBeForecast(t, newYorkTown)
	for _, other := range others {
		got := exampletest.Receive(t, other, "another answer")
		got.mustBeForecast(t, newYorkTown)
		if got.RunID == "" || got.RunID != want.RunID {
			t.Errorf("a call was answered by run %q, the first one by %q", got.RunID, want.RunID)
		}
	}
	if asked := r.upstream.Asked(simulated.Points); asked != 1 {
		t.Errorf("the weather service was asked %d times", asked)
	}
}

// tell returns an HTTP client that closes sent when it sends a tool call.
func tell(sent chan<- struct{}) *http.Client {
	return &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Header.Get("Mcp-Method") == "tools/call" {
			close(sent)
		}
		return http.DefaultTransport.RoundTrip(r)
	})}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Activities caught the HTTP error and returned nothing: Temporal never heard
// of the failure, and never tried again.
func TestRegressionFailuresReachTemporalAndAreRetried(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.upstream.Fail(simulated.Points, simulated.Status(http.StatusServiceUnavailable), simulated.Malformed())
	r.upstream.Fail(simulated.Forecast, simulated.HangUp(), simulated.HangUp()) // net/http tries once more by itself

	got := call(t.Context(), r.client, "get_forecast", newYork)
	got.mustBeForecast(t, newYorkTown)
	if points, forecasts := r.upstream.Asked(simulated.Points), r.upstream.Asked(simulated.Forecast); points != 3 || forecasts != 3 {
		t.Errorf("the weather service was asked %d and %d times, want 3 and 3", points, forecasts)
	}
	attempts := r.activities(t, got.RunID)
	if len(attempts) != 2 {
		t.Fatalf("Temporal knows of %d activities, want 2", len(attempts))
	}
	if a := attempts[0]; a.GetAttempt() != 3 || !strings.Contains(a.GetLastFailure().GetMessage(), "unexpected end of JSON input") {
		t.Errorf("the first activity is recorded as %v", a)
	}
	if a := attempts[1]; a.GetAttempt() != 2 || !strings.Contains(a.GetLastFailure().GetMessage(), "the connection failed") {
		t.Errorf("the second activity is recorded as %v", a)
	}
}

// activities returns the attempts of a run's activities that succeeded.
func (r *rig) activities(t *testing.T, runID string) []*history.ActivityTaskStartedEventAttributes {
	t.Helper()
	var started []*history.ActivityTaskStartedEventAttributes
	events := r.service.temporal.Client.GetWorkflowHistory(context.Background(), newYorkWorkflowID, runID, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			t.Fatal(err)
		}
		if attributes := event.GetActivityTaskStartedEventAttributes(); attributes != nil {
			started = append(started, attributes)
		}
	}
	return started
}

// No alerts came out as an empty text.
func TestRegressionNoAlertsIsSaidInWords(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	got := call(t.Context(), r.client, "get_alerts", `{"state": "ny"}`).mustSucceed(t)
	if !strings.HasPrefix(got.Text, "No active alerts for NY.") {
		t.Errorf("text is %q", got.Text)
	}
	if !strings.Contains(got.Structured, `"alerts":[]`) {
		t.Errorf("structured content is %s, want an empty list", got.Structured)
	}
}
