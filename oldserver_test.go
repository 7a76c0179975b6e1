package durablemcp

import (
	"context"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"

	"github.com/durablemcp/durablemcp/internal/advice"
	"github.com/durablemcp/durablemcp/internal/task"
)

// oldTemporal is a server that leaves out what only later ones tell.
type oldTemporal struct {
	client.Client
	service oldService
}

type oldService struct {
	workflowservice.WorkflowServiceClient
	asked int
}

func (o *oldTemporal) WorkflowService() workflowservice.WorkflowServiceClient { return &o.service }

func (o *oldService) GetSystemInfo(context.Context, *workflowservice.GetSystemInfoRequest, ...grpc.CallOption) (*workflowservice.GetSystemInfoResponse, error) {
	o.asked++
	return &workflowservice.GetSystemInfoResponse{ServerVersion: "1.24.2"}, nil
}

func (o *oldTemporal) DescribeWorkflowExecution(context.Context, string, string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	return &workflowservice.DescribeWorkflowExecutionResponse{}, nil
}

// TestOldTemporalServer checks that a server which is too old is named as that,
// by calls and by tasks, and asked for its version once.
func TestOldTemporalServer(t *testing.T) {
	t.Parallel()
	i := newInterview(t)
	old := new(oldTemporal)
	i.conn.Client = old
	for _, method := range []string{task.MethodGet, task.MethodUpdate, task.MethodCancel} {
		params := &task.Params{TaskID: advice.MustMarshal(i.task), InputResponses: []byte(`{}`)}
		params.Meta = asTaskClient()
		result, err := i.tasks(t.Context(), method, &task.Request{Params: params})
		if err == nil || !strings.Contains(err.Error(), "too old") || !strings.Contains(err.Error(), "1.24.2") || !strings.Contains(err.Error(), MinTemporalVersion) {
			t.Errorf("%s: got %v, %v", method, result, err)
		}
	}
	result, err := i.handler(t.Context(), &mcp.CallToolRequest{Params: &mcp.CallToolParamsRaw{
		Name: "pay", Arguments: []byte(`{"id":"a"}`), RequestState: i.state,
	}})
	if err != nil || !result.IsError || !strings.Contains(textOf(result), "too old") || !strings.Contains(textOf(result), "Calling again will not help") {
		t.Errorf("a call: got %+v, %v", result, err)
	}
	if old.service.asked != 1 {
		t.Errorf("the server was asked %d times for its version", old.service.asked)
	}
}
