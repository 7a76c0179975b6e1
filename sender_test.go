package durablemcp

import (
	"strings"
	"testing"

	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"
)

type (
	signed struct {
		Text string `json:"text"`
		By   Sender `json:"by" jsonschema:"-"`
	}
	unsigned struct {
		By Sender `json:"by"`
	}
	signedInside struct {
		Lines []signed `json:"lines"`
	}
	embedsSigned   struct{ signed }
	embedsUnsigned struct{ unsigned }
	embedsInside   struct{ signedInside }
	embedsSender   struct{ Sender }
	insideEmbedded struct {
		Lines []embedsUnsigned `json:"lines"`
	}
)

// TestSenderMistakes holds that New refuses a Sender that a model could fill, or that
// nobody does.
func TestSenderMistakes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		input any
		names []string
		want  string
	}{
		"signed":            {signed{}, nil, ""},
		"pointer":           {&signed{}, nil, ""},
		"embedded":          {embedsSigned{}, nil, ""},
		"one of several":    {[]any{"", signed{}}, []string{"id", "entry"}, ""},
		"for a model":       {unsigned{}, nil, "which a model could fill"},
		"embedded, bare":    {embedsUnsigned{}, nil, "which a model could fill"},
		"embedded list":     {embedsInside{}, nil, "inside of another value"},
		"embedded itself":   {embedsSender{}, nil, "which a model could fill"},
		"inside, embedded":  {insideEmbedded{}, nil, "inside of another value"},
		"inside of a list":  {signedInside{}, nil, "inside of another value"},
		"as an argument":    {[]any{"", Sender{}}, []string{"id", "by"}, "inside of another value"},
		"in a map":          {map[string]Sender{}, nil, "inside of another value"},
		"a pointer to one":  {struct{ By *Sender }{}, nil, "inside of another value"},
		"as the whole type": {Sender{}, nil, "inside of another value"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := New(nil, UpdateTool{Name: "sign", Description: "Signs.", Workflow: bill, Update: "sign", Input: test.input, ArgNames: test.names})
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("New says %v; want %q", err, test.want)
			}
		})
	}
}

// TestCallerOfNobody holds that a workflow which no tool has started has no caller.
func TestCallerOfNobody(t *testing.T) {
	t.Parallel()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.ExecuteWorkflow(func(ctx workflow.Context) (bool, error) {
		_, called := CallerOf(ctx)
		return called, nil
	})
	var called bool
	if err := env.GetWorkflowResult(&called); err != nil || called {
		t.Errorf("got %v, %v", called, err)
	}
}
