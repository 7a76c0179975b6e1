package durablemcp

import (
	"context"
	"encoding/json"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/durablemcp/durablemcp/internal/ask"
	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/memo"
	"github.com/durablemcp/durablemcp/internal/peer"
	"github.com/durablemcp/durablemcp/internal/schema"
	"github.com/durablemcp/durablemcp/internal/task"
	"github.com/durablemcp/durablemcp/internal/token"
)

// verdict is the form that the workflow of these tests asks for.
type verdict struct {
	Approve bool     `json:"approve"`
	Amount  int64    `json:"amount,omitempty" jsonschema:"minimum=1,default=7"`
	Email   string   `json:"email,omitempty" jsonschema:"format=email"`
	Colours []string `json:"colours,omitempty" jsonschema:"enum=red,enum=blue"`
}

const (
	openKey     = "approval-00"
	anotherKey  = "approval-01"
	theRun      = "0190b1f8-3e2e-7d8a-9f1e-2b7c6d5e4f30"
	theWorkflow = "pay-a"
)

// An interview is a Temporal that has one workflow, which asks two questions.
// It is what the fuzz targets of one process share, so it must not differ from
// process to process.
type interview struct {
	fakeTemporal
	described *workflowservice.DescribeWorkflowExecutionResponse
	question  memo.Question
	form      *ask.Form
	cancels   int
	answers   []memo.Answer
	panics    int

	handler mcp.ToolHandler
	conn    *execution.Client
	server  *task.Server
	tasks   mcp.MethodHandler
	task    string // the ID of the workflow's task
	state   string // of a call that waits for an answer
}

func (i *interview) DescribeWorkflowExecution(_ context.Context, id, run string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	if id != theWorkflow || run != "" && run != theRun {
		return nil, serviceerror.NewNotFound("none")
	}
	return i.described, nil
}

func (i *interview) DescribeWorkflow(context.Context, string, string) (*client.WorkflowExecutionDescription, error) {
	return decoderOf(converter.GetDefaultDataConverter()), nil
}

func (i *interview) CancelWorkflowWithOptions(context.Context, client.CancelWorkflowOptions) error {
	i.cancels++
	return nil
}

func (i *interview) UpdateWorkflow(_ context.Context, options client.UpdateWorkflowOptions) (client.WorkflowUpdateHandle, error) {
	a, answers := options.Args[0].(memo.Answer)
	if !answers {
		return nil, memo.NotAsked() // it asks under one key only
	}
	i.answers = append(i.answers, a)
	if _, err := ask.Check(i.question, i.form.Read, a); err != nil {
		return nil, err
	}
	return taken{}, nil
}

// taken is an update that has been carried out.
type taken struct{ client.WorkflowUpdateHandle }

func (taken) Get(context.Context, any) error { return nil }

// Enabled, Handle, WithAttrs and WithGroup look for panics in the log.
func (i *interview) Enabled(context.Context, slog.Level) bool { return true }

func (i *interview) WithAttrs([]slog.Attr) slog.Handler { return i }

func (i *interview) WithGroup(string) slog.Handler { return i }

func (i *interview) Handle(_ context.Context, r slog.Record) error {
	if strings.Contains(r.Message, "panicked") {
		i.panics++
	}
	return nil
}

func newInterview(t testing.TB) *interview {
	t.Helper()
	i := &interview{fakeTemporal: fakeTemporal{result: "paid"}}
	i.question, i.form = newVerdict(t)
	pay := func(workflow.Context, struct {
		ID string `json:"id"`
	}) (string, error) {
		return "", nil
	}
	registry, err := New(&Options{Logger: slog.New(i)}, WorkflowTool{
		Name: "pay", Description: "Pays.", Workflow: pay, WorkflowType: "pay", TaskQueue: "q", WorkflowID: "pay-{id}",
	})
	if err != nil {
		t.Fatal(err)
	}
	i.conn = execution.New(i, execution.Options{})
	i.handler = registry.bindings[0].handler(i.conn)
	i.server = registry.taskServer(i.conn)
	i.tasks = i.server.Middleware(func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
		r := req.(*task.Request)
		return task.Method(method)(ctx, r.Session, r.Params)
	})

	canonical := json.RawMessage(`{"id":"a"}`)
	rec := memo.Record{Tool: "pay", Input: schema.Digest(canonical), Salt: strings.Repeat("A", 22), Created: time.Unix(0, 0)}
	i.describe(t, rec)
	h := token.Token{Tool: "pay", WorkflowID: theWorkflow, FirstRunID: theRun}
	if i.task, err = h.Text(rec.Salt, nil); err != nil {
		t.Fatal(err)
	}
	h.Round = openKey
	if i.state, err = h.Text(rec.Salt, nil); err != nil {
		t.Fatal(err)
	}
	return i
}

