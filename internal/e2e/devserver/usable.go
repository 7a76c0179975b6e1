package devserver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
)

// pollInterval is how often a starting server is asked whether it can be used yet.
const pollInterval = 50 * time.Millisecond

// awaitUsable waits until workflows of the namespace can be started, with all search attributes.
func (s *Server) awaitUsable(ctx context.Context) error {
	var c client.Client
	err := poll(ctx, func() (err error) {
		c, err = s.NewClient(ctx, client.Options{})
		return err
	})
	if err != nil {
		return err
	}
	defer c.Close()

	if err := poll(ctx, func() error { return s.probeHistory(ctx, c) }); err != nil {
		return err
	}
	if err := s.addSearchAttributes(ctx, c); err != nil {
		return err
	}
	return poll(ctx, func() error { return s.probeSearchAttributes(ctx, c) })
}

// poll calls f until it succeeds. When ctx ends before, it returns the last error of f.
func poll(ctx context.Context, f func() error) error {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		err := f()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the Temporal server: %w: %w", ctx.Err(), err)
		case <-ticker.C:
		}
	}
}

// probeHistory asks for a workflow that does not exist. The frontend, the namespace, the history shard and the database
// all have to work for the answer that it does not.
func (s *Server) probeHistory(ctx context.Context, c client.Client) error {
	_, err := c.WorkflowService().DescribeWorkflowExecution(ctx, &workflowservice.DescribeWorkflowExecutionRequest{
		Namespace: s.opts.Namespace,
		Execution: &commonpb.WorkflowExecution{WorkflowId: "devserver-probe"},
	})
	if _, ok := errors.AsType[*serviceerror.NotFound](err); ok {
		return nil
	}
	return err
}

// addSearchAttributes adds those search attributes that the namespace lacks: it is older than the wish for them.
func (s *Server) addSearchAttributes(ctx context.Context, c client.Client) error {
	if len(s.opts.SearchAttributes) == 0 {
		return nil
	}
	operator := c.OperatorService()
	have, err := operator.ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{
		Namespace: s.opts.Namespace,
	})
	if err != nil {
		return fmt.Errorf("list search attributes: %w", err)
	}
	missing := make(map[string]enumspb.IndexedValueType)
	for name, want := range s.opts.SearchAttributes {
		got, ok := have.GetCustomAttributes()[name]
		if !ok {
			missing[name] = want
		} else if got != want {
			return fmt.Errorf("search attribute %s has type %s in the database, not %s", name, got, want)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = operator.AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace:        s.opts.Namespace,
		SearchAttributes: missing,
	})
	if err != nil {
		return fmt.Errorf("add search attributes: %w", err)
	}
	return nil
}

// probeSearchAttributes queries for all search attributes, which fails while the server does not know one of them.
func (s *Server) probeSearchAttributes(ctx context.Context, c client.Client) error {
	if len(s.opts.SearchAttributes) == 0 {
		return nil
	}
	var terms []string
	for _, name := range slices.Sorted(maps.Keys(s.opts.SearchAttributes)) {
		terms = append(terms, fmt.Sprintf("`%s` IS NOT NULL", name))
	}
	_, err := c.WorkflowService().CountWorkflowExecutions(ctx, &workflowservice.CountWorkflowExecutionsRequest{
		Namespace: s.opts.Namespace,
		Query:     strings.Join(terms, " AND "),
	})
	return err
}
