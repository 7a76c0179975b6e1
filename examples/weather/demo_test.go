package main

import (
	"testing"

	"github.com/durablemcp/durablemcp/examples/internal/exampletest"
)

func TestDemo(t *testing.T) {
	t.Parallel()
	exampletest.MustTell(t, exampletest.Command(t, "-demo"), // in this order
		"SIMULATED",
		"Temporal's Web UI at http://",
		`calls get_forecast {"latitude": 40.7128, "longitude": -74.006}`,
		"sees: 0 of 2: looking the place up; LookUpPoint: attempt 2, last failure weather service answered 503 Service Unavailable, next try in ",
		"LookUpPoint: attempt 3, last failure weather service sent an answer that cannot be used",
		"sees: 1 of 2: fetching the forecast for New York, NY; FetchForecast: attempt 2, last failure weather service answered 429 Too Many Requests",
		"Forecast for New York, NY (source: weather service at 127.0.0.1:",
		"/namespaces/default/workflows/"+newYorkWorkflowID+"/",
		`calls get_forecast {"latitude": 47.6062, "longitude": -122.3321}`,
		"has a task: ",
		"polls the task: working: 1 of 2: fetching the forecast for Seattle, WA; FetchForecast: attempt 2, last failure weather service answered 429",
		"is killed, and Temporal with it: kill -9 ",
		"is up again",
		"polls the task: completed",
		"Forecast for Seattle, WA",
		"No active alerts for NY.",
		"Heat Advisory",
		"There is no forecast for latitude 51.5074, longitude -0.1278.",
		"Done in ",
	)
}
