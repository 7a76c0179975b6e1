package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/durablemcp/durablemcp/internal/e2e/devserver"
)

// auditTemporal checks that no invoice and no payment had two workflows, and
// that nothing is still running.
func (r *report) auditTemporal(ctx context.Context, temporal *devserver.Server) error {
	c, err := temporal.NewClient(ctx, client.Options{})
	if err != nil {
		return err
	}
	defer c.Close()
	const visible = 10 * time.Second // what has just ended is listed a little later
	deadline := time.Now().Add(visible)
	for {
		executions, err := list(ctx, c)
		if err != nil {
			return err
		}
		running, times := "", make(map[string]int)
		for _, e := range executions {
			id := e.GetExecution().GetWorkflowId()
			times[id]++
			if e.GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_RUNNING {
				running = id
			}
		}
		if running != "" && time.Now().Before(deadline) {
			time.Sleep(pause)
			continue
		}
		if running != "" {
			r.wrong = append(r.wrong, running+": still running after all calls have ended")
		}
		for id, n := range times {
			if n > 1 && strings.HasPrefix(id, "invoice-") {
				r.duplicated = append(r.duplicated, fmt.Sprintf("%s: %d executions", id, n))
			}
		}
		r.executions = len(executions)
		return nil
	}
}

func list(ctx context.Context, c client.Client) (all []*workflow.WorkflowExecutionInfo, err error) {
	request := &workflowservice.ListWorkflowExecutionsRequest{PageSize: 1000}
	for {
		page, err := c.ListWorkflow(ctx, request)
		if err != nil {
			return nil, err
		}
		all = append(all, page.GetExecutions()...)
		if request.NextPageToken = page.GetNextPageToken(); len(request.GetNextPageToken()) == 0 {
			return all, nil
		}
	}
}
