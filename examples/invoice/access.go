package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp"
	"github.com/durablemcp/durablemcp/examples/invoice/billing"
)

// This file is for the DEMONSTRATION ONLY. It has two callers with well-known
// tokens. A real server verifies tokens that an identity provider has issued,
// with a TokenVerifier of its own; the rest of the example stays as it is.

// The callers.
const (
	submitter = "submitter" // submits invoices and asks about them
	approver  = "approver"  // decides about them
)

// Their tokens. Everybody who reads this knows them.
const (
	submitterToken = "demo-submitter"
	approverToken  = "demo-approver"
)

// requireDemoToken lets nobody in without one of the tokens.
func requireDemoToken(handler http.Handler) http.Handler {
	options := &auth.RequireBearerTokenOptions{AllowMissingExpiration: true} // they are as good for ever as they are now
	return auth.RequireBearerToken(verifyDemoToken, options)(handler)
}

func verifyDemoToken(_ context.Context, token string, _ *http.Request) (*auth.TokenInfo, error) {
	switch token {
	case submitterToken:
		return &auth.TokenInfo{UserID: submitter}, nil
	case approverToken:
		return &auth.TokenInfo{UserID: approver}, nil
	}
	return nil, fmt.Errorf("%w: the demo knows %s and %s", auth.ErrInvalidToken, submitterToken, approverToken)
}

// principal names the caller: over HTTP by the token, over stdio by -as, because
// there it is whoever has started the process.
func (f *flags) principal(_ context.Context, req mcp.Request) (string, error) {
	if extra := req.GetExtra(); extra != nil && extra.TokenInfo != nil {
		return extra.TokenInfo.UserID, nil
	}
	if f.Stdio {
		return f.as, nil
	}
	return "", errors.New("a request without a token")
}

// access says who may do what: approvers decide, but never about an invoice
// that they have submitted themselves.
func access() billing.Access {
	isApprover := func(caller durablemcp.Caller) error {
		if caller.Principal != approver {
			return fmt.Errorf("%q is not an approver", caller.Principal)
		}
		return nil
	}
	return billing.Access{
		Decide: func(_ context.Context, r durablemcp.AccessRequest) error {
			if r.Caller.Principal == r.Owner.Principal {
				return fmt.Errorf("%q has submitted the invoice", r.Caller.Principal)
			}
			return isApprover(r.Caller)
		},
		Read: func(_ context.Context, r durablemcp.AccessRequest) error {
			if r.Caller.Principal == r.Owner.Principal {
				return nil
			}
			return isApprover(r.Caller)
		},
	}
}