// describe makes the description of the workflow.
func (i *interview) describe(t testing.TB, rec memo.Record) {
	t.Helper()
	another := i.question
	another.Key = anotherKey
	fields := make(map[string]*common.Payload)
	for name, value := range map[string]any{memo.RecordField: rec, memo.QuestionsField: []memo.Question{i.question, another}} {
		payload, err := converter.GetDefaultDataConverter().ToPayload(value)
		if err != nil {
			t.Fatal(err)
		}
		fields[name] = payload
	}
	i.described = &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: &workflowpb.WorkflowExecutionInfo{
		Execution: &common.WorkflowExecution{WorkflowId: theWorkflow, RunId: theRun}, FirstRunId: theRun,
		Type: &common.WorkflowType{Name: "pay"}, Status: enums.WORKFLOW_EXECUTION_STATUS_RUNNING,
		StartTime: timestamppb.New(time.Unix(0, 0)), Memo: &common.Memo{Fields: fields},
	}}
}

// newVerdict returns an open question for a verdict.
func newVerdict(t testing.TB) (memo.Question, *ask.Form) {
	t.Helper()
	f, err := ask.FormOf(reflect.TypeFor[verdict]())
	if err != nil {
		t.Fatal(err)
	}
	return memo.Question{
		Key: openKey, Name: "approval", Message: "Pay?", Mode: memo.ModeForm, Schema: f.Requested(), Asked: time.Unix(1, 0),
	}, f
}

// decoderOf makes a description that reads memo fields with a data converter:
// the SDK makes them from a server's answer only.
func decoderOf(dc converter.DataConverter) *client.WorkflowExecutionDescription {
	desc := new(client.WorkflowExecutionDescription)
	field := reflect.ValueOf(desc).Elem().FieldByName("dc")
	reflect.NewAt(field.Type(), field.Addr().UnsafePointer()).Elem().Set(reflect.ValueOf(dc))
	return desc
}

// reset forgets what has happened before.
func (i *interview) reset() {
	i.cancels, i.answers, i.panics = 0, nil, 0
	i.starts.Store(0)
}

// mustBeSane checks what holds whatever a client sends.
func (i *interview) mustBeSane(t *testing.T, result any, err error, codes ...int64) {
	t.Helper()
	if i.panics > 0 {
		t.Error("the request panicked")
	}
	if err != nil {
		rpc, ok := err.(*jsonrpc.Error) //nolint:errorlint // the SDK passes on no wrapped one
		if !ok || !slices.Contains(codes, rpc.Code) {
			t.Errorf("the error is %#v", err)
		}
	}
	if _, err := json.Marshal(result); err != nil {
		t.Errorf("the result cannot be sent: %v", err)
	}
	for _, a := range i.answers {
		if a.Key != openKey && a.Key != anotherKey || a.Action == "" {
			t.Errorf("the workflow was given the answer %+v", a)
		}
	}
}

// asTaskClient is what a client of the tasks extension says of itself.
func asTaskClient() mcp.Meta {
	return mcp.Meta{
		mcp.MetaKeyProtocolVersion:    peer.StatelessProtocol,
		mcp.MetaKeyClientCapabilities: map[string]any{"elicitation": map[string]any{}, "extensions": map[string]any{TasksExtension: map[string]any{}}},
	}
}

