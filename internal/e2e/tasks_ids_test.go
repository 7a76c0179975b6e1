package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/durablemcp/durablemcp"
)

var taskMethods = []string{"tasks/get", "tasks/update", "tasks/cancel"}

// unknownTask is what every request about a task says that is not the caller's.
const unknownTask = "Unknown task: there is no such task, it has expired, or it belongs to another caller."

// wantUnknown fails the test unless all methods refuse an ID, in one way.
func wantUnknown(t *testing.T, c rawPeer, what, id string) {
	t.Helper()
	for _, method := range taskMethods {
		m := c.about(t, method, id)
		if m.code() != -32602 || m.Error.Message != unknownTask || m.Error.Data != nil || m.Result != nil {
			t.Errorf("%s of %s (%s): got %s; want the error -32602, %q", method, what, id, m, unknownTask)
		}
		if m.HTTPStatus != 0 && m.HTTPStatus != 400 {
			t.Errorf("%s of %s: the status is %d", method, what, m.HTTPStatus)
		}
	}
}

// TestTaskUnknown checks that all IDs that are none of the caller's tasks are
// one error, in the same words.
func TestTaskUnknown(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	for name, c := range r.clients(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id := c.start(t, "puppet", name).TaskID
			raw, err := base64.RawURLEncoding.DecodeString(id)
			if err != nil {
				t.Fatal(err)
			}
			encoded := base64.RawURLEncoding.EncodeToString
			r.asks(t, c, name, id, 1, "ask q")
			var asking struct{ RequestState string }
			m := c.declaring(`{"elicitation":{}}`).callTool(t, "puppet", `{"name":"`+name+`"}`)
			if err := json.Unmarshal(m.Result, &asking); err != nil || asking.RequestState == "" {
				t.Fatalf("got %s; want the state of a call that asks", m)
			}
			for what, other := range map[string]string{
				"the state of a call that asks": asking.RequestState,
				"nothing":                       "", "a word": "unknown", "a UUID": "786512e2-9e0d-44bd-8f29-789f320fe840", "the workflow's ID": r.queue + "-" + name,
				"the first run's ID": r.runOf(t, name), "an ID and more": id + "AAAA", "an ID and padding": id + "==", "an ID and a space": id + " ",
				"a part of an ID": id[:len(id)-4], "an ID in capitals": strings.ToUpper(id), "two IDs": id + id,
				"the same bytes in another alphabet": base64.RawStdEncoding.EncodeToString(append([]byte{0xff, 0xff}, raw...)),
				"another tool's":                     encoded(bytes.Replace(raw, []byte("puppet"), []byte("forged"), 1)),
				"a workflow's that is not there":     encoded(append(bytes.Clone(raw[:len(raw)-1]), 'x')),
				"only zeros":                         encoded(make([]byte, len(raw))),
				"too long":                           strings.Repeat("A", 5000),
				"far too long":                       strings.Repeat("A", 1<<20),
				"of strange letters":                 `ä\u0000\ud800\"`,
			} {
				if what == "far too long" && name == "http" {
					continue // too long for a header, too
				}
				wantUnknownOrMalformed(t, c, what, other)
			}
			if got := c.get(t, id).Status; got != "input_required" {
				t.Errorf("the task is %s", got)
			}
		})
	}
}

// wantUnknownOrMalformed is [wantUnknown], but that what cannot be an ID for its
// length may be told so.
func wantUnknownOrMalformed(t *testing.T, c rawPeer, what, id string) {
	t.Helper()
	if len(id) < 1<<19 {
		wantUnknown(t, c, what, id)
		return
	}
	for _, method := range taskMethods {
		wantError(t, c.about(t, method, id), -32602, "")
	}
}

// TestTaskTampered changes each character of an ID, and each byte of what it
// encodes.
func TestTaskTampered(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{noWorker: true})
	c := r.pipe(t)
	id := c.start(t, "puppet", "a").TaskID
	raw, err := base64.RawURLEncoding.DecodeString(id)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what, other string) {
		m := c.about(t, "tasks/get", other)
		if m.code() != -32602 || m.Error.Message != unknownTask {
			t.Errorf("%s: got %s", what, m)
		}
	}
	for i := range raw {
		for _, bit := range []byte{1, 0x80} {
			changed := bytes.Clone(raw)
			changed[i] ^= bit
			refused(fmt.Sprintf("byte %d", i), base64.RawURLEncoding.EncodeToString(changed))
		}
	}
	for i := range id {
		changed := []byte(id)
		if changed[i]++; changed[i] == '"' || changed[i] == '\\' {
			changed[i]++
		}
		refused(fmt.Sprintf("character %d", i), string(changed))
	}
}

