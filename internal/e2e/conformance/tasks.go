package main

// For the scenarios tasks-*: tools whose work is a workflow, and one whose work
// is not.

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp"
)

// tools returns the tools that are workflows, on one task queue.
func tools(queue string) []durablemcp.Tool {
	workflows := []durablemcp.WorkflowTool{
		{Name: "slow_compute", WorkflowID: "slow_compute-{@uuid}", Description: "Takes a number of seconds.", Workflow: slowCompute},
		{Name: "failing_job", WorkflowID: "failing_job-{@uuid}", Description: "Fails after a second.", Workflow: failingJob, TaskSupport: durablemcp.TaskRequired},
		{Name: "protocol_error_job", WorkflowID: "protocol_error_job-{@uuid}", Description: "Ends with an error of the protocol.", Workflow: protocolErrorJob},
		{Name: "confirm_delete", WorkflowID: "confirm_delete-{@uuid}", Description: "Deletes a file, if the user confirms.", Workflow: confirmDelete},
		{Name: "multi_input", WorkflowID: "multi_input-{@uuid}", Description: "Asks the user two things at once.", Workflow: multiInput},
		{Name: taskAfterQuestion, WorkflowID: "test-{@uuid}", Description: "Asks for a name first, and then takes its time.", Workflow: greetSlowly, TaskSupport: durablemcp.TaskRequired},
	}
	workflows = append(workflows, asking...)
	tools := make([]durablemcp.Tool, len(workflows))
	for i, w := range workflows {
		w.WorkflowType, w.TaskQueue = w.Name, queue
		tools[i] = w
	}
	return tools
}

// addGreet adds a tool that is never a task.
func addGreet(server *mcp.Server) {
	addToolFor(server, &mcp.Tool{Name: "greet", Description: "Greets a person by name."},
		func(_ context.Context, _ *mcp.CallToolRequest, in struct {
			Name string `json:"name"`
		}) (*mcp.CallToolResult, error) {
			return text("Hello, " + in.Name + "!"), nil
		})
}

// computation is the input of slow_compute.
type computation struct {
	Seconds float64 `json:"seconds" jsonschema:"description=How long it takes."`
	Label   string  `json:"label,omitempty" jsonschema:"description=What to call the result."`
}

func slowCompute(ctx workflow.Context, in computation) (string, error) {
	if err := workflow.Sleep(ctx, time.Duration(in.Seconds*float64(time.Second))); err != nil {
		return "", err
	}
	return fmt.Sprintf("Computed %q in %v s.", in.Label, in.Seconds), nil
}

func failingJob(ctx workflow.Context) error {
	if err := workflow.Sleep(ctx, time.Second); err != nil {
		return err
	}
	return temporal.NewNonRetryableApplicationError("this job always fails", "AlwaysFails", nil)
}

func protocolErrorJob(ctx workflow.Context) error {
	if err := workflow.Sleep(ctx, time.Second); err != nil {
		return err
	}
	return durablemcp.NewProtocolError(jsonrpc.CodeInternalError, "the job's backend speaks another protocol", nil)
}

type file struct {
	Filename string `json:"filename"`
}

type confirmation struct {
	Confirm bool `json:"confirm"`
}

func confirmDelete(ctx workflow.Context, in file) (string, error) {
	answer, err := durablemcp.Elicit[confirmation](ctx, "Delete "+in.Filename+"?")
	if errors.Is(err, durablemcp.ErrElicitationDeclined) || err == nil && !answer.Confirm {
		return in.Filename + " was kept.", nil
	}
	if err != nil {
		return "", err
	}
	return in.Filename + " was deleted.", nil
}

type person struct {
	Name string `json:"name"`
}

func multiInput(ctx workflow.Context) (string, error) {
	var names [2]string
	done := workflow.NewWaitGroup(ctx)
	var failed error
	for i := range names {
		done.Add(1)
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer done.Done()
			answer, err := durablemcp.ElicitWithOptions[person](ctx, fmt.Sprintf("Who is number %d?", i+1),
				durablemcp.ElicitOptions{Name: fmt.Sprintf("person_%d", i+1)})
			names[i] = answer.Name
			failed = errors.Join(failed, err)
		})
	}
	done.Wait(ctx)
	return fmt.Sprintf("Hello, %s and %s!", names[0], names[1]), failed
}

// taskAfterQuestion is a tool that asks before there is a task.
const taskAfterQuestion = "test_tool_with_task"

func greetSlowly(ctx workflow.Context, in person) (string, error) {
	if err := workflow.Sleep(ctx, time.Second); err != nil {
		return "", err
	}
	return "Hello, " + in.Name + "!", nil
}
