package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp"
)

// Puppet does what the signal "do" says, one order after the other, and answers
// with its name and the answers that it got:
//
//	ask KEY       asks for a name, under a key that begins with KEY
//	link KEY      asks to open a web page
//	report N      reports that N of 10 are done
//	activity      starts an activity that nobody runs
//	memo N        notes N in a memo field of its own
//	stubborn      ignores that it is cancelled from now on
//	again         continues as new
//	return, fail, protocol, retry
func Puppet(ctx workflow.Context, name string) (string, error) {
	p := &puppet{answers: map[string]string{}}
	orders := workflow.GetSignalChannel(ctx, "do")
	for !p.done {
		workflow.NewSelector(ctx).
			AddReceive(orders, func(c workflow.ReceiveChannel, _ bool) {
				var order string
				c.Receive(ctx, &order)
				p.obey(ctx, name, order)
			}).
			AddReceive(p.cancelled(ctx), func(workflow.ReceiveChannel, bool) { p.done, p.err = true, ctx.Err() }).
			Select(ctx)
	}
	return name + fmt.Sprint(p.answers), p.err
}

type puppet struct {
	answers  map[string]string
	stubborn bool
	done     bool
	err      error
}

func (p *puppet) cancelled(ctx workflow.Context) workflow.ReceiveChannel {
	if p.stubborn {
		return workflow.NewChannel(ctx) // on which nothing comes
	}
	return ctx.Done()
}

func (p *puppet) obey(ctx workflow.Context, name, order string) {
	order, argument, _ := strings.Cut(order, " ")
	switch order {
	case "ask":
		workflow.Go(ctx, func(ctx workflow.Context) {
			answer, err := durablemcp.ElicitWithOptions[nameForm](ctx, "Name for "+argument+"?", durablemcp.ElicitOptions{Name: argument})
			p.answers[argument] = answer.Name
			if err != nil {
				p.answers[argument] = err.Error()
			}
		})
	case "link":
		workflow.Go(ctx, func(ctx workflow.Context) {
			err := durablemcp.ElicitURL(ctx, "Sign in for "+argument+".", "https://sign.example/in", durablemcp.ElicitOptions{Name: argument})
			p.answers[argument] = fmt.Sprint(err)
		})
	case "report":
		var n float64
		_, _ = fmt.Sscan(argument, &n)
		p.err = durablemcp.ReportProgress(ctx, n, 10, "step "+argument)
	case "activity":
		workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Hour}), "nobody_runs_it")
	case "memo":
		p.err = workflow.UpsertMemo(ctx, map[string]any{"note": argument})
	case "stubborn":
		p.stubborn = true
	default:
		p.done, p.err = true, ending(ctx, name, order)
	}
}

// nameForm is what a puppet asks for.
type nameForm struct {
	Name string `json:"name" jsonschema:"minLength=2"`
}

// protocolFailure is the JSON-RPC error with which a puppet ends.
const protocolFailure = `{"code":-32050,"message":"the printer speaks another protocol","data":{"version":7}}`

func ending(ctx workflow.Context, name, order string) error {
	switch order {
	case "again":
		return workflow.NewContinueAsNewError(ctx, Puppet, name)
	case "fail":
		return temporal.NewNonRetryableApplicationError("the printer is on fire", "Fire", nil)
	case "retry":
		return errors.New("the printer is busy")
	case "protocol":
		return durablemcp.NewProtocolError(-32050, "the printer speaks another protocol", map[string]int{"version": 7})
	}
	return nil
}

