package durablemcp_test

import (
	"context"
	"fmt"
	"log"
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp"
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
func Example() {
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
	c, err := client.Dial(client.Options{}) // a Temporal server on localhost:7233
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
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", durablemcp.NewHTTPHandler(server, nil)))
}

// New reports every mistake of every declaration at once.
func ExampleNew_mistakes() {
	_, err := durablemcp.New(nil,
		durablemcp.WorkflowTool{Name: "greet someone", Description: "Greets.", Workflow: Greet, TaskQueue: "greetings"},
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
		Name: "greet", Description: "Greets a person by name.", Workflow: Greet, TaskQueue: "greetings",
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
