package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/durablemcp/durablemcp/examples/internal/story"
	"github.com/durablemcp/durablemcp/examples/weather/forecast"
	"github.com/durablemcp/durablemcp/examples/weather/simulated"
)

// The places that the demo asks about.
const (
	newYork = `{"latitude": 40.7128, "longitude": -74.006}`
	seattle = `{"latitude": 47.6062, "longitude": -122.3321}`
)

// A demo is the example in a process of its own, which is killed on the way,
// and around it what must not die with it: the weather service, and clients
// that play the part of a model.
type demo struct {
	*story.Story
	weather *simulated.Server
	server  *story.Server
	client  *story.Client
}

// runDemo shows the example at work. It fails unless everything that it shows
// really happened.
func runDemo(ctx context.Context, flags *flags, in *os.File, out *os.File) error {
	ctx, cancel := context.WithTimeout(ctx, story.Limit)
	defer cancel()
	d := &demo{Story: story.New(out)}
	d.Heading("The weather service is SIMULATED: it runs in this process, makes its data up, and\n" +
		"fails when told to. All else is real: Temporal, the worker, the MCP server and clients.\n")
	var err error
	if d.weather, err = simulated.Start(); err != nil {
		return err
	}
	defer d.weather.Close()
	d.weather.OnAnswer(func(a simulated.Answer) {
		d.Say("weather", "GET %s: %d %s", a.Path, a.Status, http.StatusText(a.Status))
	})
	if d.server, err = d.NewServer(ctx, flags.Flags); err != nil {
		return err
	}
	defer d.server.Close()
	if err := d.start(ctx, "is up"); err != nil {
		return err
	}
	if d.client, err = d.Connect(ctx, d.server.MCPURL); err != nil {
		return err
	}
	defer d.client.Close()
	for _, act := range []func(context.Context) error{d.showRetries, d.showTask, d.showAlerts, d.showMistake} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	d.Heading("Done in %.1f s. Next: go run ./examples/weather, and connect a client of your own.", d.Elapsed().Seconds())
	story.Linger(ctx, d.server.WebUIURL, in, out)
	return nil
}

func (d *demo) start(ctx context.Context, what string) error {
	return d.server.Start(ctx, what, "-upstream", d.weather.URL())
}

// showRetries asks for a forecast while the service fails: twice for the
// first request, and once for the second.
func (d *demo) showRetries(ctx context.Context) error {
	d.Heading("1. A forecast, while the weather service fails. The client asks for progress\n")
	d.weather.Fail(simulated.Points, simulated.Status(http.StatusServiceUnavailable), simulated.Malformed())
	d.weather.Fail(simulated.Forecast, simulated.RateLimited(time.Second))
	result, err := d.client.Follow(ctx, "get_forecast", newYork)
	if err != nil {
		return err
	}
	if points, forecasts := d.weather.Asked(simulated.Points), d.weather.Asked(simulated.Forecast); points != 3 || forecasts != 2 {
		return fmt.Errorf("the weather service was asked %d and %d times; 3 and 2 were expected", points, forecasts)
	}
	d.Say("client", "has the forecast after 3 failures that nobody had to handle:")
	if err := d.showForecast(result); err != nil {
		return err
	}
	d.Say("Web UI", "has all of it: %s", result.Link())
	return nil
}

// showTask asks for a forecast as a task, and kills the server while the
// weather service puts it off.
func (d *demo) showTask(ctx context.Context) error {
	d.Heading("2. A forecast as a task, which survives kill -9\n")
	before := d.weather.Asked(simulated.Points)
	d.weather.Break(simulated.Forecast, simulated.RateLimited(3*time.Second))
	client := d.ConnectTasks(d.server.MCPURL, "client", "", nil)
	task, err := client.Call(ctx, "get_forecast", seattle)
	if err != nil {
		return err
	}
	if err := client.Poll(ctx, task); err != nil {
		return err
	}
	d.server.KillNine()
	d.Say("client", "goes on polling, whoever is there")
	await := client.StartWait(ctx, task)
	d.weather.Mend(simulated.Forecast)
	if err := d.start(ctx, "is up again"); err != nil {
		return err
	}
	result, err := await()
	if err != nil {
		return err
	}
	if asked := d.weather.Asked(simulated.Points) - before; asked != 1 {
		return fmt.Errorf("the weather service was asked %d times for the point; once was expected", asked)
	}
	d.Say("client", "has the forecast, by the ID that the dead process gave it:")
	return d.showForecast(result)
}

// showForecast quotes the beginning of a forecast.
func (d *demo) showForecast(result *story.Result) error {
	var got forecast.Forecast
	if err := result.Decode(&got); err != nil {
		return err
	}
	if len(got.Periods) == 0 || got.Periods[0].DetailedForecast == "" {
		return fmt.Errorf("the forecast is empty: %s", result.Text())
	}
	d.Quote(firstLines(result.Text(), 4))
	return nil
}

// showAlerts asks for alerts where there are none, and where there are.
func (d *demo) showAlerts(ctx context.Context) error {
	d.Heading("3. Alerts\n")
	for _, test := range []struct {
		state string
		want  int
	}{{"NY", 0}, {"TX", 1}} {
		result, err := d.client.Call(ctx, "get_alerts", fmt.Sprintf(`{"state": %q}`, test.state))
		if err != nil {
			return err
		}
		var got forecast.Alerts
		if err := result.Decode(&got); err != nil {
			return err
		}
		if len(got.Alerts) != test.want {
			return fmt.Errorf("%d alerts for %s; %d were expected", len(got.Alerts), test.state, test.want)
		}
		d.Say("client", "is told:")
		d.Quote(result.Text())
	}
	return nil
}

// showMistake asks for a place where a retry cannot help.
func (d *demo) showMistake(ctx context.Context) error {
	d.Heading("4. A mistake of the model: London is not in the United States\n")
	before := d.weather.Asked(simulated.Points)
	result, err := d.client.Call(ctx, "get_forecast", `{"latitude": 51.5074, "longitude": -0.1278}`)
	if err != nil {
		return err
	}
	if !result.IsError {
		return fmt.Errorf("a forecast for London: %s", result.Text())
	}
	if asked := d.weather.Asked(simulated.Points) - before; asked != 1 {
		return fmt.Errorf("the weather service was asked %d times for London; once was expected", asked)
	}
	d.Say("client", "is told at once, without a retry:")
	d.Quote(result.Text())
	return nil
}

// firstLines leaves out the rest of a long text, and says so.
func firstLines(text string, n int) string {
	lines := strings.Split(text, "\n")
	if len(lines) <= n {
		return text
	}
	return fmt.Sprintf("%s\n(and %d lines more)", strings.Join(lines[:n], "\n"), len(lines)-n)
}