// taskTools are tools of puppets, and of workflows that end by themselves.
func taskTools(queue string) []durablemcp.Tool {
	puppet := durablemcp.WorkflowTool{
		Name: "puppet", Description: "Test.", Workflow: Puppet, TaskQueue: queue, ArgNames: []string{"name"}, WorkflowID: queue + "-{name}",
		RepeatWindow: durablemcp.NoRepeatWindow,
		SharedID:     true,
	}
	required, forbidden, start, mortal, brief := puppet, puppet, puppet, puppet, puppet
	required.Name, required.TaskSupport = "puppet_required", durablemcp.TaskRequired
	forbidden.Name, forbidden.TaskSupport = "puppet_forbidden", durablemcp.TaskForbidden
	start.Name, start.Mode = "puppet_start", durablemcp.ModeStart
	mortal.Name, mortal.CancelWorkflow = "puppet_mortal", true
	brief.Name, brief.StartOptions = "puppet_brief", client.StartWorkflowOptions{WorkflowExecutionTimeout: time.Second}
	retried := puppet
	retried.Name, retried.StartOptions = "puppet_retried", client.StartWorkflowOptions{
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Millisecond, MaximumAttempts: 5},
	}
	return []durablemcp.Tool{
		puppet, required, forbidden, start, mortal, brief, retried,
		durablemcp.ResultTool{Name: "puppet_result", Description: "Test.", Workflow: Puppet, WorkflowID: queue + "-{name}"},
		durablemcp.UpdateTool{
			Name: "puppet_answer", Description: "Test.", Workflow: Puppet, Update: durablemcp.AnswerUpdate, Input: durablemcp.Answer{}, WorkflowID: queue + "-{name}",
		},
		durablemcp.WorkflowTool{Name: "nap", Description: "Test.", Workflow: Nap, TaskQueue: queue, WorkflowID: "nap-{@uuid}", ArgNames: []string{"d"}},
	}
}

// A taskRig is a rig whose calls become tasks at once.
type taskRig struct {
	*rig
	options options
	tools   func(queue string) []durablemcp.Tool
}

// setUpTasks mounts [taskTools] unless o says otherwise.
func setUpTasks(t *testing.T, o options) *taskRig {
	t.Helper()
	return setUpTasksOf(t, o, taskTools)
}

func setUpTasksOf(t *testing.T, o options, tools func(queue string) []durablemcp.Tool) *taskRig {
	t.Helper()
	if o.InlineWait == 0 {
		o.InlineWait = time.Millisecond
	}
	if o.Wait == 0 {
		o.Wait = 50 * time.Millisecond
	}
	return &taskRig{setUp(t, o, tools), o, tools}
}

// web returns a client over HTTP, on behalf of a user.
func (r *taskRig) web(user string) rawPeer { return newRawPeer(webWire{url: r.url, user: user}) }

// pipe returns a client over pipes, of a server of its own.
func (r *taskRig) pipe(t *testing.T) rawPeer {
	t.Helper()
	return newRawPeer(pipeTo(t, r.anotherServer(t, r.temporal)))
}

// clients are one client for each transport.
func (r *taskRig) clients(t *testing.T) map[string]rawPeer {
	t.Helper()
	return map[string]rawPeer{"http": r.web(""), "pipe": r.pipe(t)}
}

// anotherServer mounts the same tools on another server.
func (r *taskRig) anotherServer(t *testing.T, c client.Client) *mcp.Server {
	t.Helper()
	return mountTools(t, c, r.options.Options, r.tools(r.queue)...)
}

func mountTools(t *testing.T, c client.Client, o durablemcp.Options, tools ...durablemcp.Tool) *mcp.Server {
	t.Helper()
	server := mcp.NewServer(&mcp.Implementation{Name: "e2e", Version: "1"}, nil)
	mountOn(t, server, c, o, tools...)
	return server
}

func mountOn(t *testing.T, server *mcp.Server, c client.Client, o durablemcp.Options, tools ...durablemcp.Tool) {
	t.Helper()
	o.WebUIURL, o.Logger = uiURL, slog.New(slog.DiscardHandler)
	registry, err := durablemcp.New(&o, tools...)
	if err != nil {
		t.Fatal(err)
	}
	if err := registry.Mount(server, c); err != nil {
		t.Fatal(err)
	}
}

// order sends a puppet an order.
func (r *taskRig) order(t *testing.T, name, order string) {
	t.Helper()
	if err := r.temporal.SignalWorkflow(t.Context(), r.queue+"-"+name, "", "do", order); err != nil {
		t.Fatalf("%s: %v", order, err)
	}
}

// wantReturned lets a puppet return, and checks what its task's result says.
func (r *taskRig) wantReturned(t *testing.T, client rawPeer, name, id, want string) {
	t.Helper()
	r.order(t, name, "return")
	if text, _ := ownText(t, client.until(t, id, "completed").Result); !strings.Contains(text, want) {
		t.Errorf("the result is %s; want %s in it", text, want)
	}
}

