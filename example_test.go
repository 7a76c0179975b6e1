package durablemcp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/sdk/client"
	temporallog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp"
	"github.com/durablemcp/durablemcp/taskclient"
)

type Person struct {
	Name string `json:"name" jsonschema:"description=The name to greet.,minLength=1"`
}

type Greeting struct {
	Text string `json:"text"`
}

// Greet is a Temporal workflow like any other: it knows nothing of MCP.
func Greet(_ workflow.Context, p Person) (Greeting, error) {
	return Greeting{Text: "Hello, " + p.Name + "!"}, nil
}

// A whole server: a worker that runs the workflow, and an MCP server that
// offers it. They are usually two processes.
func Example() { //nolint:testableexamples // it needs a Temporal server, or a client
	registry, err := durablemcp.New(nil, durablemcp.WorkflowTool{
		Name:        "greet",
		Description: "Greets a person by name.",
		Workflow:    Greet, // func(workflow.Context, Person) (Greeting, error)
		TaskQueue:   "greetings",
		WorkflowID:  "greet-{name}",
	})
	if err != nil {
		log.Fatal(err) // every mistake of every declaration
	}
	c, err := client.Dial(client.Options{}) // localhost:7233, where "temporal server start-dev" serves
	if err != nil {
		log.Fatal(err)
	}
	w := worker.New(c, "greetings", worker.Options{})
	if err := registry.RegisterWorkflows(w, "greetings"); err != nil {
		log.Fatal(err)
	}
	if err := w.Start(); err != nil {
		log.Fatal(err)
	}
	server := mcp.NewServer(&mcp.Implementation{Name: "greeter", Version: "1.0.0"}, nil)
	if err := registry.Mount(server, c); err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:8090", durablemcp.NewHTTPHandler(server, nil)))
}

type Approval struct {
	Approve bool   `json:"approve" jsonschema:"title=Approve?"`
	Note    string `json:"note,omitempty" jsonschema:"description=Why,maxLength=200"`
}

// Deploy asks before it acts, and reports while it does.
func Deploy(ctx workflow.Context, version string) (string, error) {
	answer, err := durablemcp.Elicit[Approval](ctx, "Deploy "+version+" to production?")
	switch {
	case errors.Is(err, durablemcp.ErrElicitationDeclined):
		return "nobody wants " + version, nil
	case err != nil:
		return "", err
	case !answer.Approve:
		return version + " was not approved: " + answer.Note, nil
	}
	if err := durablemcp.ReportProgress(ctx, 1, 2, "deploying"); err != nil {
		return "", err
	}
	return version + " is deployed", nil
}

// A tool for clients that cannot ask a person.
var _ = []durablemcp.Tool{
	durablemcp.UpdateTool{
		Name: "answer", Description: "Passes on the user's answer to what the deployment asks.",
		Workflow: Deploy, Update: durablemcp.AnswerUpdate, Input: durablemcp.Answer{},
	},
}

