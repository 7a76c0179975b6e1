//lint:file-ignore SA1019 the suite covers sampling, roots and logging for as long as clients have them.

//nolint:staticcheck // the same
package main

// What fixtures need of the features that 2026-07-28 deprecates.

import (
	"context"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// log sends a log message to the client if it wants messages of level info.
func log(ctx context.Context, session *mcp.ServerSession, message string) error {
	return session.Log(ctx, &mcp.LoggingMessageParams{Level: "info", Logger: "conformance", Data: message})
}

// declares says whether a client has declared a capability.
func declares(caps *mcp.ClientCapabilities, capability string) bool {
	if caps == nil {
		return false
	}
	switch capability {
	case "elicitation":
		return caps.Elicitation != nil
	case "sampling":
		return caps.Sampling != nil
	case "roots":
		return caps.RootsV2 != nil
	}
	return false
}

// sample asks the client's model for a text.
func sample(prompt string, maxTokens int64) question {
	return question{
		needs: "sampling",
		request: func() mcp.InputRequest {
			return &mcp.CreateMessageParams{
				Messages:  []*mcp.SamplingMessage{{Role: "user", Content: &mcp.TextContent{Text: prompt}}},
				MaxTokens: maxTokens,
			}
		},
		read: func(response mcp.InputResponse) (string, error) {
			created, ok := response.(*mcp.CreateMessageWithToolsResult)
			if !ok {
				return "", errUnanswered
			}
			var said strings.Builder
			for _, content := range created.Content {
				if text, ok := content.(*mcp.TextContent); ok {
					said.WriteString(text.Text)
				}
			}
			return said.String(), nil
		},
	}
}

// listRoots asks the client for its roots.
func listRoots() question {
	return question{
		needs:   "roots",
		request: func() mcp.InputRequest { return &mcp.ListRootsParams{} },
		read: func(response mcp.InputResponse) (string, error) {
			listed, ok := response.(*mcp.ListRootsResult)
			if !ok {
				return "", errUnanswered
			}
			uris := make([]string, len(listed.Roots))
			for i, root := range listed.Roots {
				uris[i] = root.URI
			}
			return strings.Join(uris, ", "), nil
		},
	}
}
