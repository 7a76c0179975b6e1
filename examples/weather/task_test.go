package main

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/durablemcp/durablemcp/examples/internal/exampletest"
	"github.com/durablemcp/durablemcp/examples/weather/simulated"
	"github.com/durablemcp/durablemcp/taskclient"
)

// A forecast that takes its time is a task. It says what it is doing, and its
// result is the forecast, for whoever has the ID.
func TestTask(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	hold, arrived, release := simulated.Hold()
	defer release()
	r.upstream.Fail(simulated.Points, hold)

	client := taskclient.NewHTTP(r.url, nil)
	task := exampletest.MustBecomeTask(t, client, "get_forecast", newYork)
	if again := exampletest.MustBecomeTask(t, client, "get_forecast", newYork); again.ID != task.ID {
		t.Errorf("the same call became the task %s, and then the task %s", task.ID, again.ID)
	}
	exampletest.Receive(t, arrived, "the request")
	got := exampletest.MustGet(t, client, task.ID)
	if got.Status != taskclient.Working || !strings.HasPrefix(got.StatusMessage, "0 of 2: looking the place up; LookUpPoint: attempt 1, running for ") {
		t.Errorf("while the first request is under way, the task is %s: %s", got.Status, got.StatusMessage)
	}
	release()
	result, err := client.Wait(t.Context(), task.ID)
	answerOf(result, err).mustBeForecast(t, newYorkTown)

	// From here on, it is as good as stored.
	result, err = taskclient.NewHTTP(r.url, nil).Wait(t.Context(), task.ID)
	answerOf(result, err).mustBeForecast(t, newYorkTown)
	exampletest.MustBeUnknown(t, client, task.ID[1:]+"A")
}

// A mistake of the caller is the task's result, as it would have been the
// call's.
func TestTaskWithAMistake(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	hold, _, release := simulated.Hold()
	defer release()
	r.upstream.Fail(simulated.Points, hold)
	client := taskclient.NewHTTP(r.url, nil)
	task := exampletest.MustBecomeTask(t, client, "get_forecast", `{"latitude": 51.5074, "longitude": -0.1278}`)
	release()
	got := answerOf(client.Wait(t.Context(), task.ID))
	if got.Err != nil || !got.IsError || !strings.Contains(got.Text, "There is no forecast for latitude 51.5074, longitude -0.1278.") {
		t.Errorf("got %+v", got)
	}
}

func TestTaskIsCancelled(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	hold, _, release := simulated.Hold()
	defer release()
	r.upstream.Fail(simulated.Points, hold)
	client := taskclient.NewHTTP(r.url, nil)
	task := exampletest.MustBecomeTask(t, client, "get_forecast", newYork)
	if err := client.Cancel(t.Context(), task.ID); err != nil {
		t.Fatal(err)
	}
	_, err := client.Wait(t.Context(), task.ID)
	if ended, ok := errors.AsType[*taskclient.TaskError](err); !ok || ended.Task.Status != taskclient.Cancelled {
		t.Errorf("it ended with %v", err)
	}
	if asked := r.upstream.Asked(simulated.Forecast); asked != 0 {
		t.Errorf("the forecast was fetched %d times", asked)
	}
}

// Over stdio, a client can also subscribe to a task.
func TestTaskOverStdio(t *testing.T) {
	t.Parallel()
	upstream := newUpstream(t)
	upstream.Break(simulated.Forecast, simulated.Status(503))
	client, end := exampletest.ConnectTasks(t, exampletest.StdioCommand(t, "-upstream", upstream.URL()), nil)
	task := exampletest.MustBecomeTask(t, client, "get_forecast", newYork)
	var last *taskclient.Task
	for told, err := range client.Listen(t.Context(), task.ID) {
		if err != nil {
			t.Fatal(err)
		}
		if last == nil && told.Status != taskclient.Working {
			t.Errorf("at first it is %s", told.Status)
		}
		last = told
		upstream.Mend(simulated.Forecast)
	}
	if last == nil || last.Status != taskclient.Completed {
		t.Fatalf("at last it is %+v", last)
	}
	answerOf(last.Result, nil).mustBeForecast(t, newYorkTown)
	end()
}

// The process is killed in the middle of a task. Another one knows the task by
// its ID, and finishes it: it does not repeat what was done.
func TestKillNineInTheMiddleOfATask(t *testing.T) {
	t.Parallel()
	upstream := newUpstream(t)
	data := filepath.Join(t.TempDir(), "weather.db")

	first := exampletest.Start(t, "-data", data, "-upstream", upstream.URL(), "-pause", "3s")
	client := taskclient.NewHTTP(first.MCPURL, nil)
	task := exampletest.MustBecomeTask(t, client, "get_forecast", newYork)
	var before run
	exampletest.Eventually(t, "the pause", func() bool {
		before = look(t, first)
		return before.sleeping
	})
	first.Kill(t)
	if _, err := client.Get(t.Context(), task.ID); err == nil {
		t.Error("the dead process answers")
	}

	second := exampletest.Start(t, "-data", data, "-upstream", upstream.URL())
	client = taskclient.NewHTTP(second.MCPURL, nil)
	got := answerOf(client.Wait(t.Context(), task.ID))
	got.mustBeForecast(t, newYorkTown)
	if got.RunID != before.id {
		t.Errorf("the forecast is from run %s, want the one from before the kill, %s", got.RunID, before.id)
	}
	if points, forecasts := upstream.Asked(simulated.Points), upstream.Asked(simulated.Forecast); points != 1 || forecasts != 1 {
		t.Errorf("the weather service was asked %d and %d times, want once each", points, forecasts)
	}
}
