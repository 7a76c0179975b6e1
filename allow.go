package durablemcp

import (
	"context"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// A Caller is who makes a request.
type Caller struct {
	// Principal is the caller's name, as [Options.Principal] gives it. It is
	// empty if the caller is not known, as over stdio, and never if there is a
	// TokenInfo.
	Principal string
	// TokenInfo is the caller's verified bearer token, nil without one.
	TokenInfo *auth.TokenInfo

	claims map[string]string // what Options.Claims says
}

// An Owner is who started a workflow.
type Owner struct {
	// Principal is the name of the caller that started the workflow. It is
	// empty if that caller was not known, and for a workflow that no tool
	// started.
	Principal string
}

// AllowFunc decides whether a caller may touch the workflow of an owner, by
// returning nil. The caller is told nothing of the error, which is logged: a
// workflow that is not theirs looks like one that is not there.
//
// It may be called concurrently.
type AllowFunc func(ctx context.Context, caller Caller, owner Owner) error

// A Question is what a workflow asks, as [AnswerFunc] sees it.
type Question struct {
	// Name is [ElicitOptions.Key], as the workflow gives it.
	Name string
	// Title and Message are what the person reads.
	Title, Message string
}

// AnswerFunc decides whether a caller may be asked what the workflow of an owner
// asks, and answer it, by returning nil. To others the workflow is one that
// asks nothing, though a [StatusTool] shows what it asks to whoever may use it.
// The error is logged.
//
// It may be called concurrently.
type AnswerFunc func(ctx context.Context, caller Caller, owner Owner, question Question) error

// maxPrincipal is how many bytes a caller's name may have: it is part of workflow IDs,
// and of the memo, whose size is bounded.
const maxPrincipal = 1000

// caller says who makes a request. Its error is a [*toolError].
func (b *base) caller(ctx context.Context, req mcp.Request) (Caller, error) {
	var c Caller
	if extra := req.GetExtra(); extra != nil {
		c.TokenInfo = extra.TokenInfo
	}
	var err error
	if c.Principal, err = b.opts.Principal(ctx, req); err != nil {
		b.log(ctx, "Options.Principal refused a call", "error", err)
		return c, unauthorized()
	}
	if len(c.Principal) > maxPrincipal {
		b.log(ctx, "Options.Principal names the caller at a length that no workflow can be started with",
			"bytes", len(c.Principal), "most", maxPrincipal)
		return c, unauthorized()
	}
	if c.TokenInfo != nil && c.Principal == "" {
		// All users of such tokens would be one owner.
		b.log(ctx, "a verified token does not name its user, so its caller was refused: "+
			"set UserID in the auth.TokenVerifier, or Options.Principal to name the caller")
		return c, namelessToken()
	}
	c.claims, err = b.claims(ctx, c)
	return c, err
}

func unauthorized() *toolError {
	return &toolError{
		Type:    errUnauthorized,
		Message: "Authentication required: the caller is unknown. Nothing was done.",
		advice:  "Calling again will not help. Tell the user, who has to sign in.",
	}
}

func namelessToken() *toolError {
	return &toolError{
		Type:    errUnauthorized,
		Message: "Authentication required: the access token is valid, but does not name its user. Nothing was done.",
		advice:  "Calling again will not help. Tell the user that the operator of this server has to fix how it identifies users; its log says how.",
	}
}

// mayTouch decides whether a caller may touch an owner's workflow.
func (b *base) mayTouch(ctx context.Context, allow AllowFunc, caller Caller, owner Owner) bool {
	if allow == nil {
		return caller.Principal == owner.Principal
	}
	if err := allow(ctx, caller, owner); err != nil {
		b.log(ctx, "Allow refused a call", "error", err)
		return false
	}
	return true
}
