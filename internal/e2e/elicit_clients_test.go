package e2e

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp"
)

// A generation is a kind of client, by the protocol that it speaks and the way
// that it connects.
type generation struct {
	name string
	// resumes says that a call goes on at another server, and does not have to
	// be made again.
	resumes bool
	// withdraws says that the client learns when a question is withdrawn.
	withdraws bool
	// call calls a tool and asks the person what the server wants to know.
	call func(ctx context.Context, s *stage, c *calling) (*rawResult, error)
}

func generations() []generation {
	return []generation{
		{name: "stdio", withdraws: true, call: throughSDK("2025-11-25", overPipe)},
		{name: "stdio raw", withdraws: true, call: plainly},
		{name: "session", withdraws: true, call: throughSDK("2025-11-25", overHTTP)},
		{name: "stateless", call: throughSDK("2026-07-28", overHTTP)},
		{name: "stateless raw", resumes: true, call: inRounds},
		{name: "tasks", resumes: true, withdraws: true, call: asTask},
	}
}

// A calling is a call of a tool whose client can ask a person: the test.
type calling struct {
	t               *testing.T
	tool, arguments string
	caps            string // what the client can do, in JSON; if empty, it asks in forms
	silent          bool   // the client wants no progress

	asked  chan *asked
	done   chan struct{}
	result *rawResult // when done
	err    error
	hangUp context.CancelFunc

	mu    sync.Mutex
	task  string // the ID of the task that the call has become
	noted []*mcp.ProgressNotificationParams
}

// asked is a question that a person is asked through a client.
type asked struct {
	*mcp.ElicitParams
	reason string        // why the last answer was refused, as the client was told outside of the question
	gone   chan struct{} // closed when the client has taken the question back
	reply  chan string
}

// answer answers the question with an ElicitResult in JSON.
func (a *asked) answer(result string) { a.reply <- result }

// The answers that the tests give.
const (
	agree   = `{"action":"accept","content":{"approve":true,"email":"ann@example.com"}}`
	misfit  = `{"action":"accept","content":{"approve":true,"email":"nobody"}}`
	refuse  = `{"action":"decline"}`
	dismiss = `{"action":"cancel"}`
)

// formCaps are the capabilities of clients that ask in forms.
const formCaps = `{"elicitation":{"form":{}}}`

// asksAnew reports whether a wrong answer makes the workflow ask under another key.
func (g generation) asksAnew() bool { return g.name == "tasks" }

// begin makes a call in the background.
func (g generation) begin(s *stage, c *calling) *calling {
	c.t = s.t
	if c.caps == "" {
		c.caps = formCaps
	}
	c.asked, c.done = make(chan *asked), make(chan struct{})
	ctx, cancel := context.WithCancel(s.t.Context())
	c.hangUp = cancel
	go func() {
		defer close(c.done)
		defer cancel()
		c.result, c.err = g.call(ctx, s, c)
	}()
	return c
}

// ask asks the person, on a goroutine of the client.
func (c *calling) ask(ctx context.Context, params *mcp.ElicitParams, reason string) (string, error) {
	a := &asked{ElicitParams: params, reason: reason, gone: make(chan struct{}), reply: make(chan string)}
	defer close(a.gone)
	select {
	case c.asked <- a:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	select {
	case answer := <-a.reply:
		return answer, nil
	case <-ctx.Done():
		return "", ctx.Err()
	case <-c.t.Context().Done():
		return "", c.t.Context().Err()
	}
}

// wantGone waits until the client has taken the question back.
func (a *asked) wantGone(t *testing.T) {
	t.Helper()
	select {
	case <-a.gone:
	case <-time.After(10 * time.Second):
		t.Errorf("the client was not told that the question %q is withdrawn", a.Message)
	}
}

func (c *calling) note(p *mcp.ProgressNotificationParams) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.noted = append(c.noted, p)
}

// sofar returns the progress that the client has been told by now.
func (c *calling) sofar() []*mcp.ProgressNotificationParams {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]*mcp.ProgressNotificationParams(nil), c.noted...)
}

const patience = 2 * time.Minute

