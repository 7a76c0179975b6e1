// Package taskclient is a client for MCP's tasks extension
// (io.modelcontextprotocol/tasks, SEP-2663), for protocol version 2026-07-28.
//
// A server that knows the extension may answer a call of a tool with a task: a
// durable handle, whose result comes later. The official SDK's client reads
// that as an empty success; this one tells them apart.
//
//	client := taskclient.NewHTTP("http://127.0.0.1:8080/mcp", nil)
//	outcome, err := client.CallTool(ctx, &mcp.CallToolParams{Name: "pay", Arguments: invoice})
//	...
//	result := outcome.Result
//	if outcome.Task != nil {
//		save(outcome.Task.ID) // after a restart, go on with Wait
//		result, err = client.Wait(ctx, outcome.Task.ID)
//	}
//
// Protocol version 2026-07-28 has no handshake: each request says who sends it
// and what it understands, so that a [Client] does nothing until it is used,
// and one server can finish what another began.
//
// # Errors
//
// A JSON-RPC error of the server is a [*jsonrpc.Error], which [errors.As] finds
// in the error returned. A task without a result is a [*TaskError].
//
// # What the package does not do
//
// It calls tools and follows their tasks, and nothing else: lists of tools,
// resources and prompts are for the SDK's client, which may be connected to
// the same server. It speaks to no server that is older than 2026-07-28. It
// answers elicitations, but neither sampling nor roots, which that version
// deprecates; who needs them has [Client.Get] and [Client.Update]. Over HTTP,
// it does not call tools that want arguments repeated in headers
// (x-mcp-header): the server refuses the call with code -32020.
package taskclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const (
	protocolVersion = "2026-07-28"
	extension       = "io.modelcontextprotocol/tasks"
)

// Options configures a [Client].
type Options struct {
	// HTTPClient makes the requests of [NewHTTP]; authentication and
	// certificates are its affair. Its Timeout also ends [Client.Listen], so
	// bound contexts instead. If nil, defaults to [http.DefaultClient]. [New]
	// ignores it.
	HTTPClient *http.Client

	// Implementation tells the server who asks. MCP recommends to set it; if
	// nil, nothing is told.
	Implementation *mcp.Implementation

	// Capabilities are declared with each request. The tasks extension is
	// always added to them, and elicitation is if Elicit is set; roots are
	// never declared. If nil, both are declared and nothing else. The caller
	// must not modify what they refer to.
	Capabilities *mcp.ClientCapabilities

	// Elicit answers the questions of a server: those before a tool's result
	// or task ([Client.CallTool]), and those of a task ([Client.Wait]). It is
	// called on the caller's goroutine, for one question at a time, and its
	// error ends the call or the wait, but not the task. Nothing is polled
	// while it runs: bound it if the task may be over before its answer.
	//
	// If nil, the two methods return what they cannot answer. A server asks
	// nothing of a client whose Capabilities leave elicitation out: a task that
	// needs an answer is then one that works until somebody else gives it.
	Elicit func(ctx context.Context, question *Question) (*mcp.ElicitResult, error)

	// OnTask is called by [Client.Wait], on its caller's goroutine, with each
	// state that it reads, the last one included. It may be nil.
	OnTask func(task *Task)

	// OnProgress is called by [Client.CallTool], on its caller's goroutine,
	// with the progress of a call whose params have a progress token
	// (SetProgressToken). Tasks have a status message instead. It may be nil.
	OnProgress func(progress *mcp.ProgressNotificationParams)
}

// A Client calls tools and follows their tasks. It keeps no state about tasks,
// and is safe for concurrent use: so must the functions in its [Options] be if
// its methods are called concurrently.
type Client struct {
	opts      Options
	transport transport
	lastID    atomic.Int64
	sleep     func(ctx context.Context, d time.Duration) error // replaced in tests
}

// A transport carries calls to a server.
type transport interface {
	// roundTrip sends a call and yields what comes back for it: any number of
	// notifications, then the response, which ends it. It may also just end,
	// if the server has no more to say. An error ends it. Leaving the loop
	// earlier, or ctx being done, cancels the call at the server.
	roundTrip(ctx context.Context, call *call) iter.Seq2[jsonrpc.Message, error]
	close() error
}

// A call is a request with what transports have to know of it.
type call struct {
	*jsonrpc.Request
	name          string // of the tool or task, for the header Mcp-Name
	progressToken any
}

// NewHTTP returns a client of the streamable HTTP endpoint of a server, such
// as "https://example.com/mcp". It makes no request: a wrong endpoint is
// reported by the first method. A nil opts is the same as the zero [Options].
func NewHTTP(endpoint string, opts *Options) *Client {
	c := newClient(opts)
	if c.opts.HTTPClient == nil {
		c.opts.HTTPClient = http.DefaultClient
	}
	c.transport = &httpTransport{endpoint: endpoint, client: c.opts.HTTPClient}
	return c
}

// New returns a client of the server at the other end of conn, which carries
// newline-delimited JSON as the Connect methods of [mcp.CommandTransport],
// [mcp.IOTransport] and [mcp.InMemoryTransport] make it. It reads from conn
// until that fails or [Client.Close] is called, and expects to be the only one
// to use it. A nil opts is the same as the zero [Options].
//
// A connection that fails stays so: every method then returns an error that
// wraps [mcp.ErrConnectionClosed]. Go on with a new client and the same task
// IDs. For HTTP, use [NewHTTP].
func New(conn mcp.Connection, opts *Options) *Client {
	c := newClient(opts)
	c.transport = newConnTransport(conn)
	return c
}

