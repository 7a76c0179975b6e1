package peer

import (
	"fmt"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

func TestExpiry(t *testing.T) {
	t.Parallel()
	began := time.Now()
	for _, test := range []struct {
		info *auth.TokenInfo
		want time.Time
	}{
		{nil, time.Time{}},
		{&auth.TokenInfo{}, time.Time{}},
		{&auth.TokenInfo{Expiration: began.Add(time.Hour)}, began.Add(time.Hour)},
		{&auth.TokenInfo{Expiration: began.Add(-time.Second)}, began.Add(expiryTolerance)},
	} {
		req := &mcp.CallToolRequest{Extra: &mcp.RequestExtra{TokenInfo: test.info}}
		if got := Expiry(req, began); !got.Equal(test.want) {
			t.Errorf("%s: got %s; want %s", fmt.Sprint(test.info), got, test.want)
		}
	}
	if got := Expiry(&mcp.CallToolRequest{}, began); !got.IsZero() {
		t.Errorf("without anything: got %s", got)
	}
}
