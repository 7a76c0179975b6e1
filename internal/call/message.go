package call

import (
	"context"

	"github.com/durablemcp/durablemcp/internal/execution"
)

// A Message is what signals, queries and updates have in common: a payload, and
// the workflow that it goes to.
type Message struct {
	*Target
	Input *Arguments // the payload's arguments, the workflow's address and, with start, its arguments
	Start *WithStart // nil if the workflow must be there
}

// A messageInput is the checked arguments of one call of a message.
type messageInput struct {
	*Input
	caller     Caller
	key        execution.Key
	startInput *Input // the workflow's arguments, with start
}

// argument is the one argument of a signal, nil if it has none.
func (m *messageInput) argument() any {
	if args := m.from(m.caller); len(args) > 0 {
		return args[0]
	}
	return nil
}

// read checks a call. Its error is a [*ToolError].
func (m *Message) read(c *Call) (*messageInput, error) {
	in, err := m.Input.decode(c.Req.Params.Arguments)
	if err != nil {
		return nil, err
	}
	read := &messageInput{Input: in, caller: c.Caller}
	if read.key, err = m.key(m.Address, in, read.caller); err != nil {
		return nil, err
	}
	if m.Start != nil {
		read.startInput, err = m.Start.read(in)
	}
	return read, err
}

// readAndFind checks a call and finds the workflow that it names. Its error is a
// [*ToolError], or the context's.
func (m *Message) readAndFind(ctx context.Context, c *Call) (*messageInput, *execution.Execution, error) {
	in, err := m.read(c)
	if err != nil {
		return nil, nil, err
	}
	e, err := m.find(ctx, c, in.key)
	if ctx.Err() != nil {
		return nil, nil, ctx.Err()
	}
	return in, e, err
}