// question waits until the person is asked.
func (c *calling) question() *asked {
	c.t.Helper()
	select {
	case a := <-c.asked:
		return a
	case <-c.done:
		c.t.Fatalf("the call ended without a question: %s, error %v", c.result, c.err)
	case <-time.After(patience):
		c.t.Fatal("timed out waiting for a question")
	}
	return nil
}

// end waits until the call has ended.
func (c *calling) end() (*rawResult, error) {
	c.t.Helper()
	select {
	case a := <-c.asked:
		c.t.Fatalf("asked %q (%s); want the end of the call", a.Message, a.reason)
	case <-c.done:
	case <-time.After(patience):
		c.t.Fatal("timed out waiting for the end of a call")
	}
	return c.result, c.err
}

// want waits until the call has ended with a result.
func (c *calling) want(structured string) *rawResult {
	c.t.Helper()
	result, err := c.end()
	if err != nil {
		c.t.Fatalf("%s: %v", c.tool, err)
	}
	if result.IsError || string(result.StructuredContent) != structured {
		c.t.Fatalf("%s returned %s; want %s", c.tool, result, structured)
	}
	return result
}

// wantFailure waits until the call has ended with a tool error of a type.
func (c *calling) wantFailure(errorType string) failure {
	c.t.Helper()
	result, err := c.end()
	if err != nil {
		c.t.Fatalf("%s: %v", c.tool, err)
	}
	var f failure
	if !result.IsError || json.Unmarshal(result.Meta[durablemcp.MetaKeyError], &f.Error) != nil || f.Error.Type != errorType {
		c.t.Fatalf("%s returned %s; want an error of the type %s", c.tool, result, errorType)
	}
	return f
}

func (r *rawResult) String() string {
	if r == nil {
		return "nothing"
	}
	text := ""
	for _, c := range r.Content {
		text += c.Text
	}
	return fmt.Sprintf("%s, text %q, error %v %s", r.StructuredContent, text, r.IsError, r.Meta[durablemcp.MetaKeyError])
}

// throughSDK calls as the SDK's own client does.
func throughSDK(protocol string, connect func(context.Context, *stage) (mcp.Transport, error)) func(context.Context, *stage, *calling) (*rawResult, error) {
	return func(ctx context.Context, s *stage, c *calling) (*rawResult, error) {
		var caps mcp.ClientCapabilities
		if err := json.Unmarshal([]byte(c.caps), &caps); err != nil {
			return nil, err
		}
		opts := &mcp.ClientOptions{
			Capabilities: &caps,
			ProgressNotificationHandler: func(_ context.Context, req *mcp.ProgressNotificationClientRequest) {
				c.note(req.Params)
			},
		}
		if caps.Elicitation != nil {
			opts.ElicitationHandler = func(ctx context.Context, req *mcp.ElicitRequest) (*mcp.ElicitResult, error) {
				answer, err := c.ask(ctx, req.Params, "")
				if err != nil {
					return nil, err
				}
				result := new(mcp.ElicitResult)
				return result, json.Unmarshal([]byte(answer), result)
			}
		}
		transport, err := connect(ctx, s)
		if err != nil {
			return nil, err
		}
		session, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, opts).
			Connect(ctx, transport, &mcp.ClientSessionOptions{ProtocolVersion: protocol})
		if err != nil {
			return nil, err
		}
		defer func() { go session.Close() }() // it waits for the person
		if got := session.InitializeResult().ProtocolVersion; got != protocol {
			return nil, fmt.Errorf("the session has protocol version %s", got)
		}
		params := &mcp.CallToolParams{Name: c.tool, Arguments: json.RawMessage(c.arguments)}
		if !c.silent {
			params.SetProgressToken("token of " + c.tool)
		}
		result, err := session.CallTool(ctx, params)
		if err != nil {
			return nil, err
		}
		data, err := json.Marshal(result)
		if err != nil {
			return nil, err
		}
		raw := new(rawResult)
		return raw, json.Unmarshal(data, raw)
	}
}

func overPipe(ctx context.Context, s *stage) (mcp.Transport, error) { return s.pipe(ctx) }

func overHTTP(_ context.Context, s *stage) (mcp.Transport, error) {
	return &mcp.StreamableClientTransport{Endpoint: s.url(), MaxRetries: -1}, nil
}

