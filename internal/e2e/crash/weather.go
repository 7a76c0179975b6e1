package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// A weather is a weather service in the wire format of the US National Weather
// Service. What it says names what it was asked for, so that an answer which
// belongs to another question can be told.
type weather struct {
	url    string
	server *http.Server
}

type object = map[string]any

// The weather that is only to be told from other weather.
func placeOf(point string) string  { return "Place " + point + ", ZZ" }
func periodOf(point string) string { return "(Made up.) The sky over " + point + "." }
func alertOf(state string) string  { return "(Made up.) Frogs in " + state + "." }

// nowhere is what points in the south begin with, where no weather is known.
const nowhere = "10"

func startWeather(ctx context.Context, seed uint64) (*weather, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w := &weather{url: "http://" + listener.Addr().String()}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /points/{point}", w.point)
	mux.HandleFunc("GET /forecasts/{point}", w.forecast)
	mux.HandleFunc("GET /alerts/active/area/{area}", w.alerts)
	w.server = &http.Server{Handler: unreliable(mux, seed), ReadHeaderTimeout: time.Minute}
	go func() { _ = w.server.Serve(listener) }()
	return w, nil
}

func (w *weather) close() { _ = w.server.Close() }

func (w *weather) point(rw http.ResponseWriter, r *http.Request) {
	point := r.PathValue("point")
	if strings.HasPrefix(point, nowhere) {
		reply(rw, http.StatusNotFound, object{"title": "Data Unavailable For Requested Point"})
		return
	}
	city, state, _ := strings.Cut(placeOf(point), ", ")
	reply(rw, http.StatusOK, object{"properties": object{
		"forecast":         w.url + "/forecasts/" + point,
		"relativeLocation": object{"properties": object{"city": city, "state": state}},
	}})
}

func (w *weather) forecast(rw http.ResponseWriter, r *http.Request) {
	now := time.Now()
	reply(rw, http.StatusOK, object{"properties": object{"periods": []object{{
		"name": "Today", "startTime": now, "endTime": now.Add(time.Hour), "isDaytime": true,
		"temperature": 50, "temperatureUnit": "F", "windSpeed": "5 mph", "windDirection": "NW",
		"probabilityOfPrecipitation": object{"value": 10},
		"shortForecast":              "Sky", "detailedForecast": periodOf(r.PathValue("point")),
	}}}})
}

func (w *weather) alerts(rw http.ResponseWriter, r *http.Request) {
	area := r.PathValue("area")
	reply(rw, http.StatusOK, object{"features": []object{{"properties": object{
		"event": "Frogs", "areaDesc": area, "severity": "Minor", "description": alertOf(area),
	}}}})
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		panic(fmt.Sprintf("crash: %v", err)) // net/http keeps it from going further
	}
}
