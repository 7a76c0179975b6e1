package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/examples/invoice/billing"
	"github.com/durablemcp/durablemcp/examples/invoice/simulated"
)

// Over stdio, the caller is a submitter unless -as says otherwise. The invoice
// outlasts the processes.
func TestStdio(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "invoice.db")
	in := newInvoice(t, large)
	session := func(as string, args ...string) (*caller, func()) {
		cmd := command(t, append([]string{"-stdio", "-ui", "127.0.0.1:0", "-data", data}, args...)...)
		var logs syncBuffer
		cmd.Stderr = &logs
		c := connect(t, &mcp.CommandTransport{Command: cmd, TerminateDuration: limit})
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
	human.call("approve_invoice", in.arg()).mustBe(t, billing.Approved, "approved by a human")
	human.mustEnd(in, billing.Paid, "all lines are paid")
	end()
}

// Nothing but MCP goes to the standard output, also when things go wrong.
func TestStdioWritesOnlyMCP(t *testing.T) {
	t.Parallel()
	s := newServices(t)
	in := newInvoice(t, small)
	s.erp.Matching.Fail(in.ID, simulated.Status(503))
	cmd := command(t, append([]string{"-stdio", "-ui", "127.0.0.1:0", "-data", filepath.Join(t.TempDir(), "invoice.db")}, s.args()...)...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var logs syncBuffer
	cmd.Stderr = &logs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })

	var all bytes.Buffer
	lines := bufio.NewScanner(io.TeeReader(stdout, &all))
	lines.Buffer(nil, 1<<20)
	talk := func(request string) string {
		_, _ = io.WriteString(stdin, request+"\n")
		if !strings.Contains(request, `"id"`) || !lines.Scan() {
			return ""
		}
		return lines.Text()
	}
	tool := func(name, arguments string) string {
		return talk(`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"` + name + `","arguments":` + arguments + `}}`)
	}
	talk(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}`)
	talk(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	tool("process_invoice", in.json())
	if answer := tool("await_invoice", in.arg()); !strings.Contains(answer, "all lines are paid") {
		t.Errorf("the answer is %s", answer)
	}
	_ = stdin.Close()
	for lines.Scan() {
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the process ended with %v", err)
	}
	for line := range strings.Lines(all.String()) {
		var message struct{ JSONRPC string }
		if err := json.Unmarshal([]byte(line), &message); err != nil || message.JSONRPC != "2.0" {
			t.Errorf("this is no MCP: %q", line)
		}
	}
	if !strings.Contains(logs.String(), "503 Service Unavailable") {
		t.Errorf("the failure is not in the log:\n%s", logs.String())
	}
}
