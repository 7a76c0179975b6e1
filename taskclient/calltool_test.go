package taskclient

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

func TestCallTool(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer handler
		check  func(*testing.T, *Outcome)
		err    string
		code   int64
	}{
		"result": {
			answer: result(`{"resultType":"complete","content":[{"type":"text","text":"paid"}],"isError":true}`),
			check: func(t *testing.T, o *Outcome) {
				if text(t, o.Result) != "paid" || !o.Result.IsError || o.Task != nil {
					t.Errorf("found %+v; want the result", o)
				}
			},
		},
		"result of an earlier version": {
			answer: result(`{"content":[{"type":"text","text":"paid"}]}`),
			check: func(t *testing.T, o *Outcome) {
				if text(t, o.Result) != "paid" || o.Result.NeedsInput() {
					t.Errorf("found %+v; want the result", o)
				}
			},
		},
		"task": {
			answer: result(strings.Replace(state("t1", Completed, 1, `,"pollIntervalMs":250`), `"complete"`, `"task"`, 1)),
			check: func(t *testing.T, o *Outcome) { // its first state needs no result
				if o.Result != nil || o.Task.ID != "t1" || !o.Task.Done() || o.Task.PollInterval != 250*time.Millisecond {
					t.Errorf("found %+v; want the task", o)
				}
			},
		},
		"task with too much": { // clients must not use it
			answer: result(strings.Replace(state("t1", Completed, 1, `,"statusMessage":"paid"`+okResult+askName+`,"error":{"code":1,"message":"x"}`), `"complete"`, `"task"`, 1)),
			check: func(t *testing.T, o *Outcome) {
				if o.Task.StatusMessage != "paid" || o.Task.Result != nil || o.Task.InputRequests != nil || o.Task.Error != nil {
					t.Errorf("found %+v; want what all tasks have", o.Task)
				}
			},
		},
		"task with nonsense": { // its work must not be orphaned
			answer: result(strings.Replace(state("t1", Working, 1, `,"result":"done","error":[],"inputRequests":{"x":null},"_meta":7`), `"complete"`, `"task"`, 1)),
			check: func(t *testing.T, o *Outcome) {
				if o.Task.ID != "t1" || o.Task.Status != Working {
					t.Errorf("found %+v; want the task", o.Task)
				}
			},
		},
		"input that nobody can give": {
			answer: result(`{"resultType":"input_required","requestState":"s"` + askName + `}`),
			check: func(t *testing.T, o *Outcome) {
				question, _ := o.Result.InputRequests["name"].(*mcp.ElicitParams)
				if !o.Result.NeedsInput() || question == nil || question.Message != "Name?" || o.Result.RequestState != "s" {
					t.Errorf("found %+v; want what the server asks", o.Result)
				}
			},
		},
		"refusal": {
			answer: func(x *exchange) {
				x.send(&jsonrpc.Response{ID: x.ID, Error: &jsonrpc.Error{Code: -32021, Message: "Missing required client capability", Data: []byte(`{"requiredCapabilities":{}}`)}})
			},
			err: "taskclient: tools/call: Missing required client capability (code -32021)", code: mcp.CodeMissingRequiredClientCapabilities,
		},
		"unknown type":       {answer: result(`{"resultType":"stream"}`), err: `unknown result type "stream"`},
		"malformed task":     {answer: result(`{"resultType":"task","taskId":"t1"}`), err: "malformed task"},
		"malformed content":  {answer: result(`{"content":[{"type":"smell"}]}`), err: "malformed result"},
		"null question":      {answer: result(`{"resultType":"input_required","inputRequests":{"name":null}}`), err: `"name" is null`},
		"unknown question":   {answer: result(`{"resultType":"input_required","inputRequests":{"name":{"method":"x"}}}`), err: "malformed inputRequests"},
		"input, but nothing": {answer: result(`{"resultType":"input_required"}`), err: "neither inputRequests nor requestState"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(t *testing.T, connect func(*Options, handler) *Client) {
				outcome, err := connect(nil, test.answer).CallTool(t.Context(), &mcp.CallToolParams{Name: "pay"})
				if test.err == "" && err == nil {
					test.check(t, outcome)
					return
				}
				if err == nil || test.err == "" || !strings.Contains(err.Error(), test.err) {
					t.Fatalf("found %+v, %v; want an error with %q", outcome, err, test.err)
				}
				rpc, ok := errors.AsType[*jsonrpc.Error](err)
				if ok != (test.code != 0) || ok && (rpc.Code != test.code || len(rpc.Data) == 0) {
					t.Errorf("found the server's error %+v; want the code %d", rpc, test.code)
				}
			})
		})
	}
}

