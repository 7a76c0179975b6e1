package call

import (
	"context"
	"encoding/json"
	"io"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// TestPing checks what counts as a sign of life of a client.
func TestPing(t *testing.T) {
	t.Parallel()
	connect := func(answer string) *mcp.ServerSession {
		t.Helper()
		fromClient, toServer := io.Pipe()
		fromServer, toClient := io.Pipe()
		server := mcp.NewServer(&mcp.Implementation{Name: "test", Version: "1"}, nil)
		session, err := server.Connect(t.Context(), &mcp.IOTransport{Reader: fromClient, Writer: toClient}, nil)
		if err != nil {
			t.Fatal(err)
		}
		go func() { // a client that answers each request in the same way
			decoder := json.NewDecoder(fromServer)
			for {
				var m struct {
					ID     json.RawMessage
					Method string
				}
				if decoder.Decode(&m) != nil {
					return
				}
				if answer != "" && m.Method == "ping" {
					_, _ = toServer.Write([]byte(`{"jsonrpc":"2.0","id":` + string(m.ID) + `,` + answer + "}\n"))
				}
			}
		}()
		t.Cleanup(func() { _ = toServer.Close(); _ = toClient.Close() })
		return session
	}
	short, cancel := context.WithCancel(t.Context())
	cancel()
	closed := connect(`"result":{}`)
	_ = closed.Close()
	for name, test := range map[string]struct {
		ctx     context.Context
		session *mcp.ServerSession
		want    pingResult
	}{
		"answers":                  {t.Context(), connect(`"result":{}`), alive},
		"does not know the method": {t.Context(), connect(`"error":{"code":-32601,"message":"no"}`), alive},
		"says nothing":             {short, connect(""), silent},
		"its session is closed":    {t.Context(), closed, gone},
	} {
		if got := ping(test.ctx, test.session); got != test.want {
			t.Errorf("a client that %s is %d; want %d", name, got, test.want)
		}
	}
}

// TestGiveUp checks that a call whose client is gone does not go on waiting for
// the person that it asks.
func TestGiveUp(t *testing.T) {
	t.Parallel()
	a := &observer{wake: make(chan struct{}, 1), open: 1, openSince: time.Now()}
	later := a.deadline(time.Now().Add(time.Hour))
	a.abandon()
	if now := a.deadline(time.Now().Add(time.Hour)); !now.Before(later) {
		t.Errorf("the deadline is %s, and was %s", now, later)
	}
	<-a.wake
}