// A wireTask is a task as messages show it.
type wireTask struct {
	ResultType               string
	TaskID                   string
	Status, StatusMessage    string
	CreatedAt, LastUpdatedAt time.Time
	TTLMs                    *int64
	PollIntervalMs           int64
	InputRequests            map[string]inputRequest
	Result, Error            json.RawMessage
	RequestState             json.RawMessage
}

type inputRequest struct {
	Method string
	Params struct {
		Mode, Message, URL string
		RequestedSchema    json.RawMessage
	}
}

// keys are the keys of the open questions, in order.
func (w wireTask) keys() []string { return slices.Sorted(maps.Keys(w.InputRequests)) }

// readTask reads a task.
func readTask(t *testing.T, data json.RawMessage) wireTask {
	t.Helper()
	var task wireTask
	if err := json.Unmarshal(data, &task); err != nil || task.TaskID == "" {
		t.Fatalf("%s is no task: %v", data, err)
	}
	return task
}

// start calls a puppet's tool and returns the task that the call has become.
func (p rawPeer) start(t *testing.T, tool, name string) wireTask {
	t.Helper()
	return p.startWith(t, tool, `{"name":"`+name+`"}`)
}

func (p rawPeer) startWith(t *testing.T, tool, arguments string) wireTask {
	t.Helper()
	m := p.callTool(t, tool, arguments)
	task := readTask(t, m.Result)
	if task.ResultType != "task" {
		t.Fatalf("%s has answered with %s; want a task", tool, m)
	}
	return task
}

// callTool calls a tool.
func (p rawPeer) callTool(t *testing.T, tool, arguments string) rawMessage {
	t.Helper()
	return p.ask(t, "tools/call", `"name":"`+tool+`","arguments":`+arguments)
}

// get asks for a task, which must be there.
func (p rawPeer) get(t *testing.T, id string) wireTask {
	t.Helper()
	m := p.about(t, "tasks/get", id)
	if m.Error != nil {
		t.Fatalf("tasks/get has answered with %s", m)
	}
	return readTask(t, m.Result)
}

// about makes a request that has nothing but a task's ID.
func (p rawPeer) about(t *testing.T, method, id string) rawMessage {
	t.Helper()
	more := ""
	if method == "tasks/update" {
		more = `,"inputResponses":{}`
	}
	return p.ask(t, method, `"taskId":"`+id+`"`+more)
}

// until polls until a task is in a state.
func (p rawPeer) until(t *testing.T, id, status string) wireTask {
	t.Helper()
	return p.untilIt(t, id, "it is "+status, func(task wireTask) bool { return task.Status == status })
}

func (p rawPeer) untilIt(t *testing.T, id, what string, ok func(wireTask) bool) (task wireTask) {
	t.Helper()
	eventually(t, "of the task, "+what, func() bool {
		task = p.get(t, id)
		return ok(task)
	})
	return task
}

// answer sends responses, in JSON by key.
func (p rawPeer) answer(t *testing.T, id, responses string) rawMessage {
	t.Helper()
	return p.ask(t, "tasks/update", `"taskId":"`+id+`","inputResponses":`+responses)
}

// acceptName is an answer to a puppet.
func acceptName(key, name string) string {
	return `"` + key + `":{"action":"accept","content":{"name":"` + name + `"}}`
}

// mustAck fails the test unless a response is an empty acknowledgement.
func mustAck(t *testing.T, m rawMessage) {
	t.Helper()
	var members map[string]json.RawMessage
	_ = json.Unmarshal(m.Result, &members)
	delete(members, "_meta")
	if len(members) != 1 || string(members["resultType"]) != `"complete"` {
		t.Errorf("got %s; want an empty result of type complete", m)
	}
}

// ownText is the text of a tool's result.
func ownText(t *testing.T, result json.RawMessage) (text string, isError bool) {
	t.Helper()
	var parsed mcp.CallToolResult
	if err := json.Unmarshal(result, &parsed); err != nil {
		t.Fatalf("%s is no tool's result: %v", result, err)
	}
	o := outcomeOf(&parsed)
	return o.Text, o.IsError
}

// scrambling is a data converter with the codec of [TestPayloadCodec].
var scrambling = converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), scrambler{})