func newClient(opts *Options) *Client {
	c := &Client{sleep: sleep}
	if opts != nil {
		c.opts = *opts
	}
	var declared mcp.ClientCapabilities
	if c.opts.Capabilities != nil {
		declared = *c.opts.Capabilities
	}
	if declared.Elicitation == nil && (c.opts.Elicit != nil || c.opts.Capabilities == nil) {
		declared.Elicitation = &mcp.ElicitationCapabilities{}
	}
	declared.Extensions = maps.Clone(declared.Extensions)
	declared.AddExtension(extension, nil)
	c.opts.Capabilities = &declared
	return c
}

// Close closes the connection given to [New]: calls in flight fail. A client
// made by [NewHTTP] has nothing to close.
func (c *Client) Close() error { return c.transport.close() }

// Get returns the present state of a task (tasks/get).
func (c *Client) Get(ctx context.Context, taskID string) (*Task, error) {
	const method = "tasks/get"
	result, err := c.callTask(ctx, method, taskID, nil)
	if err != nil {
		return nil, err
	}
	task, err := decodeTask(result)
	if err == nil && task.ID != taskID {
		err = errors.New("the server answered with another task")
	}
	if err != nil {
		return nil, methodError(method, err)
	}
	return task, nil
}

// Update answers questions of a task that requires input (tasks/update), by
// their keys in [Task.InputRequests]. Servers act on the answers after they
// have acknowledged them, so a state read soon afterwards may still have the
// questions; they ignore keys that have been answered. A server that refuses
// an answer returns code -32602. It is an error if there are no responses.
func (c *Client) Update(ctx context.Context, taskID string, responses mcp.InputResponseMap) error {
	const method = "tasks/update"
	if len(responses) == 0 {
		return methodError(method, errors.New("found no responses; want at least one"))
	}
	_, err := c.callTask(ctx, method, taskID, responses)
	return err
}

// Cancel asks for a task to be cancelled (tasks/cancel). That is a wish: a
// server acknowledges it and then may still finish the work. [Client.Wait]
// tells how it ended.
func (c *Client) Cancel(ctx context.Context, taskID string) error {
	_, err := c.callTask(ctx, "tasks/cancel", taskID, nil)
	return err
}

type taskParams struct {
	Meta           mcp.Meta             `json:"_meta"`
	TaskID         string               `json:"taskId"`
	InputResponses mcp.InputResponseMap `json:"inputResponses,omitempty"`
}

// callTask makes one of the requests that name a task and have one kind of
// result.
func (c *Client) callTask(ctx context.Context, method, taskID string, responses mcp.InputResponseMap) (json.RawMessage, error) {
	if taskID == "" {
		return nil, methodError(method, errors.New("found no task ID; want that of a task"))
	}
	params := taskParams{Meta: c.meta(nil), TaskID: taskID, InputResponses: responses}
	result, kind, err := c.call(ctx, &call{name: taskID}, method, params, nil)
	if err == nil && kind != complete {
		err = methodError(method, fmt.Errorf("the server answered with the result type %q", kind))
	}
	return result, err
}

// call makes a request, hands the notifications that precede its response to
// notified, and returns the result with its type.
func (c *Client) call(ctx context.Context, call *call, method string, params any, notified func(*jsonrpc.Request)) (result json.RawMessage, kind string, err error) {
	if call.Request, err = c.request(method, params); err != nil {
		return nil, "", methodError(method, err)
	}
	for msg, err := range c.transport.roundTrip(ctx, call) {
		if err != nil {
			return nil, "", methodError(method, err)
		}
		switch msg := msg.(type) {
		case *jsonrpc.Request:
			if notified != nil {
				notified(msg)
			}
		case *jsonrpc.Response:
			if result, kind, err = decodeResponse(msg); err != nil {
				return nil, "", methodError(method, err)
			}
			return result, kind, nil
		}
	}
	return nil, "", methodError(method, &networkError{errors.New("the server ended the stream without a response")})
}

func (c *Client) request(method string, params any) (*jsonrpc.Request, error) {
	data, err := json.Marshal(params)
	if err != nil {
		return nil, err
	}
	id, err := jsonrpc.MakeID(float64(c.lastID.Add(1)))
	return &jsonrpc.Request{ID: id, Method: method, Params: data}, err
}

// meta returns what each request says about its sender, beside own. It takes
// precedence: the version must be that of the header.
func (c *Client) meta(own mcp.Meta) mcp.Meta {
	meta := mcp.Meta{}
	maps.Copy(meta, own)
	meta[mcp.MetaKeyProtocolVersion] = protocolVersion
	meta[mcp.MetaKeyClientCapabilities] = capabilities{ClientCapabilities: *c.opts.Capabilities}
	if c.opts.Implementation != nil {
		meta[mcp.MetaKeyClientInfo] = c.opts.Implementation
	}
	return meta
}

// capabilities hides the SDK's field for roots, which cannot be left out.
type capabilities struct {
	mcp.ClientCapabilities
	Roots *struct{} `json:"roots,omitempty"`
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