// The client repeats a call with answers and state until the server has enough.
func TestRounds(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, connect func(*Options, handler) *Client) {
		var rounds []string
		record := func(raw string) handler {
			return func(x *exchange) {
				rounds = append(rounds, x.param("arguments")+x.param("inputResponses")+x.param("requestState"))
				x.result(raw)
			}
		}
		opts := &Options{Elicit: func(_ context.Context, q *Question) (*mcp.ElicitResult, error) {
			return &mcp.ElicitResult{Action: "accept", Content: map[string]any{"key": q.Key, "to": q.Params.Message, "task": q.TaskID}}, nil
		}}
		c := connect(opts, inTurn(
			record(`{"resultType":"input_required","inputRequests":{"b":`+askForm+`,"a":`+askForm+`},"requestState":"s1"}`),
			record(`{"resultType":"input_required","requestState":"s2"}`),
			record(`{"resultType":"input_required","inputRequests":{"a":`+askForm+`}}`),
			record(strings.Replace(state("t1", Working, 0, ""), `"complete"`, `"task"`, 1)),
		))
		naps := 0
		c.sleep = func(context.Context, time.Duration) error { naps++; return nil }
		params := &mcp.CallToolParams{Name: "pay", Arguments: map[string]any{"n": 1}}
		outcome, err := c.CallTool(t.Context(), params)
		if err != nil || outcome.Task == nil {
			t.Fatalf("found %+v, %v; want the task", outcome, err)
		}
		if naps != 1 {
			t.Errorf("found %d pauses; want one, for the server that had too much to do", naps)
		}
		want := []string{
			`{"n":1}`,
			`{"n":1}{"a":{"action":"accept","content":{"key":"a","task":"","to":"?"}},"b":{"action":"accept","content":{"key":"b","task":"","to":"?"}}}"s1"`,
			`{"n":1}"s2"`,
			`{"n":1}{"a":{"action":"accept","content":{"key":"a","task":"","to":"?"}}}`,
		}
		if strings.Join(rounds, "\n") != strings.Join(want, "\n") {
			t.Errorf("found the rounds\n%s\nwant\n%s", strings.Join(rounds, "\n"), strings.Join(want, "\n"))
		}
		if params.InputResponses != nil || params.RequestState != "" || params.Meta != nil {
			t.Errorf("the caller's params have become %+v", params)
		}
	})
}

func TestRoundsEnd(t *testing.T) {
	t.Parallel()
	errNobody := errors.New("nobody is there")
	for name, test := range map[string]struct {
		elicit func(context.Context, *Question) (*mcp.ElicitResult, error)
		answer string
		rounds int
		err    string
	}{
		"never enough": {
			elicit: func(context.Context, *Question) (*mcp.ElicitResult, error) { return &mcp.ElicitResult{}, nil },
			answer: `{"resultType":"input_required"` + askName + `}`, rounds: 100, err: "100 times",
		},
		"no answer": {
			elicit: func(context.Context, *Question) (*mcp.ElicitResult, error) { return nil, errNobody },
			answer: `{"resultType":"input_required"` + askName + `}`, rounds: 1, err: `answering "name": nobody is there`,
		},
		"nil answer": {
			elicit: func(context.Context, *Question) (*mcp.ElicitResult, error) { return nil, nil },
			answer: `{"resultType":"input_required"` + askName + `}`, rounds: 1, err: "neither a result nor an error",
		},
		"roots": {
			elicit: func(context.Context, *Question) (*mcp.ElicitResult, error) { panic("not called") },
			answer: `{"resultType":"input_required"` + askOutside + `}`, rounds: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rounds := 0
			c := awake(overHTTP(t, &Options{Elicit: test.elicit}, serveHTTP(func(x *exchange) { rounds++; x.result(test.answer) })))
			outcome, err := c.CallTool(t.Context(), &mcp.CallToolParams{Name: "pay"})
			if rounds != test.rounds || test.err == "" && (err != nil || !outcome.Result.NeedsInput()) || !strings.Contains(fmt.Sprint(err), test.err) {
				t.Errorf("found %+v, %v in %d rounds; want the error %q in %d", outcome, err, rounds, test.err, test.rounds)
			}
		})
	}
}
