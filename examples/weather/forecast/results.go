package forecast

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/durablemcp/durablemcp/examples/weather/nws"
)

// A Forecast is the result of [GetForecast].
type Forecast struct {
	Location string       `json:"location" jsonschema_description:"The nearest town"`
	Source   string       `json:"source" jsonschema_description:"Where the forecast comes from"`
	Periods  []nws.Period `json:"periods" jsonschema_description:"Half a day each, the next one first"`
}

// ToolText is the forecast as a model reads it.
func (f Forecast) ToolText() string {
	var text strings.Builder
	fmt.Fprintf(&text, "Forecast for %s (source: %s)\n", f.Location, f.Source)
	for _, p := range f.Periods {
		fmt.Fprintf(&text, "\n%s: %v°%s. %s", p.Name, p.Temperature, p.TemperatureUnit, cmp.Or(p.DetailedForecast, p.ShortForecast))
	}
	return text.String()
}

// AlertsRequest is the argument of [GetAlerts].
type AlertsRequest struct {
	State string `json:"state" jsonschema:"pattern=^[A-Za-z]{2}$" jsonschema_description:"Two-letter code of a US state, such as CA or NY"`
}

// Alerts is the result of [GetAlerts].
type Alerts struct {
	State  string      `json:"state"`
	Source string      `json:"source" jsonschema_description:"Where the alerts come from"`
	Alerts []nws.Alert `json:"alerts" jsonschema_description:"Empty if none are in force"`
}

// ToolText is the list of alerts as a model reads it. It says in words that
// there are none: a model takes an empty text for a tool that is broken.
func (a Alerts) ToolText() string {
	if len(a.Alerts) == 0 {
		return fmt.Sprintf("No active alerts for %s. (Source: %s)", a.State, a.Source)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "Active alerts for %s: %d (source: %s)", a.State, len(a.Alerts), a.Source)
	for _, alert := range a.Alerts {
		writeAlert(&text, alert)
	}
	return text.String()
}

func writeAlert(text *strings.Builder, alert nws.Alert) {
	fmt.Fprintf(text, "\n\n%s (%s) in %s", alert.Event, alert.Severity, alert.AreaDesc)
	if !alert.Expires.IsZero() {
		fmt.Fprintf(text, ", until %s", alert.Expires.Format("2 January 2006 15:04 MST"))
	}
	fmt.Fprintf(text, ".\n%s", alert.Description)
	if alert.Instruction != "" {
		fmt.Fprintf(text, "\nWhat to do: %s", alert.Instruction)
	}
}
