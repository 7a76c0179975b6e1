package peer

import (
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/memo"
)

// A Peer is the client of a request, in what matters for how it is answered.
type Peer struct {
	version  string
	caps     *mcp.ClientCapabilities
	declared bool // the capabilities, on this very request
}

// Of returns the client of a request. Clients of 2026-07-28 and later say
// what they can do on every request, earlier ones when they connect.
func Of(req interface {
	mcp.Request
	ProtocolVersion() string
	ClientCapabilities() *mcp.ClientCapabilities
}) Peer {
	p := Peer{version: req.ProtocolVersion(), caps: req.ClientCapabilities()}
	_, p.declared = req.GetParams().GetMeta()[mcp.MetaKeyClientCapabilities]
	if p.caps == nil {
		p.caps = new(mcp.ClientCapabilities)
	}
	return p
}

// StatelessProtocol is the first protocol version without sessions. Versions
// are dates: they compare as text.
const StatelessProtocol = "2026-07-28"

// TasksExtension is TasksExtension of package durablemcp.
const TasksExtension = "io.modelcontextprotocol/tasks"

// Modern reports whether the client speaks the protocol without sessions, where
// servers ask by answering a call with questions.
func (p Peer) Modern() bool { return p.version >= StatelessProtocol }

// Tasks reports whether the client takes tasks, as it has to declare on each
// request, whatever it has declared before. Clients of earlier protocols see no
// trace of the extension.
func (p Peer) Tasks() bool {
	_, knows := p.caps.Extensions[TasksExtension]
	return knows && p.declared && p.Modern()
}

// CanAsk reports whether the client can put a question to a person. A client
// that names no mode knows forms only (MCP 2025-11-25, client/elicitation,
// Capabilities).
func (p Peer) CanAsk(q memo.Question) bool {
	can := p.caps.Elicitation
	if can == nil {
		return false
	}
	if q.Mode == memo.ModeURL {
		return can.URL != nil
	}
	return can.Form != nil || can.URL == nil
}

// Askable returns those of the questions that the client can put to a person.
func (p Peer) Askable(questions []memo.Question) []memo.Question {
	var list []memo.Question
	for _, q := range questions {
		if p.CanAsk(q) {
			list = append(list, q)
		}
	}
	return list
}
