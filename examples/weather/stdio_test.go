package main

import (
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/examples/internal/exampletest"
	"github.com/durablemcp/durablemcp/examples/weather/simulated"
)

// The tools work over stdio, and the process ends when the client goes.
func TestStdio(t *testing.T) {
	t.Parallel()
	cmd := exampletest.StdioCommand(t)
	var logs exampletest.Buffer
	cmd.Stderr = &logs
	session := connect(t, &mcp.CommandTransport{Command: cmd, TerminateDuration: exampletest.Limit})
	call(t.Context(), session, "get_forecast", newYork).mustBeForecast(t, newYorkTown)
	if err := session.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if code := cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if text := logs.String(); !strings.Contains(text, "simulated weather service") {
		t.Errorf("the log does not say that the weather is simulated:\n%s", text)
	}
}

// Nothing but MCP goes to the standard output, also when things go wrong.
func TestStdioWritesOnlyMCP(t *testing.T) {
	t.Parallel()
	upstream := newUpstream(t)
	upstream.Fail(simulated.Points, simulated.Status(503))
	talk := exampletest.StartTalk(t, exampletest.StdioCommand(t, "-upstream", upstream.URL()))
	if answer := talk.Call("get_forecast", newYork); !strings.Contains(answer, newYorkTown) {
		t.Errorf("the answer is %s", answer)
	}
	if logs := talk.MustEndWithMCPOnly(); !strings.Contains(logs, "503 Service Unavailable") {
		t.Errorf("the failure is not in the log:\n%s", logs)
	}
}
