package codec

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp"
)

// The secrets, each of which only a reader of payloads may see.
const (
	argument        = "SecretArgument"
	result          = "SecretResult"
	failure         = "SecretFailure"
	failureDetail   = "SecretDetail"
	failureCause    = "SecretCause"
	retriedFailure  = "SecretRetry"
	protocolMessage = "SecretProtocol"
	protocolData    = "SecretData"
	questionTitle   = "SecretTitle"
	questionMessage = "SecretQuestion"
	answered        = "SecretAnswer"
	progressMessage = "SecretProgress"
	owner           = "SecretOwner"
	signalArgument  = "SecretSignal"
	updateArgument  = "SecretUpdate"
	updateResult    = "SecretReply"
	memoValue       = "SecretMemo"
	activityInput   = "SecretInput"
	activityOutput  = "SecretOutput"
	activitySummary = "SecretSummary"
	timerSummary    = "SecretTimer"

	// These are nowhere stored, encrypted or not.
	queryArgument = "SecretQuery"
	queryResult   = "SecretInquiry"
)

var stored = []string{
	argument, result, failure, failureDetail, failureCause, retriedFailure, protocolMessage, protocolData, questionTitle, questionMessage,
	answered, progressMessage, owner, signalArgument, updateArgument, updateResult, memoValue, activityInput, activityOutput,
	activitySummary, timerSummary,
}

var passing = []string{queryArgument, queryResult}

// What Temporal knows, and has to.
var readable = []string{"deal-7", "Deal", "durablemcp.questions", "codec-queue"}

const queue = "codec-queue"

type order struct {
	ID   int    `json:"id"`
	Item string `json:"item"`
}

type form struct {
	Word string `json:"word"`
}

type word struct {
	Word string `json:"word"`
}

// deal does everything in which a workflow can say something.
func deal(ctx workflow.Context, _ order) (word, error) {
	if err := workflow.SetUpdateHandler(ctx, "reply", func(workflow.Context, word) (word, error) { return word{updateResult}, nil }); err != nil {
		return word{}, err
	}
	if err := workflow.SetQueryHandler(ctx, "inquire", func(word) (word, error) { return word{queryResult}, nil }); err != nil {
		return word{}, err
	}
	if err := durablemcp.ReportProgress(ctx, 1, 3, progressMessage); err != nil {
		return word{}, err
	}
	if err := workflow.NewTimerWithOptions(ctx, time.Millisecond, workflow.TimerOptions{Summary: timerSummary}).Get(ctx, nil); err != nil {
		return word{}, err
	}
	acting := workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: time.Minute, Summary: activitySummary, RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Millisecond},
	})
	if err := workflow.ExecuteActivity(acting, work, word{activityInput}).Get(ctx, nil); err != nil {
		return word{}, err
	}
	if _, err := durablemcp.ElicitWithOptions[form](ctx, questionMessage, durablemcp.ElicitOptions{Title: questionTitle}); err != nil {
		return word{}, err
	}
	workflow.GetSignalChannel(ctx, "go").Receive(ctx, nil)
	return word{result}, nil
}

// work fails before it succeeds.
func work(ctx context.Context, _ word) (word, error) {
	if activity.GetInfo(ctx).Attempt == 1 {
		return word{}, temporal.NewApplicationError(retriedFailure, "Retried")
	}
	return word{activityOutput}, nil
}

func fail(_ workflow.Context, _ order) error {
	cause := temporal.NewApplicationError(failureCause, "Cause")
	return temporal.NewNonRetryableApplicationError(failure, "Failed", cause, failureDetail)
}

func refuse(workflow.Context, order) error {
	return durablemcp.NewProtocolError(-32099, protocolMessage, map[string]string{"data": protocolData})
}

func tools() []durablemcp.Tool {
	return []durablemcp.Tool{
		durablemcp.WorkflowTool{
			Name: "deal", Description: "Test.", Workflow: deal, WorkflowType: "Deal", TaskQueue: queue, WorkflowID: "deal-{id}", SharedID: true,
			StartOptions: client.StartWorkflowOptions{Memo: map[string]any{"note": memoValue}},
		},
		durablemcp.WorkflowTool{Name: "fail", Description: "Test.", Workflow: fail, WorkflowType: "Fail", TaskQueue: queue, WorkflowID: "fail-{@uuid}"},
		durablemcp.WorkflowTool{Name: "refuse", Description: "Test.", Workflow: refuse, WorkflowType: "Refuse", TaskQueue: queue, WorkflowID: "refuse-{@uuid}"},
		durablemcp.SignalTool{
			Name: "go", Description: "Test.", Workflow: deal, WorkflowType: "Deal", Signal: "go", Input: word{}, WorkflowID: "deal-{id}",
		},
		durablemcp.UpdateTool{
			Name: "reply", Description: "Test.", Workflow: deal, WorkflowType: "Deal", Update: "reply", Input: word{}, Output: word{},
			WorkflowID: "deal-{id}",
		},
		durablemcp.QueryTool{
			Name: "inquire", Description: "Test.", Workflow: deal, WorkflowType: "Deal", Query: "inquire", Input: word{}, Output: word{},
			WorkflowID: "deal-{id}",
		},
		durablemcp.StatusTool{Name: "look", Description: "Test.", Workflow: deal, WorkflowType: "Deal", WorkflowID: "deal-{id}"},
		durablemcp.ResultTool{Name: "await", Description: "Test.", Workflow: deal, WorkflowType: "Deal", WorkflowID: "deal-{id}"},
	}
}