// TestTaskForeign checks that a task is its starter's, whoever has its ID.
func TestTaskForeign(t *testing.T) {
	t.Parallel()
	r := setUpTasksOf(t, options{Options: durablemcp.Options{Principal: userHeader}}, func(queue string) []durablemcp.Tool {
		return append(taskTools(queue), durablemcp.ResultTool{
			Name: "audit", Description: "Test.", Workflow: Puppet, WorkflowID: queue + "-{name}",
			Allow: func(_ context.Context, r durablemcp.AccessRequest) error {
				if r.Caller.Principal == "auditor" && r.Owner.Principal == "ann" {
					return nil
				}
				return errors.New("not the auditor")
			},
		})
	})
	ann, bob, nobody, auditor := r.web("ann"), r.web("bob"), r.web(""), r.web("auditor")
	id := ann.start(t, "puppet", "a").TaskID
	r.asks(t, ann, "a", id, 1, "ask q")
	for user, c := range map[string]rawPeer{"bob": bob, "nobody": nobody, "the auditor": auditor} {
		wantUnknown(t, c, "the task of ann, by "+user, id)
	}
	// Who may see it through another tool, may through that tool's task only.
	audited := auditor.start(t, "audit", "a").TaskID
	if got := auditor.get(t, audited); got.Status != "working" || strings.Contains(got.StatusMessage, "Name for q?") {
		t.Errorf("the auditor sees the task %+v; want one that asks nothing", got)
	}
	key := ann.get(t, id).keys()[0]
	if m := auditor.ask(t, "tasks/update", `"taskId":"`+audited+`","inputResponses":{"`+key+`":{"action":"decline"}}`); m.Error != nil {
		t.Errorf("an answer to what the auditor is not asked: %s", m)
	}
	wantError(t, auditor.about(t, "tasks/cancel", audited), -32602, "")
	for user, c := range map[string]rawPeer{"bob": bob, "nobody": nobody, "ann": ann} {
		wantUnknown(t, c, "the auditor's task, by "+user, audited)
	}
	if got := ann.get(t, id); got.Status != "input_required" {
		t.Errorf("the task is %s", got.Status)
	}
}

// TestTaskExpired checks that a task is gone when Temporal has deleted its
// workflow. (The server takes a minute to delete one that has ended.)
func TestTaskExpired(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	c := r.web("")
	id := c.start(t, "puppet", "a").TaskID
	c.get(t, id)
	r.delete(t, "a", r.runOf(t, "a"))
	wantUnknown(t, c, "a deleted workflow", id)
	// Another workflow of that ID is another task.
	c.start(t, "puppet", "a")
	wantUnknown(t, c, "a deleted workflow whose ID is used again", id)
}

// delete deletes a run of a puppet, and waits until it is gone.
func (r *taskRig) delete(t *testing.T, name, runID string) {
	t.Helper()
	e := &common.WorkflowExecution{WorkflowId: r.queue + "-" + name, RunId: runID}
	_, err := r.temporal.WorkflowService().DeleteWorkflowExecution(t.Context(), &workflowservice.DeleteWorkflowExecutionRequest{
		Namespace: devServer.Namespace(), WorkflowExecution: e,
	})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the workflow is deleted", func() bool {
		_, err := r.temporal.DescribeWorkflowExecution(t.Context(), e.GetWorkflowId(), runID)
		_, gone := errors.AsType[*serviceerror.NotFound](err)
		return gone
	})
}

// TestTaskIDHasNoSecret checks that an ID tells nothing that would help to make
// another one, and that no two are alike.
func TestTaskIDHasNoSecret(t *testing.T) {
	t.Parallel()
	secret := "the-secret-of-the-server"
	r := setUpTasks(t, options{noWorker: true, Options: durablemcp.Options{Secret: []byte(secret), Principal: userHeader}})
	c := r.web("ann-of-the-green-gables")
	codes := make(map[string]bool)
	for i := range 20 {
		name := fmt.Sprint(i)
		raw, err := base64.RawURLEncoding.DecodeString(c.start(t, "puppet", name).TaskID)
		if err != nil {
			t.Fatal(err)
		}
		desc, err := r.temporal.DescribeWorkflow(t.Context(), r.queue+"-"+name, "")
		if err != nil {
			t.Fatal(err)
		}
		var record struct{ Salt, Input string }
		if err := desc.GetMemoValue("durablemcp", &record); err != nil || len(record.Salt) < 22 {
			t.Fatalf("the record has the salt %q: %v", record.Salt, err)
		}
		salt, err := base64.RawURLEncoding.DecodeString(record.Salt)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range [][]byte{[]byte(secret), []byte(record.Salt), salt, []byte("ann-of"), []byte(record.Input)} {
			if bytes.Contains(raw, part) {
				t.Errorf("the ID %q holds %q", raw, part)
			}
		}
		if code := string(raw[:16]); codes[code] {
			t.Errorf("the code %x comes twice", code)
		} else {
			codes[code] = true
		}
	}
}

