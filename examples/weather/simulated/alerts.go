package simulated

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// areas are the codes that the service takes for a state or a territory.
var areas = strings.Fields(`AL AK AS AR AZ CA CO CT DE DC FL GA GU HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT
	NE NV NH NJ NM NY NC ND OH OK OR PA PR RI SC SD TN TX UT VT VI VA WA WV WI WY MP PW FM MH`)

// serveAlerts has one alert for Texas, and none for all other states.
func (s *Server) serveAlerts(w http.ResponseWriter, r *http.Request) {
	area := r.PathValue("area")
	if !slices.Contains(areas, area) {
		writeProblem(w, problem{
			Type: "BadRequest", Title: "Bad Request", Detail: "Bad Request", Status: http.StatusBadRequest,
			ParameterErrors: []parameter{{"path.area", fmt.Sprintf("Does not have a value in the enumeration %q", areas)}},
		})
		return
	}
	features := []object{} // an empty list on the wire, not null
	if area == "TX" {
		features = append(features, object{"type": "Feature", "geometry": nil, "properties": heatAdvisory(time.Now())})
	}
	writeGeoJSON(w, object{"type": "FeatureCollection", "features": features, "title": "Current watches, warnings, and advisories for " + area})
}

func heatAdvisory(now time.Time) object {
	now = now.UTC().Truncate(time.Hour)
	return object{
		"event": "Heat Advisory", "areaDesc": "Harris; Galveston", "severity": "Moderate", "certainty": "Likely", "urgency": "Expected",
		"headline":    "Heat Advisory issued by a simulated weather service",
		"description": "(Simulated.) Heat index values up to 109.",
		"instruction": "Drink plenty of fluids, and stay out of the sun.",
		"effective":   now, "expires": now.Add(12 * time.Hour),
	}
}