// An rpcError is a JSON-RPC error.
type rpcError struct {
	Code    int             `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data"`
}

func (e *rpcError) Error() string { return fmt.Sprintf("%d: %s %s", e.Code, e.Message, e.Data) }

// rpc makes a request of protocol version 2026-07-28, and returns its result.
// Params and meta are JSON members. Notifications that come before go to
// notified.
func (s *stage) rpc(ctx context.Context, method, name, caps, params, meta string, notified func(method string, params json.RawMessage)) (json.RawMessage, error) {
	body := `{"jsonrpc":"2.0","id":1,"method":"` + method + `","params":{` + params + `,"_meta":{` +
		`"io.modelcontextprotocol/protocolVersion":"2026-07-28",` +
		`"io.modelcontextprotocol/clientInfo":{"name":"raw","version":"1"},` +
		`"io.modelcontextprotocol/clientCapabilities":` + caps + meta + `}}}`
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url(), strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	for key, value := range map[string]string{
		"Content-Type": "application/json", "Accept": "application/json, text/event-stream",
		"Mcp-Protocol-Version": "2026-07-28", "Mcp-Method": method, "Mcp-Name": name,
		"X-User": userOf(ctx),
	} {
		req.Header.Set(key, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var message struct {
			Method         string
			Params, Result json.RawMessage
			Error          *rpcError
		}
		if json.Unmarshal(bytes.TrimPrefix(lines.Bytes(), []byte("data: ")), &message) != nil {
			continue
		}
		switch {
		case message.Error != nil:
			return nil, message.Error
		case message.Result != nil:
			return message.Result, nil
		case message.Method != "" && notified != nil:
			notified(message.Method, message.Params)
		}
	}
	return nil, fmt.Errorf("no response: %s: %w", resp.Status, cmp.Or(lines.Err(), io.ErrUnexpectedEOF))
}

type userKey struct{}

// as is a context whose requests name a user.
func as(ctx context.Context, user string) context.Context {
	return context.WithValue(ctx, userKey{}, user)
}

func userOf(ctx context.Context) string {
	user, _ := ctx.Value(userKey{}).(string)
	return user
}

// A round is the answer to one round of a call of protocol version 2026-07-28,
// or the state of a task.
type round struct {
	rawResult
	ResultType    string
	InputRequests map[string]struct {
		Method string
		Params *mcp.ElicitParams
	}
	RequestState string

	TaskID        string
	Status        string
	StatusMessage string
	Result        *rawResult
	Error         *rpcError
}

// only returns the key of the only question.
func (r *round) only() string {
	if len(r.InputRequests) != 1 {
		return ""
	}
	return slices.Collect(maps.Keys(r.InputRequests))[0]
}

// round makes one round of a call of a tool. More are JSON members of the
// params.
func (s *stage) round(ctx context.Context, c *calling, caps, more string) (*round, error) {
	params := `"name":"` + c.tool + `","arguments":` + c.arguments + more
	meta := `,"progressToken":7`
	if c.silent {
		meta = ""
	}
	result, err := s.rpc(ctx, "tools/call", c.tool, caps, params, meta, func(method string, params json.RawMessage) {
		var p mcp.ProgressNotificationParams
		if method == "notifications/progress" && json.Unmarshal(params, &p) == nil {
			c.note(&p)
		}
	})
	if err != nil {
		return nil, err
	}
	r := new(round)
	return r, json.Unmarshal(result, r)
}

// inRounds calls as a client of 2026-07-28 does that has no tasks.
func inRounds(ctx context.Context, s *stage, c *calling) (*rawResult, error) {
	more := ""
	for {
		r, err := s.round(ctx, c, c.caps, more)
		if err != nil {
			return nil, err
		}
		if r.ResultType != "input_required" {
			return &r.rawResult, nil
		}
		answers, err := c.askAll(ctx, r)
		if err != nil {
			return nil, err
		}
		state, _ := json.Marshal(r.RequestState)
		more = `,"requestState":` + string(state) + `,"inputResponses":` + answers
	}
}

// askAll asks the person all questions of a round, and returns the answers.
func (c *calling) askAll(ctx context.Context, r *round) (string, error) {
	var mu sync.Mutex
	var all sync.WaitGroup
	answers := make(map[string]json.RawMessage)
	var errs []error
	for key, request := range r.InputRequests {
		if request.Method != "elicitation/create" {
			return "", fmt.Errorf("asked for %s", request.Method)
		}
		all.Go(func() {
			answer, err := c.ask(ctx, request.Params, "")
			mu.Lock()
			defer mu.Unlock()
			answers[key] = json.RawMessage(answer)
			errs = append(errs, err)
		})
	}
	all.Wait()
	data, err := json.Marshal(answers)
	return string(data), errors.Join(append(errs, err)...)
}

// taskCaps adds the tasks extension to capabilities.
func taskCaps(caps string) string {
	extension := `"extensions":{"io.modelcontextprotocol/tasks":{}}}`
	if caps == "{}" {
		return "{" + extension
	}
	return strings.TrimSuffix(caps, "}") + "," + extension
}

// asTask calls as a client of 2026-07-28 does that has declared the tasks
// extension.
func asTask(ctx context.Context, s *stage, c *calling) (*rawResult, error) {
	caps := taskCaps(c.caps)
	r, err := s.round(ctx, c, caps, "")
	if err != nil {
		return nil, err
	}
	if r.ResultType != "task" {
		return &r.rawResult, nil
	}
	c.mu.Lock()
	c.task = r.TaskID
	c.mu.Unlock()
	return s.follow(ctx, c, r.TaskID, caps)
}

// taskID waits until the call has become a task.
func (c *calling) taskID() (id string) {
	c.t.Helper()
	eventually(c.t, "the call becomes a task", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		id = c.task
		return id != ""
	})
	return id
}

