package parse

import (
	"bytes"

	"github.com/smtpbl/smtpbl/policy"
)

// smtpd parses a message of Postfix's smtpd(8).
func smtpd(tag, pid, msg []byte, ev *policy.Event) bool {
	ok := false
	switch msg[0] {
	case 'c': // "connect from", the most common line
		return false
	case 'w':
		ok = smtpdWarning(msg, ev)
	case 'm':
		ok = smtpdRepeated(msg, ev)
	case 'd', 't', 'i':
		ok = smtpdSession(msg, ev)
	default:
		ok = smtpdQueued(msg, ev)
	}
	if !ok {
		return false
	}
	ev.Service = policy.Postfix
	ev.Session = hash(tag, pid)
	if ev.Kind != policy.Abuse {
		ev.Witness = policy.WitnessMTA
	}
	return true
}

// smtpdRepeated reads rsyslog's "message repeated N times: [ … ]", which
// stands for N more failures of the same client.
func smtpdRepeated(msg []byte, ev *policy.Event) bool {
	b, ok := bytes.CutPrefix(msg, []byte("message repeated "))
	if !ok {
		return false
	}
	n, b, ok := number(b)
	b, cut := bytes.CutPrefix(b, []byte(" times: [ "))
	b, tail := bytes.CutSuffix(b, []byte("]"))
	if !ok || !cut || !tail || n < 1 || n > maxCount || !smtpdWarning(b, ev) || ev.Kind != policy.AuthFail {
		return false
	}
	ev.Failures = n
	return true
}

// smtpdQueued parses lines that begin with a queue id or NOQUEUE; since
// Postfix 3.10 those of the session's end do too.
func smtpdQueued(msg []byte, ev *policy.Event) bool {
	i := 0
	for i < len(msg) && i < 32 && hostByte(msg[i]) {
		i++
	}
	b, ok := bytes.CutPrefix(msg[i:], []byte(": "))
	if i == 0 || !ok || len(b) == 0 {
		return false
	}
	if c, ok := bytes.CutPrefix(b, []byte("client=")); ok {
		return smtpdClient(c, ev)
	}
	if c, ok := bytes.CutPrefix(b, []byte("reject: RCPT from ")); ok {
		return smtpdRelay(c, ev)
	}
	return smtpdSession(b, ev)
}

// smtpdClient parses the line of a message's start, which names the login.
func smtpdClient(b []byte, ev *policy.Event) bool {
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

var relayDenied = []byte(">: Relay access denied; from=<")

// smtpdRelay parses an attempt to send through us to others.
func smtpdRelay(b []byte, ev *policy.Event) bool {
	a, rest, ok := client(b)
	if !ok || !bytes.HasPrefix(rest, []byte(": ")) || !bytes.Contains(rest, relayDenied) {
		return false
	}
	return abuse(ev, a, shapeRelay)
}
