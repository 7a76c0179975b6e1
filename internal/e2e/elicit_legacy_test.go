package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// A plain is one end of a connection, as a client of protocol version 2025-11-25
// uses it that checks nothing.
type plain struct {
	conn mcp.Connection
	ctx  context.Context
	c    *calling

	mu   sync.Mutex
	open map[string]context.CancelFunc // what the person is asked, by request ID
}

// plainly calls as a client does that passes on whatever the person answers.
func plainly(ctx context.Context, s *stage, c *calling) (*rawResult, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	transport, err := s.pipe(ctx)
	if err != nil {
		return nil, err
	}
	conn, err := transport.Connect(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	p := &plain{conn: conn, ctx: ctx, c: c, open: make(map[string]context.CancelFunc)}
	initialize := `{"protocolVersion":"2025-11-25","clientInfo":{"name":"plain","version":"1"},"capabilities":` + c.caps + `}`
	if _, err := p.request(1, "initialize", initialize); err != nil {
		return nil, err
	}
	if err := conn.Write(ctx, &jsonrpc.Request{Method: "notifications/initialized", Params: json.RawMessage(`{}`)}); err != nil {
		return nil, err
	}
	meta := `{"progressToken":"t"}`
	if c.silent {
		meta = "{}"
	}
	data, err := p.request(2, "tools/call", `{"name":"`+c.tool+`","arguments":`+c.arguments+`,"_meta":`+meta+`}`)
	if err != nil {
		return nil, err
	}
	result := new(rawResult)
	return result, json.Unmarshal(data, result)
}

// request makes a request and serves those of the server until there is an
// answer.
func (p *plain) request(number float64, method, params string) (json.RawMessage, error) {
	id, err := jsonrpc.MakeID(number)
	if err != nil {
		return nil, err
	}
	if err := p.conn.Write(p.ctx, &jsonrpc.Request{ID: id, Method: method, Params: json.RawMessage(params)}); err != nil {
		return nil, err
	}
	for {
		message, err := p.conn.Read(p.ctx)
		if err != nil {
			return nil, err
		}
		switch message := message.(type) {
		case *jsonrpc.Response:
			if message.ID == id {
				return message.Result, message.Error
			}
		case *jsonrpc.Request:
			p.serve(message)
		}
	}
}

func (p *plain) serve(req *jsonrpc.Request) {
	switch req.Method {
	case "elicitation/create":
		params := new(mcp.ElicitParams)
		if json.Unmarshal(req.Params, params) != nil {
			return
		}
		ctx, cancel := context.WithCancel(p.ctx)
		p.mu.Lock()
		p.open[fmt.Sprint(req.ID.Raw())] = cancel
		p.mu.Unlock()
		go func() {
			answer, err := p.c.ask(ctx, params, "")
			if err == nil {
				_ = p.conn.Write(p.ctx, &jsonrpc.Response{ID: req.ID, Result: json.RawMessage(answer)})
			}
		}()
	case "notifications/cancelled":
		var params struct{ RequestID any }
		if json.Unmarshal(req.Params, &params) != nil {
			return
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		if cancel := p.open[fmt.Sprint(params.RequestID)]; cancel != nil {
			cancel()
		}
	case "notifications/progress":
		params := new(mcp.ProgressNotificationParams)
		if json.Unmarshal(req.Params, params) == nil {
			p.c.note(params)
		}
	}
}
