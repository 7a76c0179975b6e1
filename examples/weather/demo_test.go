package main

import (
	"strings"
	"testing"
)

func TestDemo(t *testing.T) {
	t.Parallel()
	cmd := command(t, "-demo")
	var logs syncBuffer
	cmd.Stderr = &logs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, logs.String())
	}
	last := -1
	for _, want := range []string{ // in this order
		"SIMULATED",
		"Web UI at http://",
		`calls get_forecast {"latitude": 40.7128, "longitude": -74.006}`,
		"LookUpPoint: attempt 1 failed: weather service answered 503 Service Unavailable; next try in 1s",
		"LookUpPoint: attempt 2 failed: weather service sent an answer that cannot be used",
		"FetchForecast: attempt 1 failed: weather service answered 429 Too Many Requests; next try in 3s",
		"Forecast for New York, NY (source: simulated weather service, made-up data)",
		"/namespaces/default/workflows/" + newYorkWorkflowID + "/",
		"No active alerts for NY.",
		"Heat Advisory",
		"There is no forecast for latitude 51.5074, longitude -0.1278.",
		"Done in ",
	} {
		at := strings.Index(string(out), want)
		if at <= last {
			t.Errorf("%q is missing or too early", want)
		}
		last = max(last, at)
	}
	if t.Failed() {
		t.Logf("%s", out)
	}
	if logs.String() != "" {
		t.Errorf("standard error: %s", logs.String())
	}
}
