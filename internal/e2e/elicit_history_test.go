package e2e

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/durablemcp/durablemcp"
	"github.com/durablemcp/durablemcp/testdata/interview"
)

var update = flag.Bool("update", false, "record the history that the root's TestReplay replays")

// TestInterview lets the workflow of package interview run, and replays its
// history. With -update, it records the history for the tests of the versions to
// come. Give it a new name if what workflows do has changed: the older histories
// must still replay.
func TestInterview(t *testing.T) {
	t.Parallel()
	s := newStage(t, options{noWorker: true, client: client.Options{Identity: "recorder"}}, func(queue string) []durablemcp.Tool {
		return []durablemcp.Tool{durablemcp.WorkflowTool{
			Name: "interview", Description: "Asks.", Workflow: interview.Name, TaskQueue: queue,
			Input: []any{""}, ArgNames: []string{"name"}, Output: "", WorkflowID: queue,
		}}
	})
	w := worker.New(s.temporal, s.queue, worker.Options{})
	register := func(w worker.WorkflowRegistry) {
		w.RegisterWorkflowWithOptions(interview.Workflow, workflow.RegisterOptions{Name: interview.Name})
	}
	register(w)
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Stop)
	call := generations()[0].begin(s, &calling{tool: "interview", arguments: ann, caps: urlCaps})
	answers := map[string]string{
		"accepted": `{"action":"accept","content":{"text":"yes"}}`, "declined": refuse, "dismissed": dismiss,
		"left": `{"action":"accept","content":{"text":"l","times":2}}`, "right": `{"action":"accept","content":{"text":"r"}}`,
		"page": `{"action":"accept"}`,
	}
	for range answers {
		q := call.question()
		q.answer(answers[q.Message])
	}
	call.question()
	if err := s.temporal.SignalWorkflow(t.Context(), s.queue, "", "withdraw", nil); err != nil {
		t.Fatal(err)
	}
	select {
	case <-call.asked: // "unanswered", if the client is quick enough
	case <-call.done:
	}
	call.want(`{"result":"` + interview.Said + `"}`)

	recorded := &history.History{Events: s.history(s.queue)}
	replayer := worker.NewWorkflowReplayer()
	register(replayer)
	if err := replayer.ReplayWorkflowHistory(quiet{}, recorded); err != nil {
		t.Error(err)
	}
	if *update {
		record(t, recorded, filepath.Join("..", "..", "testdata", "interview", "bounded-memo.json"))
	}
}

// record writes a history without what tells of the machine.
func record(t *testing.T, recorded *history.History, file string) {
	t.Helper()
	data, err := protojson.Marshal(recorded)
	if err != nil {
		t.Fatal(err)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, []byte(strings.ReplaceAll(string(data), host, "host")), "", " "); err != nil {
		t.Fatal(err)
	}
	indented.WriteByte('\n')
	if err := os.WriteFile(file, indented.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
