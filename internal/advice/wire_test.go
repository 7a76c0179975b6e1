package advice

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
)

// TestWire checks that what clients see of an error and of running work has the documented
// members, and none of what only the server needs to know.
func TestWire(t *testing.T) {
	t.Parallel()
	full := ToolError{
		Type: "t", Message: "m", Retryable: true, Cause: "c", Details: json.RawMessage(`1`), Violations: []string{"v"},
		Advice: "a", Unknown: []string{"u"}, OnPurpose: true,
	}
	running := Running{
		WorkflowID: "w", RunID: "r", Elapsed: "1s", Doing: "d", Questions: []OpenQuestion{{Key: "k"}}, Next: "n",
		Closed: true,
	}
	for _, test := range []struct {
		value any
		want  []string
	}{
		{full, []string{"cause", "details", "message", "retryable", "type", "violations"}}, // see durablemcp.MetaKeyError
		{ToolError{}, []string{"message", "retryable", "type"}},
		{running, []string{"doing", "elapsed", "next", "questions", "run_id", "workflow_id"}},
		{Running{}, []string{"elapsed", "next", "run_id", "workflow_id"}},
	} {
		var seen map[string]any
		if err := json.Unmarshal(MustMarshal(test.value), &seen); err != nil {
			t.Fatal(err)
		}
		if got := slices.Sorted(maps.Keys(seen)); !slices.Equal(got, test.want) {
			t.Errorf("a client sees the members %q of a %T; want %q", got, test.value, test.want)
		}
	}
}
