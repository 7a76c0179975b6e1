// Package call handles tools/call: it decodes the arguments, starts or finds the workflow, waits for
// it, forwards what it asks and how far it is, and builds the result. It uses package execution for
// Temporal, and package task for calls that become tasks.
package call

import (
	"context"
	"maps"
	"slices"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/advice"
	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/memo"
)

// An AccessRequest is a durablemcp.AccessRequest.
type AccessRequest struct {
	Caller                                Caller
	Owner                                 string
	Tool, WorkflowType, WorkflowID, RunID string
}

// A Question is what a workflow asks.
type Question struct{ Name, Title, Message string }

// The hooks of package durablemcp.
type (
	// AllowFunc decides who may touch a workflow.
	AllowFunc func(ctx context.Context, r AccessRequest) error
	// AnswerFunc decides who may answer a question.
	AnswerFunc func(ctx context.Context, r AccessRequest, q Question) error
)

// access is the request of a caller to touch a workflow through the tool.
func (t *Tool) access(caller Caller, seen *execution.Snapshot) AccessRequest {
	e := seen.Execution()
	return AccessRequest{Caller: caller, Owner: e.Record.Owner, Tool: t.Name, WorkflowType: seen.WorkflowType(), WorkflowID: e.ID, RunID: e.RunID}
}

// maxPrincipal is how many bytes a caller's name may have: it is part of workflow IDs,
// and of the memo, whose size is bounded.
const maxPrincipal = 1000

// An AnswerRule is who may answer what the workflows of one type ask. It is decided
// once for the type, and every tool and task of the registry obeys it: otherwise
// a caller who must not answer through one tool could do so through another.
type AnswerRule struct {
	Starters []string     // the tools that start the workflow
	Allow    []AnswerFunc // all of them have to agree; if empty, the owner answers

	Narrowed []Narrowing // what other tools say
}

// A Narrowing is the AllowAnswer of a tool that does not start the workflow.
type Narrowing struct {
	Tool  string
	Index int
	Allow AnswerFunc
}

// mayAnswer reports whether a caller may answer a question of an owner's workflow.
// The tool's own function can only narrow the rule.
func (r *AnswerRule) mayAnswer(ctx context.Context, t *Tool, own AnswerFunc, access AccessRequest, q memo.Question) bool {
	allow := r.Allow
	if own != nil {
		allow = append(slices.Clip(allow), own)
	}
	if len(allow) == 0 {
		return access.Caller.Principal == access.Owner
	}
	for _, f := range allow {
		if err := f(ctx, access, Question{q.Name, q.Title, q.Message}); err != nil {
			t.log(ctx, "AllowAnswer refused a caller", "error", err)
			return false
		}
	}
	return true
}

// caller says who makes a request. Its error is a [*ToolError].
func (t *Tool) caller(ctx context.Context, req mcp.Request) (Caller, error) {
	var c Caller
	if extra := req.GetExtra(); extra != nil {
		c.TokenInfo = extra.TokenInfo
	}
	var err error
	if c.Principal, err = t.Opts.Principal(ctx, req); err != nil {
		t.log(ctx, "Options.Principal refused a call", "error", err)
		return c, advice.Unauthorized()
	}
	if len(c.Principal) > maxPrincipal {
		t.log(ctx, "Options.Principal names the caller at a length that no workflow can be started with",
			"bytes", len(c.Principal), "most", maxPrincipal)
		return c, advice.Unauthorized()
	}
	if c.TokenInfo != nil && c.Principal == "" {
		// All users of such tokens would be one owner.
		t.log(ctx, "a verified token does not name its user, so its caller was refused: "+
			"set UserID in the auth.TokenVerifier, or Options.Principal to name the caller")
		return c, advice.NamelessToken()
	}
	c.Claims, err = t.claims(ctx, c)
	return c, err
}

// mayTouch decides whether a caller may touch an owner's workflow.
func (t *Tool) mayTouch(ctx context.Context, allow AllowFunc, access AccessRequest) bool {
	if allow == nil {
		return access.Caller.Principal == access.Owner
	}
	if err := allow(ctx, access); err != nil {
		t.log(ctx, "Allow refused a call", "error", err)
		return false
	}
	return true
}

// reserveWait takes a place for a caller, which has to be released in any case.
func (t *Tool) reserveWait(ctx context.Context, c *execution.Client, caller Caller) (release func(), ok bool) {
	if release, ok = c.Waits.Take(t.Opts.MaxWaiting, caller.Principal); !ok {
		t.log(ctx, "too many calls and subscriptions wait (Options.MaxWaiting)", "max_waiting", t.Opts.MaxWaiting)
		return func() {}, false
	}
	return release, true
}

// claims returns what is recorded of a caller. Its error is a [*ToolError].
func (t *Tool) claims(ctx context.Context, c Caller) (map[string]string, error) {
	if t.Opts.Claims == nil {
		return nil, nil //nolint:nilnil // nothing is recorded
	}
	claims := maps.Clone(t.Opts.Claims(c))
	if n := len(advice.MustMarshal(claims)); n > maxClaims {
		t.log(ctx, "Options.Claims says more of a caller than can be recorded", "bytes", n, "most", maxClaims)
		return nil, advice.InternalError()
	}
	return claims, nil
}

// maxClaims is how many bytes the claims of a caller may have: they share the memo with
// what the workflow asks.
const maxClaims = 2000

// ReserveWait takes a place for the caller of a request about tasks.
func (t *Tool) ReserveWait(ctx context.Context, c *execution.Client, req mcp.Request) (release func(), ok bool, err error) {
	caller, err := t.caller(ctx, req)
	if err != nil {
		return nil, false, advice.UnknownCaller(err)
	}
	release, ok = t.reserveWait(ctx, c, caller)
	return release, ok, nil
}
