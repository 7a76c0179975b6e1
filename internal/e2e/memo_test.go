package e2e

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
	"weak"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp"
)

// The server of these tests takes a memo of 40960 bytes, as Temporal Cloud does.

// maxOurMemo is what the library may take of it.
const maxOurMemo = 32 << 10

// A survey is what [Survey] asks.
type survey struct {
	Questions int `json:"questions"`
	Length    int `json:"length"` // of each question
}

// Survey asks many questions at once, and returns how many were answered.
func Survey(ctx workflow.Context, s survey) (answered int, err error) {
	asked := workflow.NewWaitGroup(ctx)
	for i := range s.Questions {
		asked.Add(1)
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer asked.Done()
			message := fmt.Sprintf("Question %d? %s", i, strings.Repeat("x", s.Length))
			if _, failed := durablemcp.Elicit[Decision](ctx, message); failed != nil {
				err = failed
				return
			}
			answered++
		})
	}
	asked.Wait(ctx)
	return answered, err
}

func surveyTools(queue string) []durablemcp.Tool {
	return []durablemcp.Tool{
		durablemcp.WorkflowTool{Name: "survey", Description: "Test.", Workflow: Survey, TaskQueue: queue, WorkflowID: queue + "-{@input}", Mode: durablemcp.ModeStart},
		durablemcp.StatusTool{Name: "status", Description: "Test.", Workflow: Survey},
		durablemcp.ResultTool{Name: "result", Description: "Test.", Workflow: Survey},
	}
}

// memoOf returns how many bytes the library has in the memo of a workflow, and how
// large its history is.
func (r *rig) memoOf(t *testing.T, id string) (memo, history int) {
	t.Helper()
	resp, err := r.temporal.DescribeWorkflowExecution(t.Context(), id, "")
	if err != nil {
		t.Fatal(err)
	}
	for field, payload := range resp.GetWorkflowExecutionInfo().GetMemo().GetFields() {
		if strings.HasPrefix(field, "durablemcp") {
			memo += len(field) + len(payload.GetData())
		}
	}
	return memo, int(resp.GetWorkflowExecutionInfo().GetHistorySizeBytes())
}

// TestMemoIsBounded holds that a workflow can ask whatever number of questions of whatever
// length: the memo has room, and what they cost grows as their number does.
func TestMemoIsBounded(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{}, surveyTools)
	for _, length := range []int{10, 3000} {
		sizes := make(map[int]int)
		for _, questions := range []int{25, 50, 100} {
			started := workflowOf(t, r.call("survey", fmt.Sprintf(`{"questions":%d,"length":%d}`, questions, length)))
			id := started["workflow_id"]
			for answers := 0; answers < questions; {
				var asked []struct{ Key string }
				eventually(t, "the workflow asks", func() bool {
					asked = r.askedBy(t, id)
					return len(asked) > 0
				})
				if memo, _ := r.memoOf(t, id); memo > maxOurMemo {
					t.Fatalf("%d questions of %d bytes take %d bytes of the memo", questions, length, memo)
				}
				for _, q := range asked {
					if r.answers(t, id, durablemcp.Answer{Key: q.Key, Action: "accept", Content: map[string]json.RawMessage{"approve": json.RawMessage("true"), "email": json.RawMessage(`"a@b.c"`)}}) {
						answers++
					}
				}
			}
			r.want(t, "result", fmt.Sprintf(`{"workflow_id":%q}`, id), fmt.Sprintf(`{"result":%d}`, questions))
			_, sizes[questions] = r.memoOf(t, id)
		}
		if sizes[50] > 3*sizes[25] || sizes[100] > 3*sizes[50] {
			t.Errorf("questions of %d bytes make histories of %v bytes: that is more than linear", length, sizes)
		}
		t.Logf("questions of %d bytes make histories of %v bytes", length, sizes)
	}
}

// askedBy returns the questions that the memo of a workflow shows.
func (r *rig) askedBy(t *testing.T, id string) (asked []struct{ Key string }) {
	t.Helper()
	desc, err := r.temporal.DescribeWorkflow(t.Context(), id, "")
	if err != nil {
		t.Fatal(err)
	}
	if payload := desc.Memo.GetFields()["durablemcp.questions"]; len(payload.GetData()) > 0 {
		if err := desc.GetMemoValue("durablemcp.questions", &asked); err != nil {
			t.Fatal(err)
		}
	}
	return asked
}

