package nws_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/durablemcp/durablemcp/examples/weather/nws"
	"github.com/durablemcp/durablemcp/examples/weather/simulated"
)

// setup returns a weather service and a client of it.
func setup(t *testing.T) (*simulated.Server, *nws.Client) {
	t.Helper()
	service, err := simulated.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(service.Close)
	return service, newClient(t, service.URL(), nil)
}

func newClient(t *testing.T, url string, opts *nws.Options) *nws.Client {
	t.Helper()
	client, err := nws.New(url, opts)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestForecast(t *testing.T) {
	t.Parallel()
	_, client := setup(t)
	point, err := client.Point(t.Context(), 40.7128, -74.006)
	if err != nil {
		t.Fatal(err)
	}
	if point.Place != "New York, NY" {
		t.Errorf("place %q, want New York, NY", point.Place)
	}
	periods, err := client.Forecast(t.Context(), point)
	if err != nil {
		t.Fatal(err)
	}
	if len(periods) != 14 {
		t.Fatalf("%d periods, want 14", len(periods))
	}
	first := periods[0]
	if first.ProbabilityOfPrecipitation == nil {
		t.Error("the probability of precipitation was lost")
	}
	if first.Name == "" || first.TemperatureUnit != "F" || first.ShortForecast == "" || first.DetailedForecast == "" ||
		!first.EndTime.After(first.StartTime) || first.IsDaytime == periods[1].IsDaytime {
		t.Errorf("period came out as %+v", first)
	}
}

func TestForecastWithoutData(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ body, want string }{
		"no periods": {`{"properties": {"periods": []}}`, "it has no forecast periods"},
		"nulls": {
			`{"properties": {"periods": [{"name": null, "temperature": null, "probabilityOfPrecipitation": {"value": null}}]}}`,
			"a forecast period has no temperature",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service, client := setup(t)
			service.Fail(simulated.Forecast, simulated.Body(test.body))
			_, err := client.Forecast(t.Context(), nws.Point{ForecastPath: "/gridpoints/SIM/1,1/forecast"})
			if malformed, ok := errors.AsType[*nws.MalformedError](err); !ok || malformed.Reason != test.want {
				t.Errorf("got %v, want a MalformedError: %s", err, test.want)
			}
		})
	}
}

func TestCoordinatesAreWrittenAsTheServiceWantsThem(t *testing.T) {
	t.Parallel()
	service, client := setup(t)
	var paths []string
	service.OnAnswer(func(a simulated.Answer) { paths = append(paths, a.Path) })
	if _, err := client.Point(t.Context(), 40.71279999, -74.0059973); err != nil {
		t.Fatal(err)
	}
	// One request: the service redirects all other spellings.
	if len(paths) != 1 || paths[0] != "/points/40.7128,-74.006" {
		t.Errorf("asked for %q", paths)
	}
}

func TestAlerts(t *testing.T) {
	t.Parallel()
	_, client := setup(t)
	alerts, err := client.ActiveAlerts(t.Context(), "TX")
	if err != nil {
		t.Fatal(err)
	}
	if len(alerts) != 1 || alerts[0].Event != "Heat Advisory" || alerts[0].Instruction == "" || alerts[0].Expires.IsZero() {
		t.Errorf("alerts of TX: %+v", alerts)
	}
	alerts, err = client.ActiveAlerts(t.Context(), "NY")
	if err != nil || alerts == nil || len(alerts) != 0 {
		t.Errorf("alerts of NY: %#v, %v; want an empty list", alerts, err)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fault simulated.Fault
		want  string
	}{
		"server error":   {simulated.Status(503), "weather service answered 503 Service Unavailable"},
		"rate limit":     {simulated.RateLimited(3 * time.Second), "weather service answered 429 Too Many Requests"},
		"broken off":     {simulated.Malformed(), "weather service sent an answer that cannot be used: unexpected end of JSON input"},
		"HTML":           {simulated.Body("<html>"), "weather service sent an answer that cannot be used: invalid character '<' looking for beginning of value"},
		"wrong type":     {simulated.Body(`{"properties": {"forecast": 1}}`), "weather service sent an answer that cannot be used: properties.forecast is a JSON number"},
		"another shape":  {simulated.Body(`{}`), "weather service sent an answer that cannot be used: it has no properties"},
		"no forecast":    {simulated.Body(`{"properties": {"forecast": null}}`), "weather service has no forecast for this point"},
		"other host":     {simulated.Body(`{"properties": {"forecast": "http://169.254.169.254/latest"}}`), "weather service sent an answer that cannot be used: its forecast link leads to another host"},
		"other scheme":   {simulated.Body(`{"properties": {"forecast": "file:///etc/passwd"}}`), "weather service sent an answer that cannot be used: its forecast link leads to another host"},
		"other redirect": {simulated.Redirect("http://127.0.0.1:1/points/1,1"), "weather service cannot be reached: redirected to another host, or too often"},
		"too long":       {simulated.Body(strings.Repeat(" ", 8<<20+1)), "weather service sent an answer that cannot be used: it is too long"},
		"hangs up":       {simulated.HangUp(), "weather service cannot be reached: the connection failed"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service, client := setup(t)
			// The second is for net/http, which tries once more on its own
			// when a connection ends without a byte.
			service.Fail(simulated.Points, test.fault, test.fault)
			_, err := client.Point(t.Context(), 40.7128, -74.006)
			if err == nil || err.Error() != test.want {
				t.Errorf("got error  %v\nwant error %s", err, test.want)
			}
		})
	}
}

