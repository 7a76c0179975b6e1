package simulated

import (
	"fmt"
	"math"
	"net/http"
)

// A location is a point on the map, in degrees.
type location struct{ latitude, longitude float64 }

// cellSize is the side of a grid cell in degrees. The real grid is finer and
// differs from office to office.
const cellSize = 0.05

func (s *Server) servePoint(w http.ResponseWriter, r *http.Request) {
	var at location
	if _, err := fmt.Sscanf(r.PathValue("point"), "%g,%g", &at.latitude, &at.longitude); err != nil {
		writeProblem(w, problem{
			Type: "InvalidParameter", Title: "Invalid Parameter", Status: http.StatusBadRequest,
			Detail: fmt.Sprintf("Parameter %q is invalid: %q does not appear to be a valid coordinate", "point", r.PathValue("point")),
		})
		return
	}
	// The real service answers to one spelling only.
	if tidy := at.String(); tidy != r.PathValue("point") {
		http.Redirect(w, r, "/points/"+tidy, http.StatusMovedPermanently)
		return
	}
	if !at.inUnitedStates() {
		writeProblem(w, problem{
			Type: "InvalidPoint", Title: "Data Unavailable For Requested Point", Status: http.StatusNotFound,
			Detail: "Unable to provide data for requested point " + at.String(),
		})
		return
	}
	writeGeoJSON(w, s.pointDocument(at))
}

func (s *Server) pointDocument(at location) object {
	town := at.nearestTown()
	x, y := at.cell()
	return object{
		"id": s.URL() + "/points/" + at.String(), "type": "Feature", "geometry": at.geometry(),
		"properties": object{
			"@type": "wx:Point", "cwa": "SIM", "gridId": "SIM", "gridX": x, "gridY": y,
			"forecast": fmt.Sprintf("%s/gridpoints/SIM/%d,%d/forecast", s.URL(), x, y),
			"relativeLocation": object{
				"type": "Feature", "geometry": town.geometry(),
				"properties": object{"city": town.city, "state": town.state},
			},
		},
	}
}

// String writes the location the way the service wants it in a path.
func (l location) String() string {
	return fmt.Sprintf("%v,%v", round4(l.latitude), round4(l.longitude))
}

func round4(degrees float64) float64 { return math.Round(degrees*1e4) / 1e4 }

func (l location) geometry() object {
	return object{"type": "Point", "coordinates": []float64{l.longitude, l.latitude}}
}

func (l location) cell() (x, y int) {
	return int((l.longitude + 180) / cellSize), int((l.latitude + 90) / cellSize)
}

// inUnitedStates is true in three boxes around the country. That is generous:
// a good part of Canada lies inside.
func (l location) inUnitedStates() bool {
	within := func(south, north, west, east float64) bool {
		return l.latitude >= south && l.latitude <= north && l.longitude >= west && l.longitude <= east
	}
	return within(24.4, 49.4, -125, -66.9) || // the 48 states
		within(51, 71.5, -180, -129.9) || // Alaska
		within(18.8, 22.3, -160.3, -154.7) // Hawaii
}

type town struct {
	city, state string
	location
}

// towns are the only ones that the simulated service has heard of.
var towns = []town{
	{"Anchorage", "AK", location{61.2176, -149.8997}},
	{"Chicago", "IL", location{41.8781, -87.6298}},
	{"Denver", "CO", location{39.7392, -104.9903}},
	{"Honolulu", "HI", location{21.3069, -157.8583}},
	{"Houston", "TX", location{29.7604, -95.3698}},
	{"Los Angeles", "CA", location{34.0522, -118.2437}},
	{"Miami", "FL", location{25.7617, -80.1918}},
	{"New York", "NY", location{40.7128, -74.006}},
	{"San Francisco", "CA", location{37.7749, -122.4194}},
	{"Seattle", "WA", location{47.6062, -122.3321}},
	{"Washington", "DC", location{38.9072, -77.0369}},
}

func (l location) nearestTown() town {
	nearest := towns[0]
	for _, t := range towns[1:] {
		if l.distance(t.location) < l.distance(nearest.location) {
			nearest = t
		}
	}
	return nearest
}

// distance is in degrees, on a flat earth: enough to find a town.
func (l location) distance(other location) float64 {
	return math.Hypot(l.latitude-other.latitude, l.longitude-other.longitude)
}
