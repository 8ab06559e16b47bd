package parse

import (
	"bytes"
	"net/netip"

	"github.com/smtpbl/smtpbl/policy"
)

// opensmtpdOld parses the lines of OpenSMTPD up to 5.9 behind "smtp-in: ".
func opensmtpdOld(b []byte, ev *policy.Event) bool {
	if c, ok := bytes.CutPrefix(b, []byte("New session ")); ok {
		return opensmtpdNew(c, ev)
	}
	for _, end := range opensmtpdEnds {
		if c, ok := bytes.CutPrefix(b, end); ok {
			session, _, ok := sessionNumber(c)
			*ev = policy.Event{Service: policy.OpenSMTPD, Protocol: policy.SMTP, Session: session}
			return ok
		}
	}
	if c, ok := bytes.CutPrefix(b, []byte("Failed command on session ")); ok {
		session, c, ok := sessionNumber(c)
		if c, found := bytes.CutPrefix(c, []byte(`: "`)); ok && found {
			if i := bytes.LastIndex(c, []byte(`" => `)); i >= 0 {
				return opensmtpdRefused(c[:i], c[i+len(`" => `):], netip.Addr{}, session, ev)
			}
		}
		return false
	}
	return opensmtpdOldLogin(b, ev)
}

// opensmtpdEnds begin the lines about a connection's end.
var opensmtpdEnds = [][]byte{
	[]byte("Closing session "), []byte("Disconnecting session "), []byte("Received disconnect from session "),
}

// opensmtpdNew parses "<number> from host <name> [<ip>]".
func opensmtpdNew(b []byte, ev *policy.Event) bool {
	session, b, ok := sessionNumber(b)
	if !ok {
		return false
	}
	if b, ok = bytes.CutPrefix(b, []byte(" from host ")); !ok {
		return false
	}
	var a netip.Addr
	if _, b, ok = bytes.Cut(b, []byte(" [")); ok {
		if a, b, ok = opensmtpdAddress(b); !ok || string(b) != "]" {
			a = netip.Addr{}
		}
	}
	*ev = policy.Event{Addr: a, Service: policy.OpenSMTPD, Protocol: policy.SMTP, Session: session}
	return true
}

// opensmtpdOldLogin parses "<what happened> for user <U> on session <number>".
func opensmtpdOldLogin(b []byte, ev *policy.Event) bool {
	const user, session = " for user ", " on session "
	what, name, ok := bytes.Cut(b, []byte(user))
	i := bytes.LastIndex(name, []byte(session))
	if !ok || i < 0 {
		return false
	}
	number, rest, ok := sessionNumber(name[i+len(session):])
	if !ok || len(rest) > 0 {
		return false
	}
	*ev = policy.Event{Service: policy.OpenSMTPD, Protocol: policy.SMTP, Witness: policy.WitnessLogin, Session: number, User: name[:i]}
	switch string(what) {
	case "Accepted authentication":
		ev.Kind = policy.AuthOK
	case "Authentication failed":
		ev.Kind, ev.Failures = policy.AuthFail, 1
	case "Authentication temporarily failed":
		ev.Kind, ev.Excused, ev.Unproven = policy.BackendFault, 1, true
	}
	return ev.Kind != 0
}
