// Package peer is the client of a request: what it can do, how it is asked, and when its access
// token expires.
package peer

import (
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/memo"
)

// ElicitParams is the question as MCP asks it, with what was wrong with the answer
// before, if there was one.
func ElicitParams(q memo.Question, reason string) *mcp.ElicitParams {
	params := &mcp.ElicitParams{Mode: q.Mode, Message: q.Message, URL: q.URL}
	if q.Mode == memo.ModeForm {
		params.RequestedSchema = q.Schema
	}
	if reason != "" {
		params.Message += "\n\nThe answer before was not accepted: " + reason
	}
	return params
}
