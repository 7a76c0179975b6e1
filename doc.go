// Package durablemcp turns Temporal workflows into MCP tools.
//
// A team declares which of its workflows are tools, and mounts them on its own
// [mcp.Server]:
//
//	registry, err := durablemcp.New(nil, durablemcp.WorkflowTool{
//		Name:        "get_forecast",
//		Description: "The weather forecast for a place in the US.",
//		Workflow:    GetForecast, // func(workflow.Context, ForecastInput) (Forecast, error)
//		TaskQueue:   "weather",
//		WorkflowID:  "forecast-{latitude}-{longitude}",
//	})
//	...
//	err = registry.RegisterWorkflows(worker, "weather") // in the worker's process
//	err = registry.Mount(server, temporalClient)        // in the MCP server's process
//
// JSON schemas and handlers come from the workflow's Go types by reflection. A
// call of the tool starts the workflow and waits for its result for a bounded
// time. The work itself lives in Temporal: it goes on when the client
// disconnects, and when the MCP server or the worker dies.
//
// To clients that have declared MCP's tasks extension, a call that takes longer
// is a task, which is the workflow execution itself: see [TaskSupport]. Package
// taskclient is such a client.
//
// Workflows can ask a person with [Elicit], and tell how far they are with
// [ReportProgress], whatever the client's protocol version.
//
// [SignalTool], [QueryTool], [UpdateTool], [ResultTool], [StatusTool] and
// [CancelTool] make tools that control and observe running workflows.
//
// # Which calls are the same work
//
// Clients give up on calls, and models make them again. [WorkflowTool.WorkflowID]
// says which calls are the same work. A second one joins the running workflow;
// shortly after that has completed ([WorkflowTool.RepeatWindow]), it is answered
// with its result; later, and after a failure, [WorkflowTool.WorkflowIDReusePolicy]
// decides whether the work is done again. A call with the ID of running work and
// other arguments is refused.
//
// # Schemas
//
// The schema of a tool's arguments is that of the workflow's argument, as
// encoding/json reads it: properties have the names of the json tags, and are
// required unless the field is a pointer or its tag has omitempty or omitzero.
// Bounds, enums and defaults come from jsonschema tags as
// [github.com/invopop/jsonschema] has them ("minimum=0,maximum=1",
// "enum=a,enum=b", "default=1"), descriptions from jsonschema_description tags.
// A type with a JSONSchema method describes itself. Durations are strings such as
// "90s". Arguments are validated against exactly the schema that clients see, and unknown
// ones are refused. Before that, an object or a list in a JSON string, and null for
// an optional property, are read as what they stand for, where the schema leaves no
// other meaning: some clients send them so. See docs/arguments.md, and
// [Options.IgnoreArguments].
//
// Results have schemas in the same way, without bounds, which Go does not keep.
// A result that is not a JSON object is wrapped as {"result": ...}. Its text is its JSON, or
// what a method ToolText() string of its type returns.
//
// # What the package does not do
//
// It runs no Temporal server and no worker, holds no state of its own, and does not
// authenticate anyone: the embedding application does.
package durablemcp
