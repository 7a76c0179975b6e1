package simulated

import (
	"encoding/json"
	"net/http"
)

// object is a JSON object as the service writes it.
type object = map[string]any

// A problem is the service's error document (RFC 9457).
type problem struct {
	Type            string      `json:"type"`
	Title           string      `json:"title"`
	Status          int         `json:"status"`
	Detail          string      `json:"detail"`
	ParameterErrors []parameter `json:"parameterErrors,omitempty"`
}

type parameter struct {
	Parameter string `json:"parameter"`
	Message   string `json:"message"`
}

func writeProblem(w http.ResponseWriter, p problem) {
	p.Type = "https://api.weather.gov/problems/" + p.Type
	write(w, "application/problem+json", p.Status, p)
}

func writeGeoJSON(w http.ResponseWriter, document object) {
	write(w, "application/geo+json", http.StatusOK, document)
}

func write(w http.ResponseWriter, contentType string, status int, document any) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(document) // the client is gone: nobody to tell
}

func notFound(w http.ResponseWriter, _ *http.Request) {
	writeProblem(w, problem{Type: "NotFound", Title: "Not Found", Detail: "Not Found", Status: http.StatusNotFound})
}

// requireUserAgent refuses anonymous clients, as the real service does.
func requireUserAgent(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.UserAgent() == "" {
			http.Error(w, "Access Denied", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}
