package forecast_test

import (
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/durablemcp/durablemcp/examples/weather/forecast"
	"github.com/durablemcp/durablemcp/examples/weather/nws"
	"github.com/durablemcp/durablemcp/examples/weather/simulated"
)

// setup returns a weather service and activities that ask it.
func setup(t *testing.T) (*simulated.Server, *forecast.Activities) {
	t.Helper()
	service, err := simulated.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(service.Close)
	return service, activitiesFor(t, service.URL())
}

func activitiesFor(t *testing.T, url string) *forecast.Activities {
	t.Helper()
	client, err := nws.New(url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &forecast.Activities{Weather: client, Source: "test"}
}

// run runs one activity once, the way a worker does.
func run(t *testing.T, activities *forecast.Activities, activity any, result any, args ...any) error {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(quiet)
	env := suite.NewTestActivityEnvironment()
	env.RegisterActivity(activities)
	value, err := env.ExecuteActivity(activity, args...)
	if err != nil {
		return err
	}
	return value.Get(result)
}

func TestActivities(t *testing.T) {
	t.Parallel()
	_, activities := setup(t)
	var point nws.Point
	if err := run(t, activities, activities.LookUpPoint, &point, 40.7128, -74.006); err != nil {
		t.Fatal(err)
	}
	var got forecast.Forecast
	if err := run(t, activities, activities.FetchForecast, &got, point); err != nil {
		t.Fatal(err)
	}
	if got.Location != "New York, NY" || got.Source != "test" || len(got.Periods) != 14 {
		t.Errorf("got %+v", got)
	}
	var alerts forecast.Alerts
	if err := run(t, activities, activities.FetchAlerts, &alerts, "TX"); err != nil {
		t.Fatal(err)
	}
	if alerts.State != "TX" || len(alerts.Alerts) != 1 {
		t.Errorf("got %+v", alerts)
	}
}

// The failures of the weather service, as Temporal sees them.
func TestFailures(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fault     simulated.Fault
		errorType string
		permanent bool
		delay     time.Duration
		text      string
	}{
		"500":              {simulated.Status(500), forecast.ServiceUnavailable, false, 0, "weather service answered 500 Internal Server Error"},
		"503":              {simulated.Status(503), forecast.ServiceUnavailable, false, 0, "weather service answered 503 Service Unavailable"},
		"408":              {simulated.Status(408), forecast.ServiceUnavailable, false, 0, "weather service answered 408 Request Timeout"},
		"429":              {simulated.RateLimited(7 * time.Second), forecast.ServiceUnavailable, false, 7 * time.Second, "weather service answered 429 Too Many Requests"},
		"429, for days":    {simulated.RateLimited(90 * time.Hour), forecast.ServiceUnavailable, false, 5 * time.Minute, "weather service answered 429 Too Many Requests"},
		"malformed":        {simulated.Malformed(), forecast.ServiceUnavailable, false, 0, "weather service sent an answer that cannot be used: unexpected end of JSON input"},
		"hangs up":         {simulated.HangUp(), forecast.ServiceUnavailable, false, 0, "weather service cannot be reached: the connection failed"},
		"400":              {simulated.Status(400), forecast.InvalidLocation, true, 0, "There is no forecast for latitude 40.7128, longitude -74.006"},
		"404":              {simulated.Status(404), forecast.InvalidLocation, true, 0, "The simulated service was told to fail"},
		"403":              {simulated.Status(403), forecast.ServiceRefused, true, 0, "weather service answered 403 Forbidden"},
		"nothing forecast": {simulated.Body(`{"properties": {"forecast": null}}`), forecast.NoForecast, true, 0, "There is no forecast for latitude 40.7128"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service, activities := setup(t)
			service.Fail(simulated.Points, test.fault, test.fault) // net/http tries once more after a hang-up
			err := run(t, activities, activities.LookUpPoint, nil, 40.7128, -74.006)
			failure, ok := errors.AsType[*temporal.ApplicationError](err)
			if !ok {
				t.Fatalf("got %v, want an ApplicationError", err)
			}
			if failure.Type() != test.errorType || failure.NonRetryable() != test.permanent || failure.NextRetryDelay() != test.delay {
				t.Errorf("got type %s, permanent %v, delay %v", failure.Type(), failure.NonRetryable(), failure.NextRetryDelay())
			}
			if !strings.Contains(failure.Message(), test.text) {
				t.Errorf("got text %q\nwant %q", failure.Message(), test.text)
			}
			if strings.Contains(err.Error(), "127.0.0.1") {
				t.Errorf("%q leaks an address", err)
			}
		})
	}
}

func TestMistakesOfTheCaller(t *testing.T) {
	t.Parallel()
	service, activities := setup(t)
	tests := map[string]struct {
		activity  any
		args      []any
		errorType string
		text      string
	}{
		"outside the US": {activities.LookUpPoint, []any{51.5074, -0.1278}, forecast.InvalidLocation,
			"There is no forecast for latitude 51.5074, longitude -0.1278. Forecasts cover the United States"},
		"no such state": {activities.FetchAlerts, []any{"XX"}, forecast.InvalidState,
			`"XX" is not the code of a US state or territory`},
		"stale point": {activities.FetchForecast, []any{nws.Point{Place: "Atlantis", ForecastPath: "/gridpoints/SIM/a,b/forecast"}}, forecast.NoForecast,
			"There is no forecast for Atlantis"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := run(t, activities, test.activity, nil, test.args...)
			failure, ok := errors.AsType[*temporal.ApplicationError](err)
			if !ok || !failure.NonRetryable() || failure.Type() != test.errorType || !strings.HasPrefix(failure.Message(), test.text) {
				t.Errorf("got %v", err)
			}
		})
	}
	if asked := service.Asked(simulated.Points); asked != 1 {
		t.Errorf("the service was asked %d times", asked)
	}
}

func TestServiceIsDown(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	activities := activitiesFor(t, "http://"+listener.Addr().String())
	err = run(t, activities, activities.LookUpPoint, nil, 40.7128, -74.006)
	failure, ok := errors.AsType[*temporal.ApplicationError](err)
	if !ok || failure.NonRetryable() || failure.Type() != forecast.ServiceUnavailable ||
		!strings.HasPrefix(failure.Message(), "weather service cannot be reached: ") {
		t.Errorf("got %v", err)
	}
}
