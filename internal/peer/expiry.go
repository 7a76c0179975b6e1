package peer

import (
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// expiryTolerance is how long a token that has expired, which the verifier has
// accepted for clocks that differ, is good for.
const expiryTolerance = time.Minute

// Expiry is when the access token of a request that began at a time expires:
// what waits for its caller ends then. It is zero if the token does not expire,
// or if there is none.
func Expiry(req mcp.Request, began time.Time) time.Time {
	extra := req.GetExtra()
	if extra == nil || extra.TokenInfo == nil || extra.TokenInfo.Expiration.IsZero() {
		return time.Time{}
	}
	if at := extra.TokenInfo.Expiration; at.After(began) {
		return at
	}
	return began.Add(expiryTolerance)
}
