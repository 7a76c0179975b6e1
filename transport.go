package durablemcp

import (
	"context"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/listen"
)

// NewTransport returns a transport that serves subscriptions to tasks
// (notifications/tasks) over another one:
//
//	err := server.Run(ctx, durablemcp.NewTransport(&mcp.StdioTransport{}))
//
// Everything else passes through as it is. Without it, clients poll. For HTTP,
// [NewHTTPHandler] does the same.
//
// A session over it ends with the context of [mcp.Server.Run] or
// [mcp.Server.Connect]: calls that wait end at once, and cancel nothing in
// Temporal. With the transport alone, Run returns only when they have ended by
// themselves, after up to [Options.Wait].
func NewTransport(t mcp.Transport) mcp.Transport { return listening{t} }

type listening struct{ mcp.Transport }

func (l listening) Connect(ctx context.Context) (mcp.Connection, error) {
	conn, err := l.Transport.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return listen.NewConn(ctx, conn), nil
}
