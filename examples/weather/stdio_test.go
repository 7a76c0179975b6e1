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

	"github.com/durablemcp/durablemcp/examples/weather/simulated"
)

// The tools work over stdio, and the process ends when the client goes.
func TestStdio(t *testing.T) {
	t.Parallel()
	cmd := command(t, "-stdio", "-ui", "127.0.0.1:0", "-data", filepath.Join(t.TempDir(), "weather.db"))
	var logs syncBuffer
	cmd.Stderr = &logs
	session := connect(t, &mcp.CommandTransport{Command: cmd, TerminateDuration: limit})
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
	cmd := command(t, "-stdio", "-ui", "127.0.0.1:0", "-upstream", upstream.URL(), "-data", filepath.Join(t.TempDir(), "weather.db"))
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
	talk := func(request string) string {
		_, _ = io.WriteString(stdin, request+"\n")
		if !strings.Contains(request, `"id"`) || !lines.Scan() {
			return ""
		}
		return lines.Text()
	}
	talk(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}`)
	talk(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	answer := talk(`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"get_forecast","arguments":` + newYork + `}}`)
	if !strings.Contains(answer, newYorkTown) {
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
