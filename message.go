package durablemcp

import (
	"context"
	"encoding/json"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/execution"
)

// A message is what signals, queries and updates have in common: a payload, and
// the workflow that it goes to.
type message struct {
	*target
	input *inputBinding // the payload's arguments, the workflow's address and, with start, its arguments
	start *withStart    // nil if the workflow must be there
}

// messageFields are the fields of a declaration that make a message.
type messageFields struct {
	workflow     any
	workflowType string
	workflowID   string
	scope        IDScope
	input        any
	argNames     []string
	start        *WithStart
	allow        AllowFunc
}

// message checks the fields of a message, and returns nil after a mistake.
func (d *declaration) message(f messageFields) *message {
	ref := d.workflow(f.workflow, f.workflowType)
	if ref == nil {
		return nil
	}
	in := d.payload(f.input, f.argNames)
	b := &base{opts: d.opts, name: d.name, workflowType: ref.name}
	start, in := d.withStart(f, ref, b, in)
	address, in := d.address(ref, f.workflowID, in)
	if in == nil || f.start != nil && start == nil {
		return nil
	}
	if start != nil {
		d.startsShared(ref, address.template, f.start.Shared, "Start.Shared")
	}
	address.template = d.scoped(ref, address.template, f)
	if start != nil {
		start.template = address.template
	}
	return &message{target: &target{b, address, f.allow, d.results}, input: in, start: start}
}

// A messageInput is the checked arguments of one call of a message.
type messageInput struct {
	*input
	caller     Caller
	key        execution.Key
	startInput *input // the workflow's arguments, with start
}

// argument is the one argument of a signal, nil if it has none.
func (m *messageInput) argument() any {
	if args := m.from(m.caller); len(args) > 0 {
		return args[0]
	}
	return nil
}

// read checks a call. Its error is a [*toolError].
func (m *message) read(ctx context.Context, req *mcp.CallToolRequest) (*messageInput, error) {
	caller, err := m.caller(ctx, req) // before anything that takes time
	if err != nil {
		return nil, err
	}
	in, err := m.input.decode(req.Params.Arguments)
	if err != nil {
		return nil, err
	}
	read := &messageInput{input: in, caller: caller}
	if read.key, err = m.key(m.address, in, read.caller); err != nil {
		return nil, err
	}
	if m.start != nil {
		read.startInput, err = m.start.read(in)
	}
	return read, err
}

// rawSchema is a published schema of the library's own.
func rawSchema(s string) any { return json.RawMessage(s) }

// required checks a field that must not be empty.
func (d *declaration) required(field, value, want string) {
	if value == "" {
		d.mistake(field, "none", want)
	}
}
