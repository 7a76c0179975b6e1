package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/examples/internal/exampletest"
	"github.com/durablemcp/durablemcp/examples/invoice/billing"
	"github.com/durablemcp/durablemcp/examples/invoice/simulated"
	"github.com/durablemcp/durablemcp/taskclient"
)

// Over stdio, the caller is a submitter unless -as says otherwise. The invoice
// outlasts the processes.
func TestStdio(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "invoice.db")
	in := newInvoice(t, large)
	session := func(as string, args ...string) (*caller, func()) {
		cmd := exampletest.StdioCommand(t, append(args, "-data", data)...)
		var logs exampletest.Buffer
		cmd.Stderr = &logs
		c := connect(t, &mcp.CommandTransport{Command: cmd, TerminateDuration: exampletest.Limit})
		return c, func() {
			if err := c.session.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
			if code := cmd.ProcessState.ExitCode(); code != 0 {
				t.Errorf("exit code %d", code)
			}
			if want := "to the " + as + " (a DEMO of a login: -as)"; !strings.Contains(logs.String(), want) {
				t.Errorf("the log does not say %q:\n%s", want, logs.String())
			}
		}
	}

	model, end := session(submitter)
	model.submit(in)
	model.awaitState(in, billing.PendingApproval)
	model.call("approve_invoice", in.arg()).mustFail(t, "NotFound")
	end()

	human, end := session(approver, "-as", "approver")
	human.call("approve_invoice", in.arg()).mustBe(t, billing.Approved, "approved by approver")
	human.mustEnd(in, billing.Paid, "all lines are paid")
	end()
}

// Over stdio, a client that knows tasks can subscribe to them, and the approver
// is asked. The invoice outlasts the process to which it was submitted.
func TestTasksOverStdio(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "invoice.db")
	in := newInvoice(t, large)

	model, end := exampletest.ConnectTasks(t, exampletest.StdioCommand(t, "-data", data), nil)
	exampletest.MustBecomeTask(t, model, "process_invoice", in.json())
	end()

	human, end := exampletest.ConnectTasks(t, exampletest.StdioCommand(t, "-data", data, "-as", "approver"), &taskclient.Options{
		Capabilities: &mcp.ClientCapabilities{Elicitation: &mcp.ElicitationCapabilities{}},
	})
	reviewed := exampletest.MustBecomeTask(t, human, "review_invoice", in.arg())
	var last *taskclient.Task
	for task, err := range human.Listen(t.Context(), reviewed.ID) {
		if err != nil {
			t.Fatal(err)
		}
		last = task
		for key := range task.InputRequests {
			if err := human.Update(t.Context(), task.ID, mcp.InputResponseMap{key: decision("approve", "as agreed")}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if !last.Done() {
		t.Fatalf("at last it is %+v", last)
	}
	answerOf(last.Result, nil).mustBe(t, billing.Paid, "all lines are paid")
	end()
}

// Nothing but MCP goes to the standard output, also when things go wrong.
func TestStdioWritesOnlyMCP(t *testing.T) {
	t.Parallel()
	s := newServices(t)
	in := newInvoice(t, small)
	s.erp.Matching.Fail(in.ID, simulated.Status(503))
	talk := exampletest.StartTalk(t, exampletest.StdioCommand(t, s.args()...))
	talk.Call("process_invoice", in.json())
	if answer := talk.Call("await_invoice", in.arg()); !strings.Contains(answer, "all lines are paid") {
		t.Errorf("the answer is %s", answer)
	}
	if logs := talk.MustEndWithMCPOnly(); !strings.Contains(logs, "503 Service Unavailable") {
		t.Errorf("the failure is not in the log:\n%s", logs)
	}
}
