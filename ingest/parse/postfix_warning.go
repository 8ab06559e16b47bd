package parse

import (
	"bytes"

	"github.com/smtpbl/smtpbl/policy"
)

// smtpdWarning parses smtpd's warnings about a client.
func smtpdWarning(pid, msg []byte, ev *policy.Event) bool {
	b, ok := bytes.CutPrefix(msg, []byte("warning: "))
	if !ok {
		return false
	}
	a, rest, ok := client(b)
	if !ok {
		return smtpdMisuse(b, ev) || backendAway(b, pid, ev) || noAddress(b) && unread(ev, policy.Postfix)
	}
	rest, ok = bytes.CutPrefix(rest, []byte(": SASL "))
	return ok && sasl(rest, a, ev)
}

// noAddress tells a warning about a login of which smtpd knows no address, as
// in "unknown[unknown]: SASL …".
func noAddress(b []byte) bool {
	const longest = 64 // of what stands for an address
	i := name(b[:min(len(b), maxHost)])
	if i == 0 || i == len(b) || b[i] != '[' {
		return false
	}
	b = b[i:]
	end := bytes.IndexByte(b[:min(len(b), longest)], ']')
	return end > 0 && bytes.HasPrefix(b[end:], []byte("]: SASL "))
}

// smtpdMisuse parses the warnings that name the client behind the reason.
func smtpdMisuse(b []byte, ev *policy.Event) bool {
	for _, m := range misuses {
		rest, ok := bytes.CutPrefix(b, m.text)
		if !ok {
			continue
		}
		if m.counted {
			_, rest, _ = number(rest)
			if rest, ok = bytes.CutPrefix(rest, []byte(" from ")); !ok {
				return false
			}
		}
		a, _, ok := client(rest)
		return ok && abuse(ev, a, m.shape)
	}
	return false
}

// misuses are the texts of Postfix's smtpd.c. A counted one goes on with the
// number that was over the limit.
var misuses = []struct {
	text    []byte
	counted bool
	shape   []byte
}{
	{[]byte("non-SMTP command from "), false, shapeNonSMTP},
	{[]byte("Illegal address syntax from "), false, shapeSyntax},
	{[]byte("AUTH command rate limit exceeded: "), true, shapeRate},
	{[]byte("Connection rate limit exceeded: "), true, shapeLimit},
	{[]byte("Connection concurrency limit exceeded: "), true, shapeLimit},
	{[]byte("Message delivery request rate limit exceeded: "), true, shapeLimit},
	{[]byte("Recipient address rate limit exceeded: "), true, shapeLimit},
	{[]byte("New TLS session rate limit exceeded: "), true, shapeLimit},
}
