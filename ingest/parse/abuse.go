package parse

import (
	"net/netip"

	"github.com/smtpbl/smtpbl/policy"
)

// The shapes of abuse, for Event.Detail.
var (
	shapeRelay     = []byte("relay access denied")
	shapeUnknown   = []byte("user unknown")
	shapeSender    = []byte("sender rejected")
	shapeHelo      = []byte("HELO rejected")
	shapeHostname  = []byte("no host name")
	shapeListed    = []byte("blocked by a DNS list")
	shapeRejected  = []byte("rejected")
	shapeErrors    = []byte("too many errors")
	shapePipeline  = []byte("improper command pipelining")
	shapeNonSMTP   = []byte("non-SMTP command")
	shapeSyntax    = []byte("illegal address syntax")
	shapeRate      = []byte("AUTH command rate limit exceeded")
	shapeLimit     = []byte("connection or message limit exceeded")
	shapePregreet  = []byte("talks before the greeting")
	shapeCommands  = []byte("command limit exceeded")
	shapeNewline   = []byte("bare newline")
	shapeNoRCPT    = []byte("DATA without a recipient")
	shapeCleartext = []byte("cleartext login where it is disabled")
	shapePolicy    = []byte("refused by the policy server")
)

func abuse(ev *policy.Event, a netip.Addr, shape []byte) bool {
	*ev = policy.Event{Addr: a, Kind: policy.Abuse, Detail: shape}
	return true
}
