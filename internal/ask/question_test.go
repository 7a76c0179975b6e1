package ask

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp/internal/memo"
)

// TestQuestionsAreForgotten checks that a process keeps nothing of workflows
// that have ended, be it with a question open.
func TestQuestionsAreForgotten(t *testing.T) {
	t.Parallel()
	type form struct {
		Yes bool `json:"yes"`
	}
	for name, end := range map[string]func(ctx workflow.Context) error{
		"answered": func(ctx workflow.Context) error {
			_, err := Elicit(ctx, reflect.TypeFor[form](), "?", Options{})
			return err
		},
		"abandoned": func(ctx workflow.Context) error {
			workflow.Go(ctx, func(ctx workflow.Context) { _, _ = Elicit(ctx, reflect.TypeFor[form](), "?", Options{}) })
			return workflow.Sleep(ctx, time.Hour)
		},
		"continued as new": func(ctx workflow.Context) error {
			workflow.Go(ctx, func(ctx workflow.Context) { _, _ = Elicit(ctx, reflect.TypeFor[form](), "?", Options{}) })
			_ = workflow.Sleep(ctx, time.Hour)
			return workflow.NewContinueAsNewError(ctx, "again")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var suite testsuite.WorkflowTestSuite
			env := suite.NewTestWorkflowEnvironment()
			var run *workflow.Info
			asked := 0
			fn := func(ctx workflow.Context) error {
				run = workflow.GetInfo(ctx)
				return end(ctx)
			}
			env.RegisterWorkflowWithOptions(fn, workflow.RegisterOptions{Name: "again"})
			env.RegisterDelayedCallback(func() {
				asked = len(lookUp(run).questions)
				if name == "answered" {
					env.UpdateWorkflowNoRejection(memo.AnswerUpdate, "", t, memo.Answer{Action: "decline"})
				}
			}, time.Minute)
			env.ExecuteWorkflow("again")
			if asked != 1 {
				t.Errorf("the workflow asked %d questions; want 1", asked)
			}
			// The SDK ends what a workflow leaves behind in the background.
			for deadline := time.Now().Add(10 * time.Second); kept(run); time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("the process keeps the workflow's questions")
				}
			}
		})
	}
}

// kept reports whether the process keeps questions of a run.
func kept(run *workflow.Info) bool {
	return lookUp(run) != nil
}

// TestKeysAreUnique makes keys as workflows do.
func TestKeysAreUnique(t *testing.T) {
	t.Parallel()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.ExecuteWorkflow(func(ctx workflow.Context) error {
		seen := make(map[string]bool)
		for range 1000 {
			key, err := newKey(ctx, "k")
			if err != nil {
				return err
			}
			if random := strings.TrimPrefix(key, "k-"); len(random) != 16 || seen[random] {
				t.Errorf("the key is %q", key)
			}
			seen[strings.TrimPrefix(key, "k-")] = true
		}
		if key, err := newKey(ctx, ""); err != nil || !strings.HasPrefix(key, "question-") {
			t.Errorf("the key without a name is %q: %v", key, err)
		}
		return nil
	})
	if err := env.GetWorkflowError(); err != nil {
		t.Error(err)
	}
}

// TestTheDefaultKeyNames answers a question that has the default key.
func TestTheDefaultKeyNames(t *testing.T) {
	t.Parallel()
	p := &publisher{questions: []*openQuestion{{Question: memo.Question{Key: "question-01"}}, {Question: memo.Question{Key: "other-02", Name: "other"}}}}
	for key, want := range map[string]string{"question": "question-01", "question-01": "question-01", "other": "other-02", "": "", "more": ""} {
		q, err := p.find(memo.Answer{Key: key})
		if (err != nil) != (want == "") || err == nil && q.Key != want {
			t.Errorf("%q finds %v, %v; want %q", key, q, err, want)
		}
	}
}
