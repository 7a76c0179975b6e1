package forecast

import (
	"context"
	"fmt"
	"time"

	"github.com/durablemcp/durablemcp/examples/weather/nws"
)

// Activities are the steps of the workflows that touch the world outside. The
// methods' names are the activities' names in Temporal: renaming one breaks
// workflows that are running.
type Activities struct {
	// Weather is the service to ask.
	Weather *nws.Client

	// Source names that service in results.
	Source string

	// Pause is how long GetForecast sleeps between its two requests.
	Pause time.Duration
}

// LookUpPoint asks where the forecast for a place is kept.
func (a *Activities) LookUpPoint(ctx context.Context, latitude, longitude float64) (nws.Point, error) {
	point, err := a.Weather.Point(ctx, latitude, longitude)
	if err != nil {
		return nws.Point{}, failure(err, InvalidLocation, fmt.Sprintf(
			"There is no forecast for latitude %v, longitude %v. Forecasts cover the United States and its territories only; "+
				"check that latitude and longitude are not swapped and that western longitudes are negative.", latitude, longitude))
	}
	if point.Place == "" {
		point.Place = fmt.Sprintf("%v, %v", latitude, longitude)
	}
	return point, nil
}

// ConfiguredPause returns the pause between the two requests.
func (a *Activities) ConfiguredPause(context.Context) (time.Duration, error) { return a.Pause, nil }

// FetchForecast asks for the forecast that a point leads to.
func (a *Activities) FetchForecast(ctx context.Context, point nws.Point) (Forecast, error) {
	periods, err := a.Weather.Forecast(ctx, point)
	if err != nil {
		return Forecast{}, failure(err, NoForecast, "There is no forecast for "+point.Place+".")
	}
	return Forecast{Location: point.Place, Source: a.Source, Periods: periods}, nil
}

// FetchAlerts asks for the alerts that are in force in a state.
func (a *Activities) FetchAlerts(ctx context.Context, state string) (Alerts, error) {
	alerts, err := a.Weather.ActiveAlerts(ctx, state)
	if err != nil {
		return Alerts{}, failure(err, InvalidState, fmt.Sprintf("%q is not the code of a US state or territory.", state))
	}
	return Alerts{State: state, Source: a.Source, Alerts: alerts}, nil
}
