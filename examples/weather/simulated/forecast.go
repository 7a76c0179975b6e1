package simulated

import (
	"fmt"
	"net/http"
	"time"
)

// halfDays is how many periods a forecast has: a week, as from the real service.
const halfDays = 14

func (s *Server) serveForecast(w http.ResponseWriter, r *http.Request) {
	var x, y int
	if _, err := fmt.Sscanf(r.PathValue("cell"), "%d,%d", &x, &y); err != nil {
		notFound(w, r)
		return
	}
	// Sun time: an hour for each 15 degrees. No tables of time zones.
	zone := time.FixedZone("", int(float64(x)*cellSize-180)/15*3600)
	now := time.Now().In(zone)
	start := time.Date(now.Year(), now.Month(), now.Day(), now.Hour()/12*12+6, 0, 0, 0, zone)
	if now.Hour()%12 < 6 {
		start = start.Add(-12 * time.Hour)
	}
	periods := make([]object, halfDays)
	for i := range periods {
		periods[i] = period(i, start.Add(time.Duration(i)*12*time.Hour), float64(y)*cellSize-90)
	}
	writeGeoJSON(w, object{
		"type":       "Feature",
		"properties": object{"units": "us", "generatedAt": now, "updateTime": now, "periods": periods},
	})
}

// skies are the weather of one day after the other.
var skies = []struct {
	short  string
	chance int
}{
	{"Sunny", 0}, {"Partly Sunny", 10}, {"Chance Showers", 40}, {"Showers", 80}, {"Mostly Cloudy", 20},
}

// period makes up the weather of half a day: colder in the north and at night.
func period(index int, start time.Time, latitude float64) object {
	day := start.Hour() == 6
	temperature := 100 - int(latitude) + index%5
	extreme := "high"
	if !day {
		temperature -= 15
		extreme = "low"
	}
	sky := skies[(start.YearDay())%len(skies)]
	short := sky.short
	if !day && short == "Sunny" {
		short = "Clear"
	}
	return object{
		"number": index + 1, "name": periodName(index, start, day), "startTime": start, "endTime": start.Add(12 * time.Hour),
		"isDaytime": day, "temperature": temperature, "temperatureUnit": "F",
		"probabilityOfPrecipitation": object{"unitCode": "wmoUnit:percent", "value": sky.chance},
		"windSpeed":                  fmt.Sprintf("%d to %d mph", 5+index%3, 10+index%3), "windDirection": "NW",
		"shortForecast":    short,
		"detailedForecast": fmt.Sprintf("(Simulated.) %s, with a %s near %d. Northwest wind %d to %d mph.", short, extreme, temperature, 5+index%3, 10+index%3),
	}
}

func periodName(index int, start time.Time, day bool) string {
	switch {
	case index == 0 && day:
		return "Today"
	case index <= 1 && !day:
		return "Tonight"
	case day:
		return start.Weekday().String()
	}
	return start.Weekday().String() + " Night"
}
