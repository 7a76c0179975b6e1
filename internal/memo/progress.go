package memo

import (
	"strconv"
	"strings"
	"time"
)

// Progress is how far a workflow says that it is, as its memo shows it.
type Progress struct {
	Done    float64   `json:"done"`
	Total   float64   `json:"total,omitempty"`
	Message string    `json:"message,omitempty"`
	At      time.Time `json:"at"`
}

func number(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// String is the progress in words, such as "3 of 10: fetching".
func (p Progress) String() string {
	var parts []string
	switch {
	case p.Total > 0:
		parts = append(parts, number(p.Done)+" of "+number(p.Total))
	case p.Done > 0:
		parts = append(parts, number(p.Done))
	}
	if p.Message != "" {
		parts = append(parts, p.Message)
	}
	return strings.Join(parts, ": ")
}
