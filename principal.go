package durablemcp

import (
	"context"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp/internal/ask"
	"github.com/durablemcp/durablemcp/internal/call"
)

// A Caller is who makes a request.
type Caller struct {
	// Principal is the caller's name, as [Options.Principal] gives it. It is
	// empty if the caller is not known, as over stdio, and never if there is a
	// TokenInfo.
	Principal string
	// TokenInfo is the caller's verified bearer token, nil without one.
	TokenInfo *auth.TokenInfo
}

// An Owner is who started a workflow.
type Owner struct {
	// Principal is the name of the caller that started the workflow. It is
	// empty if that caller was not known, and for a workflow that no tool
	// started.
	Principal string
}

// An AccessRequest is what an [AllowFunc] decides about: a caller, through a tool, and the
// workflow of an owner.
type AccessRequest struct {
	Caller Caller
	Owner  Owner
	// Tool is the name of the tool that is called, or whose task is asked for.
	Tool string
	// WorkflowType, WorkflowID and RunID name the workflow.
	WorkflowType, WorkflowID, RunID string
}

// AllowFunc decides whether a caller may touch a workflow, by returning nil. The error is logged,
// and the caller learns nothing of it: a workflow that is not theirs looks like one that does not
// exist.
//
// It may be called concurrently.
type AllowFunc func(ctx context.Context, r AccessRequest) error

// A Question is what a workflow asks.
type Question struct {
	// Name is [ElicitOptions.Name].
	Name string
	// Title and Message are what the person reads.
	Title, Message string
}

// An AnswerRequest is what an [AnswerFunc] decides about: a caller, and one question of the
// workflow of an owner.
type AnswerRequest struct {
	AccessRequest
	Question Question
}

// AnswerFunc decides whether a caller may be asked a question of a workflow, and answer it, by
// returning nil. To others the workflow asks nothing, though a [StatusTool] shows the question to
// whoever may use it. The error is logged.
//
// It may be called concurrently.
type AnswerFunc func(ctx context.Context, r AnswerRequest) error

// internal is the function as the calls of tools use it.
func (f AllowFunc) internal() call.AllowFunc {
	if f == nil {
		return nil
	}
	return func(ctx context.Context, r call.AccessRequest) error { return f(ctx, accessRequest(r)) }
}

// internal is the function as the calls of tools use it.
func (f AnswerFunc) internal() call.AnswerFunc {
	if f == nil {
		return nil
	}
	return func(ctx context.Context, r call.AccessRequest, q call.Question) error {
		return f(ctx, AnswerRequest{accessRequest(r), Question(q)})
	}
}

func accessRequest(r call.AccessRequest) AccessRequest {
	return AccessRequest{
		Caller: Caller{r.Caller.Principal, r.Caller.TokenInfo}, Owner: Owner{r.Owner},
		Tool: r.Tool, WorkflowType: r.WorkflowType, WorkflowID: r.WorkflowID, RunID: r.RunID,
	}
}

// A Sender is who made a call, as a workflow sees it: as the MCP server has verified it,
// and not as a model says.
//
// [CallerOf] returns who started a workflow. Of what comes later, a field says it: an
// argument of a workflow, an update, a signal or a query that is a struct can have a field
// of this type, with a tag that keeps it out of the tool's arguments.
//
//	type Approval struct {
//		Comment string            `json:"comment"`
//		By      durablemcp.Sender `json:"by" jsonschema:"-"`
//	}
//
// The library fills it with each call, and it stands in the workflow's history with the
// other arguments. Who sends to the workflow without this library fills it as they like:
// they can write to the namespace, and are trusted with everything.
type Sender struct {
	// Principal is the caller's name, as [Options.Principal] gives it. It is empty if
	// the caller is not known, as over stdio.
	Principal string `json:"principal,omitempty"`
	// Claims are what [Options.Claims] says of the caller.
	Claims map[string]string `json:"claims,omitempty"`
}

// CallerOf returns who started the workflow by a tool, and false for a workflow that no
// tool started, such as a child. It is read from the memo, and stays the same when the
// workflow continues as new, is retried or reset. It is deterministic.
//
// Workflows cannot read a memo that the data converter of their worker has encrypted: to
// those it says false, too. A field of type [Sender] in the workflow's arguments serves
// all.
func CallerOf(ctx workflow.Context) (Sender, bool) {
	sender, known := ask.CallerOf(ctx)
	return Sender(sender), known
}