// A workflow that asks is tested like any other: the answer is an update.
func ExampleElicit() {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(temporallog.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestWorkflowEnvironment()
	env.RegisterDelayedCallback(func() {
		env.UpdateWorkflow(durablemcp.AnswerUpdate, "", &testsuite.TestUpdateCallback{
			OnAccept: func() {}, OnReject: func(err error) { fmt.Println("refused:", err) }, OnComplete: func(any, error) {},
		}, durablemcp.Answer{
			Action: "accept", Content: map[string]json.RawMessage{"approve": json.RawMessage("true")},
		})
	}, 5*24*time.Hour) // nobody is in a hurry, and the test's clock skips it
	env.ExecuteWorkflow(Deploy, "v1.2.3")

	var result string
	if err := env.GetWorkflowResult(&result); err != nil {
		log.Fatal(err)
	}
	fmt.Println(result)
	// Output: v1.2.3 is deployed
}

type Verdict struct {
	Comment string            `json:"comment"`
	By      durablemcp.Sender `json:"by" jsonschema:"-"` // filled in by the server, and no argument of the tool
}

// Release waits for a verdict, and says whose it is.
func Release(ctx workflow.Context) (string, error) {
	var verdict Verdict
	given := false
	err := workflow.SetUpdateHandler(ctx, "release", func(_ workflow.Context, v Verdict) error {
		verdict, given = v, true
		return nil
	})
	if err != nil {
		return "", err
	}
	err = workflow.Await(ctx, func() bool { return given })
	return fmt.Sprintf("%s, says %s", verdict.Comment, verdict.By.Principal), err
}

// A workflow learns who decides from the server, and not from the model.
func ExampleSender() {
	_, err := durablemcp.New(nil, durablemcp.UpdateTool{
		Name: "release", Description: "Releases what waits for it.", Workflow: Release, Update: "release", Input: Verdict{},
	})
	if err != nil {
		log.Fatal(err)
	}

	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(temporallog.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestWorkflowEnvironment()
	env.RegisterDelayedCallback(func() {
		env.UpdateWorkflow("release", "", &testsuite.TestUpdateCallback{
			OnAccept: func() {}, OnReject: func(error) {}, OnComplete: func(any, error) {},
		}, Verdict{Comment: "fine", By: durablemcp.Sender{Principal: "ann"}}) // as the server sends it for ann
	}, time.Hour)
	env.ExecuteWorkflow(Release)

	var result string
	if err := env.GetWorkflowResult(&result); err != nil {
		log.Fatal(err)
	}
	fmt.Println(result)
	// Output: fine, says ann
}

// One server for stdio.
func ExampleNewTransport() { //nolint:testableexamples // it needs a Temporal server, or a client
	server := mcp.NewServer(&mcp.Implementation{Name: "greeter", Version: "1.0.0"}, nil)
	if err := server.Run(context.Background(), durablemcp.NewTransport(&mcp.StdioTransport{})); err != nil {
		log.Fatal(err)
	}
}

// A client that takes tasks gets through restarts of everything, its own
// included.
func Example_tasks() { //nolint:testableexamples // it needs a Temporal server, or a client
	ctx := context.Background()
	tasks := taskclient.NewHTTP("http://127.0.0.1:8090/mcp", nil)
	outcome, err := tasks.CallTool(ctx, &mcp.CallToolParams{Name: "deploy", Arguments: map[string]any{"version": "v1.2.3"}})
	if err != nil {
		log.Fatal(err)
	}
	result := outcome.Result
	if task := outcome.Task; task != nil {
		fmt.Println("to go on later:", task.ID)
		result, err = tasks.Wait(ctx, task.ID)
	}
	fmt.Println(result, err)
}

// New reports every mistake of every declaration at once.
func ExampleNew_mistakes() {
	_, err := durablemcp.New(nil,
		durablemcp.WorkflowTool{Name: "greet someone", Description: "Greets.", Workflow: Greet, TaskQueue: "greetings", WorkflowID: "greet-{name}"},
		durablemcp.WorkflowTool{Name: "greet", Workflow: Greet, WorkflowID: "greet-{who}"},
	)
	fmt.Println(err)
	// Output:
	// durablemcp: tool "greet someone" (number 1): Name: found "greet someone"; want 1 to 128 of the characters A-Z, a-z, 0-9, _, - and .
	// durablemcp: tool "greet" (number 2): Description: found none; want what the tool does, for the model that decides when to call it
	// durablemcp: tool "greet" (number 2): TaskQueue: found none; want the task queue that the workflow's workers poll
	// durablemcp: tool "greet" (number 2): WorkflowID: found the placeholder {who}, which names no argument; want the JSON name of an argument, such as name
}

// A mounted tool has its schemas from the workflow's Go types.
func ExampleRegistry_Mount() {
	ctx := context.Background()
	registry, err := durablemcp.New(nil, durablemcp.WorkflowTool{
		Name: "greet", Description: "Greets a person by name.", Workflow: Greet, TaskQueue: "greetings", WorkflowID: "greet-{name}",
	})
	if err != nil {
		log.Fatal(err)
	}
	temporal, err := client.NewLazyClient(client.Options{}) // Mount needs no Temporal server yet
	if err != nil {
		log.Fatal(err)
	}
	server := mcp.NewServer(&mcp.Implementation{Name: "greeter", Version: "1.0.0"}, nil)
	if err := registry.Mount(server, temporal); err != nil {
		log.Fatal(err)
	}

	serverSide, clientSide := mcp.NewInMemoryTransports()
	if _, err := server.Connect(ctx, serverSide, nil); err != nil {
		log.Fatal(err)
	}
	session, err := mcp.NewClient(&mcp.Implementation{Name: "me", Version: "1.0.0"}, nil).Connect(ctx, clientSide, nil)
	if err != nil {
		log.Fatal(err)
	}
	tools, err := session.ListTools(ctx, nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, tool := range tools.Tools {
		fmt.Println(tool.Name, tool.InputSchema)
	}
	// Output:
	// greet map[additionalProperties:false properties:map[name:map[description:The name to greet. minLength:1 type:string]] required:[name] type:object]
}

// Place is where a forecast is for.
type Place struct {
	Latitude  float64 `json:"latitude" jsonschema:"minimum=-90,maximum=90,description=Degrees north."`
	Longitude float64 `json:"longitude" jsonschema:"minimum=-180,maximum=180"`
	Hours     int     `json:"hours,omitempty" jsonschema:"enum=12,enum=24,default=24"`
	Note      *string `json:"note" jsonschema:"maxLength=100"`
}

// What tags and types mean: see "Schemas" in the package documentation.
func ExampleInputSchema() {
	s, err := durablemcp.InputSchema[Place]()
	if err != nil {
		log.Fatal(err)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, s, "", "  "); err != nil {
		log.Fatal(err)
	}
	fmt.Println(indented.String())
	// Output:
	// {
	//   "type": "object",
	//   "properties": {
	//     "latitude": {
	//       "type": "number",
	//       "description": "Degrees north.",
	//       "minimum": -90,
	//       "maximum": 90
	//     },
	//     "longitude": {
	//       "type": "number",
	//       "minimum": -180,
	//       "maximum": 180
	//     },
	//     "hours": {
	//       "type": "integer",
	//       "enum": [
	//         12,
	//         24
	//       ],
	//       "default": 24
	//     },
	//     "note": {
	//       "type": "string",
	//       "maxLength": 100
	//     }
	//   },
	//   "required": [
	//     "latitude",
	//     "longitude"
	//   ],
	//   "additionalProperties": false
	// }
}
