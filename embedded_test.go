package durablemcp

import (
	"strings"
	"testing"

	"github.com/durablemcp/durablemcp/internal/advice"
	"github.com/durablemcp/durablemcp/internal/call"
)

// A team's own tool is a struct that embeds one of the library's.
type (
	teamTool   struct{ WorkflowTool }
	teamSignal struct{ *SignalTool }
)

// TestEmbeddedTool checks that a tool which embeds one of the library's has its turn:
// it was declared last, so that a tool about its workflow did not know its
// arguments, nor whose its workflow IDs are.
func TestEmbeddedTool(t *testing.T) {
	t.Parallel()
	status := StatusTool{Name: "status", Description: "Tells.", Workflow: "bill", WorkflowID: "i-{id}"}
	start := teamTool{WorkflowTool{Name: "bill", Description: "Bills.", Workflow: bill, TaskQueue: "q", WorkflowID: "i-{id}"}}
	registry, err := New(nil, status, start)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := New(nil, status, start.WorkflowTool)
	if err != nil {
		t.Fatal(err)
	}
	got, want := string(advice.MustMarshal(registry.bindings[0].tool.InputSchema)), string(advice.MustMarshal(plain.bindings[0].tool.InputSchema))
	if got != want {
		t.Errorf("the schema beside an embedded tool is %s; want %s", got, want)
	}
	_, err = New(nil, teamSignal{}, &teamSignal{}, (*teamTool)(nil))
	if m := mistakesOf(t, err); len(m) != 3 || m[0].Found != "nil" {
		t.Errorf("found %v; want three nil tools", err)
	}
}

// TestSummaryFits checks that the library's own summary is one that Temporal takes,
// also behind a codec that makes payloads longer: each start was refused for it.
func TestSummaryFits(t *testing.T) {
	t.Parallel()
	for _, arguments := range []string{`{}`, `{"a":"` + strings.Repeat("x", 500) + `"}`, `{` + strings.Repeat(`"a":"",`, 100) + `}`, strings.Repeat("\u2028<&>", 100), strings.Repeat(`\"`, 300)} {
		text := call.Summary(strings.Repeat("n", 128), &call.Input{Canonical: []byte(arguments)})
		if n := len(advice.MustMarshal(text)); n > 300 || !strings.Contains(text, strings.Repeat("n", 128)+" `") {
			t.Errorf("the summary of %.40s is %d bytes as JSON: %s", arguments, n, text)
		}
	}
	tool := shipTool()
	tool.StartOptions.StaticSummary = strings.Repeat(`"`, 300)
	_, err := New(nil, tool)
	if m := mistakesOf(t, err); len(m) != 1 || m[0].Field != "StartOptions.StaticSummary" {
		t.Errorf("found %v; want a mistake in StartOptions.StaticSummary", err)
	}
}
