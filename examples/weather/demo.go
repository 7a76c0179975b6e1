package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/durablemcp/durablemcp/examples/internal/host"
	"github.com/durablemcp/durablemcp/examples/internal/story"
	"github.com/durablemcp/durablemcp/examples/weather/forecast"
	"github.com/durablemcp/durablemcp/examples/weather/simulated"
)

// The place that the demo asks about, and the workflow that answers.
const (
	newYork           = `{"latitude": 40.7128, "longitude": -74.006}`
	newYorkWorkflowID = "forecast-40.7128--74.006"
)

// A demo is the example with a client that plays the part of the model.
type demo struct {
	*story.Story
	weather *service
	client  *story.Client
}

// runDemo shows the example at work. It fails unless everything that it shows
// really happened.
func runDemo(ctx context.Context, flags *flags, in *os.File, out *os.File, logs io.Writer) error {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	d := &demo{Story: story.New(out)}
	d.Heading("The weather service is SIMULATED: it runs in this process, makes its data up, and\n" +
		"fails when told to. All else is real: Temporal, the worker, the MCP server and client.\n")

	weather, err := startService(ctx, fail, flags, newLogger(logs))
	if err != nil {
		return err
	}
	defer weather.Close()
	d.weather = weather
	disconnect, err := d.connect(ctx, flags)
	if err != nil {
		return err
	}
	defer disconnect()

	for _, act := range []func(context.Context) error{d.showRetries, d.showAlerts, d.showMistake} {
		if err := act(ctx); err != nil {
			return errors.Join(err, host.WorkerFailure(ctx))
		}
	}
	d.Heading("Done in %.1f s. Next: go run ./examples/weather, and connect a client of your own.", d.Elapsed().Seconds())
	story.Linger(ctx, weather.temporal.UIURL, in, out)
	return nil
}

// connect serves MCP and connects a client to it. Disconnect ends both.
func (d *demo) connect(ctx context.Context, flags *flags) (disconnect func(), err error) {
	listener, err := d.listen(flags)
	if err != nil {
		return nil, err
	}
	url := host.MCPURL(listener)
	d.Say("Temporal", "is up: %s; Web UI at %s", d.weather.temporal.Place, d.weather.temporal.UIURL)
	d.Say("server", "serves MCP at %s", url)

	ctx, cancel := context.WithCancel(ctx)
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = host.ServeHTTP(ctx, d.weather.server, listener) // the client notices
	}()
	stopServing := func() {
		cancel()
		<-served
	}
	if d.client, err = d.Connect(ctx, url); err != nil {
		stopServing()
		return nil, err
	}
	return func() {
		d.client.Close()
		stopServing()
	}, nil
}

// listen takes any free port unless -http is given: nobody else connects.
func (d *demo) listen(flags *flags) (net.Listener, error) {
	if flags.Given("http") {
		return flags.Listen()
	}
	return net.Listen("tcp", "127.0.0.1:0")
}

// showRetries asks for a forecast while the service fails: twice for the
// first request, and once for the second.
func (d *demo) showRetries(ctx context.Context) error {
	d.Heading("1. A forecast, while the weather service fails\n")
	fake := d.weather.upstream.fake
	fake.Fail(simulated.Points, simulated.Status(http.StatusServiceUnavailable), simulated.Malformed())
	fake.Fail(simulated.Forecast, simulated.RateLimited(3*time.Second))
	fake.OnAnswer(func(a simulated.Answer) {
		d.Say("weather", "GET %s: %d %s", a.Path, a.Status, http.StatusText(a.Status))
	})
	stop := d.Follow(ctx, d.weather.temporal.Client, newYorkWorkflowID)
	result, err := d.client.Call(ctx, "get_forecast", newYork)
	stop()
	if err != nil {
		return err
	}

	var got forecast.Forecast
	if err := result.Decode(&got); err != nil {
		return err
	}
	if len(got.Periods) == 0 || got.Periods[0].DetailedForecast == "" {
		return fmt.Errorf("the forecast is empty: %s", result.Text())
	}
	if points, forecasts := fake.Asked(simulated.Points), fake.Asked(simulated.Forecast); points != 3 || forecasts != 2 {
		return fmt.Errorf("the weather service was asked %d and %d times; 3 and 2 were expected", points, forecasts)
	}
	d.Say("client", "has the forecast after 3 failures that nobody had to handle:")
	d.Quote(firstLines(result.Text(), 6))
	d.Say("Web UI", "has all of it: %s", result.Link())
	return nil
}

// showAlerts asks for alerts where there are none, and where there are.
func (d *demo) showAlerts(ctx context.Context) error {
	d.Heading("2. Alerts\n")
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
	d.Heading("3. A mistake of the model: London is not in the United States\n")
	fake := d.weather.upstream.fake
	before := fake.Asked(simulated.Points)
	result, err := d.client.Call(ctx, "get_forecast", `{"latitude": 51.5074, "longitude": -0.1278}`)
	if err != nil {
		return err
	}
	if !result.IsError {
		return fmt.Errorf("a forecast for London: %s", result.Text())
	}
	if asked := fake.Asked(simulated.Points) - before; asked != 1 {
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
