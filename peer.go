package durablemcp

import (
	"context"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/memo"
)

// A peer is the client of a request, in what matters for how it is answered.
type peer struct {
	version  string
	caps     *mcp.ClientCapabilities
	declared bool // the capabilities, on this very request
}

// clientOf returns the client of a request. Clients of 2026-07-28 and later say
// what they can do on every request, earlier ones when they connect.
func clientOf(req interface {
	mcp.Request
	ProtocolVersion() string
	ClientCapabilities() *mcp.ClientCapabilities
}) peer {
	p := peer{version: req.ProtocolVersion(), caps: req.ClientCapabilities()}
	_, p.declared = req.GetParams().GetMeta()[mcp.MetaKeyClientCapabilities]
	if p.caps == nil {
		p.caps = new(mcp.ClientCapabilities)
	}
	return p
}

// modern reports whether the client speaks the protocol without sessions, where
// servers ask by answering a call with questions.
func (p peer) modern() bool { return p.version >= statelessProtocol }

// tasks reports whether the client takes tasks, as it has to declare on each
// request, whatever it has declared before. Clients of earlier protocols see no
// trace of the extension.
func (p peer) tasks() bool {
	_, knows := p.caps.Extensions[TasksExtension]
	return knows && p.declared && p.modern()
}

// answers reports whether the client can put a question to a person. A client
// that names no mode knows forms only (MCP 2025-11-25, client/elicitation,
// Capabilities).
func (p peer) answers(q memo.Question) bool {
	can := p.caps.Elicitation
	if can == nil {
		return false
	}
	if q.Mode == memo.ModeURL {
		return can.URL != nil
	}
	return can.Form != nil || can.URL == nil
}

// owns reports whether the caller of a request that may touch a workflow has
// started it.
func (w *waiter) owns(ctx context.Context, req mcp.Request, seen *execution.Snapshot) bool {
	if w.allow == nil {
		return true // others may not touch it
	}
	caller, err := w.caller(ctx, req)
	return err == nil && caller.Principal == seen.Memo.Record.Owner
}

// askable returns those of the questions that the client can put to a person.
func (p peer) askable(questions []memo.Question) []memo.Question {
	var list []memo.Question
	for _, q := range questions {
		if p.answers(q) {
			list = append(list, q)
		}
	}
	return list
}