// TestTaskOtherSecret checks that who can read and write the namespace, and does
// not have the server's secret, cannot make IDs.
func TestTaskOtherSecret(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{noWorker: true, Options: durablemcp.Options{Secret: []byte("one")}})
	o := r.options.Options
	o.Secret = []byte("two")
	other := newRawPeer(pipeTo(t, mountTools(t, r.temporal, o, taskTools(r.queue)...)))
	c := r.web("")
	wantUnknown(t, other, "the server's task", c.start(t, "puppet", "a").TaskID)
	wantUnknown(t, c, "the other server's task", other.start(t, "puppet", "a").TaskID)
}

// TestTaskOfAnyServer checks that what one server has begun, another one of
// another process can take to its end.
func TestTaskOfAnyServer(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{Options: durablemcp.Options{Secret: []byte("shared")}})
	id := r.web("").start(t, "puppet", "a").TaskID
	fresh := func() rawPeer { return newRawPeer(pipeTo(t, r.anotherServer(t, connect(t, options{})))) }
	key := r.asks(t, fresh(), "a", id, 1, "ask q")[0]
	mustAck(t, fresh().answer(t, id, `{`+acceptName(key, "Ann")+`}`))
	fresh().until(t, id, "working")
	r.order(t, "a", "return")
	task := fresh().until(t, id, "completed")
	sameJSON(t, "the result", task.Result, r.web("").get(t, id).Result)

	second := r.web("").start(t, "puppet", "b").TaskID
	mustAck(t, fresh().about(t, "tasks/cancel", second))
	fresh().until(t, second, "cancelled")
}

// TestTaskTwoRegistries checks that several registries on one server answer for
// their own tasks, and for no others.
func TestTaskTwoRegistries(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{})
	server := mcp.NewServer(&mcp.Implementation{Name: "e2e", Version: "1"}, nil)
	tool := func(name string) durablemcp.Tool {
		return durablemcp.WorkflowTool{Name: name, Description: "Test.", Workflow: Puppet, TaskQueue: r.queue, ArgNames: []string{"name"},
			WorkflowID: r.queue + "-{name}"}
	}
	for _, name := range []string{"one", "two", "three"} {
		mountOn(t, server, connect(t, options{}), r.options.Options, tool(name))
	}
	c := newRawPeer(pipeTo(t, server))
	for _, name := range []string{"one", "two", "three"} {
		id := c.start(t, name, name).TaskID
		key := r.asks(t, c, name, id, 1, "ask q")[0]
		mustAck(t, c.answer(t, id, `{`+acceptName(key, "Ann")+`}`))
		c.until(t, id, "working")
		mustAck(t, c.about(t, "tasks/cancel", id))
		c.until(t, id, "cancelled")
	}
	wantUnknown(t, c, "a tool of no registry", r.web("").start(t, "puppet", "four").TaskID)
	wantUnknown(t, c, "nothing", "unknown")
	wantError(t, c.declaring(declaresNothing).about(t, "tasks/get", "unknown"), -32021, missingCapability)
}

// TestTaskUnreachable checks that a server without Temporal does not say that a
// task is gone.
func TestTaskUnreachable(t *testing.T) {
	t.Parallel()
	r := setUpTasks(t, options{noWorker: true})
	id := r.web("").start(t, "puppet", "a").TaskID
	c := newRawPeer(pipeTo(t, r.anotherServer(t, lazyClient(t, closedPort(t)))))
	for _, method := range taskMethods {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			m := c.about(t, method, id)
			wantError(t, m, -32603, "")
			if m.Error != nil && containsAny(m.Error.Message, "127.0.0.1", "dial", "rpc") {
				t.Errorf("the error shows internals: %s", m)
			}
		})
	}
}
