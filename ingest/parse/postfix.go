package parse

import (
	"bytes"

	"github.com/smtpbl/smtpbl/policy"
)

// smtpd parses a message of Postfix's smtpd(8).
func smtpd(tag, pid, msg []byte, ev *policy.Event) bool {
	var ok bool
	switch msg[0] {
	case 'c': // "connect from", the most common line
		return false
	case 'w':
		ok = smtpdWarning(pid, msg, ev)
	case 'd', 't', 'i':
		ok = smtpdSession(msg, ev)
	default:
		ok = smtpdQueued(msg, ev)
	}
	if !ok {
		return false
	}
	ev.Service, ev.Protocol = policy.Postfix, policy.SMTP
	ev.Session = hash(tag, pid)
	if ev.Kind != policy.Abuse {
		ev.Witness = policy.WitnessMTA
	}
	return true
}

// maxID is longer than any queue id, of which the long form has 12 to 20 bytes.
const maxID = 32

// smtpdQueued parses lines that begin with a queue id or NOQUEUE; since
// Postfix 3.10 those of the session's end do too.
func smtpdQueued(msg []byte, ev *policy.Event) bool {
	i := name(msg[:min(len(msg), maxID)])
	b, ok := bytes.CutPrefix(msg[i:], []byte(": "))
	if i == 0 || !ok || len(b) == 0 {
		return false
	}
	if c, ok := bytes.CutPrefix(b, []byte("client=")); ok {
		return smtpdClient(c, ev)
	}
	if string(msg[:i]) == "reject" { // before Postfix 2.0 there was no NOQUEUE
		return smtpdReject(b, ev)
	}
	if c, ok := bytes.CutPrefix(bytes.TrimPrefix(b, []byte("milter-")), []byte("reject: ")); ok {
		return smtpdReject(c, ev)
	}
	return smtpdSession(b, ev)
}

// smtpdClient parses the line of a message's start, which names the login.
func smtpdClient(b []byte, ev *policy.Event) bool {
	// Without a login the client is all there is, and it holds no comma.
	if bytes.IndexByte(b, ',') < 0 {
		return false
	}
	a, rest, ok := client(b)
	if !ok {
		return false
	}
	rest, ok = bytes.CutPrefix(rest, []byte(", sasl_method="))
	if !ok {
		return false
	}
	mech, user, _ := bytes.Cut(rest, []byte(", sasl_username="))
	// The sender stands last: a user name may hold the same words before it.
	if i := bytes.LastIndex(user, []byte(", sasl_sender=")); i >= 0 {
		user = user[:i]
	}
	*ev = policy.Event{Addr: a, Kind: policy.AuthOK, User: user, Mechanism: mech}
	return true
}
