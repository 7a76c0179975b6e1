// Package forecast holds the durable part of the weather example: its
// workflows, their activities, and their declaration as MCP tools.
package forecast

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp"
	"github.com/durablemcp/durablemcp/examples/weather/nws"
)

// GetForecast returns the forecast for a point in the United States.
//
// It is one coarse tool over two brittle requests: look the point up, then
// fetch its forecast. Each is an activity of its own, so that a failure of the
// second, or a crash between them, does not repeat the first.
func GetForecast(ctx workflow.Context, latitude, longitude float64) (Forecast, error) {
	if err := checkLocation(latitude, longitude); err != nil {
		return Forecast{}, err
	}
	var activities *Activities // a nil one: Temporal needs only the names of its methods
	ctx = withRetries(ctx)

	var point nws.Point
	if err := report(ctx, 0, "looking the place up"); err != nil {
		return Forecast{}, err
	}
	if err := workflow.ExecuteActivity(ctx, activities.LookUpPoint, latitude, longitude).Get(ctx, &point); err != nil {
		return Forecast{}, err
	}
	if err := report(ctx, 1, "fetching the forecast for "+point.Place); err != nil {
		return Forecast{}, err
	}
	if err := pause(ctx); err != nil {
		return Forecast{}, err
	}
	var forecast Forecast
	if err := workflow.ExecuteActivity(ctx, activities.FetchForecast, point).Get(ctx, &forecast); err != nil {
		return Forecast{}, err
	}
	return forecast, report(ctx, 2, "done")
}

// report says how many of the two requests are done. Clients that wait see it,
// and so does the Web UI. What goes wrong in the meantime, and when it is tried
// again, they are told without any code here.
func report(ctx workflow.Context, done float64, doing string) error {
	return durablemcp.ReportProgress(ctx, done, 2, doing)
}

// GetAlerts returns the weather alerts of a state that are in force now. It
// reports nothing: its one request is all that there is to tell, and retries of
// that are told anyway.
func GetAlerts(ctx workflow.Context, request AlertsRequest) (Alerts, error) {
	state := strings.ToUpper(request.State)
	if err := checkState(state); err != nil {
		return Alerts{}, err
	}
	var activities *Activities
	ctx = withRetries(ctx)

	var alerts Alerts
	err := workflow.ExecuteActivity(ctx, activities.FetchAlerts, state).Get(ctx, &alerts)
	return alerts, err
}

// pause sleeps as long as the worker was told to. The sleep is Temporal's: no
// process has to survive it, which is what it is there to show.
//
// Workflow code must do the same thing each time it is replayed, so it cannot
// read the setting itself: after a restart with another -pause, a replay would
// not fit its own history. An activity reads it, once, and its result is part
// of the history. A local one will do: it runs in this worker, at once.
func pause(ctx workflow.Context) error {
	var activities *Activities
	local := workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{StartToCloseTimeout: 5 * time.Second})
	var length time.Duration
	if err := workflow.ExecuteLocalActivity(local, activities.ConfiguredPause).Get(local, &length); err != nil {
		return err
	}
	if length <= 0 {
		return nil
	}
	return workflow.NewTimerWithOptions(ctx, length, workflow.TimerOptions{Summary: "pause between the two requests"}).Get(ctx, nil)
}

// withRetries is how the activities deal with the weather service.
func withRetries(ctx workflow.Context) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		// One attempt. It is longer than the HTTP client's own timeout, which
		// gives the better error; this one is for a worker that died.
		StartToCloseTimeout: 15 * time.Second,
		// All attempts. Weather that comes an hour late helps no one.
		ScheduleToCloseTimeout: time.Hour,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval:    time.Second,
			BackoffCoefficient: 2,
			MaximumInterval:    30 * time.Second,
		},
	})
}

func checkLocation(latitude, longitude float64) error {
	// Written so that NaN fails, too.
	if !(latitude >= -90 && latitude <= 90) {
		return mistake(InvalidLocation, fmt.Sprintf("latitude %v is not between -90 and 90", latitude))
	}
	if !(longitude >= -180 && longitude <= 180) {
		return mistake(InvalidLocation, fmt.Sprintf("longitude %v is not between -180 and 180", longitude))
	}
	return nil
}

// checkState keeps out what cannot be a code. Which codes there are, the
// weather service knows best.
func checkState(state string) error {
	letter := func(c byte) bool { return c >= 'A' && c <= 'Z' }
	if len(state) != 2 || !letter(state[0]) || !letter(state[1]) {
		return mistake(InvalidState, fmt.Sprintf("state %.20q is not a two-letter US state code, such as CA or NY", state))
	}
	return nil
}