func TestStatusErrorCarriesTheExplanation(t *testing.T) {
	t.Parallel()
	service, client := setup(t)
	_, err := client.Point(t.Context(), 51.5074, -0.1278)
	status, ok := errors.AsType[*nws.StatusError](err)
	if !ok {
		t.Fatalf("got %v, want a StatusError", err)
	}
	if status.StatusCode != http.StatusNotFound || !status.Permanent() ||
		status.Problem != "Data Unavailable For Requested Point: Unable to provide data for requested point 51.5074,-0.1278" {
		t.Errorf("got %+v", status)
	}

	service.Fail(simulated.Points, simulated.RateLimited(3*time.Second))
	_, err = client.Point(t.Context(), 40.7128, -74.006)
	status, ok = errors.AsType[*nws.StatusError](err)
	if !ok || status.RetryAfter != 3*time.Second || status.Permanent() {
		t.Errorf("got %+v", err)
	}
}

func TestNothingListens(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	_, err = newClient(t, "http://"+address, nil).Point(t.Context(), 40.7128, -74.006)
	if _, ok := errors.AsType[*nws.UnreachableError](err); !ok {
		t.Fatalf("got %v, want an UnreachableError", err)
	}
	if strings.Contains(err.Error(), address) {
		t.Errorf("%q names the address", err)
	}
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	service, _ := setup(t)
	hold, _, release := simulated.Hold()
	defer release()
	service.Fail(simulated.Points, hold)
	client := newClient(t, service.URL(), &nws.Options{Timeout: 10 * time.Millisecond})
	_, err := client.Point(t.Context(), 40.7128, -74.006)
	if err == nil || err.Error() != "weather service cannot be reached: it did not answer in time" {
		t.Errorf("got %v", err)
	}
}

func TestCallerGivesUp(t *testing.T) {
	t.Parallel()
	service, client := setup(t)
	hold, arrived, release := simulated.Hold()
	defer release()
	service.Fail(simulated.Points, hold)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	if _, err := client.Point(ctx, 40.7128, -74.006); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestNewRefusesWhatIsNoBaseURL(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"", "api.weather.gov", "ftp://api.weather.gov", "https://api.weather.gov/points", "https://u:p@api.weather.gov", "http://", "://"} {
		if _, err := nws.New(base, nil); err == nil {
			t.Errorf("New(%q) succeeded", base)
		}
	}
}

// FuzzPoint sends arbitrary bodies: no panic, and never a path that leads
// elsewhere.
func FuzzPoint(f *testing.F) {
	service, err := simulated.Start()
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(service.Close)
	client, err := nws.New(service.URL(), nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(`{"properties": {"forecast": "` + service.URL() + `//evil/x"}}`)
	f.Add(`{"properties": {"forecast": "//evil/x"}}`)
	f.Fuzz(func(t *testing.T, body string) {
		service.Fail(simulated.Points, simulated.Body(body))
		point, err := client.Point(t.Context(), 1, 1)
		if err == nil && !strings.HasPrefix(point.ForecastPath, "/") {
			t.Errorf("path %q from %q", point.ForecastPath, body)
		}
	})
}
