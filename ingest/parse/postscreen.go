package parse

import (
	"bytes"
	"net/netip"

	"github.com/smtpbl/smtpbl/policy"
)

// isPostscreen tells Postfix's postscreen(8) of any instance and service.
func isPostscreen(tag []byte) bool { return isPostfix(tag, "/postscreen") }

// postscreen parses a message of Postfix's postscreen(8). A client that hangs
// up during the tests is no abuse, and a deep test's "450 4.3.2 Service
// currently unavailable" is how every new client is put off.
func postscreen(msg []byte, ev *policy.Event) bool {
	a, shape := screened(msg)
	if shape == nil || !abuse(ev, a, shape) {
		return false
	}
	ev.Service, ev.Protocol = policy.Postfix, policy.SMTP
	return true
}

// screened returns the client and the shape, nil where it is no abuse.
func screened(msg []byte) (a netip.Addr, shape []byte) {
	if rest, ok := bytes.CutPrefix(msg, []byte("NOQUEUE: reject: ")); ok {
		return screenReject(rest)
	}
	shape, rest := screenMisuse(msg)
	if shape == nil {
		return a, nil
	}
	a, _, ok := endpoint(rest)
	if !ok {
		return a, nil
	}
	return a, shape
}

// screenMisuse tells the lines that name the client behind the reason, and
// returns what follows the reason (Postfix postscreen_early.c,
// postscreen_smtpd.c and postscreen_dnsbl.c).
func screenMisuse(msg []byte) (shape, rest []byte) {
	if rest, ok := bytes.CutPrefix(msg, []byte("PREGREET ")); ok {
		rest, ok = bytes.CutPrefix(rest[digits(rest):], []byte(" after "))
		rest, from := bytes.CutPrefix(rest[name(rest):], []byte(" from "))
		return found(shapePregreet, ok && from), rest
	}
	if rest, ok := bytes.CutPrefix(msg, []byte("DNSBL rank ")); ok {
		rest, ok = bytes.CutPrefix(rest[digits(rest):], []byte(" for "))
		return found(shapeListed, ok), rest
	}
	for _, m := range screenMisuses {
		if rest, ok := bytes.CutPrefix(msg, m.text); ok {
			return m.shape, rest
		}
	}
	return nil, nil
}

func found(shape []byte, ok bool) []byte {
	if !ok {
		return nil
	}
	return shape
}

var screenMisuses = []struct{ text, shape []byte }{
	{[]byte("COMMAND PIPELINING from "), shapePipeline},
	{[]byte("COMMAND TIME LIMIT from "), shapeCommands},
	{[]byte("COMMAND COUNT LIMIT from "), shapeCommands},
	{[]byte("COMMAND LENGTH LIMIT from "), shapeCommands},
	{[]byte("NON-SMTP COMMAND from "), shapeNonSMTP},
	{[]byte("BARE NEWLINE from "), shapeNewline},
	{[]byte("DATA without valid RCPT from "), shapeNoRCPT},
	{[]byte("BDAT without valid RCPT from "), shapeNoRCPT},
}

// screenReject parses "RCPT from [addr]:port: <reply>".
func screenReject(b []byte) (a netip.Addr, shape []byte) {
	_, b, ok := bytes.Cut(b, []byte(" from "))
	if !ok {
		return a, nil
	}
	a, b, ok = endpoint(b)
	if !ok {
		return a, nil
	}
	if b, ok = bytes.CutPrefix(b, []byte(": ")); !ok {
		return a, nil
	}
	return a, rejection(b)
}

// endpoint parses "[addr]:port" at the start of b and returns what follows.
func endpoint(b []byte) (a netip.Addr, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '[' {
		return a, nil, false
	}
	a, rest, ok = address(b[1:])
	if !ok {
		return a, nil, false
	}
	if rest, ok = bytes.CutPrefix(rest, []byte("]:")); !ok || digits(rest) == 0 {
		return a, nil, false
	}
	return a, rest[digits(rest):], true
}
