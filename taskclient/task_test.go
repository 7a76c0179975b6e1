package taskclient

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// A task has the protocol's JSON, as a pointer and as a value.
func TestTaskJSON(t *testing.T) {
	t.Parallel()
	const head = `{"taskId":"t1","status":`
	const times = `"createdAt":"2025-11-25T10:30:00Z","lastUpdatedAt":"2025-11-25T10:50:00.5Z",`
	for name, wire := range map[string]string{
		"working":   head + `"working","statusMessage":"half way",` + times + `"ttlMs":3600000,"pollIntervalMs":5000}`,
		"cancelled": head + `"cancelled",` + times + `"ttlMs":null}`,
		"asking":    head + `"input_required",` + times + `"ttlMs":null` + askName + `}`,
		"completed": head + `"completed",` + times + `"ttlMs":0,"result":{"content":[{"type":"text","text":"<b>"}],"structuredContent":{"n":1},"isError":true}}`,
		"failed":    head + `"failed",` + times + `"ttlMs":null,"error":{"code":-32603,"message":"rate limit","data":{"n":1}}}`,
	} {
		task := &Task{}
		if err := json.Unmarshal([]byte(wire), task); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := strings.ReplaceAll(strings.ReplaceAll(wire, "<", `\u003c`), ">", `\u003e`)
		for _, v := range []any{task, *task} {
			if got, err := json.Marshal(v); err != nil || string(got) != want {
				t.Errorf("%s: found\n%s, %v; want\n%s", name, got, err, want)
			}
		}
	}
	if _, err := json.Marshal(Task{InputRequests: mcp.InputRequestMap{"x": nil}}); err == nil {
		t.Error("a nil request has JSON")
	}
}

func TestTaskDurations(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]time.Duration{
		"0": 0, "1": time.Millisecond, "1.5e3": 1500 * time.Millisecond, "0.5": 500 * time.Microsecond,
		"9223372036854": 9223372036854 * time.Millisecond, "1e300": math.MaxInt64,
	} {
		task := &Task{}
		err := json.Unmarshal([]byte(strings.Replace(state("t1", Working, 1, ""), `"ttlMs":null`, `"pollIntervalMs":`+number+`,"ttlMs":`+number, 1)), task)
		if err != nil || task.PollInterval != want || *task.TTL != want {
			t.Errorf("%s: found %v and %v, %v; want %v", number, task.PollInterval, task.TTL, err, want)
		}
	}
}

func TestMalformedTask(t *testing.T) {
	t.Parallel()
	good := state("t1", Working, 1, `,"pollIntervalMs":5`)
	for name, change := range map[string][2]string{
		"no ID":             {`"taskId":"t1",`, ``},
		"ID of a number":    {`"t1"`, `1`},
		"no status":         {`"status":"working",`, ``},
		"unknown status":    {`"working"`, `"waiting"`},
		"no createdAt":      {`"createdAt":"2026-08-01T10:00:00Z",`, ``},
		"no lastUpdatedAt":  {`"lastUpdatedAt":"2026-08-01T10:01:00Z",`, ``},
		"time of a number":  {`"2026-08-01T10:00:00Z"`, `0`},
		"no time zone":      {`10:00:00Z`, `10:00:00`},
		"negative TTL":      {`"ttlMs":null`, `"ttlMs":-1`},
		"negative interval": {`"pollIntervalMs":5`, `"pollIntervalMs":-5`},
		"interval as text":  {`"pollIntervalMs":5`, `"pollIntervalMs":"5s"`},
		"list of requests":  {`"ttlMs":null`, `"inputRequests":[]`},
		"null request":      {`"ttlMs":null`, `"inputRequests":{"x":null}`},
		"unknown request":   {`"ttlMs":null`, `"inputRequests":{"x":{}}`},
		"odd request":       {`"ttlMs":null`, `"inputRequests":{"x":{"method":"elicitation/create","params":[]}}`},
		"result of a text":  {`"ttlMs":null`, `"result":"done"`},
		"odd result":        {`"ttlMs":null`, `"result":{"content":1}`},
		"odd question":      {`"ttlMs":null`, `"result":{"inputRequests":{"x":null}}`},
		"error of a text":   {`"ttlMs":null`, `"error":"broken"`},
	} {
		wire := strings.Replace(good, change[0], change[1], 1)
		if wire == good {
			t.Errorf("%s: nothing was changed", name)
		}
		task := &Task{ID: "before"}
		if err := json.Unmarshal([]byte(wire), task); err == nil || task.ID != "before" {
			t.Errorf("%s: found %+v, %v; want an error", name, task, err)
		}
	}
	if err := json.Unmarshal([]byte(strings.Replace(good, `"ttlMs":null,`, ``, 1)), &Task{}); err != nil {
		t.Errorf("a task without ttlMs: %v", err)
	}
}

// No task makes the client panic, and each that it reads it writes again.
func FuzzTask(f *testing.F) {
	for _, more := range []string{"", okResult, askName, askOutside, `,"error":{"code":1,"message":"x"}`, `,"pollIntervalMs":5`,
		`,"inputRequests":{"x":null}`, `,"inputRequests":{"x":{"method":"sampling/createMessage","params":{"messages":[null,{"content":[null]}]}}}`,
		`,"result":{"content":[null],"inputRequests":{}}`} {
		f.Add([]byte(state("t1", Completed, 1, more)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		task, err := decodeTask(data)
		if err != nil {
			return
		}
		again, err := json.Marshal(task)
		if err != nil {
			t.Skip(err) // such as a sampling message without content
		}
		if _, err := decodeTask(again); err != nil && !strings.Contains(err.Error(), "malformed inputRequests") {
			t.Errorf("%s has become %s: %v", data, again, err)
		}
	})
}
