package nws

import (
	"context"
	"net/url"
	"time"
)

// An Alert warns of dangerous weather. Only Event is always there.
type Alert struct {
	Event       string    `json:"event" jsonschema_description:"Such as Flood Warning"`
	AreaDesc    string    `json:"areaDesc" jsonschema_description:"Which counties or zones"`
	Severity    string    `json:"severity" jsonschema_description:"Extreme, Severe, Moderate, Minor or Unknown"`
	Description string    `json:"description"`
	Instruction string    `json:"instruction,omitempty" jsonschema_description:"What people there should do"`
	Effective   time.Time `json:"effective,omitzero"`
	Expires     time.Time `json:"expires,omitzero"`
}

// ActiveAlerts returns the alerts of an area, such as "CA", that are in force
// now. The result is empty, not nil, if there are none.
func (c *Client) ActiveAlerts(ctx context.Context, area string) ([]Alert, error) {
	var answer struct {
		Features *[]struct {
			Properties Alert `json:"properties"`
		} `json:"features"`
	}
	if err := c.get(ctx, "/alerts/active/area/"+url.PathEscape(area), &answer); err != nil {
		return nil, err
	}
	// "No alerts" is an empty list. A missing list is no answer at all, and
	// must never be read as "you are safe".
	if answer.Features == nil {
		return nil, malformed("it has no list of alerts")
	}
	alerts := make([]Alert, len(*answer.Features))
	for i, feature := range *answer.Features {
		alerts[i] = feature.Properties
	}
	return alerts, nil
}
