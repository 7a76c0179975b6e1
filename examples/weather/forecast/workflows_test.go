package forecast_test

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/durablemcp/durablemcp/examples/weather/forecast"
	"github.com/durablemcp/durablemcp/examples/weather/simulated"
)

// quiet drops the SDK's log: most of these tests fail on purpose.
var quiet = log.NewStructuredLogger(slog.New(slog.DiscardHandler))

// newEnvironment returns a Temporal without a server, in which time flies.
func newEnvironment(activities *forecast.Activities) *testsuite.TestWorkflowEnvironment {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(quiet)
	env := suite.NewTestWorkflowEnvironment()
	env.RegisterWorkflow(forecast.GetForecast)
	env.RegisterWorkflow(forecast.GetAlerts)
	env.RegisterActivity(activities)
	return env
}

func TestGetForecast(t *testing.T) {
	t.Parallel()
	service, activities := setup(t)
	env := newEnvironment(activities)
	env.ExecuteWorkflow(forecast.GetForecast, 40.7128, -74.006)
	var got forecast.Forecast
	if err := env.GetWorkflowResult(&got); err != nil {
		t.Fatal(err)
	}
	if got.Location != "New York, NY" || len(got.Periods) != 14 {
		t.Errorf("got %+v", got)
	}
	if points, forecasts := service.Asked(simulated.Points), service.Asked(simulated.Forecast); points != 1 || forecasts != 1 {
		t.Errorf("asked %d times for the point and %d times for the forecast", points, forecasts)
	}
}

func TestPauseLiesBetweenTheRequests(t *testing.T) {
	t.Parallel()
	service, activities := setup(t)
	activities.Pause = time.Hour
	env := newEnvironment(activities)
	start := env.Now()
	env.RegisterDelayedCallback(func() {
		if points, forecasts := service.Asked(simulated.Points), service.Asked(simulated.Forecast); points != 1 || forecasts != 0 {
			t.Errorf("during the pause, asked %d times for the point and %d times for the forecast", points, forecasts)
		}
	}, 30*time.Minute)
	env.ExecuteWorkflow(forecast.GetForecast, 40.7128, -74.006)
	if err := env.GetWorkflowError(); err != nil {
		t.Fatal(err)
	}
	if took := env.Now().Sub(start); took < time.Hour {
		t.Errorf("took %v", took)
	}
}

func TestFailuresOfEachStepAreRetried(t *testing.T) {
	t.Parallel()
	service, activities := setup(t)
	service.Fail(simulated.Points, simulated.Status(503), simulated.Malformed())
	service.Fail(simulated.Forecast, simulated.RateLimited(time.Minute), simulated.Status(500), simulated.HangUp())
	env := newEnvironment(activities)
	env.ExecuteWorkflow(forecast.GetForecast, 40.7128, -74.006)
	if err := env.GetWorkflowError(); err != nil {
		t.Fatal(err)
	}
	if points, forecasts := service.Asked(simulated.Points), service.Asked(simulated.Forecast); points != 3 || forecasts != 4 {
		t.Errorf("asked %d times for the point and %d times for the forecast, want 3 and 4", points, forecasts)
	}
}

// The limits are given to Temporal, which keeps them: here it is enough that
// it was told.
func TestRetriesAreBounded(t *testing.T) {
	t.Parallel()
	_, activities := setup(t)
	env := newEnvironment(activities)
	env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
		if info.ActivityType.Name == "ConfiguredPause" {
			return
		}
		if info.ScheduleToCloseTimeout != time.Hour || info.StartToCloseTimeout != 15*time.Second {
			t.Errorf("%s: got %+v", info.ActivityType.Name, info)
		}
	})
	env.ExecuteWorkflow(forecast.GetForecast, 40.7128, -74.006)
	if err := env.GetWorkflowError(); err != nil {
		t.Fatal(err)
	}
}

func TestMistakesAreFoundBeforeAnyRequest(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		workflow  any
		args      []any
		errorType string
		text      string
	}{
		"latitude":       {forecast.GetForecast, []any{-90.5, 0.0}, forecast.InvalidLocation, "latitude -90.5 is not between -90 and 90"},
		"longitude":      {forecast.GetForecast, []any{0.0, 180.001}, forecast.InvalidLocation, "longitude 180.001 is not between -180 and 180"},
		"huge":           {forecast.GetForecast, []any{math.MaxFloat64, 0.0}, forecast.InvalidLocation, "latitude 1.7976931348623157e+308 is not between -90 and 90"},
		"state's name":   {forecast.GetAlerts, []any{forecast.AlertsRequest{State: "California"}}, forecast.InvalidState, `state "CALIFORNIA" is not a two-letter US state code, such as CA or NY`},
		"state's path":   {forecast.GetAlerts, []any{forecast.AlertsRequest{State: ".."}}, forecast.InvalidState, `state ".." is not a two-letter US state code, such as CA or NY`},
		"no state":       {forecast.GetAlerts, []any{forecast.AlertsRequest{}}, forecast.InvalidState, `state "" is not a two-letter US state code, such as CA or NY`},
		"state, Unicode": {forecast.GetAlerts, []any{forecast.AlertsRequest{State: "ñ"}}, forecast.InvalidState, `state "Ñ" is not a two-letter US state code, such as CA or NY`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service, activities := setup(t)
			env := newEnvironment(activities)
			env.ExecuteWorkflow(test.workflow, test.args...)
			failure, ok := errors.AsType[*temporal.ApplicationError](env.GetWorkflowError())
			if !ok || !failure.NonRetryable() || failure.Type() != test.errorType || failure.Message() != test.text {
				t.Errorf("got %v", env.GetWorkflowError())
			}
			if service.Asked(simulated.Points)+service.Asked(simulated.Alerts) != 0 {
				t.Error("the service was asked")
			}
		})
	}
}

func TestGetAlerts(t *testing.T) {
	t.Parallel()
	tests := map[string]string{ // state -> start of the text
		"TX": "Active alerts for TX: 1 (source: test)\n\nHeat Advisory (Moderate) in Harris; Galveston, until ",
		"ny": "No active alerts for NY.",
	}
	for state, want := range tests {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			_, activities := setup(t)
			env := newEnvironment(activities)
			env.ExecuteWorkflow(forecast.GetAlerts, forecast.AlertsRequest{State: state})
			var got forecast.Alerts
			if err := env.GetWorkflowResult(&got); err != nil {
				t.Fatal(err)
			}
			if text := got.ToolText(); !strings.HasPrefix(text, want) {
				t.Errorf("got %q", text)
			}
			if got.Alerts == nil {
				t.Error("no alerts came out as nil, not as an empty list")
			}
		})
	}
}