// answers makes an answer, and reports whether the workflow takes it.
func (r *rig) answers(t *testing.T, id string, a durablemcp.Answer) bool {
	t.Helper()
	update, err := r.temporal.UpdateWorkflow(t.Context(), client.UpdateWorkflowOptions{
		WorkflowID: id, UpdateName: durablemcp.AnswerUpdate, Args: []any{a}, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err == nil {
		err = update.Get(t.Context(), nil)
	}
	if err != nil && !strings.Contains(err.Error(), "not open") {
		t.Fatal(err)
	}
	return err == nil
}

// TestQuestionTooLong holds that a question which no memo has room for is an error of the
// workflow's code, and does not block its task for ever.
func TestQuestionTooLong(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{}, surveyTools)
	started := workflowOf(t, r.call("survey", `{"questions":1,"length":3000000}`))
	r.wantFailure(t, "result", fmt.Sprintf(`{"workflow_id":%q}`, started["workflow_id"]), "InvalidElicitation", "the memo has room for")
}

// Counting reports its progress without end, so to say, and then waits.
func Counting(ctx workflow.Context, reports int) error {
	message := strings.Repeat("<", 10_000)
	for i := range reports {
		if err := durablemcp.ReportProgress(ctx, float64(i+1), float64(reports), message); err != nil {
			return err
		}
	}
	workflow.GetSignalChannel(ctx, "end").Receive(ctx, nil)
	return nil
}

// TestManyReportsAreOne holds that reports within one workflow task are one, the last, and
// that its message does not outgrow the memo.
func TestManyReportsAreOne(t *testing.T) {
	t.Parallel()
	// The race detector is slow: the SDK takes a second in one task for a deadlock.
	patient := options{worker: worker.Options{DeadlockDetectionTimeout: time.Minute}}
	r := setUp(t, patient, func(queue string) []durablemcp.Tool {
		return []durablemcp.Tool{
			durablemcp.WorkflowTool{Name: "count", Description: "Test.", Workflow: Counting, TaskQueue: queue, ArgNames: []string{"reports"},
				WorkflowID: queue, Mode: durablemcp.ModeStart},
			durablemcp.StatusTool{Name: "status", Description: "Test.", Workflow: Counting, WorkflowID: queue},
		}
	})
	r.call("count", `{"reports":30000}`)
	eventually(t, "the last report is there", func() bool {
		return strings.Contains(outcomeOf(r.call("status", `{}`)).Text, "30000 of 30000")
	})
	desc, err := r.temporal.DescribeWorkflow(t.Context(), r.queue, "")
	if err != nil {
		t.Fatal(err)
	}
	if desc.HistoryLength > 20 {
		t.Errorf("30000 reports make a history of %d events", desc.HistoryLength)
	}
	if memo, _ := r.memoOf(t, r.queue); memo > maxOurMemo {
		t.Errorf("the memo has %d bytes of ours", memo)
	}
	if err := r.temporal.SignalWorkflow(t.Context(), r.queue, "", "end", nil); err != nil {
		t.Fatal(err)
	}
}

// Taking reports what another coroutine hands over, and then waits.
func Taking(ctx workflow.Context, reports int) error {
	steps := workflow.NewChannel(ctx)
	workflow.Go(ctx, func(ctx workflow.Context) {
		for i := range reports {
			steps.Send(ctx, i+1)
		}
	})
	for range reports {
		var step int
		steps.Receive(ctx, &step)
		if err := durablemcp.ReportProgress(ctx, float64(step), float64(reports), "taking"); err != nil {
			return err
		}
	}
	workflow.GetSignalChannel(ctx, "end").Receive(ctx, nil)
	return durablemcp.ReportProgress(ctx, float64(reports), float64(reports), "taken")
}

// TestReportsOfCoroutinesAreOne holds that reports within one workflow task are one also
// if coroutines that wait for one another make them, and that the last one is published
// although the workflow ends.
func TestReportsOfCoroutinesAreOne(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{}, func(queue string) []durablemcp.Tool {
		return []durablemcp.Tool{
			durablemcp.WorkflowTool{Name: "take", Description: "Test.", Workflow: Taking, TaskQueue: queue, ArgNames: []string{"reports"},
				WorkflowID: queue, Mode: durablemcp.ModeStart},
			durablemcp.StatusTool{Name: "status", Description: "Test.", Workflow: Taking, WorkflowID: queue},
		}
	})
	const reports = 5000
	r.call("take", fmt.Sprintf(`{"reports":%d}`, reports))
	eventually(t, "the last report is there", func() bool {
		return strings.Contains(outcomeOf(r.call("status", `{}`)).Text, fmt.Sprintf("%d of %d", reports, reports))
	})
	desc, err := r.temporal.DescribeWorkflow(t.Context(), r.queue, "")
	if err != nil {
		t.Fatal(err)
	}
	if desc.HistoryLength > 20 {
		t.Errorf("%d reports make a history of %d events", reports, desc.HistoryLength)
	}
	if err := r.temporal.SignalWorkflow(t.Context(), r.queue, "", "end", nil); err != nil {
		t.Fatal(err)
	}
	if err := r.temporal.GetWorkflow(t.Context(), r.queue, "").Get(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if desc, err = r.temporal.DescribeWorkflow(t.Context(), r.queue, ""); err != nil {
		t.Fatal(err)
	}
	contains(t, string(desc.Memo.GetFields()["durablemcp.progress"].GetData()), `"message":"taken"`)
	replayer := worker.NewWorkflowReplayer()
	replayer.RegisterWorkflow(Taking)
	recorded := new(history.History)
	for events := r.temporal.GetWorkflowHistory(t.Context(), r.queue, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); events.HasNext(); {
		event, err := events.Next()
		if err != nil {
			t.Fatal(err)
		}
		recorded.Events = append(recorded.Events, event)
	}
	if err := replayer.ReplayWorkflowHistory(quiet{}, recorded); err != nil {
		t.Error(err)
	}
}

// TestReportsOfPanicsAreForgotten holds that a process keeps nothing of a workflow that
// panics in the workflow task in which it reported, as it does again with each attempt.
func TestReportsOfPanicsAreForgotten(t *testing.T) {
	t.Parallel()
	ran := make(chan weak.Pointer[workflow.Info], 1)
	fragile := func(ctx workflow.Context) error {
		if err := durablemcp.ReportProgress(ctx, 1, 1, "done"); err != nil {
			return err
		}
		select {
		case ran <- weak.Make(workflow.GetInfo(ctx)):
			panic("the first attempt of the workflow task")
		default:
			return nil
		}
	}
	r := setUp(t, options{}, func(queue string) []durablemcp.Tool {
		return []durablemcp.Tool{durablemcp.WorkflowTool{
			Name: "fragile", Description: "Test.", Workflow: fragile, WorkflowType: "Fragile", TaskQueue: queue, WorkflowID: queue,
		}}
	})
	if o := outcomeOf(r.call("fragile", `{}`)); o.IsError {
		t.Fatal(o.Text)
	}
	run := <-ran
	eventually(t, "the worker has forgotten the run", func() bool {
		runtime.GC()
		return run.Value() == nil
	})
}

// TestOwnerIsBounded holds that a principal of whatever length does not outgrow the memo.
func TestOwnerIsBounded(t *testing.T) {
	t.Parallel()
	r := setUp(t, options{Options: durablemcp.Options{Principal: userHeader}}, surveyTools)
	as := *r
	as.session = dialAs(t, r.url, strings.Repeat("a", 1001))
	as.wantFailure(t, "survey", `{"questions":1,"length":1}`, "Unauthorized")
	as.session = dialAs(t, r.url, strings.Repeat("a", 500))
	id := workflowOf(t, as.call("survey", `{"questions":1,"length":1}`))["workflow_id"]
	eventually(t, "the workflow asks", func() bool { return len(r.askedBy(t, id)) == 1 })
	r.answers(t, id, durablemcp.Answer{Action: "decline"})
}