// FuzzTaskRequests looks for parameters of the extension's methods that crash
// the server, touch a workflow whose task they do not name, or get an answer
// that cannot be sent.
func FuzzTaskRequests(f *testing.F) {
	i := newInterview(f)
	for _, seed := range []string{
		`{"taskId":"` + i.task + `"}`, `{"taskId":"` + i.state + `"}`, `{"taskId":"` + i.task[1:] + `"}`, `{"taskId":7}`, `{}`, `null`, `{"taskId":null}`, `{"taskId":""}`,
		`{"taskId":"` + i.task + `","inputResponses":{"` + openKey + `":{"action":"accept","content":{"approve":true}}}}`,
		`{"taskId":"` + i.task + `","inputResponses":{"` + anotherKey + `":{"action":"accept","content":{"approve":7}},"x":null}}`,
		`{"taskId":"` + i.task + `","inputResponses":{"` + openKey + `":{"action":"decline","content":[]}}}`,
		`{"taskId":"` + i.task + `","inputResponses":[]}`, `{"taskId":"` + i.task + `","inputResponses":null}`,
		`{"_meta":{"progressToken":[]},"taskId":{"a":[1]}}`, `{"taskId":"\ud800"}`,
	} {
		for method := range byte(3) {
			f.Add(method, true, seed)
		}
		f.Add(byte(0), false, seed)
	}
	methods := []string{task.MethodGet, task.MethodUpdate, task.MethodCancel}
	f.Fuzz(func(t *testing.T, which byte, declared bool, raw string) {
		method := methods[int(which)%len(methods)]
		req := new(task.Request)
		if json.Unmarshal([]byte(raw), &req.Params) != nil {
			return // the SDK refuses it
		}
		if req.Params != nil && declared {
			req.Params.Meta = asTaskClient()
		}
		i.reset()
		result, err := i.tasks(t.Context(), method, req)
		i.mustBeSane(t, result, err, jsonrpc.CodeInvalidParams, jsonrpc.CodeMethodNotFound, mcp.CodeMissingRequiredClientCapabilities)
		var id string
		named := declared && req.Params != nil && json.Unmarshal(req.Params.TaskID, &id) == nil && id == i.task
		if !named && (err == nil || i.cancels > 0 || len(i.answers) > 0) {
			t.Errorf("%s of %q has touched the workflow: %v, %v", method, id, result, err)
		}
		if named && method == task.MethodGet && err != nil || (i.cancels > 0) != (named && method == task.MethodCancel) || len(i.answers) > 0 && method != task.MethodUpdate {
			t.Errorf("%s: %v, %d cancellations, answers %v", method, err, i.cancels, i.answers)
		}
	})
}

// call makes a tool call as a client of 2026-07-28.
func (i *interview) call(t *testing.T, arguments, state string, responses mcp.InputResponseMap) (*mcp.CallToolResult, error) {
	t.Helper()
	i.reset()
	meta := asTaskClient()
	delete(meta[mcp.MetaKeyClientCapabilities].(map[string]any), "extensions")
	return i.handler(t.Context(), &mcp.CallToolRequest{Params: &mcp.CallToolParamsRaw{
		Meta: meta, Name: "pay", Arguments: json.RawMessage(arguments), RequestState: state, InputResponses: responses,
	}})
}

// FuzzRequestState looks for a state of a call that is taken for that of work
// which it is not, or that starts work again.
func FuzzRequestState(f *testing.F) {
	i := newInterview(f)
	for _, arguments := range []string{`{"id":"a"}`, `{"id":"b"}`, `{}`} {
		for _, state := range []string{i.state, i.state + "A", i.state[:len(i.state)-1], strings.ToUpper(i.state), i.state[:9] + "\n" + i.state[9:], "AAAA", "=", "\x00", i.task} {
			f.Add(arguments, state)
		}
	}
	f.Fuzz(func(t *testing.T, arguments, state string) {
		if state == "" {
			return
		}
		result, err := i.call(t, arguments, state, nil)
		i.mustBeSane(t, result, err, jsonrpc.CodeInvalidParams)
		if i.starts.Load() > 0 || len(i.answers) > 0 {
			t.Error("work was started, or answered")
		}
		var in struct{ ID string }
		if err == nil && !result.IsError && (state != i.state || json.Unmarshal([]byte(arguments), &in) != nil || in.ID != "a") {
			t.Errorf("%q goes on with the work of another call", state)
		}
	})
}

// FuzzInputResponses looks for responses that reach the workflow as what nobody
// has asked for, or that crash the call.
func FuzzInputResponses(f *testing.F) {
	i := newInterview(f)
	for _, seed := range []string{
		`{}`, `null`, `{"` + openKey + `":{"action":"accept","content":{"approve":true,"amount":9007199254740993}}}`,
		`{"` + openKey + `":{"action":"accept"},"` + anotherKey + `":{"action":"cancel"}}`,
		`{"` + openKey + `":{"action":"accept","content":{"approve":"\ud800","email":"x"}}}`,
		`{"` + openKey + `":{"roots":[]}}`, `{"approval":{"action":"accept","content":{"approve":true}}}`,
		`{"` + openKey + `":{"role":"user","content":{"type":"text","text":"yes"},"model":"m"}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		var responses mcp.InputResponseMap
		if json.Unmarshal([]byte(raw), &responses) != nil {
			return // the SDK refuses it
		}
		result, err := i.call(t, `{"id":"a"}`, i.state, responses)
		i.mustBeSane(t, result, err)
		if i.starts.Load() > 0 || len(i.answers) > len(responses) {
			t.Errorf("%d starts, answers %v", i.starts.Load(), i.answers)
		}
	})
}