// follow polls a task, and asks the person what it wants to know.
func (s *stage) follow(ctx context.Context, c *calling, id, caps string) (*rawResult, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	open := make(map[string]context.CancelFunc)
	reasons := make(map[string]string)
	var mu sync.Mutex // guards the maps
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for ; ; <-ticker.C {
		r, err := s.task(ctx, "tasks/get", id, caps, "")
		if err != nil && ctx.Err() == nil && !isRPC(err) {
			continue // the server is away
		}
		if err != nil {
			return nil, err
		}
		switch r.Status {
		case "completed":
			return r.Result, nil
		case "failed":
			return nil, r.Error
		case "cancelled":
			return nil, errors.New("the task is cancelled")
		}
		if (r.Status == "input_required") != (len(r.InputRequests) > 0) {
			return nil, fmt.Errorf("the task is %s with %d questions", r.Status, len(r.InputRequests))
		}
		mu.Lock()
		for key, cancel := range open {
			if _, ok := r.InputRequests[key]; !ok {
				cancel()
				delete(open, key)
			}
		}
		for key, request := range r.InputRequests {
			if open[key] != nil {
				continue
			}
			asking, cancel := context.WithCancel(ctx)
			open[key] = cancel
			reason := reasons[key]
			go func() {
				answer, err := c.ask(asking, request.Params, reason)
				if err != nil {
					return
				}
				refused := s.update(ctx, id, caps, key, answer)
				if refused == nil {
					return // and gone when the next poll says so
				}
				mu.Lock()
				defer mu.Unlock()
				reasons[key] = refused.Error()
				delete(open, key)
			}()
		}
		mu.Unlock()
	}
}

// update answers a question of a task, and returns why that is refused.
func (s *stage) update(ctx context.Context, id, caps, key, answer string) *rpcError {
	for {
		_, err := s.task(ctx, "tasks/update", id, caps, `,"inputResponses":{"`+key+`":`+answer+`}`)
		var refused *rpcError
		if err == nil || errors.As(err, &refused) && refused.Code != -32603 || ctx.Err() != nil {
			return refused
		}
	}
}

// task makes a request about a task.
func (s *stage) task(ctx context.Context, method, id, caps, more string) (*round, error) {
	result, err := s.rpc(ctx, method, id, caps, `"taskId":"`+id+`"`+more, "", nil)
	if err != nil {
		return nil, err
	}
	r := new(round)
	return r, json.Unmarshal(result, r)
}

func isRPC(err error) bool {
	_, ok := errors.AsType[*rpcError](err)
	return ok
}
