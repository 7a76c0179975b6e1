package nws

import (
	"context"
	"math"
	"net/url"
	"strconv"
	"time"
)

// A Point is what the service knows about a place on the map.
type Point struct {
	// Place is the nearest town, such as "New York, NY". It may be empty.
	Place string `json:"place"`

	// ForecastPath is where the service keeps the forecast for this point.
	//
	// The service names a whole URL. Only its path is kept: the host is then
	// the configured one for every later request, also after a restart with
	// another configuration.
	ForecastPath string `json:"forecastPath"`
}

// A Period is a part of a forecast: half a day.
type Period struct {
	Name             string    `json:"name" jsonschema_description:"Such as Tonight or Tuesday"`
	StartTime        time.Time `json:"startTime"`
	EndTime          time.Time `json:"endTime"`
	IsDaytime        bool      `json:"isDaytime"`
	Temperature      float64   `json:"temperature" jsonschema_description:"The high of a day, the low of a night"`
	TemperatureUnit  string    `json:"temperatureUnit" jsonschema_description:"F or C"`
	WindSpeed        string    `json:"windSpeed"`
	WindDirection    string    `json:"windDirection"`
	ShortForecast    string    `json:"shortForecast"`
	DetailedForecast string    `json:"detailedForecast"`

	// ProbabilityOfPrecipitation is nil if the service does not say.
	ProbabilityOfPrecipitation *float64 `json:"probabilityOfPrecipitation,omitempty" jsonschema_description:"In percent"`
}

// Point looks a place up. Every point outside the area that the service covers
// is a [StatusError] with status 404.
func (c *Client) Point(ctx context.Context, latitude, longitude float64) (Point, error) {
	var answer struct {
		Properties *struct {
			Forecast         string `json:"forecast"`
			RelativeLocation struct {
				Properties town `json:"properties"`
			} `json:"relativeLocation"`
		} `json:"properties"`
	}
	if err := c.get(ctx, "/points/"+coordinate(latitude)+","+coordinate(longitude), &answer); err != nil {
		return Point{}, err
	}
	if answer.Properties == nil {
		return Point{}, malformed("it has no properties")
	}
	if answer.Properties.Forecast == "" {
		return Point{}, ErrNoForecast
	}
	path, err := c.pathOf(answer.Properties.Forecast)
	if err != nil {
		return Point{}, err
	}
	return Point{Place: answer.Properties.RelativeLocation.Properties.String(), ForecastPath: path}, nil
}

// Forecast returns the forecast that a [Point] leads to, the next period first.
func (c *Client) Forecast(ctx context.Context, point Point) ([]Period, error) {
	var answer struct {
		Properties struct {
			Periods []struct {
				Period
				// These hide the embedded ones: the one looks different on the
				// wire, the other may be null there.
				ProbabilityOfPrecipitation quantity `json:"probabilityOfPrecipitation"`
				Temperature                *float64 `json:"temperature"`
			} `json:"periods"`
		} `json:"properties"`
	}
	if err := c.get(ctx, point.ForecastPath, &answer); err != nil {
		return nil, err
	}
	if len(answer.Properties.Periods) == 0 {
		return nil, malformed("it has no forecast periods")
	}
	periods := make([]Period, len(answer.Properties.Periods))
	for i, p := range answer.Properties.Periods {
		// While its data is late, the service sends periods full of nulls.
		// They must not become a forecast of 0 degrees.
		if p.Temperature == nil {
			return nil, malformed("a forecast period has no temperature")
		}
		periods[i] = p.Period
		periods[i].Temperature = *p.Temperature
		periods[i].ProbabilityOfPrecipitation = p.ProbabilityOfPrecipitation.Value
	}
	return periods, nil
}

// pathOf returns the path of a link in an answer. A link to another host is
// refused: following it would let the service, or whoever answers in its
// place, choose which addresses this process calls.
func (c *Client) pathOf(link string) (string, error) {
	u, err := url.Parse(link)
	if err != nil || u.Scheme != c.base.Scheme || u.Host != c.base.Host {
		return "", malformed("its forecast link leads to another host")
	}
	return u.RequestURI(), nil
}

// A town as it stands on the wire.
type town struct {
	City  string `json:"city"`
	State string `json:"state"`
}

func (t town) String() string {
	if t.City == "" || t.State == "" {
		return line(t.City + t.State)
	}
	return line(t.City + ", " + t.State)
}

// A quantity as it stands on the wire. Its value may be null.
type quantity struct {
	Value *float64 `json:"value"`
}

// coordinate writes at most four decimals and no trailing zeros: the service
// redirects all other spellings to this one.
func coordinate(degrees float64) string {
	rounded := math.Round(degrees*1e4) / 1e4
	if rounded == 0 {
		rounded = 0 // no minus zero
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}
