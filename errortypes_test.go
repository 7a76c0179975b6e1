package durablemcp

import (
	"testing"

	"github.com/durablemcp/durablemcp/internal/advice"
	"github.com/durablemcp/durablemcp/internal/call"
	"github.com/durablemcp/durablemcp/internal/declare"
	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/memo"
	"github.com/durablemcp/durablemcp/internal/peer"
	"github.com/durablemcp/durablemcp/internal/task"
)

// TestPublicConstants holds that the constants which users read are those that the packages
// below use: they are written out, so that the documentation shows them.
func TestPublicConstants(t *testing.T) {
	t.Parallel()
	for public, internal := range map[string]string{
		ErrorTypeInvalidArguments: advice.TypeInvalidArguments, ErrorTypeConflict: advice.TypeConflict, ErrorTypeUnauthorized: advice.TypeUnauthorized,
		ErrorTypeNotFound: advice.TypeNotFound, ErrorTypeClosed: advice.TypeClosed, ErrorTypeUnavailable: advice.TypeUnavailable,
		ErrorTypeOutcomeUnknown: advice.TypeUnknownOutcome, ErrorTypeRefused: advice.TypeRefused, ErrorTypeBusy: advice.TypeBusy,
		ErrorTypeNotSent: advice.TypeUnsent, ErrorTypeUnreadable: advice.TypeUnreadable, ErrorTypeNoWorker: advice.TypeNoWorker,
		ErrorTypeQueryFailed: advice.TypeQuery, ErrorTypeInvalidResult: advice.TypeInvalidResult, ErrorTypeResultTooLong: advice.TypeResultTooLong,
		ErrorTypeInternal: advice.TypeInternal,
		ErrorTypeFailed:   execution.TypeFailed, ErrorTypeTimeout: execution.TypeTimeout, ErrorTypeCanceled: execution.TypeCanceled,
		ErrorTypeTerminated: execution.TypeTerminated, ErrorTypePanic: execution.TypePanic,
		ErrorTypeInvalidAnswer: memo.TypeInvalidAnswer, ErrorTypeQuestionNotAsked: memo.TypeNotAsked, ErrorTypeQuestionStaysOpen: memo.TypeStaysOpen,
		ErrorTypeElicitationDeclined: memo.TypeDeclined, ErrorTypeElicitationCancelled: memo.TypeDismissed, ErrorTypeElicitationTimedOut: memo.TypeUnanswered,
		AnswerUpdate: memo.AnswerUpdate, TasksExtension: peer.TasksExtension, MinTemporalVersion: execution.MinVersion,
		MetaKeyWorkflow: call.MetaKeyWorkflow, MetaKeyError: call.MetaKeyError,
		InferScope.String(): declare.InferScope.String(), CallerScope.String(): declare.CallerScope.String(), SharedScope.String(): declare.SharedScope.String(),
	} {
		if public != internal {
			t.Errorf("%q is %q below", public, internal)
		}
	}
	if task.Support(TaskOptional) != task.Optional || task.Support(TaskRequired) != task.Required || task.Support(TaskForbidden) != task.Forbidden {
		t.Error("TaskSupport has other values below")
	}
}
